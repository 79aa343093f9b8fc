"""What was recorded, tracked and scored: plot files, track files, and the missions of ``watchfloor run``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from watchfloor.assess.tracking import TrackSummary, resample, score_tracks
from watchfloor.base.errors import DataError, RecordError
from watchfloor.base.picture import Plots, Status, Tracks
from watchfloor.base.truth import Outcome
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.formats.flights import Flights, read_flights
from watchfloor.formats.plots import PointPlots, PolarPlots, read_plots
from watchfloor.formats.tracks import write_tracks
from watchfloor.physics.frames import Place, ecef_to_geodetic, enu_rotation, geodetic_to_ecef
from watchfloor.record import Record
from watchfloor.track import plots_from_wgs84, track_plots

Row = tuple[str, str, int | float | tuple[float, float, float], str]
"""Key for programs, name for people, value (or its 10, 50 and 90 % points over missions) and unit of a figure."""
ASSUMED_POLAR = (100.0, 0.15, 0.5, 5.0)
"""1-sigma errors taken where neither file nor user gives them: a civil surveillance radar's. [m, deg, deg, m/s]"""
ASSUMED_POINT_M = 50.0
"""1-sigma error along each axis, likewise. [m]"""
STEP_S = 10.0
"""Time between the moments at which tracks are scored against recorded flights. [s]"""
TRUTH_GAP_S = 60.0
"""Longest silence of a recorded flight that is bridged by a straight line. [s]"""


@dataclass(frozen=True, eq=False)
class RecordedTracks:
    """Tracks of a file of plots."""

    tracks: Tracks
    """Each confirmed track at each of its updates."""
    lat_rad: FloatArray
    """(n,) latitude of each row of ``tracks``. [rad]"""
    lon_rad: FloatArray
    """(n,) longitude. [rad]"""
    alt_m: FloatArray
    """(n,) height above the ellipsoid. [m]"""
    figures: tuple[Row, ...]
    """What came of it."""
    notes: tuple[str, ...]
    """What was assumed."""

    def write(self, path: Path) -> None:
        """Write the tracks as a table; see ``formats.write_tracks``."""
        rotation = enu_rotation(self.lat_rad, self.lon_rad)
        variance = np.trace(self.tracks.cov[:, :3, :3], axis1=1, axis2=2) / 3.0
        write_tracks(
            path,
            t_s=self.tracks.t_s,
            number=self.tracks.number,
            lat_rad=self.lat_rad,
            lon_rad=self.lon_rad,
            alt_m=self.alt_m,
            velocity_enu_mps=np.einsum("nij,nj->ni", rotation, self.tracks.velocity_ecef_mps),
            sigma_m=np.sqrt(variance),
        )


def track_file(
    path: Path,
    *,
    radar_deg_m: Sequence[float] | None = None,
    sigma_polar: Sequence[float] | None = None,
    sigma_m: float | None = None,
    period_s: float | None = None,
    truth: Path | None = None,
    cutoff_m: float = 1000.0,
    progress: Callable[[int, int], None] | None = None,
) -> RecordedTracks:
    """Track a file of plots.

    Parameters
    ----------
    path : Path
        Polar plots or positions; see ``formats.read_plots``.
    radar_deg_m : (3,) sequence, optional
        Latitude, longitude and height of the radar; polar plots need it. [deg, deg, m]
    sigma_polar : sequence, optional
        Errors of range, azimuth and, where measured, elevation and range rate, for plots that carry none.
        [m, deg, deg, m/s]
    sigma_m : float, optional
        Error of positions along each axis, for files that carry none; where they do, their median is used. [m]
    period_s : float, optional
        Time of one turn or frame of the sensor; worked out from the plots when left out. [s]
    truth : Path, optional
        Recorded flights to score against.
    cutoff_m : float
        GOSPA's cutoff. [m]
    progress : callable, optional
        Called with (percent done, 100).

    Raises
    ------
    DataError
        If a file cannot be read, or the radar's place is missing, wrong or not wanted.
    """
    flights = None if truth is None else read_flights(truth)
    recorded = read_plots(path)
    if isinstance(recorded, PolarPlots):
        plots, place, notes = _about_radar(path, recorded, radar_deg_m, sigma_polar)
    else:
        if radar_deg_m is not None or sigma_polar is not None:
            raise DataError(f"{path}: its plots are positions; leave --radar and --sigma out (--sigma-m is for these)")
        plots, place, notes = _positions(recorded, sigma_m)
    tracks = track_plots(
        plots,
        places=[place],
        periods_s=[period_s],
        phases_rad=[None if period_s is None else _phase_rad(recorded, period_s)],
        progress=None if progress is None else lambda share: progress(round(100 * share), 100),
    )
    lat, lon, alt = ecef_to_geodetic(tracks.position_ecef_m)
    figures: list[Row] = [
        ("n_plots", "plots", len(plots), ""),
        ("duration_s", "duration", float(plots.t_s.max() - plots.t_s.min()), "s"),
        ("n_tracks", "tracks", len(np.unique(tracks.number)), ""),
        ("n_updates", "updates", len(tracks), ""),
    ]
    if flights is not None:
        assert truth is not None
        summary = _against(
            truth, flights, tracks.t_s, tracks.number, tracks.position_ecef_m, tracks.velocity_ecef_mps, cutoff_m
        )
        figures += _rows([summary])
    return RecordedTracks(tracks, lat, lon, alt, tuple(figures), tuple(notes))


