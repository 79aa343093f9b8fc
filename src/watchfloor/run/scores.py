"""How good the tracks of a record or of a file are: what ``watchfloor assess`` prints.

What each figure means, and when it misleads, stands in ``docs/explanation/scores.md``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from watchfloor.assess.consistency import Calibration, StateNees, calibration, state_nees
from watchfloor.assess.identity import IdentityScores
from watchfloor.assess.siap import Siap
from watchfloor.assess.tracking import TrackScores, TrackSummary, resample, score_tracks, truth_at, who_holds
from watchfloor.assess.trajectories import TrajectoryGospa, ospa2, trajectory_gospa
from watchfloor.base.errors import DataError, RecordError
from watchfloor.base.picture import Status
from watchfloor.base.truth import Outcome
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.formats.flights import Flights, read_flights
from watchfloor.physics.frames import enu_rotation, geodetic_to_ecef
from watchfloor.record import Record
from watchfloor.run.identities import Judged, identity_rows, judged, scores_of, types_of

Value = int | float | bool | tuple[float, float, float]
"""A figure, or its 10, 50 and 90 % points over missions (ANEES and identity: its interval and, between, the figure)."""
Row = tuple[str, str, Value, str]
"""Key for programs, name for people, value and unit of a figure."""
Samples = tuple[FloatArray, IntArray, FloatArray]
"""Time, who, and position with velocity (n, 6) of targets or tracks. [s, 1, m, m/s]"""
STEP_S = 10.0
"""Time between the moments at which tracks are scored against recorded flights. [s]"""
TRUTH_GAP_S = 60.0
"""Longest silence of a recorded flight that is bridged by a straight line. [s]"""
WINDOW = 10
"""Moments in the window of OSPA(2)."""
DOUBT = 0.25
"""Most that the truth's velocity may be in doubt between ticks, in standard deviations of the estimate, to judge it."""


@dataclass(frozen=True)
class Section:
    """Figures that belong together."""

    title: str
    """What stands above them."""
    rows: tuple[Row, ...]
    """The figures."""


@dataclass(frozen=True, eq=False)
class Assessment:
    """What tracks are worth."""

    sections: tuple[Section, ...]
    """All figures."""
    scores: TrackScores | None
    """GOSPA and its parts over time, means over missions; None where there was nothing to score."""
    cutoff_m: float
    """GOSPA's cutoff. [m]"""
    nees: StateNees | None = None
    """Errors against covariances, where the covariances are known."""
    existence: Calibration | None = None
    """Probabilities of existence against what was there, where the tracker states any."""
    identity: IdentityScores | None = None
    """Posteriors over types against the true types, of tracks that held a target."""

    @property
    def rows(self) -> list[Row]:
        """All figures in one list."""
        return [row for section in self.sections for row in section.rows]


def assess_files(
    tracks: Path, truth: Path, *, cutoff_m: float = 1000.0, progress: Callable[[int, int], None] | None = None
) -> Assessment:
    """Score a table of tracks against one of flights, every ``STEP_S`` of the time that both cover.

    Parameters
    ----------
    tracks : Path
        Columns as ``RecordedTracks.write`` leaves them, or as ``read_flights`` takes them. Between updates a track is
        carried on by its velocity if the file has one, else it stays where it was.
    truth : Path
        Recorded flights.
    cutoff_m : float
        GOSPA's cutoff. [m]
    progress : callable, optional
        Called with (percent done, 100).

    Raises
    ------
    DataError
        If a file cannot be read, or the two have no time in common.
    """
    found, flights = read_flights(tracks), read_flights(truth)
    position = geodetic_to_ecef(found.lat_rad, found.lon_rad, found.alt_m)
    one = _Scored.of(
        *in_common(truth, flights, found.t_s, found.flight, position, _velocity(found)),
        cutoff_m,
        _parts(progress, 1)[0],
    )
    return Assessment(_sections([one]), one.scores, cutoff_m)


