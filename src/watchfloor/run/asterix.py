"""From an ASTERIX recording to plots for a tracker: which radars, where they stand, how they turn, what counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from watchfloor.base.errors import DataError
from watchfloor.base.picture import Plots
from watchfloor.base.units import FOOT_M, BoolArray, FloatArray, IntArray
from watchfloor.formats.asterix import Recording, ServiceMessages, TargetReports
from watchfloor.physics.frames import Place, ecef_to_geodetic, polar_to_ecef
from watchfloor.physics.slant import elevation_at_height

SECONDARY = (70.0, 0.08)
"""1-sigma errors taken for secondary plots: range, azimuth. [m, deg]"""
PRIMARY = (120.0, 0.15)
"""1-sigma errors taken for primary plots, likewise. [m, deg]

Both are what EUROCONTROL's *Standard for Radar Surveillance in En-Route Airspace and Major Terminal Areas*,
SUR.ET1.ST01.1000-STD-01-01, 1997, asks at most: sections 6.3.3 and 6.4.3.
"""
MODE_C_M, MODE_S_M = 100.0 * FOOT_M, 25.0 * FOOT_M
"""Steps in which transponders say their height. [m]"""
_RANGE_STEP_M = 1852.0 / 256.0
_AZIMUTH_STEP_RAD = 2.0 * np.pi / 65_536.0
_UNIFORM = 12.0**-0.5
_GHOSTS = sum(1 << code for code in (1, 2, 10))
"""Warnings of I048/030: reflection, reply to a side lobe, phantom."""
_BAD_HEIGHT = sum(1 << code for code in (12, 18))
"""Warnings of I048/030: abnormal height code, undecodable height code."""
_HEIGHTS_M = (-1000.0, 30_000.0)
_STEEP = 0.1
"""Least rise of a metre across the line of sight from which a height still tells an elevation. [1]"""
_NORTH = 1
_OFF_BEAM_RAD = 0.35
_NOWHERE = Place(0.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class RadarPlots:
    """Plots of one or more radars, ready to be tracked."""

    plots: Plots
    """Sorted by time, then range; with addresses."""
    names: tuple[str, ...]
    """SAC/SIC of each radar; rows as in ``plots.sensor``."""
    places: tuple[Place, ...]
    """Where each stands; 0 N 0 E where nobody says."""
    placed: tuple[bool, ...]
    """Whether somebody says."""
    periods_s: tuple[float | None, ...]
    """Time of one turn by the north markers, None without. [s]"""
    phases_rad: tuple[float | None, ...]
    """Azimuth of the beam at time 0, likewise. [rad]"""
    n_read: int
    """Records that were read."""
    rejected: dict[str, int]
    """Records that are no plot to track, by why."""
    notes: tuple[str, ...]
    """What was assumed."""


def radar_plots(
    path: Path,
    recording: Recording,
    *,
    radars_deg_m: Mapping[str, Sequence[float]] | None = None,
    sources: Sequence[str] = (),
    sigma: Sequence[float] | None = None,
) -> RadarPlots:
    """Take what a tracker can use from a recording.

    Parameters
    ----------
    path : Path
        The file's name, for messages.
    recording : Recording
        As ``formats.asterix.read_asterix`` returns it.
    radars_deg_m : mapping, optional
        Latitude, longitude and height of radars by ``SAC/SIC``; the empty name is the one radar that does not say its
        place. A place given here goes before the recording's own. [deg, deg, m]
    sources : sequence of str
        Radars to take, ``SAC/SIC``; all when empty.
    sigma : sequence of float, optional
        1-sigma errors of range and azimuth, for all plots. [m, deg]

    Returns
    -------
    RadarPlots
        At least one plot.

    Raises
    ------
    DataError
        If there is no plot of a radar whose place is known (one radar alone may stand anywhere), or a name is wrong.

    Notes
    -----
    Pressure altitude is taken as height above the ellipsoid and becomes an elevation (``physics.slant``) with the error
    that the step of the altitude and the range error leave, correlated with the range; a plot whose altitude is
    missing, garbled, not validated or at odds with its range keeps no elevation. Doppler speeds are not used: the item
    does not say over how many ambiguities they were unfolded.
    """
    found = recording.targets
    if len(found) == 0:
        others = ", ".join(f"{n} blocks of category {c:03d}" for c, n in recording.others.items())
        raise DataError(f"{path}: no target report of category 048; it holds {others or 'none at all'}")
    code = np.where(found.sac < 0, -1, found.sac * 256 + found.sic)
    wanted = _codes(path, code, sources)
    rejected: dict[str, int] = {}
    keep = np.ones(len(found), bool)

    def drop(why: str, which: BoolArray) -> None:
        nonlocal keep
        n = int(np.count_nonzero(keep & which))
        if n:
            rejected[why] = n
        keep = keep & ~which

    drop("of another radar", ~np.isin(code, wanted))
    drop("without a position", ~(found.range_m > 0.0) | np.isnan(found.azimuth_rad))
    drop("without a time", np.isnan(found.t_s))
    drop("simulated or test targets", found.simulated | found.test)
    drop("fixed transponders", found.field_monitor)
    drop("predicted, not detected", found.type == 0)
    drop("ghosts by the radar's own word", found.ghost | ((found.warnings & _GHOSTS) != 0))
    drop("received twice", _repeated(found, code))
    heard = np.unique(code[keep])
    places, notes = _places(path, heard, recording.services, radars_deg_m or {})
    drop("of radars that nobody places", ~np.isin(code, list(places)))
    if not keep.any():
        said = "; ".join(f"{n} {why}" for why, n in rejected.items())
        raise DataError(f"{path}: no plot to track: {said}")
    rows = np.flatnonzero(keep)
    used = found.take(rows)
    codes = np.array(sorted(places), np.int64)
    sensor = np.searchsorted(codes, code[rows])
    own = tuple(places[c] or _NOWHERE for c in codes)
    plots = _plots(used, sensor, own, sigma)
    turns = [_turn(recording.services, int(c), used.take(sensor == i)) for i, c in enumerate(codes)]
    if sigma is None:
        notes.append(
            f"errors taken: secondary plots {SECONDARY[0]:g} m, {SECONDARY[1]:g} deg; primary {PRIMARY[0]:g} m, "
            f"{PRIMARY[1]:g} deg (--sigma gives others)"
        )
    if recording.damage:
        n = sum(one.length for one in recording.damage)
        notes.append(f"{len(recording.damage)} damaged places, {n} bytes left out; the first: {recording.damage[0]}")
    if recording.others:
        others = ", ".join(f"{n} of {c:03d}" for c, n in recording.others.items())
        notes.append(f"blocks of categories that are not tracked: {others}")
    return RadarPlots(
        plots=plots.take(np.lexsort((plots.measurement[:, 0], plots.t_s))),
        names=tuple(_name(int(c)) for c in codes),
        places=own,
        placed=tuple(places[c] is not None for c in codes),
        periods_s=tuple(turn[0] if turn else None for turn in turns),
        phases_rad=tuple(turn[1] if turn else None for turn in turns),
        n_read=len(found),
        rejected=rejected,
        notes=tuple(notes),
    )


def geodetic(reports: TargetReports, place: Place) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return latitude, longitude and height above the ellipsoid of one radar's reports. [rad, rad, m]

    NaN where a report lacks range, azimuth or altitude, or these contradict each other. Pressure altitude is taken as
    height above the ellipsoid.
    """  # noqa: D400, D415
    known = (reports.range_m > 0.0) & np.isfinite(reports.azimuth_rad) & _within(reports.altitude_m)
    out = np.full((3, len(reports)), np.nan)
    z = reports.range_m[known], reports.azimuth_rad[known]
    elevation, _, _ = elevation_at_height(*z, reports.altitude_m[known], place)
    rows, good = np.flatnonzero(known), np.isfinite(elevation)
    out[:, rows[good]] = ecef_to_geodetic(polar_to_ecef(z[0][good], z[1][good], elevation[good], place))
    return out[0], out[1], out[2]