def score_files(tracks: Path, truth: Path, *, cutoff_m: float = 1000.0) -> list[Row]:
    """Score a table of tracks against one of flights.

    Parameters
    ----------
    tracks : Path
        Columns as ``RecordedTracks.write`` leaves them, or as ``read_flights`` takes them. Between updates a track is
        carried on by its velocity if the file has one, else it stays where it was.
    truth : Path
        Recorded flights.
    cutoff_m : float
        GOSPA's cutoff. [m]

    Raises
    ------
    DataError
        If a file cannot be read, or the two have no time in common.
    """
    found, flights = read_flights(tracks), read_flights(truth)
    position = geodetic_to_ecef(found.lat_rad, found.lon_rad, found.alt_m)
    if found.ve_mps is None or found.vn_mps is None or found.vu_mps is None:
        velocity = np.zeros_like(position)
    else:
        local = np.nan_to_num(np.stack((found.ve_mps, found.vn_mps, found.vu_mps), axis=1))
        velocity = np.einsum("nij,ni->nj", enu_rotation(found.lat_rad, found.lon_rad), local)
    return _rows([_against(truth, flights, found.t_s, found.flight, position, velocity, cutoff_m)])


def score_record(folder: Path, *, cutoff_m: float = 1000.0) -> list[Row]:
    """Say what came of the missions in a record of ``watchfloor run``, and score their tracks against their truth.

    Tracks are carried to the end of each tick and scored there, all movers counted: also those no radar could see.

    Raises
    ------
    RecordError
        If the folder is no record, holds nothing finished, or is not one of ``watchfloor run``.
    """
    record = Record.open(folder)
    if not record.lines:
        raise RecordError(f"{folder}: holds no finished mission; give the command that made it again")
    if record.header.kind != "run":
        raise RecordError(f"{folder}: is the record of a {record.header.kind}; `watchfloor report` reads it")
    summaries, counts = [], []
    xyz = [f"position_ecef_m_{i}" for i in range(3)]
    uvw = [f"velocity_ecef_mps_{i}" for i in range(3)]
    for shard in record.lines:
        truth = record.table("truth", shards=[shard], columns=["tick_s", "mover", *xyz])
        tracks = record.table("tracks", shards=[shard], columns=["tick_s", "t_s", "number", "status", *xyz, *uvw])
        held = tracks["status"] == Status.CONFIRMED
        carried_s = (tracks["tick_s"] - tracks["t_s"])[held, None]
        position = np.stack([tracks[name][held] for name in xyz], axis=1)
        velocity = np.stack([tracks[name][held] for name in uvw], axis=1)
        outcome = record.table("effects", shards=[shard], columns=["outcome"])["outcome"]
        counts.append(
            (
                len(np.unique(truth["mover"])),
                record.lines[shard].tables["plots"].rows,
                len(np.unique(tracks["number"][held])),
                len(outcome),
                int((outcome == Outcome.KILL).sum()),
            )
        )
        if len(truth["mover"]) + int(held.sum()):
            summaries.append(
                score_tracks(
                    truth["tick_s"],
                    truth["mover"],
                    np.stack([truth[name] for name in xyz], axis=1),
                    tracks["tick_s"][held],
                    tracks["number"][held],
                    position + carried_s * velocity,
                    cutoff_m=cutoff_m,
                )[1]
            )
    rows: list[Row] = [("n_missions", "missions", len(counts), "")]
    for i, (key, name) in enumerate(
        (
            ("n_movers", "movers"),
            ("n_plots", "plots"),
            ("n_tracks", "confirmed tracks"),
            ("n_shots", "shots"),
            ("n_kills", "kills"),
        )
    ):
        rows.append((key, name, _over([count[i] for count in counts]), ""))
    return rows + _rows(summaries)


def _phase_rad(found: PolarPlots | PointPlots, period_s: float) -> float:
    """Return the azimuth of the beam at time 0, NaN where plots show no beam that turns once a period."""
    if isinstance(found, PointPlots):
        return np.nan  # whatever turned did not turn about the place they are seen from
    mean = np.mean(np.exp(1j * (found.measurement[:, 1] - 2.0 * np.pi * found.t_s / period_s)))
    return float(np.angle(mean)) if abs(mean) > 0.9 else np.nan