def assess_record(
    folder: Path, *, cutoff_m: float = 1000.0, progress: Callable[[int, int], None] | None = None
) -> Assessment:
    """Score the tracks of the missions in a record of ``watchfloor run`` against their truth.

    Tracks are carried to the end of each tick and scored there, all movers counted: also those no radar could see.
    Covariances are judged at the tracks' own times, with the truth between ticks by cubics.

    Parameters
    ----------
    folder : Path
        The record.
    cutoff_m : float
        GOSPA's cutoff. [m]
    progress : callable, optional
        Called with (percent done, 100).

    Raises
    ------
    RecordError
        If the folder is no record, holds nothing finished, or is not one of ``watchfloor run``.
    """
    record, names = _open(folder)
    counts: list[tuple[int, ...]] = []
    scored, states, stated = [], [], []
    types, named = types_of(folder), list[Judged]()
    for i, part in enumerate(_parts(progress, len(names))):
        mission = _Mission.read(record, names[i], full=True)
        counts.append(mission.counts)
        if len(mission.truth[0]) + len(mission.tracks[0]):
            scored.append(_Scored.of(mission.truth, mission.tracks, cutoff_m, part))
            states.append(mission.errors(cutoff_m, i))
            stated.append(mission.statements(cutoff_m))
            told = judged(record, names[i], types, *mission.held(cutoff_m))
            named += [] if told is None else [told]
    sections = [Section("Missions", tuple(_counts(counts)))]
    if not scored:
        return Assessment(tuple(sections), None, cutoff_m)
    t_s, track, error, cov = (np.concatenate(column) for column in zip(*states, strict=True))
    honest = state_nees(t_s, track, error, cov) if len(t_s) else None
    said, came = (np.concatenate(column) for column in zip(*stated, strict=True))
    existence = calibration(said, came) if len(said) else None
    sections += _sections(scored)
    if honest is not None or existence is not None:
        sections.append(Section("Honesty", tuple(_honesty(honest, existence))))
    identity = scores_of(named)
    if identity is not None:
        sections.append(Section("Identity", tuple(identity_rows(identity))))
    mean = _mean_scores([one.scores for one in scored])
    return Assessment(tuple(sections), mean, cutoff_m, honest, existence, identity)


def score_record(folder: Path, *, cutoff_m: float = 1000.0) -> list[Row]:
    """Say briefly what came of the missions in a record of ``watchfloor run``; see `assess_record` for all figures.

    Raises
    ------
    RecordError
        As `assess_record`.
    """
    record, names = _open(folder)
    counts: list[tuple[int, ...]] = []
    summaries = []
    for shard in names:
        mission = _Mission.read(record, shard, full=False)
        counts.append(mission.counts)
        if len(mission.truth[0]) + len(mission.tracks[0]):
            summaries.append(score_samples(mission.truth, mission.tracks, cutoff_m))
    return _counts(counts) + brief_rows(summaries)


def score_samples(truth: Samples, tracks: Samples, cutoff_m: float) -> TrackSummary:
    """Score samples at common times, position only."""
    return score_tracks(truth[0], truth[1], truth[2][:, :3], tracks[0], tracks[1], tracks[2][:, :3], cutoff_m=cutoff_m)[
        1
    ]


def in_common(
    path: Path,
    flights: Flights,
    t_s: FloatArray,
    number: IntArray,
    position_ecef_m: FloatArray,
    velocity_ecef_mps: FloatArray | None,
) -> tuple[Samples, Samples]:
    """Bring flights and tracks to every ``STEP_S`` of the time that both cover.

    Parameters
    ----------
    path : Path
        The file of flights, for messages.
    flights : Flights
        The truth.
    t_s, number, position_ecef_m, velocity_ecef_mps : (n,), (n,), (n, 3), (n, 3) arrays
        Samples of the tracks; without velocity they stand still between samples. [s, 1, m, m/s]

    Returns
    -------
    truth, tracks : Samples
        Velocities are NaN where nobody says them.

    Raises
    ------
    DataError
        If there is no track, or no time in common.
    """
    if len(t_s) == 0:
        raise DataError(f"{path}: there is no track to score")
    first, last = max(t_s.min(), flights.t_s.min()), min(t_s.max(), flights.t_s.max())
    if last < first:
        raise DataError(
            f"{path}: flights at {flights.t_s.min():.0f} to {flights.t_s.max():.0f} s and tracks at {t_s.min():.0f} to "
            f"{t_s.max():.0f} s have no time in common; bring both to one clock"
        )
    times = np.arange(first, last + 1e-6, STEP_S)
    order = np.lexsort((t_s, number))
    gaps = np.diff(t_s[order])[np.diff(number[order]) == 0]
    carried_s = float(np.clip(3.0 * np.median(gaps), 1.0, 60.0)) if len(gaps) else STEP_S
    where = geodetic_to_ecef(flights.lat_rad, flights.lon_rad, flights.alt_m)
    truth = resample(flights.t_s, flights.flight, _beside(where, _velocity(flights)), times, max_gap_s=TRUTH_GAP_S)
    still = np.zeros_like(position_ecef_m)
    carry = np.hstack([still if velocity_ecef_mps is None else velocity_ecef_mps, still])
    state = _beside(position_ecef_m, velocity_ecef_mps)
    tracks = resample(t_s, number, state, times, max_gap_s=carried_s, velocity_mps=carry)
    if len(truth[0]) + len(tracks[0]) == 0:
        raise DataError(
            f"{path}: neither a flight nor a track holds at any moment; are its rows too far apart in time?"
        )
    return truth, tracks


