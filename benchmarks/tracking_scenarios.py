"""Scenarios that trackers are compared on, their scorer, and the floor that perfect association reaches.

``a_vo12`` is the demonstration of the random-finite-set toolbox (Vo, Vo & Hoang, "An efficient implementation of the
generalized labeled multi-Bernoulli filter", IEEE Trans. Signal Processing 65(8), 2017, and the program
``jointglmb/gms`` of its authors): twelve targets, positions only. ``b_radar50`` is a 3-D radar over manoeuvring
aircraft and close pairs, ``c_scale`` an air picture of any size, ``c_dense100`` one raid of a hundred.

What the radar scenarios share
    Flat earth, radar at the origin, x east, y north, z up. A plot is range, azimuth (clockwise from north), elevation,
    range rate; errors are Gaussian. Targets fly level at 1 to 12 km and 100 to 300 m/s, straight (exponential times)
    and in level turns at constant rate by turns; the first leg is drawn from the long-run share of both kinds. A target
    is detected with one probability wherever it flies. False plots are Poisson in number, uniform in ground area,
    azimuth, altitude (0 to 15 km) and range rate.
What is chosen here
    In ``b_radar50`` targets begin uniformly in range (5 to 80 km), in ``c_scale`` uniformly in area; close pairs fly
    one course at constant offset and live together; late births lie in the scans 10 to 69, early ends in the last half,
    uniformly; the raid first heads for the radar from 50 km, on one course with legs as in ``c_scale``, each aircraft
    with a level drift of its own. Where the antenna turns, each target is swept at most once a turn: one that passes
    north clockwise just before the antenna comes is swept at the beginning of the next turn.
Rows of plots come in random order within a scan (by time where the antenna turns): order tells nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from watchfloor.assess.tracking import gospa

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Estimates = Sequence[tuple[IntArray, FloatArray]]
"""Per scan: (m,) track numbers and (m, d) positions, d at least the scenario's dimensions. [1, m]"""

A_SITES_M = np.array([[0.1, 0.1], [400.0, -600.0], [-800.0, -200.0], [-200.0, 800.0]])
"""Where targets of scenario A are born (means of the birth components). [m]"""
A_SITE_SD = 10.0
"""Standard deviation of each state of a birth component. [m, m/s]"""
A_SITE_PROBABILITY = 0.03
"""Probability of a birth at one site in one scan. [1]"""
A_SIGMA_V_MPS2 = 5.0
"""Standard deviation of the acceleration that a tracker of scenario A assumes; its truth has none. [m/s2]"""
A_SURVIVAL = 0.99
"""Probability that a target of scenario A lives on to the next scan. [1]"""

# x, vx, y, vy before the first move; scans (from 1) of birth and death
_VO12 = np.array(
    [
        [0.0, 0.0, 0.0, -10.0, 1, 70],
        [400.0, -10.0, -600.0, 5.0, 1, 101],
        [-800.0, 20.0, -200.0, -5.0, 1, 70],
        [400.0, -7.0, -600.0, -4.0, 20, 101],
        [400.0, -2.5, -600.0, 10.0, 20, 101],
        [0.0, 7.5, 0.0, -5.0, 20, 101],
        [-800.0, 12.0, -200.0, 7.0, 40, 101],
        [-200.0, 15.0, 800.0, -10.0, 40, 101],
        [-800.0, 3.0, -200.0, 15.0, 60, 101],
        [-200.0, -3.0, 800.0, -15.0, 60, 101],
        [0.0, -20.0, 0.0, -15.0, 80, 101],
        [-200.0, 15.0, 800.0, -5.0, 80, 101],
    ]
)