def _name(code: int) -> str:
    return f"{code >> 8}/{code & 255}" if code >= 0 else "unnamed"


def _code(name: str) -> int:
    first, _, second = name.partition("/")
    if not (first.isdigit() and second.isdigit() and int(first) < 256 and int(second) < 256):
        raise DataError(f"{name!r} is no radar; wanted SAC/SIC, two numbers up to 255, such as 20/4")
    return int(first) * 256 + int(second)


def _codes(path: Path, code: IntArray, sources: Sequence[str]) -> IntArray:
    there = np.unique(code)
    wanted = np.array([_code(name) for name in sources], np.int64) if sources else there
    missing = wanted[~np.isin(wanted, there)]
    if len(missing):
        raise DataError(
            f"{path}: no report of radar {_name(int(missing[0]))}; there are {', '.join(_name(int(c)) for c in there)}"
        )
    return wanted


def _repeated(found: TargetReports, code: IntArray) -> BoolArray:
    """Mark all but the first of reports that agree in everything that tells plots apart: two lines, one recorder."""
    key = np.stack(
        [code, found.t_s, found.range_m, found.azimuth_rad, found.mode_3a, found.address, found.altitude_m, found.type]
    )
    _, first = np.unique(np.nan_to_num(key, nan=-1e9), axis=1, return_index=True)
    out = np.ones(len(found), bool)
    out[first] = False
    return out & np.isfinite(found.range_m)


