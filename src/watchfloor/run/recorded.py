"""Recorded plots, tracked: files of plots and recordings of radars."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from watchfloor.base.errors import DataError
from watchfloor.base.picture import Plots, Tracks
from watchfloor.base.registry import kinds
from watchfloor.base.units import BoolArray, FloatArray, IntArray
from watchfloor.formats.asterix import looks_like_asterix, read_asterix, sample, sample_flights
from watchfloor.formats.asterix.samples import SAMPLES
from watchfloor.formats.flights import read_flights
from watchfloor.formats.plots import PointPlots, PolarPlots, read_plots
from watchfloor.formats.tracks import write_tracks
from watchfloor.physics.frames import Place, ecef_to_geodetic, ecef_to_polar, enu_rotation
from watchfloor.run.asterix import RadarPlots, radar_plots
from watchfloor.run.scores import Row, brief_rows, in_common, score_samples
from watchfloor.track import plots_from_wgs84, track_plots

ASSUMED_POLAR = (100.0, 0.15, 0.5, 5.0)
"""1-sigma errors taken where neither file nor user gives them: a civil surveillance radar's. [m, deg, deg, m/s]"""
ASSUMED_POINT_M = 50.0
"""1-sigma error along each axis, likewise. [m]"""
DAY_S = 86_400.0
"""A day: clocks of radars count no further. [s]"""
PREFERRED = "pmb"
"""Kind of tracker for recordings."""
_PATIENT: dict[str, Any] = {
    "drop_nats": 20.0, "hidden_s": 20.0, "hidden_every_s": 1800.0, "batches_per_turn": 4,
}  # fmt: skip
"""Settings for recordings, of trackers that have them, by which a dozen misses end no track.

Transponders fall silent in turns, for a minute in a hold, and a secondary radar makes hardly any false plot that could
keep a dead track alive. Quarters of a turn, so that who crosses north is not looked for in the wrong turn.
"""
_ALIKE = 8
"""Plots of one instant among which a track's own is sought, at most."""


@dataclass(frozen=True)
class RadarSite:
    """A radar that plots came from."""

    name: str
    """What it is called; empty for the only one."""
    place: Place
    """Where it stands."""
    placed: bool
    """Whether anybody says so; else ``place`` is 0 N 0 E."""


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
    radars: tuple[RadarSite, ...] = ()
    """Radars that the plots came from, where these are known."""

    def write(self, path: Path | str) -> None:
        """Write the tracks as a table; see ``formats.write_tracks``."""
        rotation = enu_rotation(self.lat_rad, self.lon_rad)
        variance = np.trace(self.tracks.cov[:, :3, :3], axis1=1, axis2=2) / 3.0
        write_tracks(
            Path(path),
            t_s=self.tracks.t_s,
            number=self.tracks.number,
            lat_rad=self.lat_rad,
            lon_rad=self.lon_rad,
            alt_m=self.alt_m,
            velocity_enu_mps=np.einsum("nij,nj->ni", rotation, self.tracks.velocity_ecef_mps),
            sigma_m=np.sqrt(variance),
        )


