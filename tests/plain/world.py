"""Plain twin of ``watchfloor.world._kernels``: one mover and one time after another, SciPy's cubic."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicHermiteSpline


def move(trajectories, starts_s, gone_s, times_s):
    """Return position (n, k, 3), velocity (n, k, 3), bank (n, k) and present (n, k)."""
    n, k = len(trajectories), len(times_s)
    position, velocity = np.full((n, k, 3), np.nan), np.full((n, k, 3), np.nan)
    bank, present = np.full((n, k), np.nan), np.zeros((n, k), bool)
    for i, one in enumerate(trajectories):
        spline = CubicHermiteSpline(one.t_s, one.position_ecef_m, one.velocity_ecef_mps)
        for j, t_s in enumerate(times_s):
            local = t_s - starts_s[i] + one.offset_s
            if np.isfinite(one.period_s):
                local = local % one.period_s
            if t_s < starts_s[i] or t_s >= gone_s[i] or local > one.t_s[-1]:
                continue
            present[i, j] = True
            position[i, j], velocity[i, j] = spline(local), spline(local, 1)
            row = min(int(np.searchsorted(one.t_s, local, side="right")) - 1, len(one.t_s) - 2)
            share = (local - one.t_s[row]) / (one.t_s[row + 1] - one.t_s[row])
            bank[i, j] = (1.0 - share) * one.bank_rad[row, 0] + share * one.bank_rad[row, 1]
    return position, velocity, bank, present