def _beside(position: FloatArray, velocity: FloatArray | None) -> FloatArray:
    return np.hstack([position, np.full_like(position, np.nan) if velocity is None else velocity])


def _velocity(found: Flights) -> FloatArray | None:
    """Velocities of flights or tracks, None where the file has none. [m/s]"""  # noqa: D400, D415
    if found.ve_mps is None or found.vn_mps is None or found.vu_mps is None:
        return None
    local = np.nan_to_num(np.stack((found.ve_mps, found.vn_mps, found.vu_mps), axis=1))
    return np.einsum("nij,ni->nj", enu_rotation(found.lat_rad, found.lon_rad), local)


# ---- records


def _open(folder: Path) -> tuple[Record, list[str]]:
    record = Record.open(folder)
    if not record.lines:
        raise RecordError(f"{folder}: holds no finished mission; give the command that made it again")
    if record.header.kind != "run":
        raise RecordError(f"{folder}: is the record of a {record.header.kind}; `watchfloor report` reads it")
    return record, list(record.lines)


_NONE: FloatArray = np.empty(0)


@dataclass(frozen=True, eq=False)
class _Mission:
    """One mission as recorded."""

    truth: Samples
    """At the ticks."""
    tracks: Samples
    """Confirmed ones, carried to the ticks."""
    own_s: FloatArray
    """(n,) times of the confirmed tracks' estimates. [s]"""
    state: FloatArray
    """(n, 6) what they were then. [m, m/s]"""
    cov: FloatArray
    """(n, 6, 6) and how surely; not read for the brief scores."""
    alive: Samples
    """All tracks but dropped ones, carried to the ticks."""
    existence: FloatArray
    """(len(alive),) probability that there is a target, NaN where the tracker does not say; likewise. [1]"""
    counts: tuple[int, int, int, int, int]
    """Movers, plots, confirmed tracks, shots, kills."""

    @classmethod
    def read(cls, record: Record, shard: str, *, full: bool) -> _Mission:
        xyz = [f"position_ecef_m_{i}" for i in range(3)]
        uvw = [f"velocity_ecef_mps_{i}" for i in range(3)]
        pairs = [f"cov_{i}" for i in range(36)] if full else []
        more = ["existence", *pairs] if full else []
        truth = record.table("truth", shards=[shard], columns=["tick_s", "mover", *xyz, *uvw])
        wanted = ["tick_s", "t_s", "number", "status", *xyz, *uvw, *more]
        found = record.table("tracks", shards=[shard], columns=wanted)
        state = np.stack([found[name] for name in (*xyz, *uvw)], axis=1)
        carried = state.copy()
        carried[:, :3] += (found["tick_s"] - found["t_s"])[:, None] * state[:, 3:]
        held = found["status"] == Status.CONFIRMED
        alive = found["status"] != Status.DROPPED
        outcome = record.table("effects", shards=[shard], columns=["outcome"])["outcome"]
        return cls(
            truth=(truth["tick_s"], truth["mover"], np.stack([truth[name] for name in (*xyz, *uvw)], axis=1)),
            tracks=(found["tick_s"][held], found["number"][held], carried[held]),
            own_s=found["t_s"][held],
            state=state[held],
            cov=np.stack([found[name][held] for name in pairs], axis=1).reshape(-1, 6, 6) if full else _NONE,
            alive=(found["tick_s"][alive], found["number"][alive], carried[alive]),
            existence=found["existence"][alive] if full else _NONE,
            counts=(
                len(np.unique(truth["mover"])),
                record.lines[shard].tables["plots"].rows,
                len(np.unique(found["number"][held])),
                len(outcome),
                int((outcome == Outcome.KILL).sum()),
            ),
        )

    def errors(self, cutoff_m: float, mission: int) -> tuple[FloatArray, IntArray, FloatArray, FloatArray]:
        """Time, track (of this mission), error and covariance of each estimate of a target, each once.

        Left out: estimates between ticks in which a manoeuvre began or ended, where the truth is not known well enough.
        """
        holds = who_holds(*_where(self.truth), *_where(self.tracks), cutoff_m=cutoff_m)
        row, target = holds.row[holds.main], holds.target[holds.main]
        _, first = np.unique(np.stack([self.tracks[1][row], self.own_s[row]]), axis=1, return_index=True)
        row, target = row[first], target[first]  # a track without news is the same estimate at the next tick
        true, doubt_mps = truth_at(*_where(self.truth), self.truth[2][:, 3:], self.own_s[row], target)
        error, cov = self.state[row] - true, self.cov[row]
        known = np.flatnonzero(np.isfinite(error).all(axis=1) & np.isfinite(cov).all(axis=(1, 2)))
        least = np.linalg.eigvalsh(cov[known][:, 3:, 3:])[:, 0]  # what is none is kept, for the judge to name
        known = known[(least <= 0.0) | (doubt_mps[known] <= DOUBT * np.sqrt(np.maximum(least, 0.0)))]
        row = row[known]
        return self.tracks[0][row], mission * 2**40 + self.tracks[1][row], error[known], cov[known]

    def held(self, cutoff_m: float) -> tuple[FloatArray, IntArray, IntArray]:
        """Tick, track number and mover of every tick that a track held a target. [s, 1, 1]"""
        holds = who_holds(*_where(self.truth), *_where(self.tracks), cutoff_m=cutoff_m)
        row = holds.row[holds.main]
        return self.tracks[0][row], self.tracks[1][row], holds.target[holds.main]

    def statements(self, cutoff_m: float) -> tuple[FloatArray, IntArray]:
        """Probabilities of existence that the tracker stated, and whether a target was there (1) or not (0)."""
        said = np.isfinite(self.existence)
        if not said.any():
            return np.empty(0), np.empty(0, np.int64)
        tracks = (self.alive[0][said], self.alive[1][said], self.alive[2][said])
        holds = who_holds(*_where(self.truth), *_where(tracks), cutoff_m=cutoff_m)
        came = np.zeros(len(tracks[0]), np.int64)
        came[holds.row[holds.main]] = 1
        return np.clip(self.existence[said], 0.0, 1.0), came


