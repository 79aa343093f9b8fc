"""Compiled motion: five models of how a target moves, and the mixing of several (IMM).

A model is a row of a table whose columns are named below (``model_table`` in ``motion.py`` fills it). A state is
Cartesian position and velocity (6,), acceleration (9,) and turn rate (10,), in ECEF or in a flat frame (x east, y
north, z up). Turn rates count clockwise seen from above: a right turn is positive.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from watchfloor.base.units import FloatArray

# kinds of models
CV, CT, CA, SINGER, CT_UNKNOWN, CV_HELD = 0, 1, 2, 3, 4, 5
# columns of a model: white noise in acceleration (CA, Singer: in jerk; CV_HELD: its variance) along and across the
# horizon, turn rate, time constant, noise in turn rate, 1-sigma of acceleration and turn rate where the model says
# nothing of them
KIND, Q_H, Q_V, RATE, TAU, Q_RATE, ACC_SD, RATE_SD, N_MODEL = 0, 1, 2, 3, 4, 5, 6, 7, 8

_A2, _B2 = 6_378_137.0**2, 6_356_752.314_245_179**2


@njit(cache=True, error_model="numpy")
def vertical(x: FloatArray, flat: bool, up: FloatArray) -> float:
    """Height [m] of ``x``, over z = 0 or the ellipsoid; the normal there goes to ``up`` (3,)."""
    if flat:
        up[0], up[1], up[2] = 0.0, 0.0, 1.0
        return x[2]
    nx, ny, nz = x[0] / _A2, x[1] / _A2, x[2] / _B2
    scale = 1.0 / math.sqrt(nx * nx + ny * ny + nz * nz)
    up[0], up[1], up[2] = nx * scale, ny * scale, nz * scale
    ground2 = x[0] * x[0] + x[1] * x[1]
    level = math.sqrt(ground2 / _A2 + x[2] * x[2] / _B2)  # 1 on the ellipsoid
    return math.sqrt(ground2 + x[2] * x[2]) * (1.0 - 1.0 / level)


@njit(cache=True, error_model="numpy")
def _normal(x: FloatArray, flat: bool) -> tuple[float, float, float]:
    """Unit vertical at ``x``."""
    if flat:
        return 0.0, 0.0, 1.0
    nx, ny, nz = x[0] / _A2, x[1] / _A2, x[2] / _B2
    scale = 1.0 / math.sqrt(nx * nx + ny * ny + nz * nz)
    return nx * scale, ny * scale, nz * scale


@njit(cache=True, error_model="numpy")
def _shift(x: FloatArray, dx: float, dy: float, dz: float, flat: bool, ux: float, uy: float, uz: float) -> None:
    """Move the position by (dx, dy, dz); over the curved Earth, level flight stays level (to second order)."""
    if not flat:
        radius = math.sqrt(x[0] * x[0] + x[1] * x[1] + x[2] * x[2])
        climb, rise = ux * dx + uy * dy + uz * dz, ux * x[3] + uy * x[4] + uz * x[5]
        hx, hy, hz = dx - climb * ux, dy - climb * uy, dz - climb * uz
        sink = 0.5 * (hx * hx + hy * hy + hz * hz) / radius
        bend, back, lead = (hx * x[3] + hy * x[4] + hz * x[5]) / radius, rise / radius, 0.5 * climb / radius
        # the vertical leans by h / radius on the way, and velocity leans with it
        x[3] += back * hx - bend * ux
        x[4] += back * hy - bend * uy
        x[5] += back * hz - bend * uz
        dx += lead * hx - sink * ux
        dy += lead * hy - sink * uy
        dz += lead * hz - sink * uz
    x[0] += dx
    x[1] += dy
    x[2] += dz


@njit(cache=True, error_model="numpy")
def _shake(
    p: FloatArray, pp: float, pv: float, vv: float, q_h: float, q_v: float, ux: float, uy: float, uz: float
) -> None:
    """Add noise of acceleration: coefficients of position, cross, velocity; ``q_h`` and ``q_v`` apart."""
    d = q_v - q_h
    for a in range(3):
        ua = ux if a == 0 else (uy if a == 1 else uz)
        for b in range(3):
            ub = ux if b == 0 else (uy if b == 1 else uz)
            q = d * (ua * ub)
            if a == b:
                q += q_h
            p[a, b] += q * pp
            p[a, b + 3] += q * pv
            p[b + 3, a] += q * pv
            p[a + 3, b + 3] += q * vv


@njit(cache=True, error_model="numpy")
def _move_cv(model: FloatArray, dt: float, flat: bool, x: FloatArray, p: FloatArray) -> None:
    ux, uy, uz = _normal(x, flat)
    _shift(x, dt * x[3], dt * x[4], dt * x[5], flat, ux, uy, uz)
    for a in range(3):  # pp += dt (pv + vp) + dt^2 vv; pv += dt vv
        for b in range(a + 1):
            grown = p[a, b] + dt * (p[a, b + 3] + p[b, a + 3]) + dt * dt * p[a + 3, b + 3]
            p[a, b] = grown
            p[b, a] = grown
    for a in range(3):
        for b in range(3):
            grown = p[a, b + 3] + dt * p[a + 3, b + 3]
            p[a, b + 3] = grown
            p[b + 3, a] = grown
    span = abs(dt)
    if model[KIND] == CV_HELD:
        _shake(p, 0.25 * span**4, 0.5 * dt * span * span, span * span, model[Q_H], model[Q_V], ux, uy, uz)
    else:
        _shake(p, span * span * span / 3.0, 0.5 * dt * span, span, model[Q_H], model[Q_V], ux, uy, uz)


@njit(cache=True, error_model="numpy")
def _sine_gap(angle: float) -> float:
    """(angle - sin angle) / angle^3, for any angle."""
    if abs(angle) > 0.3:
        return (angle - math.sin(angle)) / (angle * angle * angle)
    s = angle * angle
    return (1.0 - s / 20.0 * (1.0 - s / 42.0 * (1.0 - s / 72.0 * (1.0 - s / 110.0 * (1.0 - s / 156.0))))) / 6.0


@njit(cache=True, error_model="numpy")
def _turn(theta: float) -> tuple[float, float, float, float]:
    """Sine and cosine of an angle, (1 - cos) / angle^2 and (angle - sin) / angle^3."""
    gap, half = _sine_gap(theta), 0.5 * theta
    chord = math.sin(half) / half if abs(half) > 1e-8 else 1.0
    versed = 0.5 * chord * chord
    square = theta * theta
    return theta * (1.0 - square * gap), 1.0 - square * versed, versed, gap


@njit(cache=True, error_model="numpy")
def _rate_share(theta: float, dt: float, sine: float, cosine: float) -> tuple[float, float]:
    """How position moves with the rate: along the velocity, and along velocity x up."""
    if abs(theta) > 0.05:
        scale = dt * dt / (theta * theta)
        return scale * (sine - theta * cosine), scale * (theta * sine + cosine - 1.0)
    s = theta * theta
    along = dt * dt * theta * (1.0 / 3.0 - s / 30.0 * (1.0 - s / 28.0 * (1.0 - s / 54.0)))
    return along, dt * dt * (0.5 - s / 8.0 * (1.0 - s / 18.0 * (1.0 - s / 40.0)))


@njit(cache=True, error_model="numpy")
def _fade(t: float, tau: float) -> tuple[float, float, float]:
    """What an acceleration that fades with ``tau`` does to position and velocity, and what is left of it."""
    w = t / tau
    va = -math.expm1(-w)
    pa = w - va
    if abs(w) < 0.1:  # the difference cancels: its series
        pa = w * w / 2.0 * (1.0 - w / 3.0 * (1.0 - w / 4.0 * (1.0 - w / 5.0 * (1.0 - w / 6.0 * (1.0 - w / 7.0)))))
    return pa * tau * tau, va * tau, math.exp(-w)


@njit(cache=True, error_model="numpy")
def _move_ct(model: FloatArray, rate: float, dt: float, flat: bool, x: FloatArray, p: FloatArray) -> None:
    """Turn velocity about the vertical by -rate dt; position by the way flown; noise in closed form."""
    ux, uy, uz = _normal(x, flat)
    theta = -rate * dt
    sine, cosine, versed, gap = _turn(theta)
    # F = [1 A; 0 B] with A = a0 + a1 u u' + a2 [u x], B likewise
    a0, a1, a2 = dt * (1.0 - theta * theta * gap), dt * theta * theta * gap, dt * theta * versed
    b1 = 1.0 - cosine
    a00, a11, a22 = a0 + a1 * ux * ux, a0 + a1 * uy * uy, a0 + a1 * uz * uz
    a01, a10 = a1 * ux * uy - a2 * uz, a1 * ux * uy + a2 * uz
    a02, a20 = a1 * ux * uz + a2 * uy, a1 * ux * uz - a2 * uy
    a12, a21 = a1 * uy * uz - a2 * ux, a1 * uy * uz + a2 * ux
    b00, b11, b22 = cosine + b1 * ux * ux, cosine + b1 * uy * uy, cosine + b1 * uz * uz
    b01, b10 = b1 * ux * uy - sine * uz, b1 * ux * uy + sine * uz
    b02, b20 = b1 * ux * uz + sine * uy, b1 * ux * uz - sine * uy
    b12, b21 = b1 * uy * uz - sine * ux, b1 * uy * uz + sine * ux
    v0, v1, v2 = x[3], x[4], x[5]
    x[3] = b00 * v0 + b01 * v1 + b02 * v2
    x[4] = b10 * v0 + b11 * v1 + b12 * v2
    x[5] = b20 * v0 + b21 * v1 + b22 * v2
    _shift(
        x,
        a00 * v0 + a01 * v1 + a02 * v2,
        a10 * v0 + a11 * v1 + a12 * v2,
        a20 * v0 + a21 * v1 + a22 * v2,
        flat, ux, uy, uz,
    )  # fmt: skip
    for c in range(6):  # rows, F p
        v0, v1, v2 = p[3, c], p[4, c], p[5, c]
        p[0, c] += a00 * v0 + a01 * v1 + a02 * v2
        p[1, c] += a10 * v0 + a11 * v1 + a12 * v2
        p[2, c] += a20 * v0 + a21 * v1 + a22 * v2
        p[3, c] = b00 * v0 + b01 * v1 + b02 * v2
        p[4, c] = b10 * v0 + b11 * v1 + b12 * v2
        p[5, c] = b20 * v0 + b21 * v1 + b22 * v2
    for r in range(6):  # columns, (F p) F'
        v0, v1, v2 = p[r, 3], p[r, 4], p[r, 5]
        p[r, 0] += a00 * v0 + a01 * v1 + a02 * v2
        p[r, 1] += a10 * v0 + a11 * v1 + a12 * v2
        p[r, 2] += a20 * v0 + a21 * v1 + a22 * v2
        p[r, 3] = b00 * v0 + b01 * v1 + b02 * v2
        p[r, 4] = b10 * v0 + b11 * v1 + b12 * v2
        p[r, 5] = b20 * v0 + b21 * v1 + b22 * v2
    span, q_h, q_v = abs(dt), model[Q_H], model[Q_V]
    pp, pv, vv = span * span * span / 3.0, 0.5 * dt * span, span
    # horizontal: pp 6 gap, pv 2 versed, and a cross term that leans with the turn; vertical as in a straight line
    lean = -q_h * span * dt * theta * gap
    _turned(p, 6.0 * gap * pp * q_h, 2.0 * versed * pv * q_h, vv * q_h, pp * q_v, pv * q_v, vv * q_v, lean, ux, uy, uz)


@njit(cache=True, error_model="numpy")
def _turned(
    p: FloatArray, pp_h: float, pv_h: float, vv_h: float, pp_v: float, pv_v: float, vv_v: float, lean: float,
    ux: float, uy: float, uz: float,
) -> None:  # fmt: skip
    """Add noise whose position, cross and velocity parts differ along and across the vertical; mend the symmetry."""
    pp_v -= pp_h
    pv_v -= pv_h
    vv_v -= vv_h
    for a in range(3):
        ua = ux if a == 0 else (uy if a == 1 else uz)
        for b in range(a + 1):
            ub = ux if b == 0 else (uy if b == 1 else uz)
            uu = ua * ub
            one = 1.0 if a == b else 0.0
            grown = p[a, b] + pp_v * uu + pp_h * one
            p[a, b] = grown
            p[b, a] = grown
            grown = p[a + 3, b + 3] + vv_v * uu + vv_h * one
            p[a + 3, b + 3] = grown
            p[b + 3, a + 3] = grown
            p[a, b + 3] += pv_v * uu + pv_h * one
            if a != b:
                p[b, a + 3] += pv_v * uu
    p[0, 4] -= lean * uz
    p[1, 3] += lean * uz
    p[0, 5] += lean * uy
    p[2, 3] -= lean * uy
    p[1, 5] -= lean * ux
    p[2, 4] += lean * ux
    for a in range(3):
        for b in range(3):
            p[b + 3, a] = p[a, b + 3]


@njit(cache=True, error_model="numpy")
def _move_acc(model: FloatArray, dt: float, singer: bool, flat: bool, x: FloatArray, p: FloatArray) -> None:
    """Position, velocity and acceleration: white jerk (CA), or acceleration that fades with TAU (Singer)."""
    ux, uy, uz = _normal(x, flat)
    sign, t = (1.0 if dt >= 0.0 else -1.0), dt
    t2 = t * t
    pa, va, keep = 0.5 * t2, t, 1.0
    q11, q12, q13 = t2 * t2 * t / 20.0, t2 * t2 / 8.0, t2 * t / 6.0
    q22, q23, q33 = t2 * t / 3.0, 0.5 * t2, t
    if singer:
        tau = model[TAU]
        w = t / tau
        pa, va, keep = _fade(t, tau)
        if abs(w) < 1.0:  # closed forms cancel: their series
            q11, q12, q13, q22, q23, q33 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            one, two, last = 1.0, 1.0, 1.0  # (-w)^n / n!, (-2 w)^n / n!, w (-w)^(n-1) / (n-1)!
            for n in range(1, 26):
                last = w * one
                one *= -w / n
                two *= -2.0 * w / n
                q33 -= two
                if n >= 2:
                    q23 += two - 2.0 * one
                if n >= 3:
                    q22 += 4.0 * one - two
                    q13 -= two + 2.0 * last
                if n >= 4:
                    q12 += two - 2.0 * one + 2.0 * last
                if n >= 5:
                    q11 -= two + 4.0 * last
        else:
            keep2 = keep * keep
            q11 = 1.0 - keep2 + 2.0 * w + 2.0 / 3.0 * w * w * w - 2.0 * w * w - 4.0 * w * keep
            q12 = keep2 + 1.0 - 2.0 * keep + 2.0 * w * keep - 2.0 * w + w * w
            q13 = 1.0 - keep2 - 2.0 * w * keep
            q22 = 4.0 * keep - 3.0 - keep2 + 2.0 * w
            q23 = keep2 + 1.0 - 2.0 * keep
            q33 = 1.0 - keep2
        half = 0.5 * tau
        q33, q23 = q33 * half, q23 * half * tau
        q22, q13 = q22 * half * tau * tau, q13 * half * tau * tau
        q12, q11 = q12 * half * tau * tau * tau, q11 * half * tau * tau * tau * tau
    dx, dy, dz = t * x[3] + pa * x[6], t * x[4] + pa * x[7], t * x[5] + pa * x[8]
    for a in range(3):
        x[a + 3] += va * x[a + 6]
        x[a + 6] *= keep
    _shift(x, dx, dy, dz, flat, ux, uy, uz)
    for c in range(9):
        for a in range(3):
            p[a, c] += t * p[a + 3, c] + pa * p[a + 6, c]
            p[a + 3, c] += va * p[a + 6, c]
            p[a + 6, c] *= keep
    for r in range(9):
        for a in range(3):
            p[r, a] += t * p[r, a + 3] + pa * p[r, a + 6]
            p[r, a + 3] += va * p[r, a + 6]
            p[r, a + 6] *= keep
    q_h, d = sign * model[Q_H], sign * (model[Q_V] - model[Q_H])
    for a in range(3):
        ua = ux if a == 0 else (uy if a == 1 else uz)
        for b in range(3):
            q = d * ua * (ux if b == 0 else (uy if b == 1 else uz))
            if a == b:
                q += q_h
            p[a, b] += q * q11
            p[a, b + 3] += q * q12
            p[a + 3, b] += q * q12
            p[a, b + 6] += q * q13
            p[a + 6, b] += q * q13
            p[a + 3, b + 3] += q * q22
            p[a + 3, b + 6] += q * q23
            p[a + 6, b + 3] += q * q23
            p[a + 6, b + 6] += q * q33
    for a in range(9):
        for b in range(a):
            mean = 0.5 * (p[a, b] + p[b, a])
            p[a, b] = mean
            p[b, a] = mean


@njit(cache=True, error_model="numpy")
def _move_ct_unknown(model: FloatArray, dt: float, flat: bool, x: FloatArray, p: FloatArray) -> None:
    """Turn at the state's own rate (row 9); linearised about it."""
    rate = x[9]
    ux, uy, uz = _normal(x, flat)
    theta = -rate * dt
    sine, cosine, versed, gap = _turn(theta)
    v0, v1, v2 = x[3], x[4], x[5]
    rise = ux * v0 + uy * v1 + uz * v2
    h0, h1, h2 = v0 - rise * ux, v1 - rise * uy, v2 - rise * uz
    # s = h x u: where velocity goes as the rate grows (clockwise)
    s0, s1, s2 = h1 * uz - h2 * uy, h2 * ux - h0 * uz, h0 * uy - h1 * ux
    # velocity = cos h - sin s; position = t (sin theta / theta) h - t theta versed s
    jv_h, jv_s = dt * sine, dt * cosine
    jp_h, jp_s = _rate_share(theta, dt, sine, cosine)
    j0, j1, j2 = jp_h * h0 + jp_s * s0, jp_h * h1 + jp_s * s1, jp_h * h2 + jp_s * s2
    j3, j4, j5 = jv_h * h0 + jv_s * s0, jv_h * h1 + jv_s * s1, jv_h * h2 + jv_s * s2
    prior = p[9, 9]
    # the six first rows as a turn at a known rate, then the share of the rate: P += j (F c)' + (F c) j' + j j' prior
    c0, c1, c2, c3, c4, c5 = p[0, 9], p[1, 9], p[2, 9], p[3, 9], p[4, 9], p[5, 9]
    _move_ct(model, rate, dt, flat, x, p)
    a0, a1, a2 = dt * (1.0 - theta * theta * gap), dt * theta * theta * gap, dt * theta * versed
    along = ux * c3 + uy * c4 + uz * c5
    w0, w1, w2 = uy * c5 - uz * c4, uz * c3 - ux * c5, ux * c4 - uy * c3
    c0 += a0 * c3 + a1 * along * ux + a2 * w0
    c1 += a0 * c4 + a1 * along * uy + a2 * w1
    c2 += a0 * c5 + a1 * along * uz + a2 * w2
    b1 = 1.0 - cosine
    c3 = cosine * c3 + b1 * along * ux + sine * w0
    c4 = cosine * c4 + b1 * along * uy + sine * w1
    c5 = cosine * c5 + b1 * along * uz + sine * w2
    c, j = (c0, c1, c2, c3, c4, c5), (j0, j1, j2, j3, j4, j5)
    # noise of the rate goes on into velocity (along e) and position, to second order in the angle turned
    q, span = model[Q_RATE], abs(dt)
    e0, e1, e2 = sine * h0 + cosine * s0, sine * h1 + cosine * s1, sine * h2 + cosine * s2
    g = -0.27 * theta  # position lags behind velocity: 5/18 and 4/15 of the turn in the two moments that weigh most
    f0, f1, f2 = cosine * h0 - sine * s0, cosine * h1 - sine * s1, cosine * h2 - sine * s2
    for a in range(6):
        for b in range(6):
            p[a, b] += (j[a] * c[b] + c[a] * j[b]) + (j[a] * j[b]) * prior
    e, ep = (e0, e1, e2), (e0 + g * f0, e1 + g * f1, e2 + g * f2)
    t2 = dt * dt
    scale = q * span * t2
    for a in range(3):
        for b in range(3):
            p[a, b] += scale * t2 / 20.0 * (ep[a] * ep[b])
            p[a, b + 3] += scale * dt / 8.0 * (ep[a] * e[b])
            p[b + 3, a] += scale * dt / 8.0 * (ep[a] * e[b])
            p[a + 3, b + 3] += scale / 3.0 * (e[a] * e[b])
    for a in range(3):
        cross = c[a] + j[a] * prior + q * span * t2 / 6.0 * ep[a]
        p[a, 9] = cross
        p[9, a] = cross
        cross = c[a + 3] + j[a + 3] * prior + q * span * dt / 2.0 * e[a]
        p[a + 3, 9] = cross
        p[9, a + 3] = cross
    p[9, 9] = prior + q * span


