"""Recorded plots without a scenario: where and how the sensor turned is worked out from the plots themselves."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from watchfloor.base.config import Config
from watchfloor.base.picture import Plots, Status, Tasks, Tracks
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.physics.frames import Place, ecef_to_polar, geodetic_to_ecef
from watchfloor.physics.radar import Radar
from watchfloor.track.base import trackers
from watchfloor.track.pmb import PmbTrackerConfig

_COHERENT = 0.9
_EXPLAINED = 0.05
_SAMPLE = 4000
_SECONDS = (1.0, 30.0)
_STAND_OFF_RAD = math.radians(1.5)


def rotation(t_s: FloatArray, azimuth_rad: FloatArray) -> tuple[float, float] | None:
    r"""Period and phase of the beam that plots of one sensor betray, or None if they do not come from a turning beam.

    Parameters
    ----------
    t_s, azimuth_rad : (n,) arrays
        Times and azimuths of plots, in any order. [s, rad]

    Returns
    -------
    (period_s, phase_rad) or None
        Time of one turn, 1 to 30 s; azimuth of the beam at time 0. [s, rad]

    Notes
    -----
    Maximises the coherence :math:`|\overline{\exp i(\alpha - 2\pi t/P)}|`, at most 1, over the turn rate 1/P: a comb
    fine enough for the span of the first 60 s, refined over ever longer spans. Less than 0.9 is no rotation, nor is one
    that leaves more than 5 % of the azimuths' own spread unexplained (plots of one sector at common times). It is the
    periodogram of the beam's unit vector, see Scargle, *Astrophysical Journal* 263, 1982, pp. 835-853.
    """
    known = np.isfinite(t_s) & np.isfinite(azimuth_rad)
    t, azimuth = t_s[known], azimuth_rad[known]
    if len(t) < 8:
        return None
    order = np.argsort(t)
    t, azimuth = t[order], azimuth[order]
    t0 = float(t[0])
    t = t - t0
    span, fine = 60.0, False
    rate = np.arange(1.0 / _SECONDS[1], 1.0 / _SECONDS[0], 0.04 / span)
    while True:
        inside = int(np.searchsorted(t, span, side="right"))
        pick = np.unique(np.linspace(0, inside - 1, min(inside, _SAMPLE)).astype(np.int64))
        turned = np.exp(1j * azimuth[pick])
        coherence = np.array([abs(np.mean(turned * np.exp(-2j * np.pi * f * t[pick]))) for f in rate])
        best = float(rate[coherence.argmax()])
        if coherence.max() < _COHERENT:
            return None
        if fine:
            break
        fine = span >= t[-1]
        step = float(rate[1] - rate[0]) if fine else 0.08 / span
        span *= 4.0
        rate = np.linspace(best - step, best + step, 49)
    if 1.0 - coherence.max() > _EXPLAINED * (1.0 - abs(np.mean(turned))):
        return None
    offset = float(np.angle(np.mean(np.exp(1j * (azimuth[pick] - 2.0 * np.pi * best * t[pick])))))
    return 1.0 / best, (offset - 2.0 * math.pi * best * t0) % (2.0 * math.pi)


def frames(t_s: FloatArray, address: IntArray) -> tuple[float, float]:
    """Length and start of the frames in which a sensor without rotation sees each target about once.

    The length is the median time between plots of one address where there are addresses, else between distinct times
    if these are few (a sensor that reports everything at once), else 4 s. Frames are centred on the reports.
    """
    times = np.unique(t_s[np.isfinite(t_s)])
    if len(times) == 0:
        return 4.0, 0.0
    length = 4.0
    heard = address >= 0
    if heard.any():
        order = np.lexsort((t_s[heard], address[heard]))
        gaps, same = np.diff(t_s[heard][order]), np.diff(address[heard][order]) == 0
        gaps = gaps[same & (gaps > 0.0)]
        if len(gaps):
            length = float(np.median(gaps))
    elif 1 < len(times) <= 0.5 * len(t_s):
        length = float(np.median(np.diff(times)))
    angle = np.angle(np.mean(np.exp(2j * np.pi * (times - times[0]) / length)))
    return length, float(times[0] + (angle / (2.0 * math.pi) - 0.5) * length)


def plots_from_wgs84(
    t_s: FloatArray,
    lat_rad: FloatArray,
    lon_rad: FloatArray,
    alt_m: FloatArray,
    *,
    sigma_m: float,
    sigma_alt_m: float,
    address: IntArray | None = None,
    unknown_alt_m: float = 8000.0,
) -> tuple[Plots, Place]:
    """Plots given as positions, as seen from a reference place that no plot is near.

    Parameters
    ----------
    t_s : (n,) array
        Times. [s]
    lat_rad, lon_rad, alt_m : (n,) arrays
        WGS-84 positions; NaN ``alt_m`` where the height was not measured. [rad, rad, m]
    sigma_m, sigma_alt_m : float
        1-sigma of each horizontal component and of height. [m]
    address : (n,) array, optional
        Cooperative address of each plot, -1 for none.
    unknown_alt_m : float
        Height at which a plot without height is placed to find its range and azimuth; best the tracker's own
        ``altitude_m``. [m]

    Returns
    -------
    plots : Plots
        Sorted by time, then range; sensor 0; no power, no false-alarm probability.
    place : Place
        The reference, 1.5 degrees off the plots' box, on its south (north in the southern hemisphere).

    Raises
    ------
    ValueError
        If there is no plot, a position is not finite or a sigma is not above 0.

    Notes
    -----
    Errors become range, azimuth and elevation errors to first order. A height that is not measured and wrongly assumed
    moves a plot by less than 2 % of the error, for boxes up to 2 degrees.
    """
    if len(t_s) == 0:
        raise ValueError("no plots")
    if not (np.isfinite(lat_rad).all() and np.isfinite(lon_rad).all() and np.isfinite(t_s).all()):
        raise ValueError("times, latitudes and longitudes must be finite")
    if not (sigma_m > 0.0 and sigma_alt_m > 0.0):
        raise ValueError(f"sigma_m and sigma_alt_m must be above 0, got {sigma_m!r} and {sigma_alt_m!r}")
    south, north = float(np.min(lat_rad)), float(np.max(lat_rad))
    lat = south - _STAND_OFF_RAD if south + north >= 0.0 else north + _STAND_OFF_RAD
    lon = float(np.angle(np.mean(np.exp(1j * np.asarray(lon_rad)))))
    place = Place(lat, lon, 0.0)
    flat = np.isnan(alt_m)
    ecef = geodetic_to_ecef(lat_rad, lon_rad, np.where(flat, unknown_alt_m, alt_m))
    range_m, azimuth_rad, elevation_rad = ecef_to_polar(ecef, place)
    n = len(t_s)
    z = np.full((n, 4), np.nan)
    z[:, 0], z[:, 1], z[:, 2] = range_m, azimuth_rad, np.where(flat, np.nan, elevation_rad)
    cov = np.full((n, 4, 4), np.nan)
    cov[:, :3, :3] = 0.0
    cov[:, 0, 0] = sigma_m**2
    cov[:, 1, 1] = (sigma_m / (range_m * np.cos(elevation_rad))) ** 2
    cov[:, 2, 2] = (sigma_alt_m / range_m) ** 2
    cov[flat, 2, :] = np.nan
    cov[flat, :, 2] = np.nan
    plots = Plots(
        t_s=np.asarray(t_s, np.float64),
        sensor=np.zeros(n, np.int64),
        measurement=z,
        cov=cov,
        snr_db=np.full(n, np.nan),
        pfa=np.zeros(n),
        address=np.full(n, -1) if address is None else np.asarray(address, np.int64),
        label=np.full(n, -1),
    )
    return plots.take(np.lexsort((range_m, t_s))), place


def track_plots(
    plots: Plots,
    *,
    places: Sequence[Place],
    config: Config | None = None,
    radars: Sequence[Radar | None] | None = None,
    periods_s: Sequence[float | None] | None = None,
    phases_rad: Sequence[float | None] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Tracks:
    """Track a whole recording.

    Parameters
    ----------
    plots : Plots
        The recording; rows in any order.
    places : sequence of Place
        Where each sensor stands; rows as in ``plots.sensor``.
    config : Config of a kind of tracker, optional
        Kind and settings; ``PmbTrackerConfig()`` when left out, which suits aircraft under a surveillance radar.
    radars : sequence of Radar or None, optional
        What is known of each radar: coverage and false-alarm cells. Nothing when left out.
    periods_s, phases_rad : sequence of float or None, optional
        Time of one turn, and azimuth at time 0. Where either is left out both are estimated (``rotation``), for a
        rounded period drifts; a sensor that does not turn is taken in frames (``frames``) of the period given. [s, rad]
    progress : callable, optional
        Called with the share that is done, 0 to 1.

    Returns
    -------
    Tracks
        The history: each confirmed track at each of its updates (several inside one turn of the fastest sensor count
        as one), in time order of the steps, number by number. The last step ends after the last plot.

    Raises
    ------
    ValueError
        If ``plots`` is empty or a sensor row has no place.
    """
    if len(plots) == 0:
        raise ValueError("no plots to track")
    n = len(places)
    if not (plots.sensor.min() >= 0 and plots.sensor.max() < n):
        raise ValueError(f"plots name sensors {plots.sensor.min()} to {plots.sensor.max()}, places has {n}")
    known_periods: Sequence[float | None] = [None] * n if periods_s is None else periods_s
    known_phases: Sequence[float | None] = [None] * n if phases_rad is None else phases_rad
    periods, phases, offsets = [], [], []
    for row, (period_s, phase_rad) in enumerate(zip(known_periods, known_phases, strict=True)):
        mine = plots.take(plots.sensor == row)
        offset_s = 0.0
        if period_s is None or phase_rad is None:
            turning = rotation(mine.t_s, mine.measurement[:, 1])
            if turning is None:
                length_s, offset_s = frames(mine.t_s, mine.address)
                period_s, phase_rad = (length_s if period_s is None else period_s), math.nan
            else:
                period_s, phase_rad = turning
        periods.append(period_s)
        phases.append(phase_rad)
        offsets.append(offset_s)
    tracker = trackers.make(
        PmbTrackerConfig() if config is None else config,
        places=places,
        radars=[None] * n if radars is None else radars,
        periods_s=periods,
        phases_rad=phases,
        offsets_s=offsets,
    )
    plots = plots.take(np.argsort(plots.t_s, kind="stable"))
    times = plots.t_s[np.isfinite(plots.t_s)]
    if len(times) == 0:
        raise ValueError("no plot has a time")
    tick_s = min(periods)
    end_s = float(times[-1]) + 2.0 * max(periods)
    history, idle, last = [], Tasks.empty(), Tracks.empty(n)
    steps = max(1, math.ceil((end_s - float(times[0])) / tick_s))
    low = 0
    for step in range(1, steps + 1):
        until_s = float(times[0]) + step * tick_s
        high = int(np.searchsorted(plots.t_s, until_s))
        tracks, _ = tracker.step(plots.take(slice(low, high)), idle, until_s=until_s)
        low = high
        if len(tracks):
            new = tracks.status == Status.CONFIRMED
            if len(last):
                row = np.minimum(np.searchsorted(last.number, tracks.number), len(last) - 1)
                same = (last.number[row] == tracks.number) & (last.status[row] == Status.CONFIRMED)
                new &= ~(same & (last.updated_s[row] == tracks.updated_s).all(axis=1))
            if new.any():
                history.append(tracks.take(new))
        last = tracks
        if progress is not None:
            progress(step / steps)
    return Tracks.concat(history) if history else Tracks.empty(n)
