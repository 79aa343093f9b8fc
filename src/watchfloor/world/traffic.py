"""Recorded traffic: real flights as movers.

Recordings of ADS-B are not smooth truth: rows repeat the last position (stale), single rows jump, and flights fall
silent. Stale and jumping rows are dropped, silence splits a flight, and what is left is joined by cubics that meet
position and velocity at every knot.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from watchfloor.base.config import Config
from watchfloor.base.errors import DataError
from watchfloor.base.units import BoolArray, FloatArray, IntArray
from watchfloor.formats.flights import Flights, read_flights
from watchfloor.physics.frames import ecef_to_geodetic, enu_rotation, geodetic_to_ecef
from watchfloor.world.base import traffic
from watchfloor.world.motion import GRAVITY_MPS2, Trajectory

_log = logging.getLogger(__name__)
_BANK_MAX_RAD = np.deg2rad(60.0)
_SPEED_WITH_BANK_MPS = 30.0
_PASSES = 100


class RecordedTrafficConfig(Config):
    """Recorded flights from a table: id, time, latitude, longitude, altitude, and velocity if there is one."""

    kind: Literal["recorded"] = "recorded"
    """Flights from a file."""
    file: str | None = None
    """CSV or Parquet file, relative to the scenario file; ``--traffic`` names another."""
    type: str = "airliner"
    """Catalogue type that all flights are taken for."""
    transponder: bool = True
    """Whether their transponders answer; what was recorded by ADS-B had one."""
    gap_s: float = Field(default=60.0, gt=0.0)
    """A silence longer than this ends the flight; what comes after is another mover. [s]"""
    speed_gate_mps: float = Field(default=400.0, gt=0.0)
    """Rows that need more speed than this from the last good row are dropped. [m/s]"""
    smooth_s: float = Field(default=0.0, ge=0.0, le=300.0)
    """Window of a quadratic (Savitzky-Golay) fit to each flight: 30 for raw ADS-B, 0 takes rows as they are. [s]"""
    rows_max: int = Field(default=5_000_000, ge=2)
    """Refuse a file with more rows."""
    start_s: float = Field(default=0.0, ge=0.0)
    """When the first row happens, since the scenario's epoch. [s]"""


@dataclass(frozen=True)
class Cleaning:
    """What became of the rows of a table."""

    n_rows: int
    """Rows that came."""
    n_stale: int
    """Dropped: position or time of the row before."""
    n_jumps: int
    """Dropped: could not be reached."""
    n_short: int
    """Dropped: alone between two silences."""
    n_splits: int
    """Silences, and jumps that stayed, at which a flight was split."""


@traffic.register("recorded", RecordedTrafficConfig)
class RecordedTraffic:
    """Each flight of a table, and each part of it between silences, is a mover while it was recorded."""

    def __init__(self, config: RecordedTrafficConfig, *, file: Path | None = None) -> None:
        source = file if file is not None else config.file
        if source is None:
            raise DataError("recorded traffic: no file; give `file` in the scenario or --traffic FILE")
        path = Path(source)
        stamp = (path.stat().st_mtime_ns, path.stat().st_size) if path.is_file() else None
        loaded = _load(config, path, stamp)  # pyright: ignore[reportArgumentType]
        self.names, self.trajectories, self.starts_s, self.cleaning = loaded
        self.type: str = config.type
        self.transponder: bool = config.transponder


@lru_cache(maxsize=2)
def _load(
    config: RecordedTrafficConfig, path: Path, stamp: tuple[int, int] | None
) -> tuple[tuple[str, ...], tuple[Trajectory, ...], tuple[float, ...], Cleaning]:
    """Read, clean and fit a file, once for all replicates; ``stamp`` (time and size) notices that it has changed."""
    flights = read_flights(path)
    if len(flights) > config.rows_max:
        raise DataError(f"{path}: {len(flights)} rows, more than rows_max {config.rows_max}; cut the file or raise it")
    position = geodetic_to_ecef(flights.lat_rad, flights.lon_rad, flights.alt_m)
    velocity = _velocity_ecef(flights)
    cleaning, parts = split(
        flights.flight,
        flights.t_s,
        position,
        np.stack((flights.lat_rad, flights.lon_rad), axis=1),
        gap_s=config.gap_s,
        speed_gate_mps=config.speed_gate_mps,
    )
    if not parts:
        raise DataError(f"{path}: no flight has two rows that belong together; check the time column and gap_s")
    _log.info(
        "%s: %d rows, %d flights; dropped %d stale, %d jumping, %d lone rows; %d splits",
        path,
        cleaning.n_rows,
        len(parts),
        cleaning.n_stale,
        cleaning.n_jumps,
        cleaning.n_short,
        cleaning.n_splits,
    )
    epoch_s = min(float(flights.t_s[rows[0]]) for rows in parts)
    names, trajectories, starts_s, seen = [], [], [], dict[int, int]()
    for rows in parts:
        code = int(flights.flight[rows[0]])
        seen[code] = seen.get(code, 0) + 1
        name = flights.names[code]
        names.append(name if seen[code] == 1 else f"{name}.{seen[code]}")
        t_s = flights.t_s[rows]
        starts_s.append(config.start_s + float(t_s[0]) - epoch_s)
        known = None if velocity is None else velocity[rows]
        trajectories.append(fit(t_s - t_s[0], position[rows], known, smooth_s=config.smooth_s))
    return tuple(names), tuple(trajectories), tuple(starts_s), cleaning