@njit(cache=True, error_model="numpy")
def _forget(p: FloatArray, x: FloatArray, first: int, last: int, mean: float, sd: float) -> None:
    """State rows ``first`` to ``last`` go back to their prior, without correlation to the others."""
    for a in range(first, last):
        x[a] = mean
        for b in range(len(x)):
            p[a, b] = 0.0
            p[b, a] = 0.0
        p[a, a] = sd * sd


@njit(cache=True, error_model="numpy")
def move(model: FloatArray, dt: Any, flat: bool, x: FloatArray, p: FloatArray) -> None:
    """Move state (nx,) and covariance (nx, nx) in place by ``dt``; backwards too (noise then adds as well).

    What the model does not use falls back to its prior: acceleration to zero with ACC_SD, turn rate to RATE (the known
    rate of a turn, else 0) with RATE_SD. A model needs its rows: CA and Singer nx >= 9, CT_UNKNOWN nx = 10; with fewer,
    the rows there are move in a straight line.
    """
    kind, nx = int(model[KIND]), len(x)
    if kind == CT and model[RATE] != 0.0:
        _move_ct(model, model[RATE], dt, flat, x, p)
    elif kind == CT_UNKNOWN and nx >= 10:
        _move_ct_unknown(model, dt, flat, x, p)
    elif (kind == CA or kind == SINGER) and nx >= 9:
        _move_acc(model, dt, kind == SINGER, flat, x, p)
    else:
        _move_cv(model, dt, flat, x, p)
    if nx >= 9 and kind != CA and kind != SINGER:
        _forget(p, x, 6, 9, 0.0, model[ACC_SD])
    if nx >= 10 and kind != CT_UNKNOWN:
        _forget(p, x, 9, 10, model[RATE] if kind == CT else 0.0, model[RATE_SD])