def _where(samples: Samples) -> tuple[FloatArray, IntArray, FloatArray]:
    return samples[0], samples[1], samples[2][:, :3]


def _counts(counts: Sequence[tuple[int, ...]]) -> list[Row]:
    names = (
        ("n_movers", "movers"),
        ("n_plots", "plots"),
        ("n_tracks", "confirmed tracks"),
        ("n_shots", "shots"),
        ("n_kills", "kills"),
    )
    rows: list[Row] = [("n_missions", "missions", len(counts), "")]
    for i, (key, name) in enumerate(names):
        rows.append((key, name, _over([one[i] for one in counts]), ""))
    return rows


def _mean_scores(several: Sequence[TrackScores]) -> TrackScores:
    """Means over missions, moment by moment."""
    if len(several) == 1:
        return several[0]
    everything = TrackScores.concat(several)
    t_s, row, count = np.unique(everything.t_s, return_inverse=True, return_counts=True)

    def mean(column: FloatArray | IntArray) -> FloatArray:
        return np.asarray(np.bincount(row, column, len(t_s)) / count, np.float64)

    return TrackScores(
        t_s=t_s,
        gospa_m=mean(everything.gospa_m),
        localisation_m2=mean(everything.localisation_m2),
        missed_m2=mean(everything.missed_m2),
        false_m2=mean(everything.false_m2),
        n_truth=np.rint(mean(everything.n_truth)).astype(np.int64),
        n_tracks=np.rint(mean(everything.n_tracks)).astype(np.int64),
        n_assigned=np.rint(mean(everything.n_assigned)).astype(np.int64),
    )


