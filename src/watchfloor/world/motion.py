"""Trajectories: position and velocity by time, as one table of knots joined by cubics.

Every kind of route and every recorded flight ends as a ``Trajectory``: one kernel moves them all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from watchfloor.base.units import FloatArray
from watchfloor.physics.frames import geodetic_to_ecef

GRAVITY_MPS2 = 9.806_65
"""Standard gravity (BIPM, SI Brochure, 8th ed., 2006, resolution 2 of the 3rd CGPM). [m/s2]"""

_ARC_ERROR_M = 2e-4
_LEG_STEP_M = 20_000.0
_TANGENT_STEP_M = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Trajectory:
    """Motion of one mover: knots in time, a cubic in each interval that meets position and velocity at both ends.

    Position and velocity are continuous, acceleration is bounded. The bank angle may step where a leg meets a turn:
    rolling takes a second or two in reality.
    """

    t_s: FloatArray
    """(k,) times of the knots since the path began, rising from 0. [s]"""
    position_ecef_m: FloatArray
    """(k, 3) WGS-84 earth-centred position. [m]"""
    velocity_ecef_mps: FloatArray
    """(k, 3) velocity over ground. [m/s]"""
    bank_rad: FloatArray
    """(k - 1, 2) bank angle at the start and the end of each interval, right wing down positive. [rad]"""
    period_s: float = np.inf
    """Time after which it repeats; infinite if it ends at its last knot. [s]"""
    offset_s: float = 0.0
    """Where on the path the mover appears, as time since the path's first knot. [s]"""

    def __post_init__(self) -> None:
        """Check shapes, and that time rises."""
        k = len(self.t_s)
        shapes = (self.position_ecef_m.shape, self.velocity_ecef_mps.shape, self.bank_rad.shape)
        if k < 2 or shapes != ((k, 3), (k, 3), (k - 1, 2)):
            raise ValueError(
                f"a trajectory of {k} knots needs arrays of {(k, 3)}, {(k, 3)}, {(k - 1, 2)}, got {shapes}"
            )
        if self.t_s[0] != 0.0 or not np.all(np.diff(self.t_s) > 0.0):
            raise ValueError("times of a trajectory must rise from 0")

    @property
    def duration_s(self) -> float:
        """Time from appearing to the end; infinite if it repeats. [s]"""
        return np.inf if np.isfinite(self.period_s) else float(self.t_s[-1]) - self.offset_s


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A leg or an arc of a planned route, along a parameter in metres that need not be exact arc length."""

    at: Callable[[FloatArray], tuple[Any, Any, Any]]
    """Geodetic latitude, longitude, altitude at the parameter; smooth a metre beyond either end. [rad, rad, m]"""
    length_m: float
    """Range of the parameter, above 0. [m]"""
    speeds_mps: tuple[float, float]
    """Speed at both ends; the acceleration between is constant. [m/s]"""
    curvature_1pm: float = 0.0
    """Curvature of the ground track, right turn positive. [1/m]"""


def turn_radius_m(speed_mps: float, load_factor: float) -> float:
    r"""Radius of a level coordinated turn.

    Parameters
    ----------
    speed_mps : float
        Speed. [m/s]
    load_factor : float
        Lift over weight, above 1. [1]

    Returns
    -------
    float
        Radius. [m]

    Notes
    -----
    :math:`r = v^2 / (g \sqrt{n^2 - 1})`, since :math:`\tan\phi = v\omega/g` and :math:`n = 1/\cos\phi`.

    References
    ----------
    Anderson, *Introduction to Flight*, 8th ed., 2016, eq. 6.118.

    Examples
    --------
    >>> round(turn_radius_m(100.0, 2.0), 1)
    588.7
    """
    if not load_factor > 1.0:
        raise ValueError(f"a turn needs a load factor above 1, got {load_factor!r}")
    return speed_mps**2 / (GRAVITY_MPS2 * math.sqrt(load_factor**2 - 1.0))


def bank_rad(speed_mps: Any, curvature_1pm: Any) -> Any:
    r"""Bank angle of a level coordinated turn, :math:`\tan\phi = v^2\kappa/g`; right positive. [rad]

    References
    ----------
    Anderson, *Introduction to Flight*, 8th ed., 2016, eq. 6.116-6.119.
    """  # noqa: D400, D415
    return np.arctan(np.square(speed_mps) * curvature_1pm / GRAVITY_MPS2)


def compile_trajectory(pieces: Sequence[Piece], *, closed: bool = False, start_fraction: float = 0.0) -> Trajectory:
    """Turn pieces that meet end to end, with one tangent where they meet, into a trajectory.

    Parameters
    ----------
    pieces : sequence of Piece
        Legs and arcs in the order they are flown.
    closed : bool
        Whether the last piece ends where the first begins: it then repeats.
    start_fraction : float
        Share of the path's time already flown when the mover appears. [1]

    Returns
    -------
    Trajectory
        Within 1 mm of the pieces; the speed is the one asked for, along the path in three dimensions.
    """
    times, positions, velocities, banks = [np.zeros(1)], [], [], []
    t_s = 0.0
    for i, piece in enumerate(pieces):
        n = int(np.ceil(piece.length_m / _step_m(piece)))
        u = np.linspace(0.0, piece.length_m, 2 * n + 1)  # knots, and between them midpoints for the arc length
        around = u + _TANGENT_STEP_M * np.array([[-1.0], [0.0], [1.0]])
        behind, here, ahead = geodetic_to_ecef(*piece.at(around))
        tangent = (ahead - behind) / (2.0 * _TANGENT_STEP_M)
        rate = np.sqrt(np.einsum("ij,ij->i", tangent, tangent))  # metres of path for a metre of parameter
        step = (rate[:-2:2] + 4.0 * rate[1:-1:2] + rate[2::2]) * (piece.length_m / n / 6.0)  # Simpson
        along = np.concatenate(([0.0], np.cumsum(step)))
        v0, v1 = piece.speeds_mps
        speed = np.sqrt(v0**2 + (v1**2 - v0**2) * along / along[-1])
        first = 0 if i == 0 else 1  # a knot shared with the piece before
        local = np.cumsum(2.0 * step / (speed[:-1] + speed[1:]))
        times.append(t_s + local)
        t_s += float(local[-1])
        positions.append(here[::2][first:])
        velocities.append((tangent[::2] * (speed / rate[::2])[:, None])[first:])
        bank = bank_rad(speed, piece.curvature_1pm)
        banks.append(np.stack((bank[:-1], bank[1:]), axis=1))
    position, velocity = np.concatenate(positions), np.concatenate(velocities)
    if closed:
        position[-1], velocity[-1] = position[0], velocity[0]
    return Trajectory(
        t_s=np.concatenate(times),
        position_ecef_m=position,
        velocity_ecef_mps=velocity,
        bank_rad=np.concatenate(banks),
        period_s=t_s if closed else np.inf,
        offset_s=start_fraction * t_s,
    )


def _step_m(piece: Piece) -> float:
    """Interval in which a cubic stays within 0.2 mm of an arc: r theta^4 / 384 (de Boor, Hoellig & Sabin, 1987).

    Of a leg, a sixteenth: its slope may change, and the speed along it should not.
    """
    if piece.curvature_1pm == 0.0:
        return min(_LEG_STEP_M, piece.length_m / 16.0)
    radius = 1.0 / abs(piece.curvature_1pm)
    return radius * min(0.1, (384.0 * _ARC_ERROR_M / radius) ** 0.25)
