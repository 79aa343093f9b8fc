"""Plain twins of ``watchfloor.sensor._kernels``: slow, obvious, and written another way."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicHermiteSpline
from scipy.optimize import brentq

from watchfloor.physics.fluctuation import fading_correlation
from watchfloor.physics.frames import Place, ecef_to_polar


def passes(t, position, velocity, present, place: Place, period_s: float, phase_rad: float, samples: int = 400):
    """Rows (mover, t, position) of every instant at which the beam points at a mover: dense sampling, then bisection.

    Works on the angle from beam to mover wrapped to (-pi, pi], which falls through 0 at a pass.
    """
    rows = []
    for i in range(position.shape[0]):
        for j in range(len(t) - 1):
            if not (present[i, j] and present[i, j + 1]):
                continue
            path = CubicHermiteSpline(t[j : j + 2], position[i, j : j + 2], velocity[i, j : j + 2])

            def ahead(s, path=path):
                azimuth = ecef_to_polar(path(s), place)[1]
                return (azimuth - phase_rad - 2.0 * np.pi * s / period_s + np.pi) % (2.0 * np.pi) - np.pi

            fine = np.linspace(t[j], t[j + 1], samples)
            angle = ahead(fine)
            for a, b, low, high in zip(fine[:-1], fine[1:], angle[:-1], angle[1:], strict=True):
                if low > 0.0 >= high and low - high < 1.0:
                    s = brentq(ahead, a, b, xtol=1e-13)
                    rows.append((i, s, path(s)))
    return rows


def states(t, position, velocity, bank, present, row, when):
    """Position, velocity, bank and presence of movers at times, one after the other."""
    out = []
    for i, s in zip(row, when, strict=True):
        j = min(max(int(np.searchsorted(t, s, side="right")) - 1, 0), len(t) - 2)
        path = CubicHermiteSpline(t[j : j + 2], position[i, j : j + 2], velocity[i, j : j + 2])
        near = min(max(s, t[j]), t[j + 1])
        where = path(near) + (s - near) * path(near, 1)
        roll = np.interp(s, t[j : j + 2], bank[i, j : j + 2])
        out.append((where, path(near, 1), roll, present[i, j : j + 2].all()))
    return tuple(np.array(column) for column in zip(*out, strict=True))


def level_db(aspect, table_of, mover, first, grid, level):
    """Linear interpolation of one table after the other."""
    out = []
    for angle, who in zip(aspect, mover, strict=True):
        part = slice(first[table_of[who]], first[table_of[who] + 1])
        out.append(np.interp(abs(angle), grid[part], level[part]))
    return np.array(out)


def gate_pfa(t, position, gate_t, gate_position, gate_velocity, radius, pfa, base_pfa):
    """Largest false-alarm probability of the gates around each point."""
    centre = gate_position[None] + (t[:, None] - gate_t)[..., None] * gate_velocity
    inside = np.linalg.norm(position[:, None] - centre, axis=-1) <= radius
    return np.maximum(np.where(inside, pfa, base_pfa).max(axis=1, initial=base_pfa), base_pfa)


def merge(t, polar, power, mover, cell, turn_s):
    """Clusters, strongest first, echoes before noise: [(rows, t, polar, power, mover, movers, spread), ...]."""
    left = sorted(range(len(t)), key=lambda i: (mover[i] == -1, -power[i]))
    out = []
    while left:
        i = left[0]
        rows = []
        for j in left:
            gap = np.abs(polar[j] - polar[i])
            gap[1] = min(gap[1], 2.0 * np.pi - gap[1])
            near = all(np.isinf(size) or apart < size for apart, size in zip(gap, cell, strict=True))
            if j == i or (near and abs(t[j] - t[i]) < 0.5 * turn_s):
                rows.append(j)
        left = [j for j in left if j not in rows]
        rows = [j for j in rows if mover[j] != -1] if mover[i] != -1 else [i]  # of noise the strongest stands alone
        weight = power[rows] / power[rows].sum()
        unwrapped = polar[rows].copy()
        unwrapped[:, 1] = polar[i, 1] + np.angle(np.exp(1j * (polar[rows, 1] - polar[i, 1])))
        centre = weight @ unwrapped
        spread = np.einsum("i,ij,ik->jk", weight, unwrapped - centre, unwrapped - centre)
        centre[1] %= 2.0 * np.pi
        own = [j for j in rows if mover[j] >= 0]
        who = mover[max(own, key=lambda j: power[j])] if own else mover[i]
        out.append((rows, weight @ t[rows], centre, power[rows].sum() - (len(rows) - 1), who, len(own), spread))
    return out


def fade(fresh, t, azimuth, elevation, mover, wavelength_m, length_m, wander, wander_s):
    """Powers (n, 2) of looks in the order of time, each mover's echo correlated with its last."""
    last, out = {}, np.empty((len(mover), 2))
    for i, j in enumerate(mover):
        sight = np.array([np.cos(elevation[i]) * np.cos(azimuth[i]), np.cos(elevation[i]) * np.sin(azimuth[i])])
        sight = np.append(sight, np.sin(elevation[i]))
        echo = fresh[i, ::2] + 1j * fresh[i, 1::2]
        if j in last:
            before, then, old = last[j]
            turned = np.arctan2(np.linalg.norm(np.cross(before, sight)), before @ sight)
            swayed = wander * np.sqrt(-2.0 * np.expm1(-(t[i] - then) / wander_s))
            rho = fading_correlation(np.hypot(turned, swayed), 0.0, wavelength_m, length_m[j])
            echo = np.sqrt(rho) * old + np.sqrt(1.0 - rho) * echo
        last[j] = sight, t[i], echo
        out[i] = 0.5 * np.abs(echo) ** 2
    return out