@njit(cache=True, error_model="numpy")
def transition(model: FloatArray, dt: float, flat: bool, x: FloatArray, f: FloatArray) -> None:
    """Derivative ``f`` (nx, nx) of ``move`` by the state, the Earth's curvature apart; zero where the prior rules."""
    kind, nx = int(model[KIND]), len(x)
    f[:, :] = 0.0
    for a in range(6):
        f[a, a] = 1.0
    for a in range(3):
        f[a, a + 3] = dt
    if (kind == CA or kind == SINGER) and nx >= 9:
        pa, va, keep = 0.5 * dt * dt, dt, 1.0
        if kind == SINGER:
            pa, va, keep = _fade(dt, model[TAU])
        for a in range(3):
            f[a, a + 6], f[a + 3, a + 6], f[a + 6, a + 6] = pa, va, keep
        return
    unknown = kind == CT_UNKNOWN and nx >= 10
    if not (unknown or kind == CT):
        return
    rate = x[9] if unknown else model[RATE]
    theta = -rate * dt
    sine, cosine, versed, gap = _turn(theta)
    u = _normal(x, flat)
    a0, a1, a2 = dt * (1.0 - theta * theta * gap), dt * theta * theta * gap, dt * theta * versed
    for a in range(3):
        b, c = (a + 1) % 3, (a + 2) % 3
        for d in range(3):
            f[a, d + 3] = a1 * u[a] * u[d]
            f[a + 3, d + 3] = (1.0 - cosine) * u[a] * u[d]
        f[a, a + 3] += a0
        f[a + 3, a + 3] += cosine
        f[a, b + 3] -= a2 * u[c]
        f[a, c + 3] += a2 * u[b]
        f[a + 3, b + 3] -= sine * u[c]
        f[a + 3, c + 3] += sine * u[b]
    if unknown:
        jp_h, jp_s = _rate_share(theta, dt, sine, cosine)
        rise = u[0] * x[3] + u[1] * x[4] + u[2] * x[5]
        for a in range(3):
            b, c = (a + 1) % 3, (a + 2) % 3
            s = x[b + 3] * u[c] - x[c + 3] * u[b]
            h = x[a + 3] - rise * u[a]
            f[a, 9] = jp_h * h + jp_s * s
            f[a + 3, 9] = dt * (sine * h + cosine * s)
        f[9, 9] = 1.0