def _places(
    path: Path, heard: IntArray, services: ServiceMessages, given: Mapping[str, Sequence[float]]
) -> tuple[dict[int, Place | None], list[str]]:
    """Return the place of each radar that can be tracked, None for one alone that nobody places."""
    said = np.where(services.sac < 0, -1, services.sac * 256 + services.sic)
    located = np.isfinite(services.lat_rad) & (np.abs(services.lat_rad) <= 0.5 * np.pi)
    places: dict[int, Place | None] = {}
    for code in heard:
        mine = located & (said == code)
        if mine.any():
            where = (float(np.median(column[mine])) for column in (services.lat_rad, services.lon_rad, services.alt_m))
            places[int(code)] = Place(*where)
    nowhere = [int(code) for code in heard if int(code) not in places]
    for name, numbers in given.items():
        if name:
            code = _code(name)
        elif len(heard) == 1 or len(nowhere) == 1:
            code = int(heard[0]) if len(heard) == 1 else nowhere[0]
        else:
            names = ", ".join(_name(c) for c in nowhere or heard)
            raise DataError(f"{path}: there are several radars: say which, --radar SAC/SIC=LAT,LON,ALT, of {names}")
        if code not in heard:
            raise DataError(f"{path}: no plot of radar {_name(code)}; there are {', '.join(map(_name, heard))}")
        try:
            places[code] = Place.from_degrees(*numbers)
        except ValueError as err:
            raise DataError(f"--radar: {err}") from err
    nowhere = [int(code) for code in heard if int(code) not in places]
    if not nowhere:
        return places, []
    names = ", ".join(map(_name, nowhere))
    if places:
        return places, [f"no place is known of {names}: --radar SAC/SIC=LAT,LON,ALT gives one"]
    if len(nowhere) == 1:
        return {nowhere[0]: None}, [
            f"radar {names} does not say where it stands: tracked as if at 0 N 0 E, so its tracks have no true "
            "latitude and longitude; --radar LAT,LON,ALT puts them right"
        ]
    raise DataError(
        f"{path}: none of the radars {names} says where it stands; give places with --radar SAC/SIC=LAT,LON,ALT, or "
        "take one alone with --source SAC/SIC"
    )


def _within(altitude_m: FloatArray) -> BoolArray:
    return (altitude_m >= _HEIGHTS_M[0]) & (altitude_m <= _HEIGHTS_M[1])


def _plots(found: TargetReports, sensor: IntArray, places: Sequence[Place], sigma: Sequence[float] | None) -> Plots:
    n = len(found)
    alone = (found.type == 1)[:, None]
    error = np.where(alone, PRIMARY, SECONDARY) if sigma is None else np.broadcast_to(np.asarray(sigma[:2]), (n, 2))
    range_var = error[:, 0] ** 2 + (_UNIFORM * _RANGE_STEP_M) ** 2
    azimuth_var = np.deg2rad(error[:, 1]) ** 2 + (_UNIFORM * _AZIMUTH_STEP_RAD) ** 2
    height_var = (_UNIFORM * np.where(found.type >= 4, MODE_S_M, MODE_C_M)) ** 2
    z, cov = np.full((n, 4), np.nan), np.full((n, 4, 4), np.nan)
    z[:, 0], z[:, 1] = found.range_m, found.azimuth_rad
    cov[:, :2, :2] = 0.0
    cov[:, 0, 0], cov[:, 1, 1] = range_var, azimuth_var
    told = _within(found.altitude_m) & (found.altitude_flags == 0) & ((found.warnings & _BAD_HEIGHT) == 0)
    for row, place in enumerate(places):
        mine = np.flatnonzero(told & (sensor == row))
        if not len(mine):
            continue
        elevation, by_range, by_height = elevation_at_height(z[mine, 0], z[mine, 1], found.altitude_m[mine], place)
        good = np.isfinite(elevation) & (by_height * found.range_m[mine] < 1.0 / _STEEP)
        mine, by_range, by_height = mine[good], by_range[good], by_height[good]
        z[mine, 2] = elevation[good]
        cov[mine, 0, 2] = cov[mine, 2, 0] = by_range * range_var[mine]
        cov[mine, 1, 2] = cov[mine, 2, 1] = 0.0
        cov[mine, 2, 2] = by_range**2 * range_var[mine] + by_height**2 * height_var[mine]
    return Plots(
        t_s=found.t_s,
        sensor=np.asarray(sensor, np.int64),
        measurement=z,
        cov=cov,
        snr_db=np.full(n, np.nan),
        pfa=np.zeros(n),
        address=found.address,
        label=np.full(n, -1),
    )


def _turn(services: ServiceMessages, code: int, plots: TargetReports) -> tuple[float, float] | None:
    """Period and phase of a radar by its north markers, if these are regular and its plots lie on the beam."""
    mine = (services.sac * 256 + services.sic == code) & (services.type == _NORTH) & np.isfinite(services.t_s)
    t = np.unique(services.t_s[mine])
    if len(t) < 3:
        return None
    gap = np.diff(t)
    turns = np.concatenate([[0.0], np.cumsum(np.round(gap / np.median(gap)))])
    period_s, north_s = np.polyfit(turns, t, 1)
    if not period_s > 0.0 or np.abs(t - north_s - period_s * turns).max() > 0.1 * period_s:
        return None
    phase = -2.0 * np.pi * north_s / period_s
    beam = np.mean(np.exp(1j * (plots.azimuth_rad - phase - 2.0 * np.pi * plots.t_s / period_s)))
    if abs(beam) < 0.9 or abs(np.angle(beam)) > _OFF_BEAM_RAD:
        return None
    return float(period_s), float(phase % (2.0 * np.pi))