@dataclass(frozen=True, eq=False)
class Scenario:
    """Plots of a run, scan by scan, and the truth behind them."""

    name: str
    """Which scenario."""
    seed: int
    """Its seed: the same name and seed give the same run."""
    period_s: float
    """Time from scan to scan. [s]"""
    dims: int
    """2 (plots are x, y) or 3 (plots are range, azimuth, elevation, range rate)."""
    cutoff_m: float
    """Cutoff of GOSPA. [m]"""
    pd: float
    """Probability that a target is detected in a scan. [1]"""
    clutter_per_scan: float
    """Mean number of false plots a scan. [1]"""
    sd: FloatArray
    """(d,) standard deviations of a plot. [m, m] or [m, rad, rad, m/s]"""
    extent: FloatArray
    """(d, 2) where false plots lie: x and y, or ground range, azimuth, altitude, range rate. [m, m, m, m/s; rad]"""
    scan_t_s: FloatArray
    """(k,) time at which each scan is scored. [s]"""
    plot_t_s: list[FloatArray]
    """Per scan: (m,) time of each plot. [s]"""
    plots: list[FloatArray]
    """Per scan: (m, d) plots."""
    origin: list[IntArray]
    """Per scan: (m,) target behind each plot, -1 for none. For the scorer and the oracle, never for a tracker."""
    truth_id: list[IntArray]
    """Per scan: (n,) targets alive at the scoring time."""
    truth: list[FloatArray]
    """Per scan: (n, 2 dims) their positions, then velocities, at the scoring time. [m, m/s]"""

    @property
    def n_scans(self) -> int:
        """Number of scans."""
        return len(self.scan_t_s)

    def save(self, path: Path | str) -> None:
        """Write the run to a ``.npz`` file: per-scan lists end to end, their lengths under ``<name>_n``."""
        out: dict[str, object] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, list):
                out[field.name] = np.concatenate(value)
                out[f"{field.name}_n"] = np.array([len(one) for one in value])
            else:
                out[field.name] = value
        np.savez(path, **out)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: Path | str) -> Scenario:
        """Read what ``save`` wrote."""
        with np.load(path) as file:
            values: dict[str, object] = {}
            for field in fields(cls):
                value = file[field.name]
                if f"{field.name}_n" in file:
                    values[field.name] = np.split(value, np.cumsum(file[f"{field.name}_n"])[:-1])
                else:
                    values[field.name] = value if value.ndim else value.item()
        return cls(**values)  # type: ignore[arg-type]


# Motion of aircraft: legs of constant turn rate


@dataclass(frozen=True, eq=False)
class _Courses:
    """Level flight of n aircraft at constant speed, leg by leg."""

    start_s: FloatArray
    """(n, legs) time at which each leg begins. [s]"""
    rate_rps: FloatArray
    """(n, legs) turn rate, clockwise from above. [rad/s]"""
    heading_rad: FloatArray
    """(n, legs) course at the beginning of each leg, clockwise from north. [rad]"""
    position_m: FloatArray
    """(n, legs, 2) x and y at the beginning of each leg. [m]"""
    speed_mps: FloatArray
    """(n,) ground speed. [m/s]"""

    @classmethod
    def draw(
        cls,
        rng: np.random.Generator,
        position_m: FloatArray,
        heading_rad: FloatArray,
        speed_mps: FloatArray,
        *,
        until_s: float,
        straight_s: float,
        turn_s: float,
        rates_rps: tuple[float, float],
    ) -> _Courses:
        """Draw legs up to ``until_s``: straight and turning in turns, of exponential lengths with the means given."""
        n = len(speed_mps)
        turning = rng.random(n) < turn_s / (straight_s + turn_s)
        starts, rates, last = [np.zeros(n)], [], np.zeros(n)
        while True:
            lasts_s = rng.exponential(1.0, n) * np.where(turning, turn_s, straight_s)
            rates.append(np.where(turning, rng.uniform(*rates_rps, n) * rng.choice([-1.0, 1.0], n), 0.0))
            last = last + lasts_s
            if last.min() >= until_s:
                break
            starts.append(last)
            turning = ~turning
        headings, places = [np.asarray(heading_rad, np.float64)], [np.asarray(position_m, np.float64)]
        for leg in range(len(starts) - 1):
            moved, heading = _along(starts[leg + 1] - starts[leg], rates[leg], headings[leg], speed_mps)
            places.append(places[leg] + moved)
            headings.append(heading)
        return cls(*(np.stack(one, axis=1) for one in (starts, rates, headings, places)), speed_mps)

    def at(self, t_s: float | FloatArray) -> tuple[FloatArray, FloatArray]:
        """Position (n, 2) and velocity (n, 2) at one time, or at a time for each."""
        n = len(self.speed_mps)
        t = np.broadcast_to(np.asarray(t_s, np.float64), (n,))
        row, leg = np.arange(n), np.count_nonzero(self.start_s <= t[:, None], axis=1) - 1
        moved, heading = _along(
            t - self.start_s[row, leg], self.rate_rps[row, leg], self.heading_rad[row, leg], self.speed_mps
        )
        velocity = self.speed_mps[:, None] * np.stack([np.sin(heading), np.cos(heading)], axis=1)
        return self.position_m[row, leg] + moved, velocity