@njit(cache=True, error_model="numpy")
def transitions(model: FloatArray, dt: FloatArray, flat: bool, x: FloatArray, f: FloatArray, q: FloatArray) -> None:
    """Transitions and noise of n states (n, nx) over ``dt`` (n,); ``q`` comes as zeros, ``x`` is moved."""
    for i in range(len(x)):
        transition(model, dt[i], flat, x[i], f[i])
        move(model, dt[i], flat, x[i], q[i])


@njit(cache=True, error_model="numpy")
def switching(sojourn_s: FloatArray, dt: float, out: FloatArray) -> None:
    """Chances ``out`` (M, M), from row to column, of models held for ``sojourn_s`` (M,) on average, over ``dt``.

    A Markov chain in continuous time, which leaves a model for each other one alike; its exact exponential.
    """
    m, span = len(sojourn_s), abs(dt)
    if m == 1:
        out[0, 0] = 1.0
        return
    into, term = np.empty(m), np.empty((m, m))
    fastest = 0.0
    for i in range(m):
        into[i] = 1.0 / (sojourn_s[i] * (m - 1.0))
        fastest = max(fastest, into[i] * m)
    total, doublings = min(fastest * span, 1e9), 0
    while total > 1.0:
        total *= 0.5
        doublings += 1
    step = total / fastest if fastest > 0.0 else 0.0
    for i in range(m):
        into[i] *= step
        for j in range(m):
            term[i, j] = 0.0
            out[i, j] = 0.0
        term[i, i] = 1.0
        out[i, i] = 1.0
    size, mass = 1.0, 1.0
    for k in range(1, 20):  # e^(Q t) = e^-total * powers of total + Q t: all terms positive
        part = 1.0 / k
        for i in range(m):
            come = 0.0
            for j in range(m):
                come += term[i, j] * into[j]
            for j in range(m):
                grown = (term[i, j] * (total - m * into[j]) + come) * part
                term[i, j] = grown
                out[i, j] += grown
        size *= total * part
        mass += size
        if size < 1e-17:
            break
    for i in range(m):
        for j in range(m):
            out[i, j] /= mass
    for _ in range(doublings):
        square = np.empty((m, m))
        for i in range(m):
            row = 0.0
            for j in range(m):
                into = 0.0
                for k in range(m):
                    into += out[i, k] * out[k, j]
                square[i, j] = into
                row += into
            for j in range(m):
                square[i, j] /= row
        out[:, :] = square


