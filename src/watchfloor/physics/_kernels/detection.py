"""Compiled loops of detection; plain twins in ``tests/plain/physics.py`` and ``tests/plain/detection.py``.

`statistic_log_pdf_scalar` and `pd_scalar` are meant for other rooms' kernels too.

Detection as a race of two counts. A gamma variate of whole shape n exceeds t just when a Poisson count of mean t is
below n. The statistic is such a variate of shape N + J, with J negative binomial (Poisson for a steady target), so
Pd = P(I < N + J) with I Poisson of mean T, and negative binomial where the threshold is itself an estimate (CFAR). Both
that probability and its complement are sums of positive terms, p(u) F(u + shift) over one count u with the
distribution function F of the other: `race`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchfloor.base.units import FloatArray

_EPS = 1e-17


@njit(cache=True, error_model="numpy")
def _shape(swerling: int, n_pulses: int) -> float:
    """Gamma shape of the total signal power, `detection.shape`."""
    if swerling == 0:
        return math.inf
    if swerling == 1:
        return 1.0
    if swerling == 2:
        return float(n_pulses)
    if swerling == 3:
        return 2.0
    return 2.0 * n_pulses


@njit(cache=True, error_model="numpy")
def _log_hypergeometric(y: float, k: float, n: int) -> float:
    """Log of 1F1(k; n; y), or of 0F1(; n; y) for infinite k; y >= 0; n > 1 unless k is infinite."""
    if y <= 0.0:
        return 0.0
    if k == math.inf:
        nu, x = n - 1.0, 2.0 * math.sqrt(y)
        if x > 60.0 + 0.25 * nu * nu:  # Hankel's expansion of the Bessel function that this is
            term, total, j = 1.0, 1.0, 1.0
            while abs(term) > _EPS and j < 60.0:
                term *= ((2.0 * j - 1.0) ** 2 - 4.0 * nu * nu) / (8.0 * x * j)
                total += term
                j += 1.0
            return (
                math.lgamma(float(n)) - 0.5 * nu * math.log(y) + x - 0.5 * math.log(2.0 * math.pi * x) + math.log(total)
            )
    elif k < n and y > n + 9.0 * math.sqrt(n) + 40.0:  # k is 1 or 2; the gamma tail that is left out is below 1e-17
        log_one = y - (n - 1.0) * math.log(y) + math.lgamma(float(n))
        if k == 1.0:
            return log_one
        log_two = log_one + math.log(y + 2.0 - n)
        return log_two + math.log1p((n - 1.0) * math.exp(-log_two))
    elif k == 2.0 * n:  # Kummer: exp(y) times a polynomial of degree n with positive terms
        return y + _log_positive_sum(y, -float(n), n)
    return _log_positive_sum(y, k, n)


@njit(cache=True, error_model="numpy")
def _log_positive_sum(y: float, k: float, n: int) -> float:
    """Log of the series of 1F1(k; n; y), of 0F1 for infinite k, of 1F1(k; n; -y) for k = -n; outward from its peak."""
    finite, sign = k < math.inf, 1.0 if k > 0.0 else -1.0
    # term ratio t[j+1]/t[j] = c(j) y / ((n+j)(j+1)) with c = k+j, n-j or 1; largest where it is 1
    if finite:
        b = n + 1.0 - sign * y
        c = n - abs(k) * y
    else:
        b = n + 1.0
        c = n - y
    disc = b * b - 4.0 * c
    top = 0.0
    if disc > 0.0:
        top = max(0.0, math.floor(0.5 * (math.sqrt(disc) - b)))
    start = top * math.log(y) - math.lgamma(n + top) + math.lgamma(float(n)) - math.lgamma(top + 1.0)
    if finite and k > 0.0:
        start += math.lgamma(k + top) - math.lgamma(k)
    elif finite:
        top = min(top, -k)
        start = top * math.log(y) - math.lgamma(n + top) + math.lgamma(float(n)) - math.lgamma(top + 1.0)
        start += math.lgamma(1.0 - k) - math.lgamma(1.0 - k - top)
    total, term, j = 1.0, 1.0, top
    while term > _EPS * total:
        term *= (sign * (k + j) if finite else 1.0) * y / ((n + j) * (j + 1.0))
        total += term
        j += 1.0
    term, j = 1.0, top
    while j > 0.0 and term > _EPS * total:
        term *= (n + j - 1.0) * j / ((sign * (k + j - 1.0) if finite else 1.0) * y)
        total += term
        j -= 1.0
    return start + math.log(total)


@njit(cache=True, error_model="numpy")
def statistic_log_pdf_scalar(z: float, snr: float, n_pulses: int, swerling: int) -> float:
    """Log density of the summed square-law statistic at z >= 0; meaning as `detection.statistic_log_pdf`."""
    n = n_pulses
    if n == 1:
        if swerling == 1 or swerling == 2:
            return -z / (1.0 + snr) - math.log1p(snr)
        if swerling >= 3:
            p = 1.0 / (1.0 + 0.5 * snr)
            return 2.0 * math.log(p) - p * z + math.log1p((1.0 - p) * z)
    k = _shape(swerling, n)
    mean = n * snr
    if k == n:
        if z <= 0.0:
            return -math.inf if n > 1 else -math.log1p(snr)
        return (n - 1.0) * math.log(z) - z / (1.0 + snr) - n * math.log1p(snr) - math.lgamma(float(n))
    if z <= 0.0 and n > 1:
        return -math.inf
    out = -z - math.lgamma(float(n))
    if n > 1:
        out += (n - 1.0) * math.log(z)
    if swerling == 0:
        if n == 1 and mean * z > 900.0:  # Hankel's expansion of I0; 16 terms are exact to 1e-16 beyond x = 60
            x = 2.0 * math.sqrt(mean * z)
            term, total = 1.0, 1.0
            for j in range(1, 17):
                term *= (2.0 * j - 1.0) ** 2 / (8.0 * x * j)
                total += term
            gap = math.sqrt(z) - math.sqrt(mean)
            return -gap * gap - 0.5 * math.log(2.0 * math.pi * x) + math.log(total)
        return out - mean + _log_hypergeometric(mean * z, k, n)
    q = mean / (k + mean)
    return out - k * math.log1p(mean / k) + _log_hypergeometric(q * z, k, n)


_BIG = 1e130
_LOG_BIG = 299.33606208922595
_PEAK_MAX = 400.0


@njit(cache=True, error_model="numpy")
def race(
    shift: int,
    a_u: float,
    r_u: float,
    log_u: float,
    a_v: float,
    r_v: float,
    log_v: float,
    offset: float,
    log_f: float,
) -> tuple[float, float]:
    """Sum of p(u) F(u + shift) over u >= 0 as (mantissa, log of scale).

    A count steps by p(i + 1) = p(i) r (a + i) / (i + 1), with a = inf for p(i) r / (i + 1), from p(0) = exp(log). F is
    the running sum of the second count; with ``offset`` c it stands at exp(log_f) before the first term and the
    second count is p(i + 1) = p(i) r / (i + 1 + c): the upper incomplete gamma function of order 1 + c + i.
    """
    p_u, scale_u = 1.0, log_u
    if log_u > -290.0:
        p_u, scale_u = math.exp(log_u), 0.0
    p_v, scale_v = 1.0, log_v
    f_v = 1.0
    if offset != 0.0:
        f_v = math.exp(log_f - log_v)
    if log_v > -290.0:
        p_v, scale_v = math.exp(log_v), 0.0
        f_v = p_v if offset == 0.0 else math.exp(log_f)
    v = 0.0
    for _ in range(shift):
        p_v *= r_v / (v + 1.0 + offset) if a_v == math.inf else r_v * (a_v + v) / (v + 1.0)
        f_v += p_v
        v += 1.0
        if p_v > _BIG or f_v > _BIG:
            p_v, f_v, scale_v = p_v / _BIG, f_v / _BIG, scale_v + _LOG_BIG
    u, total, done, past = 0.0, 0.0, 0.0, False
    for _ in range(-shift):
        done += p_u
        p_u *= r_u / (u + 1.0) if a_u == math.inf else r_u * (a_u + u) / (u + 1.0)
        u += 1.0
        if p_u > _BIG or done > _BIG:
            p_u, done, scale_u = p_u / _BIG, done / _BIG, scale_u + _LOG_BIG
        elif p_u < 1.0 / _BIG:  # its bulk is past
            p_u, past, scale_u = p_u * _BIG, True, scale_u - _LOG_BIG
    if r_u <= 0.0:
        return (p_u * f_v, scale_u + scale_v)
    while True:
        term = p_u * f_v
        total += term
        done += p_u
        step = r_u / (u + 1.0) if a_u == math.inf else r_u * (a_u + u) / (u + 1.0)
        p_v *= r_v / (v + 1.0 + offset) if a_v == math.inf else r_v * (a_v + v) / (v + 1.0)
        v += 1.0
        if p_v < 1e-18 * f_v:
            next_v = r_v / (v + 1.0 + offset) if a_v == math.inf else r_v * (a_v + v) / (v + 1.0)
            if next_v < 1.0 and p_v < 1e-17 * f_v * (1.0 - next_v):
                break  # F is 1 from here on
        after = f_v + p_v
        if term < 1e-16 * total:
            ratio = step * after / f_v
            if ratio < 1.0 and term * ratio < 1e-17 * total * (1.0 - ratio):
                return (total, scale_u + scale_v)
        f_v = after
        p_u *= step
        u += 1.0
        if p_u > _BIG or done > _BIG:
            p_u, done, total, scale_u = p_u / _BIG, done / _BIG, total / _BIG, scale_u + _LOG_BIG
        if f_v > _BIG:
            p_v, f_v, total, scale_v = p_v / _BIG, f_v / _BIG, total / _BIG, scale_v + _LOG_BIG
        if p_u < 1.0 / _BIG:
            p_u, total, past, scale_u = p_u * _BIG, total * _BIG, True, scale_u - _LOG_BIG
    before = done * math.exp(scale_u)
    if before < 0.9 and not past:
        return (total * math.exp(scale_u + scale_v) + (1.0 - before), 0.0)
    tail, p_u = 0.0, p_u * f_v
    while True:
        step = r_u / (u + 1.0) if a_u == math.inf else r_u * (a_u + u) / (u + 1.0)
        p_u *= step
        tail += p_u
        u += 1.0
        if step < 1.0 and p_u * step < 1e-17 * (total + tail) * (1.0 - step):
            return (total + tail, scale_u + scale_v)


@njit(cache=True, error_model="numpy")
def _contour(m: float, x: float, y: float, gap: float, upper: bool) -> tuple[float, float]:
    """Marcum Q of order m at x = a^2/2, y = b^2/2 (or its complement), gap = b - a; as (mantissa, log of scale).

    The inversion integral of exp(s y) (1 + s)^-m exp(-x s / (1 + s)) / s along the vertical line through the saddle,
    or beside the pole where the saddle is close to it, by the trapezoidal rule; for x y above about 1e4.
    """
    root = math.sqrt(x / y)
    p0 = (m + math.sqrt(m * m + 4.0 * x * y)) / (2.0 * y)
    c0 = p0 - 1.0
    if abs(c0) < 1e-3:  # the same without cancellation: b (p0 - a / b) and b - a apart
        c0 = (m * p0 / y) / (p0 + root) - gap / math.sqrt(2.0 * y)
    below = c0 < 0.0  # the saddle is on the side of Q
    sd = 1.0 / math.sqrt(2.0 * x / p0**3 + m / (p0 * p0))
    c, p, slope = c0, p0, 0.0
    if abs(c0) < 1.2 * sd:
        c = -1.2 * sd if below else 1.2 * sd
        p = 1.0 + c
        slope = (c - c0) * (y + x / (p * p0))
    from_root = (m * p0 / y) / (p0 + root) + (c - c0)
    log_scale = y / p * from_root * from_root - 0.5 * gap * gap - m * math.log1p(c)
    h = min(abs(c) * 0.16, 0.6 * sd)
    total = 0.0
    for i in range(400):
        v = i * h / p
        # u = i v: slope u + (x / p) u^2 / (1 + u) + m (u - log(1 + u))
        d = 1.0 + v * v
        real = -(x / p) * v * v / d - 0.5 * m * math.log1p(v * v)
        if real < -42.0:
            break
        phase = slope * v + (x / p) * v * v * v / d + m * (v - math.atan(v))
        # exp(real + i phase) / (c + i h i)
        part = math.exp(real) * (math.cos(phase) * abs(c) + math.sin(phase) * (i * h if c > 0.0 else -i * h))
        part /= c * c + (i * h) ** 2
        total += 0.5 * part if i == 0 else part
    total *= h / math.pi
    if below == upper:
        return (total, log_scale)
    return (1.0 - total * math.exp(log_scale), 0.0)


@njit(cache=True, error_model="numpy")
def _passing(snr: float, threshold: float, n: int, swerling: int, missed: bool) -> tuple[float, float]:
    """Pd, or 1 - Pd, as (mantissa, log of scale)."""
    k = _shape(swerling, n)
    mean = n * snr
    if swerling == 0:
        if mean * threshold > _PEAK_MAX * _PEAK_MAX and threshold > _PEAK_MAX:
            a, b = math.sqrt(2.0 * mean), math.sqrt(2.0 * threshold)
            return _contour(float(n), mean, threshold, 2.0 * (threshold - mean) / (a + b), not missed)
        ratio, log_w = mean, -mean
    else:
        ratio, log_w = mean / (k + mean), -k * math.log1p(mean / k)
    if missed:
        return race(-n, math.inf, threshold, -threshold, k, ratio, log_w, 0.0, 0.0)
    return race(n - 1, k, ratio, log_w, math.inf, threshold, -threshold, 0.0, 0.0)


@njit(cache=True, error_model="numpy")
def pd_scalar(snr: float, threshold: float, n_pulses: int, swerling: int) -> float:
    """Probability that the statistic passes a threshold; meaning as `detection.pd`; NaN off domain."""
    n = n_pulses
    if not (0.0 <= snr < math.inf and 0.0 <= threshold < math.inf):
        return math.nan
    if threshold == 0.0:
        return 1.0
    if n == 1:
        if swerling == 1 or swerling == 2:
            return math.exp(-threshold / (1.0 + snr))
        if swerling >= 3:
            h = 1.0 + 0.5 * snr
            return math.exp(-threshold / h) * (1.0 + 0.5 * snr * threshold / (h * h))
    value, scale = _passing(snr, threshold, n, swerling, False)
    return min(value * math.exp(scale), 1.0)


@njit(cache=True, error_model="numpy")
def miss_scalar(snr: float, threshold: float, n_pulses: int, swerling: int) -> float:
    """Probability that the statistic stays below a threshold; meaning as `detection.miss`; NaN off domain."""
    if not (0.0 <= snr < math.inf and 0.0 <= threshold < math.inf):
        return math.nan
    if threshold == 0.0:
        return 0.0
    if n_pulses == 1 and (swerling == 1 or swerling == 2):
        return -math.expm1(-threshold / (1.0 + snr))
    value, scale = _passing(snr, threshold, n_pulses, swerling, True)
    return min(value * math.exp(scale), 1.0)


@njit(cache=True, error_model="numpy")
def pd_rows(snr: FloatArray, threshold: FloatArray, n_pulses: int, swerling: int) -> FloatArray:
    """`pd_scalar` of n signal-to-noise ratios, (n,); threshold (n,) or (1,)."""
    out = np.empty(snr.shape[0])
    one = threshold.shape[0] == 1
    for i in range(snr.shape[0]):
        out[i] = pd_scalar(snr[i], threshold[0 if one else i], n_pulses, swerling)
    return out


@njit(cache=True, error_model="numpy")
def table_rows(snr: FloatArray, scale: float, table: FloatArray) -> FloatArray:
    """Piecewise polynomial in sqrt(snr), (n,); table (pieces, degree + 1), highest power first, pieces a width 1/scale.

    The last piece goes on for ever.
    """
    out = np.empty(snr.shape[0])
    last = table.shape[0] - 1
    for i in range(snr.shape[0]):
        x = math.sqrt(snr[i]) * scale
        at = int(min(x, float(last)))
        t = 2.0 * min(x - at, 1.0) - 1.0
        value = table[at, 0]
        for j in range(1, 11):
            value = value * t + table[at, j]
        out[i] = value
    return out


@njit(cache=True, error_model="numpy")
def miss_rows(snr: FloatArray, threshold: FloatArray, n_pulses: int, swerling: int) -> FloatArray:
    """`miss_scalar` of n signal-to-noise ratios, (n,); threshold (n,) or (1,)."""
    out = np.empty(snr.shape[0])
    one = threshold.shape[0] == 1
    for i in range(snr.shape[0]):
        out[i] = miss_scalar(snr[i], threshold[0 if one else i], n_pulses, swerling)
    return out


@njit(cache=True, error_model="numpy")
def required_rows(pd: FloatArray, threshold: FloatArray, n_pulses: int, swerling: int) -> FloatArray:
    """Signal-to-noise ratio at which `pd_scalar` is pd, (n,); threshold (n,) or (1,).

    False position (Illinois) in log Pd below 1/2, in log (1 - Pd) above, against log SNR, kept in a bracket.
    """
    out = np.empty(pd.shape[0])
    one = threshold.shape[0] == 1
    for i in range(pd.shape[0]):
        t, upper = threshold[0 if one else i], pd[i] > 0.5
        goal = math.log(1.0 - pd[i]) if upper else math.log(pd[i])
        low, high, f_low, f_high = 0.0, 0.0, 0.0, 0.0
        x, side, known = 0.0, 0, 0  # known: bit 1 the low end, bit 2 the high end
        for _ in range(200):
            snr = math.exp(x)
            if upper:
                f = goal - math.log(max(miss_scalar(snr, t, n_pulses, swerling), 1e-320))
            else:
                f = math.log(max(pd_scalar(snr, t, n_pulses, swerling), 1e-320)) - goal
            if f < 0.0:
                if known == 3 and side == -1:
                    f_high *= 0.5
                low, f_low, side, known = x, f, -1, known | 1
            else:
                if known == 3 and side == 1:
                    f_low *= 0.5
                high, f_high, side, known = x, f, 1, known | 2
            if f == 0.0:
                break
            if known == 1:
                x += 2.0
            elif known == 2:
                x -= 2.0
            else:
                was = x
                x = low - f_low * (high - low) / (f_high - f_low)
                if not low < x < high:
                    x = 0.5 * (low + high)
                if abs(x - was) <= 2e-16 * (1.0 + abs(x)):
                    break
            if x < -100.0:
                break
        out[i] = math.exp(x)
    return out


@njit(cache=True, error_model="numpy")
def statistic_log_pdf_rows(z: FloatArray, snr: FloatArray, n_pulses: int, swerling: int) -> FloatArray:
    """`statistic_log_pdf_scalar` of n pairs, (n,)."""
    out = np.empty(z.shape[0])
    for i in range(z.shape[0]):
        out[i] = statistic_log_pdf_scalar(z[i], snr[i], n_pulses, swerling)
    return out


@njit(cache=True, error_model="numpy")
def marcum_rows(
    m: FloatArray, a: FloatArray, b: FloatArray, log_q: FloatArray, log_p: FloatArray, log: bool
) -> FloatArray:
    """Generalised Marcum Q of n rows, or its logarithm, (n,).

    log_q is log Q(f, b^2/2), f the fractional part of m put in (0, 1]; log_p the log of (b^2/2)^(f-1) exp(-b^2/2) /
    Gamma(f), the gamma tail's last increment.
    """
    out = np.empty(m.shape[0])
    for i in range(m.shape[0]):
        x, y = 0.5 * a[i] * a[i], 0.5 * b[i] * b[i]
        if y <= 0.0:
            value, scale = 1.0, 0.0
        elif 0.25 * a[i] * a[i] * b[i] * b[i] > _PEAK_MAX * _PEAK_MAX and y > _PEAK_MAX:
            value, scale = _contour(m[i], x, y, b[i] - a[i], True)
        else:
            whole = math.ceil(m[i]) - 1.0
            value, scale = race(int(whole), math.inf, x, -x, math.inf, y, log_p[i], m[i] - whole - 1.0, log_q[i])
        if log:
            out[i] = min(math.log(value) + scale, 0.0)
        else:
            out[i] = min(value * math.exp(scale), 1.0)
    return out
