"""Where and when straight flight and a round of known time of flight meet: effects level, no trajectories."""

from __future__ import annotations

import numpy as np

from watchfloor.base.units import FloatArray


def time_of_flight_s(range_m: FloatArray, table_range_m: FloatArray, table_time_s: FloatArray) -> FloatArray:
    """Return the time of flight to slant ranges (any shape), linear in the table; inf beyond its end. [s]

    Notes
    -----
    Holds for the heights and speeds the table was made for; below its first range, the first time stands.
    """
    return np.interp(range_m, table_range_m, table_time_s, right=np.inf)


def meeting_point(
    position_m: FloatArray,
    velocity_mps: FloatArray,
    launcher_m: FloatArray,
    table_range_m: FloatArray,
    table_time_s: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return where targets in straight flight meet a round fired now, and when.

    Parameters
    ----------
    position_m, velocity_mps : (n, 3) array
        Targets at launch, any Cartesian frame at rest with the launcher. [m, m/s]
    launcher_m : (3,) array
        Launcher. [m]
    table_range_m, table_time_s : (k,) array
        Time of flight against slant range, both rising. [m, s]

    Returns
    -------
    meeting_m : (n, 3) array
        Point of arrival. [m]
    flight_s : (n,) array
        Time of flight to it; inf where the table ends short of every such point. [s]

    Notes
    -----
    First root of t = T(|p + v t - launcher|), found by bisection on t over the table's times: a target outside the
    table's range now may fly into it, one inside may leave it. As T is piecewise linear with slope below 1 / target
    speed (rounds are faster than targets), the root is unique where it exists.
    """
    low, high = np.zeros(len(position_m)), np.full(len(position_m), float(table_time_s[-1]))
    offset_m = position_m - launcher_m

    def late(t_s: FloatArray) -> FloatArray:
        range_m = np.linalg.norm(offset_m + t_s[:, None] * velocity_mps, axis=1)
        return time_of_flight_s(range_m, table_range_m, table_time_s) - t_s

    reached = late(high) <= 1e-9 * table_time_s[-1]
    for _ in range(40):
        middle = 0.5 * (low + high)
        short = late(middle) > 0.0
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    flight_s = np.where(reached, high, np.inf)
    return position_m + np.where(reached, high, 0.0)[:, None] * velocity_mps, flight_s