def track_file(
    path: Path | str,
    *,
    radar_deg_m: Sequence[float] | Mapping[str, Sequence[float]] | None = None,
    sources: Sequence[str] = (),
    sigma_polar: Sequence[float] | None = None,
    sigma_m: float | None = None,
    period_s: float | None = None,
    tracker: str | None = None,
    identity: bool = True,
    truth: Path | None = None,
    cutoff_m: float = 1000.0,
    progress: Callable[[int, int], None] | None = None,
) -> RecordedTracks:
    """Track a file of plots.

    Parameters
    ----------
    path : Path or str
        An ASTERIX recording (see ``formats.asterix.read_asterix``), or a table of polar plots or positions (see
        ``formats.read_plots``); or the name of a recording that comes with the package (``formats.asterix.sample``).
    radar_deg_m : sequence of 3 or mapping of such, optional
        Latitude, longitude and height of the radar, or of radars by ``SAC/SIC``. A table of polar plots needs it, and a
        recording whose radars do not say where they stand. [deg, deg, m]
    sources : sequence of str
        Radars of a recording to take, ``SAC/SIC``; all when empty.
    sigma_polar : sequence, optional
        Errors of range, azimuth and, where measured, elevation and range rate, for plots that carry none.
        [m, deg, deg, m/s]
    sigma_m : float, optional
        Error of positions along each axis, for files that carry none; where they do, their median is used. [m]
    period_s : float, optional
        Time of one turn or frame of the sensor; worked out from north markers or plots when left out. [s]
    tracker : str, optional
        Kind of tracker; the one that ``track_plots`` prefers when left out.
    identity : bool
        Whether cooperative addresses help to tell targets apart.
    truth : Path, optional
        Recorded flights to score against; the name of a shipped recording stands for its own.
    cutoff_m : float
        GOSPA's cutoff. [m]
    progress : callable, optional
        Called with (percent done, 100).

    Raises
    ------
    DataError
        If a file cannot be read, the radar's place is missing, wrong or not wanted, or there is no such tracker.
    """
    path = Path(path)
    if str(path) in SAMPLES and not path.exists():
        path = sample(str(path))
    if truth is not None and str(truth) in SAMPLES and not truth.exists():
        truth = sample_flights(str(truth))
    flights = None if truth is None else read_flights(truth)
    asterix = looks_like_asterix(path)
    rows: list[Row] = []
    if asterix:
        found = _from_asterix(path, radar_deg_m, sources, sigma_polar, sigma_m)
        plots, notes = found.plots, list(found.notes)
        sites = tuple(RadarSite(*one) for one in zip(found.names, found.places, found.placed, strict=True))
        places = list(found.places)
        periods = [period_s if one is None else one for one in found.periods_s]
        phases = list(found.phases_rad)
        rows += _read_rows(found)
    else:
        if sources:
            raise DataError(f"{path}: --source is for ASTERIX recordings; this is a table of plots")
        recorded = read_plots(path)
        if isinstance(recorded, PolarPlots):
            if isinstance(radar_deg_m, Mapping):
                radar_deg_m = radar_deg_m.get("")
            plots, place, notes = _about_radar(path, recorded, radar_deg_m, sigma_polar)
            sites = (RadarSite("", place, True),)
        else:
            if radar_deg_m is not None or sigma_polar is not None:
                raise DataError(
                    f"{path}: its plots are positions; leave --radar and --sigma out (--sigma-m is for these)"
                )
            plots, place, notes = _positions(recorded, sigma_m)
            sites = ()
        places, periods = [place], [period_s]
        phases = [None if period_s is None else _phase_rad(recorded, period_s)]
        rows.append(("n_plots", "plots", len(plots), ""))
    asked = plots if identity else replace(plots, address=np.full(len(plots), -1))
    tracks = track_plots(
        asked,
        places=places,
        config=tracker_config(tracker, patient=asterix) if asterix or tracker else None,
        periods_s=periods,
        phases_rad=phases,
        progress=None if progress is None else lambda share: progress(round(100 * share), 100),
    )
    lat, lon, alt = ecef_to_geodetic(tracks.position_ecef_m)
    rows += [
        ("duration_s", "duration", float(plots.t_s.max() - plots.t_s.min()), "s"),
        ("n_tracks", "tracks", len(np.unique(tracks.number)), ""),
        ("n_updates", "updates", len(tracks), ""),
        *_followed(plots, tracks, places),
    ]
    if flights is not None:
        assert truth is not None
        shift_s = _days_apart(flights.t_s, tracks.t_s) if asterix else 0.0
        if shift_s:
            notes.append(f"flights brought to the recording's clock: {shift_s / DAY_S:+.0f} days")
            flights = replace(flights, t_s=flights.t_s + shift_s)
        samples = in_common(truth, flights, tracks.t_s, tracks.number, tracks.position_ecef_m, tracks.velocity_ecef_mps)
        rows += brief_rows([score_samples(*samples, cutoff_m)])
    return RecordedTracks(tracks, lat, lon, alt, tuple(rows), tuple(notes), sites)