# ---- figures


@dataclass(frozen=True, eq=False)
class _Scored:
    """All scores of one mission or file."""

    scores: TrackScores
    summary: TrackSummary
    whole: TrajectoryGospa
    ospa2_m: float

    @classmethod
    def of(cls, truth: Samples, tracks: Samples, cutoff_m: float, progress: Callable[[float], None]) -> _Scored:
        def stage(low: float, high: float) -> Callable[[int, int], None]:
            return lambda done, total: progress(low + (high - low) * done / max(total, 1))

        scores, summary = score_tracks(
            *_where(truth),
            *_where(tracks),
            cutoff_m=cutoff_m,
            truth_mps=truth[2][:, 3:],
            track_mps=tracks[2][:, 3:],
            progress=stage(0.0, 0.3),
        )
        samples = (*_where(truth), *_where(tracks))
        whole = trajectory_gospa(
            *samples, cutoff_m=cutoff_m, switch_m=cutoff_m / math.sqrt(2.0), progress=stage(0.3, 0.8)
        )
        sliding = ospa2(*samples, cutoff_m=cutoff_m, n_window=WINDOW, progress=stage(0.8, 1.0))
        return cls(scores, summary, whole, float(sliding.distance.mean()))

    def figures(self) -> Mapping[str, Value]:
        """Every figure by its key."""
        one, whole, n = self.summary, self.whole, len(self.scores)
        return {
            **{each.name: getattr(one, each.name) for each in fields(TrackSummary) if each.name != "siap"},
            **{each.name: getattr(one.siap, each.name) for each in fields(Siap) if each.name != "completeness"},
            "number_changes_per_h": 3600.0 * one.siap.number_change_rate_hz,
            "tgospa_m": whole.mean_m,
            "tgospa_localisation_m2": whole.localisation / n,
            "tgospa_missed_m2": whole.missed / n,
            "tgospa_false_m2": whole.false / n,
            "tgospa_switch_m2": whole.switch / n,
            "tgospa_exact": whole.exact,
            "switch_price_m": one.cutoff_m / math.sqrt(2.0),
            "ospa2_m": self.ospa2_m,
        }