def split(
    flight: IntArray,
    t_s: FloatArray,
    position_ecef_m: FloatArray,
    place_rad: FloatArray,
    *,
    gap_s: float,
    speed_gate_mps: float,
) -> tuple[Cleaning, list[IntArray]]:
    """Sort out the rows of a recording.

    Parameters
    ----------
    flight : (n,) array
        Number of the flight of each row, in any order.
    t_s : (n,) array
        Time. [s]
    position_ecef_m : (n, 3) array
        Position. [m]
    place_rad : (n, 2) array
        Latitude and longitude as reported: a row that repeats both is stale, even if its altitude is fresh. [rad]
    gap_s : float
        A longer silence splits a flight. [s]
    speed_gate_mps : float
        A row is dropped if it needs more speed from the row before it that was kept. A flight's first row is dropped
        if it needs more to the next; a flight that stays beyond reach for a hundred rows is split there. [m/s]

    Returns
    -------
    Cleaning
        What was dropped.
    list of (k,) int arrays
        Rows of each part of each flight, in time order, at least two; ordered by flight, then time.
    """
    rows = np.lexsort((t_s, flight))
    n_rows = len(rows)
    # A stale row carries the place of the row before, or its time.
    same = (flight[rows[1:]] == flight[rows[:-1]]) & (
        np.all(place_rad[rows[1:]] == place_rad[rows[:-1]], axis=1) | (t_s[rows[1:]] <= t_s[rows[:-1]])
    )
    rows = rows[np.concatenate(([True], ~same))] if n_rows else rows
    n_stale = n_rows - len(rows)
    n_jumps = 0
    for _ in range(_PASSES):
        fast, linked = _too_fast(flight, t_s, position_ecef_m, rows, speed_gate_mps)
        if not fast.any():
            break
        before, after = np.concatenate(([False], fast)), np.concatenate((fast, [False]))
        bad = after & (before | ~np.concatenate(([False], linked)))  # a spike, or a flight's first row
        bad[1:] |= before[1:] & ~after[1:] & ~bad[:-1]  # the later of the two: what follows is judged from the earlier
        n_jumps += int(bad.sum())
        rows = rows[~bad]
    if len(rows) == 0:
        return Cleaning(n_rows, n_stale, n_jumps, 0, 0), []
    fast, linked = _too_fast(flight, t_s, position_ecef_m, rows, speed_gate_mps)
    broken = linked & (fast | (np.diff(t_s[rows]) > gap_s))
    parts = np.split(rows, np.flatnonzero(broken | ~linked) + 1)
    kept = [part for part in parts if len(part) >= 2]
    n_short = sum(len(part) for part in parts if len(part) < 2)
    return Cleaning(n_rows, n_stale, n_jumps, n_short, int(broken.sum())), kept


def _too_fast(
    flight: IntArray, t_s: FloatArray, position: FloatArray, rows: IntArray, gate_mps: float
) -> tuple[BoolArray, BoolArray]:
    """Of each pair of neighbours: whether it is faster than the gate, and whether it is of one flight."""
    linked = flight[rows[1:]] == flight[rows[:-1]]
    apart = np.linalg.norm(position[rows[1:]] - position[rows[:-1]], axis=1)
    return linked & (apart > gate_mps * np.diff(t_s[rows])), linked