def _from_asterix(
    path: Path,
    radar_deg_m: Sequence[float] | Mapping[str, Sequence[float]] | None,
    sources: Sequence[str],
    sigma_polar: Sequence[float] | None,
    sigma_m: float | None,
) -> RadarPlots:
    if sigma_m is not None:
        raise DataError(f"{path}: its plots are polar; --sigma gives their errors, --sigma-m is for positions")
    if sigma_polar is not None and len(sigma_polar) > 2:
        raise DataError(f"{path}: --sigma takes range and azimuth here; elevation comes from the reported altitude")
    if sigma_polar is not None and not all(value > 0.0 for value in sigma_polar):
        raise DataError(f"--sigma: errors are above 0, got {', '.join(f'{value:g}' for value in sigma_polar)}")
    places = radar_deg_m if isinstance(radar_deg_m, Mapping) or radar_deg_m is None else {"": radar_deg_m}
    return radar_plots(path, read_asterix(path), radars_deg_m=places, sources=sources, sigma=sigma_polar)


def _read_rows(found: RadarPlots) -> list[Row]:
    rows: list[Row] = [("n_read", "reports read", found.n_read, "")]
    for why, n in found.rejected.items():
        key = re.sub(r"[^a-z0-9]+", "_", why.lower().replace("'", "")).strip("_")
        rows.append((f"n_rejected_{key}", f"  left out: {why}", n, ""))
    rows.append(("n_plots", "plots tracked", len(found.plots), ""))
    rows.append(("n_radars", "radars", len(found.names), ""))
    for name, period_s in zip(found.names, found.periods_s, strict=True):
        if period_s is not None:
            rows.append((f"period_{name.replace('/', '_')}_s", f"  turn of {name} by north markers", period_s, "s"))
    return rows


def tracker_config(kind: str | None = None, *, patient: bool = True) -> Any:
    """Return the configuration of a kind of tracker for recordings.

    Parameters
    ----------
    kind : str, optional
        The kind; ``PREFERRED`` when left out.
    patient : bool
        Whether silence of a minute ends no track: right where there are hardly any false plots.

    Raises
    ------
    DataError
        If there is no such tracker.
    """
    registry = kinds("track")
    if kind is not None and kind not in registry.names:
        raise DataError(f"no tracker {kind!r}; there are {', '.join(registry.names)}")
    chosen = registry.config(kind or PREFERRED)
    return chosen(**{key: value for key, value in _PATIENT.items() if patient and key in chosen.model_fields})


def _followed(plots: Plots, tracks: Tracks, places: Sequence[Place]) -> list[Row]:
    """Say which plots the tracks used, how far off they were predicted, and what addresses say of swaps and breaks."""
    if not len(tracks):
        return [("n_used", "plots in tracks", 0, "")]
    tracks = tracks.take(np.lexsort((tracks.t_s, tracks.number)))
    first = np.diff(tracks.number, prepend=-1) != 0
    starts = np.flatnonzero(first)
    life_s = np.maximum.reduceat(tracks.t_s, starts) - np.minimum.reduceat(tracks.t_s, starts)
    row, plot = _used(plots, tracks, first, places)
    rows: list[Row] = [
        ("n_used", "plots in tracks", len(np.unique(plot)), ""),
        ("longest_s", "longest track", float(life_s.max()), "s"),
        ("median_life_s", "median life of a track", float(np.median(life_s)), "s"),
    ]
    order = np.lexsort((plots.t_s[plot], tracks.number[row]))
    gap_s = np.diff(plots.t_s[plot[order]])[np.diff(tracks.number[row[order]]) == 0]
    if len(gap_s):
        rows.append(("longest_gap_s", "longest silence in a track", float(gap_s.max()), "s"))
    after, told = row[~first[row]], plot[~first[row]]
    if len(after):
        dt = (plots.t_s[told] - tracks.t_s[after - 1])[:, None]
        expected = tracks.position_ecef_m[after - 1] + dt * tracks.velocity_ecef_mps[after - 1]
        off = _apart(plots, told, expected, places)
        for key, name, q in (("innovation_m", "innovation, median", 0.5), ("innovation95_m", "innovation, 95 %", 0.95)):
            rows.append((key, name, float(np.quantile(off, q)), "m"))
    named = plots.address[plot] >= 0
    if named.any():
        pairs = np.unique(np.stack([tracks.number[row[named]], plots.address[plot[named]]]), axis=1)
        tracks_of = np.unique(pairs[1], return_counts=True)[1]
        swapped = np.unique(pairs[0], return_counts=True)[1]
        rows += [
            ("n_addresses", "addresses heard in tracks", len(tracks_of), ""),
            ("n_mixed", "tracks with more than one address", int((swapped > 1).sum()), ""),
            ("n_split", "addresses with more than one track", int((tracks_of > 1).sum()), ""),
        ]
    return rows