_SAID: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "Moment by moment": (
        ("gospa_m", "GOSPA (p 2, alpha 2), mean", "m"),
        ("cutoff_m", "its cutoff", "m"),
        ("localisation_m2", "its square: errors of place", "m2"),
        ("missed_m2", "its square: missed targets", "m2"),
        ("false_m2", "its square: false tracks", "m2"),
    ),
    "Whole trajectories": (
        ("tgospa_m", "trajectory GOSPA (p 2), a moment", "m"),
        ("switch_price_m", "its price of a switch", "m"),
        ("tgospa_localisation_m2", "its square: errors of place", "m2"),
        ("tgospa_missed_m2", "its square: missed targets", "m2"),
        ("tgospa_false_m2", "its square: false tracks", "m2"),
        ("tgospa_switch_m2", "its square: switches", "m2"),
        ("tgospa_exact", "solved exactly, not in windows", ""),
        ("ospa2_m", f"OSPA(2) (p 1, {WINDOW} moments), mean", "m"),
    ),
    "Targets": (
        ("n_targets", "targets", ""),
        ("completeness", "completeness (1 is best)", ""),
        ("n_never_held", "never held", ""),
        ("latency_s", "time until held, mean", "s"),
        ("continuity", "continuity (1 is best)", ""),
        ("longest_segment", "longest segment, SIAP LS (1 is best)", ""),
    ),
    "Tracks": (
        ("n_numbers", "track numbers", ""),
        ("n_false_numbers", "never near a target", ""),
        ("n_false", "false tracks at a moment", ""),
        ("life_s", "life of tracks that held a target, mean", "s"),
        ("false_life_s", "life of the others, mean", "s"),
        ("ambiguity", "ambiguity, SIAP A (1 is best)", ""),
        ("spuriousness", "spuriousness, SIAP S (0 is best)", ""),
        ("n_switches", "switches of track number", ""),
        ("n_breaks", "breaks", ""),
        ("number_changes_per_h", "number changes, SIAP R (0 is best)", "1/h"),
    ),
    "Accuracy": (
        ("rmse_m", "position error, root mean square", "m"),
        ("position_accuracy_m", "position error, mean, SIAP PA", "m"),
        ("velocity_accuracy_mps", "velocity error, mean, SIAP VA", "m/s"),
    ),
}
_BRIEF = (
    ("gospa_m", "GOSPA (p 2, alpha 2)", "m"),
    ("cutoff_m", "its cutoff", "m"),
    ("localisation_m2", "GOSPA squared: errors of place", "m2"),
    ("missed_m2", "GOSPA squared: missed targets", "m2"),
    ("false_m2", "GOSPA squared: false tracks", "m2"),
    ("completeness", "completeness", ""),
    ("n_false", "false tracks at a time", ""),
    ("n_switches", "switches of track number", ""),
    ("n_breaks", "breaks", ""),
    ("continuity", "continuity", ""),
    ("rmse_m", "position error, root mean square", "m"),
    ("n_targets", "targets", ""),
    ("n_never_held", "targets never held", ""),
    ("latency_s", "time until a target is held, mean", "s"),
    ("n_false_numbers", "tracks that never held a target", ""),
    ("false_life_s", "their life, mean", "s"),
)


def brief_rows(summaries: Sequence[TrackSummary]) -> list[Row]:
    """Return the figures of the moment-by-moment scores that ``run`` and ``track`` print."""
    if not summaries:
        return []
    return [(key, name, _over([getattr(one, key) for one in summaries]), unit) for key, name, unit in _BRIEF]


def _sections(scored: Sequence[_Scored]) -> tuple[Section, ...]:
    figures = [one.figures() for one in scored]
    return tuple(
        Section(title, tuple((key, name, _over([one[key] for one in figures]), unit) for key, name, unit in said))
        for title, said in _SAID.items()
    )


def _honesty(nees: StateNees | None, existence: Calibration | None) -> list[Row]:
    rows: list[Row] = []
    if nees is not None:
        for key, name, one in (
            ("anees_position", "ANEES of position, 95 % interval (1 is honest)", nees.position),
            ("anees_velocity", "ANEES of velocity", nees.velocity),
            ("anees", "ANEES of both", nees.full),
        ):
            rows.append((key, name, (one.anees_low, one.anees, one.anees_high), ""))
        rows.append(("nees_inside", "NEES inside its 95 % band", nees.full.inside, ""))
        rows.append(("nees_n", "estimates judged", nees.full.n, ""))
    if existence is not None:
        rows += [
            ("existence_ece", "existence: calibration error (0 is best)", existence.ece, ""),
            ("existence_brier", "existence: Brier score (0 is best)", existence.brier, ""),
            ("existence_reliability", "of which calibration", existence.reliability, ""),
            ("existence_n", "existence: statements", existence.n, ""),
        ]
    return rows


def _over(values: Sequence[Value]) -> Value:
    """Return the value if there is one only (or all agree), else the 10, 50 and 90 % points."""
    if len(set(values)) == 1:
        return values[0]
    if all(isinstance(value, bool) for value in values):
        return all(values)
    known = np.asarray(values, np.float64)
    known = known[~np.isnan(known)]
    if len(known) == 0:
        return math.nan
    low, middle, high = np.quantile(known, (0.1, 0.5, 0.9))
    return float(low), float(middle), float(high)


def _parts(progress: Callable[[int, int], None] | None, n: int) -> list[Callable[[float], None]]:
    """Give each of n pieces of work its own share, 0 to 1, of a bar of 100."""

    def part(i: int) -> Callable[[float], None]:
        def show(share: float) -> None:
            if progress is not None:
                progress(round(100.0 * (i + share) / n), 100)

        return show

    return [part(i) for i in range(n)]