def _along(
    dt_s: FloatArray, rate_rps: FloatArray, heading_rad: FloatArray, speed_mps: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Displacement (n, 2) on an arc and the heading at its end: the chord lies half-way between both headings."""
    half = 0.5 * rate_rps * dt_s
    chord = speed_mps * dt_s * np.sinc(half / np.pi)
    middle = heading_rad + half
    return chord[:, None] * np.stack([np.sin(middle), np.cos(middle)], axis=1), heading_rad + 2.0 * half


@dataclass(frozen=True, eq=False)
class _Raid:
    """Aircraft of one scenario: who follows which course, with what offset, drift, height and life."""

    courses: _Courses
    course: IntArray
    """(n,) course that each aircraft follows."""
    offset_m: FloatArray
    """(n, 3) place relative to its course at time 0; z is the height. [m]"""
    drift_mps: FloatArray
    """(n, 2) velocity relative to its course. [m/s]"""
    first: IntArray
    """(n,) first scan alive."""
    last: IntArray
    """(n,) last scan alive."""

    def at(self, t_s: float | FloatArray) -> FloatArray:
        """States (n, 6) at a time, or at a time for each aircraft (then every course needs one follower)."""
        t = np.asarray(t_s, np.float64)
        if t.ndim and len(self.course) != len(self.courses.speed_mps):
            raise ValueError("aircraft that share a course can be moved to one time only")
        position, velocity = self.courses.at(t)
        out = np.zeros((len(self.course), 6))
        out[:, :2] = position[self.course] + self.offset_m[:, :2] + t.reshape(-1, 1) * self.drift_mps
        out[:, 2] = self.offset_m[:, 2]
        out[:, 3:5] = velocity[self.course] + self.drift_mps
        return out


# The radar


def polar(state: FloatArray) -> FloatArray:
    """Range, azimuth (0 to 2 pi), elevation and range rate (n, 4) of states (n, 6) seen from the origin."""
    x, y, z = state[:, 0], state[:, 1], state[:, 2]
    far = np.sqrt(x * x + y * y + z * z)
    rate = np.einsum("ij,ij->i", state[:, :3], state[:, 3:]) / far
    return np.stack([far, np.arctan2(x, y) % (2.0 * np.pi), np.arcsin(z / far), rate], axis=1)


def cartesian(plots: FloatArray) -> FloatArray:
    """Positions (n, 3) of plots (n, at least 3)."""
    far, azimuth, elevation = plots[:, 0], plots[:, 1], plots[:, 2]
    ground = far * np.cos(elevation)
    return np.stack([ground * np.sin(azimuth), ground * np.cos(azimuth), far * np.sin(elevation)], axis=1)


def _swept(raid: _Raid, start_s: float, period_s: float) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """Time at which an antenna that points north at ``start_s`` sweeps each target, the states then, and who is swept.

    Not swept in this turn: a target that passes north clockwise before the antenna comes; the next turn begins with it.
    """
    state = raid.at(np.full(len(raid.course), start_s))
    first = polar(state)[:, 1]
    t = start_s + first / (2.0 * np.pi) * period_s
    for _ in range(6):  # the target's angular speed is far below the antenna's: each turn gains two digits
        state = raid.at(t)
        turned = (polar(state)[:, 1] - first + np.pi) % (2.0 * np.pi) - np.pi
        t = start_s + np.maximum(first + turned, 0.0) / (2.0 * np.pi) * period_s
    return t, raid.at(t), t < start_s + period_s


def _radar(
    name: str,
    seed: int,
    rng: np.random.Generator,
    raid: _Raid,
    *,
    n_scans: int,
    period_s: float,
    cutoff_m: float,
    pd: float,
    clutter: float,
    sd: Sequence[float],
    extent: FloatArray,
    rot: bool = False,
) -> Scenario:
    """Observe a raid scan by scan."""
    spread = np.asarray(sd, np.float64)
    times, plots, origin, truth_id, truth, scan_t_s = [], [], [], [], [], []
    low, high = extent[:, 0], extent[:, 1]
    for k in range(n_scans):
        start_s = k * period_s
        alive = np.flatnonzero((raid.first <= k) & (k <= raid.last))
        if rot:
            at_s, seen, swept = _swept(raid, start_s, period_s)
            scored_s = start_s + period_s
            state = raid.at(scored_s)
        else:
            state = seen = raid.at(start_s)
            at_s, scored_s, swept = np.full(len(state), start_s), start_s, np.ones(len(state), bool)
        found = alive[(rng.random(len(alive)) < pd) & swept[alive]]
        mine = polar(seen[found]) + rng.normal(size=(len(found), 4)) * spread
        mine[:, 1] %= 2.0 * np.pi
        n_false = rng.poisson(clutter)
        ground = np.sqrt(rng.uniform(low[0] ** 2, high[0] ** 2, n_false))
        azimuth, height, rate = (rng.uniform(low[i], high[i], n_false) for i in (1, 2, 3))
        false = np.stack([np.hypot(ground, height), azimuth, np.arctan2(height, ground), rate], axis=1)
        when = np.concatenate([at_s[found], start_s + (azimuth / (2.0 * np.pi) * period_s if rot else 0.0 * azimuth)])
        order = np.argsort(when, kind="stable") if rot else rng.permutation(len(when))
        times.append(when[order])
        plots.append(np.concatenate([mine, false])[order])
        origin.append(np.concatenate([found, np.full(n_false, -1)])[order])
        truth_id.append(alive)
        truth.append(state[alive])
        scan_t_s.append(scored_s)
    return Scenario(
        name=name, seed=seed, period_s=period_s, dims=3, cutoff_m=cutoff_m, pd=pd, clutter_per_scan=clutter, sd=spread,
        extent=extent, scan_t_s=np.array(scan_t_s), plot_t_s=times, plots=plots, origin=origin, truth_id=truth_id,
        truth=truth,
    )  # fmt: skip


# The scenarios


def a_vo12(seed: int = 1000) -> Scenario:
    """Twelve targets on straight lines, 30 false plots a scan, detected with probability 0.98."""
    return _a("a_vo12", seed, pd=0.98, clutter=30.0)


def a_vo12_hard(seed: int = 1500) -> Scenario:
    """The same targets, 60 false plots a scan, detected with probability 0.75."""
    return _a("a_vo12_hard", seed, pd=0.75, clutter=60.0)


def _a(name: str, seed: int, *, pd: float, clutter: float) -> Scenario:
    rng = np.random.default_rng(seed)
    extent = np.array([[-1000.0, 1000.0], [-1000.0, 1000.0]])
    start = _VO12[:, [0, 2]]
    velocity = _VO12[:, [1, 3]]
    first, last = _VO12[:, 4] - 1, _VO12[:, 5] - 1
    times, plots, origin, truth_id, truth = [], [], [], [], []
    for k in range(100):
        alive = np.flatnonzero((first <= k) & (k <= last))
        moved = start[alive] + velocity[alive] * (k - first[alive] + 1.0)[:, None]  # one move before the first scan
        found = rng.random(len(alive)) < pd
        mine = moved[found] + rng.normal(size=(int(found.sum()), 2)) * 10.0
        false = rng.uniform(extent[:, 0], extent[:, 1], (rng.poisson(clutter), 2))
        order = rng.permutation(len(mine) + len(false))
        times.append(np.full(len(order), float(k)))
        plots.append(np.concatenate([mine, false])[order])
        origin.append(np.concatenate([alive[found], np.full(len(false), -1)])[order])
        truth_id.append(alive)
        truth.append(np.concatenate([moved, velocity[alive]], axis=1))
    return Scenario(
        name=name, seed=seed, period_s=1.0, dims=2, cutoff_m=50.0, pd=pd, clutter_per_scan=clutter,
        sd=np.array([10.0, 10.0]), extent=extent, scan_t_s=np.arange(100.0), plot_t_s=times, plots=plots, origin=origin,
        truth_id=truth_id, truth=truth,
    )  # fmt: skip


def b_radar50(seed: int = 2000) -> Scenario:
    """Fifty manoeuvring aircraft, ten close pairs among them, in a sector of 90 degrees out to 80 km."""
    rng = np.random.default_rng(seed)
    n_scans, period_s, n_courses = 100, 2.0, 40  # 30 single, 10 pairs
    extent = np.array([[5e3, 80e3], [0.0, 0.5 * np.pi], [0.0, 15e3], [-350.0, 350.0]])
    ground = rng.uniform(5e3, 80e3, n_courses)
    azimuth = rng.uniform(0.0, 0.5 * np.pi, n_courses)
    courses = _Courses.draw(
        rng,
        ground[:, None] * np.stack([np.sin(azimuth), np.cos(azimuth)], axis=1),
        rng.uniform(0.0, 2.0 * np.pi, n_courses),
        rng.uniform(100.0, 300.0, n_courses),
        until_s=n_scans * period_s,
        straight_s=30.0,
        turn_s=12.0,
        rates_rps=(math.radians(2.0), math.radians(6.0)),
    )
    height = rng.uniform(1e3, 12e3, n_courses)
    late, early = (rng.permutation(n_courses) < share * n_courses for share in (0.4, 0.3))
    first = np.where(late, rng.integers(int(0.1 * n_scans), int(0.7 * n_scans), n_courses), 0)
    last = np.where(early, rng.integers(int(0.5 * n_scans), n_scans - 1, n_courses), n_scans - 1)
    last = np.maximum(last, np.minimum(first + 10, n_scans - 1))
    course = np.concatenate([np.arange(n_courses), np.arange(30, n_courses)])
    apart, bearing = rng.uniform(400.0, 800.0, 10), rng.uniform(0.0, 2.0 * np.pi, 10)
    offset = np.zeros((50, 3))
    offset[40:, 0], offset[40:, 1] = apart * np.sin(bearing), apart * np.cos(bearing)
    offset[:, 2] = height[course]
    raid = _Raid(courses, course, offset, np.zeros((50, 2)), first[course], last[course])
    return _radar(
        "b_radar50", seed, rng, raid, n_scans=n_scans, period_s=period_s, cutoff_m=1e3, pd=0.9, clutter=100.0,
        sd=[30.0, math.radians(0.2), math.radians(0.3), 1.0], extent=extent,
    )  # fmt: skip


_C_SD = (50.0, math.radians(0.25), math.radians(0.4), 2.0)
_C_EXTENT = np.array([[5e3, 150e3], [0.0, 2.0 * np.pi], [0.0, 15e3], [-350.0, 350.0]])
_C_LEGS = {"straight_s": 60.0, "turn_s": 15.0, "rates_rps": (math.radians(1.0), math.radians(3.0))}


def c_scale(n: int, seed: int = 3000, *, rot: bool = False) -> Scenario:
    """Aircraft all round, 5 to 150 km, and as many false plots a scan; ``rot``: each plot at its own sweep time."""
    rng = np.random.default_rng(seed)
    n_scans, period_s = 20, 4.0
    ground, azimuth = np.sqrt(rng.uniform(5e3**2, 150e3**2, n)), rng.uniform(0.0, 2.0 * np.pi, n)
    courses = _Courses.draw(
        rng,
        ground[:, None] * np.stack([np.sin(azimuth), np.cos(azimuth)], axis=1),
        rng.uniform(0.0, 2.0 * np.pi, n),
        rng.uniform(100.0, 300.0, n),
        until_s=(n_scans + 1) * period_s,
        **_C_LEGS,  # type: ignore[arg-type]
    )
    offset = np.zeros((n, 3))
    offset[:, 2] = rng.uniform(1e3, 12e3, n)
    raid = _Raid(
        courses, np.arange(n), offset, np.zeros((n, 2)), np.zeros(n, np.int64), np.full(n, n_scans - 1, np.int64)
    )
    return _radar(
        f"c_scale{n}_{'rot' if rot else 'sync'}", seed, rng, raid, n_scans=n_scans, period_s=period_s, cutoff_m=2e3,
        pd=0.9, clutter=float(n), sd=_C_SD, extent=_C_EXTENT, rot=rot,
    )  # fmt: skip


def c_dense100(seed: int = 4000) -> Scenario:
    """One raid of 100 in a box of 6 x 6 x 1 km at 50 km that turns as one, drifts of up to 3 m/s within."""
    rng = np.random.default_rng(seed)
    n, n_scans, period_s = 100, 30, 4.0
    azimuth = rng.uniform(0.0, 2.0 * np.pi)
    courses = _Courses.draw(
        rng,
        50e3 * np.array([[math.sin(azimuth), math.cos(azimuth)]]),
        np.array([azimuth + np.pi]),
        rng.uniform(100.0, 300.0, 1),
        until_s=n_scans * period_s,
        **_C_LEGS,  # type: ignore[arg-type]
    )
    offset = rng.uniform([-3e3, -3e3, 5.5e3], [3e3, 3e3, 6.5e3], (n, 3))
    drift = rng.uniform(-3.0, 3.0, (n, 2))
    raid = _Raid(
        courses, np.zeros(n, np.int64), offset, drift, np.zeros(n, np.int64), np.full(n, n_scans - 1, np.int64)
    )
    return _radar(
        "c_dense100_sync", seed, rng, raid, n_scans=n_scans, period_s=period_s, cutoff_m=500.0, pd=0.9, clutter=100.0,
        sd=_C_SD, extent=_C_EXTENT,
    )  # fmt: skip


# The scorer


def score(scenario: Scenario, estimates: Estimates) -> dict[str, float]:
    """Score a tracker's picture against the truth of a scenario.

    Parameters
    ----------
    scenario : Scenario
        The run.
    estimates : sequence of (ids, positions)
        Per scan: track numbers and positions at the scoring time. [1, m]

    Returns
    -------
    dict
        ``gospa_m`` (p = 2, alpha = 2; the root taken scan by scan, then the mean over scans), ``gospa_late_m`` (second
        half of the scans only), ``missed`` and ``false`` (mean number a scan), ``switches`` (times in the run that the
        number of the track assigned to a target changed, gaps bridged), ``completeness`` (share of target scans with a
        track), ``completeness_late`` (the same, second half), ``rmse_m`` (of assigned pairs).
    """
    if len(estimates) != scenario.n_scans:
        raise ValueError(f"estimates must hold one entry for each of {scenario.n_scans} scans, got {len(estimates)}")
    d = scenario.dims
    held = np.full(1 + max((int(ids.max()) for ids in scenario.truth_id if len(ids)), default=0), -1, np.int64)
    distance, n_truth, n_assigned = [], np.zeros(scenario.n_scans, int), np.zeros(scenario.n_scans, int)
    squared, n_false, switches, late = 0.0, 0, 0, scenario.n_scans // 2
    for k, (number, position) in enumerate(estimates):
        one = gospa(scenario.truth[k][:, :d], np.asarray(position)[:, :d], cutoff_m=scenario.cutoff_m)
        mine = np.flatnonzero(one.assignment >= 0)
        target, track = scenario.truth_id[k][mine], np.asarray(number)[one.assignment[mine]]
        switches += int(np.count_nonzero((held[target] >= 0) & (held[target] != track)))
        held[target] = track
        distance.append(one.distance)
        squared += one.localisation
        n_truth[k], n_assigned[k] = len(one.assignment), len(mine)
        n_false += len(position) - len(mine)
    return {
        "gospa_m": float(np.mean(distance)),
        "gospa_late_m": float(np.mean(distance[late:])),
        "missed": float((n_truth - n_assigned).mean()),
        "false": n_false / scenario.n_scans,
        "switches": float(switches),
        "completeness": float(n_assigned.sum() / max(n_truth.sum(), 1)),
        "completeness_late": float(n_assigned[late:].sum() / max(n_truth[late:].sum(), 1)),
        "rmse_m": math.sqrt(squared / n_assigned.sum()) if n_assigned.any() else math.nan,
    }


# The oracle: perfect association


@dataclass(frozen=True)
class Model:
    """Motion at constant turn rate with white acceleration."""

    q_m2ps3: float
    """Intensity of the horizontal acceleration noise, each axis. [m2/s3]"""
    q_up_m2ps3: float = 0.5
    """Intensity of the vertical acceleration noise. [m2/s3]"""
    rate_rps: float = 0.0
    """Turn rate, clockwise from above. [rad/s]"""


ONE_MODEL = (Model(400.0),)
"""Constant velocity with the noise that one model needs to follow the turns of B and C."""
B_MODELS = (
    Model(10.0),
    Model(10.0, rate_rps=math.radians(4.0)),
    Model(10.0, rate_rps=math.radians(-4.0)),
    Model(400.0),
)
"""Straight, turning either way, anything: the models of the floor of B."""
C_MODELS = (
    Model(10.0),
    Model(10.0, rate_rps=math.radians(2.0)),
    Model(10.0, rate_rps=math.radians(-2.0)),
    Model(400.0),
)
"""The same for C, whose turns are slower."""
SPEED_SD_MPS = np.array([150.0, 150.0, 10.0])
"""Standard deviation of the velocity east, north and up before anything is known. [m/s]"""


def oracle(
    scenario: Scenario,
    models: Sequence[Model] = ONE_MODEL,
    *,
    sojourn_s: float = 20.0,
    speed_sd_mps: float = 10.0,
    from_plot: int = 1,
) -> list[tuple[IntArray, FloatArray]]:
    """Track a scenario with every plot's origin known: what is left is the filter's own error, a tracker's floor.

    Parameters
    ----------
    scenario : Scenario
        The run.
    models : sequence of Model
        Models of the interacting multiple-model filter (one: an extended Kalman filter); not used for scenario A, whose
        linear filter has the white acceleration that the scenario states.
    sojourn_s : float
        Mean time in one model. [s]
    speed_sd_mps : float
        Scenario A: standard deviation of the velocity before the second plot. [m/s]
    from_plot : int
        Plots that a target needs before it is reported: with 2, what a tracker can do that believes no single plot.

    Returns
    -------
    list of (ids, positions)
        Every target alive, from its first plot (or a later one) to its last scan.
    """
    if scenario.dims == 2:
        picture = _oracle_a(scenario, speed_sd_mps)
    else:
        picture = _oracle_radar(scenario, models, sojourn_s)
    had = np.zeros(1 + int(max(ids.max() for ids in scenario.truth_id)), np.int64)
    out = []
    for origin, (ids, position) in zip(scenario.origin, picture, strict=True):
        had[origin[origin >= 0]] += 1
        out.append((ids[had[ids] >= from_plot], position[had[ids] >= from_plot]))
    return out


def _oracle_a(scenario: Scenario, speed_sd_mps: float) -> list[tuple[IntArray, FloatArray]]:
    """Both axes share one covariance: 2 x 2 a target."""
    n = 1 + int(max(ids.max() for ids in scenario.truth_id))
    dt, q, r = scenario.period_s, A_SIGMA_V_MPS2**2, float(scenario.sd[0] ** 2)
    move = np.array([[1.0, dt], [0.0, 1.0]])
    noise = q * np.array([[0.25 * dt**4, 0.5 * dt**3], [0.5 * dt**3, dt**2]])
    x, p, seen = np.zeros((n, 2, 2)), np.zeros((n, 2, 2)), np.zeros(n, bool)  # x[target, position or rate, axis]
    out = []
    for k in range(scenario.n_scans):
        x, p = move @ x, move @ p @ move.T + noise
        mine = scenario.origin[k] >= 0
        who, z = scenario.origin[k][mine], scenario.plots[k][mine]
        old = seen[who]
        a, first = who[old], who[~old]
        gain = p[a, :, 0] / (p[a, 0, 0] + r)[:, None]
        x[a] += gain[:, :, None] * (z[old] - x[a, 0])[:, None, :]
        p[a] -= gain[:, :, None] * p[a, 0][:, None, :]
        x[first], p[first] = 0.0, np.diag([r, speed_sd_mps**2])
        x[first, 0] = z[~old]
        seen[first] = True
        alive = scenario.truth_id[k][seen[scenario.truth_id[k]]]
        out.append((alive, x[alive, 0].copy()))
    return out


def _oracle_radar(scenario: Scenario, models: Sequence[Model], sojourn_s: float) -> list[tuple[IntArray, FloatArray]]:
    n, m = 1 + int(max(ids.max() for ids in scenario.truth_id)), len(models)
    x, p, w = np.zeros((m, n, 6)), np.zeros((m, n, 6, 6)), np.full((n, m), 1.0 / m)
    t, seen, r = np.zeros(n), np.zeros(n, bool), np.diag(scenario.sd**2)
    out = []
    for k in range(scenario.n_scans):
        mine = scenario.origin[k] >= 0
        who, z, at_s = scenario.origin[k][mine], scenario.plots[k][mine], scenario.plot_t_s[k][mine]
        old = seen[who]
        a, first = who[old], who[~old]
        xa, pa, wa = _moved(models, sojourn_s, x[:, a], p[:, a], w[a], at_s[old] - t[a])
        log_l = np.empty((len(a), m))
        for i in range(m):
            xa[i], pa[i], log_l[:, i] = _updated(xa[i], pa[i], z[old], r)
        wa = wa * np.exp(log_l - log_l.max(axis=1, keepdims=True, initial=-np.inf))
        x[:, a], p[:, a], w[a] = xa, pa, wa / wa.sum(axis=1, keepdims=True)
        x[:, first], p[:, first] = _started(z[~old], scenario.sd)
        t[who], seen[first] = at_s, True
        alive = scenario.truth_id[k][seen[scenario.truth_id[k]]]
        xr, _, wr = _moved(models, sojourn_s, x[:, alive], p[:, alive], w[alive], scenario.scan_t_s[k] - t[alive])
        out.append((alive, np.einsum("im,mij->ij", wr, xr[:, :, :3])))
    return out


def _started(z: FloatArray, sd: FloatArray) -> tuple[FloatArray, FloatArray]:
    """State (n, 6) and covariance from one plot: the speed along the line of sight is measured, the rest unknown."""
    n = len(z)
    x, p = np.zeros((n, 6)), np.zeros((n, 6, 6))
    x[:, :3] = cartesian(z)
    jacobian = np.linalg.inv(_jacobian(x)[:, :3, :3])
    p[:, :3, :3] = jacobian * sd[:3] ** 2 @ jacobian.transpose(0, 2, 1)
    p[:, 3:, 3:] = np.diag(SPEED_SD_MPS**2)
    sight = x[:, :3] / z[:, :1]
    gain = sight * SPEED_SD_MPS**2
    gain /= (np.einsum("ij,ij->i", gain, sight) + sd[3] ** 2)[:, None]
    x[:, 3:] = gain * z[:, 3:]
    p[:, 3:, 3:] -= gain[:, :, None] * (sight * SPEED_SD_MPS**2)[:, None, :]
    return x, p


def _jacobian(x: FloatArray) -> FloatArray:
    """Derivatives (n, 4, 6) of range, azimuth, elevation and range rate."""
    place, velocity = x[:, :3], x[:, 3:]
    far = np.linalg.norm(place, axis=1)
    ground2 = place[:, 0] ** 2 + place[:, 1] ** 2
    ground = np.sqrt(ground2)
    sight = place / far[:, None]
    rate = np.einsum("ij,ij->i", sight, velocity)
    out = np.zeros((len(x), 4, 6))
    out[:, 0, :3] = out[:, 3, 3:] = sight
    out[:, 1, 0], out[:, 1, 1] = place[:, 1] / ground2, -place[:, 0] / ground2
    out[:, 2, :2] = -place[:, :2] * (place[:, 2] / (far**2 * ground))[:, None]
    out[:, 2, 2] = ground / far**2
    out[:, 3, :3] = (velocity - rate[:, None] * sight) / far[:, None]
    return out


def _moved(
    models: Sequence[Model], sojourn_s: float, x: FloatArray, p: FloatArray, w: FloatArray, dt_s: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mix the models, then move each by ``dt_s``: x (m, n, 6), p (m, n, 6, 6), w (n, m)."""
    m, n = len(models), len(dt_s)
    if m > 1:
        leave = 1.0 - np.exp(-dt_s / sojourn_s)
        switch = np.eye(m) * (1.0 - leave)[:, None, None] + (1.0 - np.eye(m)) * (leave / (m - 1))[:, None, None]
        joint = w[:, :, None] * switch  # (n, from, to)
        w = joint.sum(axis=1)
        share = joint / w[:, None, :]
        mean = np.einsum("nij,ink->jnk", share, x)
        apart = x[:, None] - mean[None]  # (from, to, n, 6)
        p = np.einsum("nij,inkl->jnkl", share, p) + np.einsum("nij,ijnk,ijnl->jnkl", share, apart, apart)
        x = mean
    moved_x, moved_p = np.empty_like(x), np.empty_like(p)
    for i, model in enumerate(models):
        turn = model.rate_rps * dt_s
        along, across = dt_s * np.sinc(turn / np.pi), 0.5 * dt_s * turn * np.sinc(0.5 * turn / np.pi) ** 2
        f = np.tile(np.eye(6), (n, 1, 1))
        f[:, 0, 3] = f[:, 1, 4] = along
        f[:, 0, 4], f[:, 1, 3] = across, -across  # clockwise: from north towards east
        f[:, 3, 3] = f[:, 4, 4] = np.cos(turn)
        f[:, 3, 4], f[:, 4, 3] = np.sin(turn), -np.sin(turn)
        f[:, 2, 5] = dt_s
        q = np.array([model.q_m2ps3, model.q_m2ps3, model.q_up_m2ps3])
        moved_x[i] = (f @ x[i][:, :, None])[:, :, 0]
        moved_p[i] = f @ p[i] @ f.transpose(0, 2, 1)
        size = np.abs(dt_s)
        for axis in range(3):
            moved_p[i, :, axis, axis] += q[axis] * size**3 / 3.0
            moved_p[i, :, axis, axis + 3] += q[axis] * dt_s * size / 2.0
            moved_p[i, :, axis + 3, axis] += q[axis] * dt_s * size / 2.0
            moved_p[i, :, axis + 3, axis + 3] += q[axis] * size
    return moved_x, moved_p, w


def _updated(x: FloatArray, p: FloatArray, z: FloatArray, r: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Extended Kalman update of n states with a plot each, and the log-likelihoods."""
    h = _jacobian(x)
    off = z - polar(x)
    off[:, 1] = (off[:, 1] + np.pi) % (2.0 * np.pi) - np.pi
    ph = p @ h.transpose(0, 2, 1)
    s = h @ ph + r
    gain = np.linalg.solve(s, ph.transpose(0, 2, 1)).transpose(0, 2, 1)
    weighted = np.linalg.solve(s, off[:, :, None])[:, :, 0]
    keep = np.eye(6) - gain @ h
    p = keep @ p @ keep.transpose(0, 2, 1) + gain @ r @ gain.transpose(0, 2, 1)
    log_l = -0.5 * (np.einsum("ij,ij->i", off, weighted) + np.linalg.slogdet(s)[1])
    return x + (gain @ off[:, :, None])[:, :, 0], p, log_l