@njit(cache=True, error_model="numpy")
def merge(weights: FloatArray, x: FloatArray, p: FloatArray, x_out: FloatArray, p_out: FloatArray) -> None:
    """Mean (nx,) and covariance (nx, nx) of a mixture: weights (M,) that sum to 1, x (M, nx), p (M, nx, nx)."""
    m, nx = x.shape
    for a in range(nx):
        mean = 0.0
        for i in range(m):
            mean += weights[i] * x[i, a]
        x_out[a] = mean
    for a in range(nx):
        for b in range(a + 1):
            p_out[a, b] = 0.0
    for i in range(m):
        w = weights[i]
        if w == 0.0:
            continue
        for a in range(nx):
            off = w * (x[i, a] - x_out[a])
            for b in range(a + 1):
                p_out[a, b] += w * p[i, a, b] + off * (x[i, b] - x_out[b])
    for a in range(nx):
        for b in range(a):
            p_out[b, a] = p_out[a, b]


@njit(cache=True, error_model="numpy")
def mix(
    weights: FloatArray,
    switch: FloatArray,
    x: FloatArray,
    p: FloatArray,
    w_out: FloatArray,
    x_out: FloatArray,
    p_out: FloatArray,
) -> None:
    """IMM interaction: M states before, M mixed states to start from; outputs share no memory with inputs.

    weights (M,), switch (M, M) from row to column, x (M, nx), p (M, nx, nx); ``w_out`` are the predicted weights. A
    model that nothing leads to starts from its own state.
    """
    m, nx = x.shape
    if m == 1:
        w_out[0] = weights[0]
        x_out[0, :] = x[0]
        p_out[0, :, :] = p[0]
        return
    n_low = nx * (nx + 1) // 2
    off, about, spread = np.empty((m, nx)), np.empty((m, n_low)), np.empty(n_low)
    for i in range(m):  # about the first one's mean; lower triangles in a row
        c = 0
        for a in range(nx):
            off[i, a] = x[i, a] - x[0, a]
            for b in range(a + 1):
                about[i, c + b] = p[i, a, b] + off[i, a] * off[i, b]
            c += a + 1
    for j in range(m):
        total = 0.0
        for i in range(m):
            total += weights[i] * switch[i, j]
        w_out[j] = total
        if not total > 0.0:
            x_out[j, :] = x[j]
            p_out[j, :, :] = p[j]
            continue
        mean = x_out[j]
        for a in range(nx):
            mean[a] = 0.0
        for c in range(n_low):
            spread[c] = 0.0
        for i in range(m):
            share = weights[i] * switch[i, j] / total
            for a in range(nx):
                mean[a] += share * off[i, a]
            for c in range(n_low):
                spread[c] += share * about[i, c]
        c = 0
        for a in range(nx):
            for b in range(a + 1):
                kept = spread[c + b] - mean[a] * mean[b]
                p_out[j, a, b] = kept
                p_out[j, b, a] = kept
            c += a + 1
        for a in range(nx):
            mean[a] += x[0, a]