def fit(
    t_s: FloatArray, position_ecef_m: FloatArray, velocity_ecef_mps: FloatArray | None, *, smooth_s: float
) -> Trajectory:
    """Join the rows of one flight.

    Parameters
    ----------
    t_s : (k,) array
        Times, rising from 0; at least two. [s]
    position_ecef_m : (k, 3) array
        Positions. [m]
    velocity_ecef_mps : (k, 3) array or None
        Velocities; fitted where None or where not finite: slope of the parabola through three neighbours. [m/s]
    smooth_s : float
        Window of a local quadratic fit to positions, from which velocities follow too; 0 for none. Used only where
        the rows are so dense that the window holds at least ten. [s]

    Returns
    -------
    Trajectory
        With the rows as knots, or (smoothed) a knot every sixth of the window.

    References
    ----------
    Savitzky & Golay, "Smoothing and differentiation of data by simplified least squares procedures", *Analytical
    Chemistry* 36 (8), 1964, pp. 1627-1639.
    """
    if smooth_s > 0.0 and len(t_s) >= 10 and np.median(np.diff(t_s)) <= 0.1 * smooth_s and t_s[-1] >= smooth_s:
        t_s, position, velocity = _smooth(t_s, position_ecef_m, smooth_s)
    else:
        position, velocity = position_ecef_m, _slopes(t_s, position_ecef_m)
        if velocity_ecef_mps is not None:
            velocity = np.where(np.isfinite(velocity_ecef_mps), velocity_ecef_mps, velocity)
    bank = _bank(t_s, position, velocity)
    return Trajectory(
        t_s=t_s,
        position_ecef_m=position,
        velocity_ecef_mps=velocity,
        bank_rad=np.stack((bank[:-1], bank[1:]), axis=1),
    )


def _slopes(t_s: FloatArray, x: FloatArray) -> FloatArray:
    """Slope at each row of the parabola through it and its neighbours, at the ends of the chord: within the gate."""
    return np.gradient(x, t_s, axis=0)


def _smooth(t_s: FloatArray, x: FloatArray, window_s: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Knots of a Savitzky-Golay fit: quadratic, on an even grid of a thirtieth of the window (at least 1 s)."""
    n = max(2, round(t_s[-1] / max(1.0, window_s / 30.0)))
    grid, h = np.linspace(0.0, t_s[-1], n + 1, retstep=True)
    even = np.stack([np.interp(grid, t_s, x[:, c]) for c in range(3)], axis=1)
    half = min(int(0.5 * window_s / h), n // 2)
    offsets = np.arange(-half, half + 1) * h
    # weights of level and slope of a quadratic at the middle of the window
    weights = np.linalg.pinv(np.stack((np.ones_like(offsets), offsets, offsets**2), axis=1))
    inner = np.lib.stride_tricks.sliding_window_view(even, 2 * half + 1, axis=0)  # (n + 1 - 2 half, 3, window)
    level, slope = inner @ weights[0], inner @ weights[1]
    edges = []
    for end in (even[: 2 * half + 1], even[-(2 * half + 1) :]):  # at the ends: the first and last window's parabola
        a, b, c = weights @ end
        edges.append((a + b * offsets[:, None] + c * offsets[:, None] ** 2, b + 2.0 * c * offsets[:, None]))
    position = np.concatenate((edges[0][0][:half], level, edges[1][0][half + 1 :]))
    velocity = np.concatenate((edges[0][1][:half], slope, edges[1][1][half + 1 :]))
    stride = max(1, round(window_s / 6.0 / h))
    keep = np.unique(np.append(np.arange(0, n + 1, stride), n))
    return grid[keep], position[keep], velocity[keep]


def _bank(t_s: FloatArray, position: FloatArray, velocity: FloatArray) -> FloatArray:
    """Bank of a coordinated turn, tan(bank) = v omega / g; 0 below 30 m/s, at most 60 degrees. [rad]"""
    if len(t_s) < 3:
        return np.zeros(len(t_s))
    lat, lon, _ = ecef_to_geodetic(position)
    rotation = enu_rotation(lat, lon)
    east, north, _ = np.einsum("nij,nj->in", rotation, velocity)
    # acceleration over ground: what is left of the turn of the horizontal velocity, earth's curvature not counted
    course = np.unwrap(np.arctan2(east, north))
    omega = np.gradient(course, t_s)
    speed = np.hypot(east, north)
    bank = np.arctan(speed * omega / GRAVITY_MPS2)
    return np.where(speed > _SPEED_WITH_BANK_MPS, np.clip(bank, -_BANK_MAX_RAD, _BANK_MAX_RAD), 0.0)


def _velocity_ecef(flights: Flights) -> FloatArray | None:
    """Recorded velocities in ECEF, NaN where a part is missing. (n, 3) [m/s]"""
    if flights.ve_mps is None or flights.vn_mps is None or flights.vu_mps is None:
        return None
    rotation = enu_rotation(flights.lat_rad, flights.lon_rad)
    local = np.stack((flights.ve_mps, flights.vn_mps, flights.vu_mps), axis=1)
    return np.einsum("nij,ni->nj", rotation, local)