def _about_radar(
    path: Path, found: PolarPlots, radar_deg_m: Sequence[float] | None, sigma_polar: Sequence[float] | None
) -> tuple[Plots, Place, list[str]]:
    if radar_deg_m is None:
        raise DataError(f"{path}: polar plots need the radar's place: --radar LAT,LON,ALT (degrees, degrees, metres)")
    try:
        place = Place.from_degrees(*radar_deg_m)
    except ValueError as err:
        raise DataError(f"--radar: {err}") from err
    given = np.full(4, np.nan)
    given[: len(sigma_polar or ())] = sigma_polar or ()
    degrees = np.array([1.0, np.deg2rad(1.0), np.deg2rad(1.0), 1.0])
    fallback = np.where(np.isnan(given), ASSUMED_POLAR, given) * degrees
    measured = np.isfinite(found.measurement)
    lacking = measured & np.isnan(found.sigma)
    notes = [
        f"no error of the {name} in the file: taking 1-sigma {value:g} {unit}"
        for name, value, unit, i in zip(
            ("range", "azimuth", "elevation", "range rate"),
            ASSUMED_POLAR,
            ("m", "deg", "deg", "m/s"),
            range(4),
            strict=True,
        )
        if lacking[:, i].any() and np.isnan(given[i])
    ]
    if np.any(given <= 0.0):
        raise DataError(f"--sigma: errors are above 0, got {', '.join(f'{value:g}' for value in sigma_polar or ())}")
    sigma = np.where(np.isnan(found.sigma), fallback, found.sigma)
    sigma[~measured] = np.nan
    cov = np.where(measured[:, :, None] & measured[:, None, :], 0.0, np.nan)
    cov[:, np.arange(4), np.arange(4)] = sigma**2
    n = len(found)
    plots = Plots(
        t_s=found.t_s,
        sensor=np.zeros(n, np.int64),
        measurement=found.measurement,
        cov=cov,
        snr_db=found.snr_db,
        pfa=np.zeros(n),
        address=found.address,
        label=np.full(n, -1),
    )
    return plots.take(np.lexsort((found.measurement[:, 0], found.t_s))), place, notes


def _positions(found: PointPlots, sigma_m: float | None) -> tuple[Plots, Place, list[str]]:
    notes = []
    assumed = ASSUMED_POINT_M if sigma_m is None else sigma_m
    own = np.isfinite(found.sigma_m)
    across = float(np.median(found.sigma_m[own])) if own.any() else assumed
    upright = np.isfinite(found.sigma_vertical_m)
    upward = float(np.median(found.sigma_vertical_m[upright])) if upright.any() else across
    if not own.any() and sigma_m is None:
        notes.append(f"no errors in the file: taking 1-sigma {assumed:g} m along each axis (--sigma-m gives another)")
    plots, place = plots_from_wgs84(
        found.t_s,
        found.lat_rad,
        found.lon_rad,
        found.alt_m,
        sigma_m=across,
        sigma_alt_m=upward,
        address=found.address,
    )
    return plots, place, notes


def _against(
    path: Path,
    flights: Flights,
    t_s: FloatArray,
    number: IntArray,
    position_ecef_m: FloatArray,
    velocity_ecef_mps: FloatArray,
    cutoff_m: float,
) -> TrackSummary:
    """Score tracks against flights every ``STEP_S`` of the time that both cover."""
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
    truth = resample(
        flights.t_s,
        flights.flight,
        geodetic_to_ecef(flights.lat_rad, flights.lon_rad, flights.alt_m),
        times,
        max_gap_s=TRUTH_GAP_S,
    )
    tracks = resample(t_s, number, position_ecef_m, times, max_gap_s=carried_s, velocity_mps=velocity_ecef_mps)
    if len(truth[0]) + len(tracks[0]) == 0:
        raise DataError(
            f"{path}: neither a flight nor a track holds at any moment; are its rows too far apart in time?"
        )
    return score_tracks(*truth, *tracks, cutoff_m=cutoff_m)[1]


_SAID = {
    "gospa_m": ("GOSPA (p 2, alpha 2)", "m"),
    "cutoff_m": ("its cutoff", "m"),
    "localisation_m2": ("GOSPA squared: errors of place", "m2"),
    "missed_m2": ("GOSPA squared: missed targets", "m2"),
    "false_m2": ("GOSPA squared: false tracks", "m2"),
    "completeness": ("completeness", ""),
    "n_false": ("false tracks at a time", ""),
    "n_switches": ("switches of track number", ""),
    "n_breaks": ("breaks", ""),
    "continuity": ("continuity", ""),
    "rmse_m": ("position error, root mean square", "m"),
}


def _rows(summaries: Sequence[TrackSummary]) -> list[Row]:
    if not summaries:
        return []
    rows: list[Row] = []
    for key, (name, unit) in _SAID.items():
        rows.append((key, name, _over([getattr(summary, key) for summary in summaries]), unit))
    return rows


def _over(values: Sequence[int | float]) -> int | float | tuple[float, float, float]:
    """Return the value if there is one only (or all agree), else the 10, 50 and 90 % points."""
    if len(set(values)) == 1:
        return values[0]
    low, middle, high = np.nanquantile(np.asarray(values, np.float64), (0.1, 0.5, 0.9))
    return float(low), float(middle), float(high)