def _used(plots: Plots, tracks: Tracks, first: BoolArray, places: Sequence[Place]) -> tuple[IntArray, IntArray]:
    """Return row of the track and plot of each use: of the plots of that sensor and time the one nearest to the track.

    ``tracks`` by number and time, ``first`` marks each track's first row; a row uses the plots that the row before it
    had not seen, one a sensor.
    """
    found_row, found_plot = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for sensor in range(tracks.updated_s.shape[1]):
        at_s = tracks.updated_s[:, sensor]
        new = np.isfinite(at_s) & (first | (np.diff(at_s, prepend=np.nan) != 0.0))
        row, mine = np.flatnonzero(new), np.flatnonzero(plots.sensor == sensor)
        t = plots.t_s[mine]
        low, high = np.searchsorted(t, at_s[row] - 1e-6), np.searchsorted(t, at_s[row] + 1e-6)
        ecef = tracks.position_ecef_m[row] + (at_s[row] - tracks.t_s[row])[:, None] * tracks.velocity_ecef_mps[row]
        best, nearest = np.full(len(row), -1), np.full(len(row), np.inf)
        for i in range(min(_ALIKE, int((high - low).max(initial=0)))):
            has = np.flatnonzero(low + i < high)
            which = mine[low[has] + i]
            off = _apart(plots, which, ecef[has], places)
            closer = off < nearest[has]
            best[has[closer]], nearest[has[closer]] = which[closer], off[closer]
        found_row.append(row[best >= 0])
        found_plot.append(best[best >= 0])
    return np.concatenate(found_row), np.concatenate(found_plot)


def _apart(plots: Plots, which: IntArray, ecef_m: FloatArray, places: Sequence[Place]) -> FloatArray:
    """Distance in range and across it of plots from positions. [m]"""  # noqa: D400, D415
    out = np.full(len(which), np.inf)
    for sensor, place in enumerate(places):
        mine = plots.sensor[which] == sensor
        if mine.any():
            range_m, azimuth, elevation = ecef_to_polar(ecef_m[mine], place)
            z = plots.measurement[which[mine]]
            turn = np.angle(np.exp(1j * (z[:, 1] - azimuth)))
            out[mine] = np.hypot(z[:, 0] - range_m, turn * range_m * np.cos(elevation))
    return out


def _days_apart(flights_t_s: FloatArray, recorded_t_s: FloatArray) -> float:
    """Return what brings dated flights to a clock that starts at midnight, 0 where both already share a time. [s]"""  # noqa: D400, D415
    if len(recorded_t_s) == 0 or (flights_t_s.min() <= recorded_t_s.max() and recorded_t_s.min() <= flights_t_s.max()):
        return 0.0
    return float(-DAY_S * np.round((np.median(flights_t_s) - np.median(recorded_t_s)) / DAY_S))


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
