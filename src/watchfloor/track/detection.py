r"""What a look at a predicted place expects: probability of detection and signal-to-noise ratio.

A miss tells against a track by :math:`1 - P_d`, so the tracker's Pd must be that of *this* look: 0 behind a ridge, next
to nothing in the Doppler notch or while the receiver is shut, 0.99 close in. `DetectionModel` works it out from the
radar's own data and surroundings (`physics.radar.look`), averaged over what is not known:

.. math:: \bar P_d = P(\text{in sight}) \cdot \mathrm{E}_{\dot r}\,\mathrm{E}_\sigma
   \left[P_d\!\left(\sigma\,\mathrm{SNR}_1(r, \varepsilon, \dot r)\right)\right]

over the cross-section (a normal law in decibels), the range rate (so that a track near the notch neither dies of misses
nor counts them in full) and, at the edges of coverage, horizon and terrain, the place. `LearnedPd` needs no radar data:
it counts hits and misses by ring.

References
----------
`physics.radar`, `physics.detection` for the formulas; Koch, *Tracking and Sensor Data Fusion*, 2014, ch. 7 (the
Doppler notch as a detection probability that depends on the state, so that misses localise a track in it).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from watchfloor.base.picture import Tasks
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.physics import filters, reception
from watchfloor.physics import radar as radars
from watchfloor.physics.environment import Environment
from watchfloor.physics.radar import Radar
from watchfloor.track._kernels import detection as k

LEVEL_DBSM, DOUBT_DB = 0.0, 10.0
"""Mean radar cross-section of a thing of which nothing is known: median and standard deviation. [dBsm, dB]"""
FLOOR = 1e-3
"""Least Pd: a plot where nothing should be seen may still be the track's. [1]"""
_DOUBTS_DB = np.arange(0.0, 20.5, k.DOUBT_STEP_DB)
_SNR_DB = k.SNR_FIRST_DB + k.SNR_STEP_DB * np.arange(801)
_EXTRA_SCALE_RAD, _N_EXTRA = 0.02, (192, 256)
_A_LOBE, _N_LOBES_MAX = 8.0, 4096  # rows of the table a lobe, and rows at most
_N_DOPPLER_R = 96
_NONE2, _NONE4 = np.zeros((0, 0)), np.zeros((0, 0, 0, 0))
_NO_TERRAIN = np.zeros((0, 0), np.float32)


class Expectation(Protocol):
    """What a tracker asks of a model of one sensor's looks."""

    def expect_polar(self, z: FloatArray, variance: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Pd (n,) and median signal-to-noise ratio (n,) of looks at predicted measurements (n, 4)."""
        ...


class DetectionModel:
    """What a look of one primary radar expects.

    Parameters
    ----------
    radar : Radar
        The radar.
    environment : Environment
        Where it stands and what surrounds it. Jammers are left out: nobody knows them beforehand.
    level_dbsm, doubt_db : float
        What is believed of a target of which nothing is known: median of its mean radar cross-section, and the standard
        deviation in decibels, 0 to 20. [dBsm, dB]
    swerling : int
        Fluctuation case 0 to 4.
    floor : float
        Least Pd, at least 0 and below 1. [1]

    Raises
    ------
    ValueError
        If a value is outside its domain, or the environment has clutter and the radar's filters are not stated.

    Notes
    -----
    Geometry, horizon, coverage, gas, steering, terrain and blind ranges are exact at the predicted place (as
    `physics.radar.look`). Lobing, rain and ray-traced refraction are read from a table over range and elevation; the
    filters from one over range and Doppler phase, in which clutter of a terrain, and rain that drifts, are averages
    over azimuth; lobes are resolved up to 500 of them (a mast of 30 m at 3 GHz), their nulls filled to -14 dB. Pd over
    signal-to-noise ratio is read to 5e-4. Averages over range rate use 9 quantiles, 25 where it is doubtful by a
    seventh of a blind speed or more: right to 0.04.

    A model takes 20 to 100 ms to set up where it has tables. A look takes 0.11 us; with stated filters (three
    repetition frequencies) 0.17 us where the range rate is sharp, 0.5 us where it is not, 1.1 us where it is broad.

    Examples
    --------
    >>> from watchfloor.physics.frames import Place
    >>> s_band = Radar.of(
    ...     frequency_hz=3e9, peak_power_w=32e3, pulse_width_s=170e-6, bandwidth_hz=1e6, n_coherent=8, n_pulses=1,
    ...     gain_tx=1e4, gain_rx=1e4, noise_temperature_k=580.0, losses=7.0,
    ...     beamwidth_azimuth_rad=0.02, beamwidth_elevation_rad=0.03, elevation_min_rad=-0.01, elevation_max_rad=1.2,
    ...     period_s=10.0, pfa=1e-6, range_min_m=3e3, range_max_m=500e3, range_rate_max_mps=1200.0,
    ...     measures_elevation=True, measures_range_rate=True,
    ... )
    >>> model = DetectionModel(s_band, Environment(place=Place.from_degrees(57.5, 11.6, 60.0)), level_dbsm=-10.0,
    ...     doubt_db=0.0)
    >>> z = np.array([[100e3, 0.0, 0.035, 0.0], [200e3, 0.0, 0.035, 0.0], [501e3, 0.0, 0.035, 0.0]])
    >>> model.expect_polar(z, np.zeros((3, 4)))[0].round(2)
    array([0.97, 0.58, 0.  ])
    """

    def __init__(
        self,
        radar: Radar,
        environment: Environment,
        *,
        level_dbsm: float = LEVEL_DBSM,
        doubt_db: float = DOUBT_DB,
        swerling: int = 1,
        floor: float = FLOOR,
    ) -> None:
        if not math.isfinite(level_dbsm):
            raise ValueError(f"level_dbsm must be finite, got {level_dbsm!r}")
        if not 0.0 <= doubt_db <= _DOUBTS_DB[-1]:
            raise ValueError(f"doubt_db must lie in [0, {_DOUBTS_DB[-1]:g}], got {doubt_db!r}")
        if not 0.0 <= floor < 1.0:
            raise ValueError(f"floor must lie in [0, 1), got {floor!r}")
        if environment.clutter is not None and radar.processing.doppler == "matched":
            raise ValueError("clutter needs filters, but the radar's doppler is 'matched': state prf_hz, mti or bank")
        self.radar, self._place = radar, environment.place
        self._level, self._doubt = np.array([float(level_dbsm)]), np.array([float(doubt_db)])
        environment = replace(environment, jammers=None)
        gas, terrain = environment.gas, environment.terrain
        numbers = _numbers(radar, environment, floor)
        extra = _extra(radar, environment, numbers)
        prf, doppler = _doppler(radar, environment, numbers)
        self.tables = (
            numbers,
            _NONE2 if gas is None else np.array(gas.table_db),
            np.zeros(4) if gas is None else np.array(gas.grid),
            extra,
            _NO_TERRAIN if terrain is None else np.array(terrain.height_m),
            prf,
            doppler,
            pd_table(radar, swerling),
        )
        """The last eight arguments of ``_kernels.detection.expect_rows``."""

    def expect(
        self,
        position_ecef_m: FloatArray,
        velocity_ecef_mps: FloatArray,
        *,
        position_cov: FloatArray | None = None,
        velocity_cov: FloatArray | None = None,
        level_dbsm: ArrayLike | None = None,
        doubt_db: ArrayLike | None = None,
    ) -> tuple[FloatArray, FloatArray]:
        """Expect one look at each of n predicted tracks.

        Parameters
        ----------
        position_ecef_m, velocity_ecef_mps : (n, 3) arrays
            Prediction at the time of the look. [m, m/s]
        position_cov, velocity_cov : (n, 3, 3) arrays or None
            Their covariances; None for 0. [m2, m2/s2]
        level_dbsm, doubt_db : (n,) arrays, numbers or None
            What is known of each track's mean radar cross-section, in place of the model's own. [dBsm, dB]

        Returns
        -------
        pd : (n,) array
            Probability of detection, at least the floor. [1]
        snr : (n,) array
            Signal-to-noise ratio of the look, mean over fluctuation and range rate, at the median cross-section; 0 out
            of sight. [power ratio]

        Raises
        ------
        ValueError
            If shapes do not fit.
        """
        position, velocity = (
            _vectors("position_ecef_m", position_ecef_m),
            _vectors("velocity_ecef_mps", velocity_ecef_mps),
        )
        n = len(position)
        none = np.zeros((0, 3, 3))
        p = none if position_cov is None else np.ascontiguousarray(position_cov, np.float64)
        v = none if velocity_cov is None else np.ascontiguousarray(velocity_cov, np.float64)
        for name, have in (("velocity_ecef_mps", velocity), ("position_cov", p), ("velocity_cov", v)):
            if have is not none and (len(have) != n or have.shape[1:] not in ((3,), (3, 3))):
                raise ValueError(f"{name} has shape {have.shape}, which does not fit {n} positions")
        place = self._place
        z, variance = k.polar_rows(position, velocity, p, v, place.ecef_m, place.rotation)
        return self.expect_polar(z, variance, level_dbsm=level_dbsm, doubt_db=doubt_db)

    def expect_polar(
        self,
        z: FloatArray,
        variance: FloatArray,
        *,
        level_dbsm: ArrayLike | None = None,
        doubt_db: ArrayLike | None = None,
    ) -> tuple[FloatArray, FloatArray]:
        """Expect looks at predicted measurements; as `expect`.

        Parameters
        ----------
        z : (n, 4) array
            Range, azimuth, geometric elevation, range rate about the radar, all known. [m, rad, rad, m/s]
        variance : (n, 4) array
            Variances of the prediction, the plot's own error not counted. [m2, rad2, rad2, m2/s2]
        level_dbsm, doubt_db : (n,) arrays, numbers or None
            As in `expect`.

        Returns
        -------
        pd, snr : (n,) arrays
            As in `expect`. A row with a NaN gets the floor.

        Raises
        ------
        ValueError
            If shapes do not fit.
        """
        z, variance = np.ascontiguousarray(z, np.float64), np.ascontiguousarray(variance, np.float64)
        if z.ndim != 2 or z.shape[1] != 4 or variance.shape != z.shape:
            raise ValueError(f"z and variance are both (n, 4), got {z.shape} and {variance.shape}")
        level = self._level if level_dbsm is None else _each("level_dbsm", level_dbsm, len(z))
        doubt = self._doubt if doubt_db is None else _each("doubt_db", doubt_db, len(z))
        return k.expect_rows(z, variance, level, doubt, *self.tables)


def tasked(
    pd: FloatArray, number: IntArray, sensor: int, tasks: Tasks, *, column: Literal["pd", "pfa", "dwell"] = "pd"
) -> FloatArray:
    """Let the learner's tasks override what a model expects.

    Parameters
    ----------
    pd : (n,) array
        What a model expects of each track. [1]
    number : (n,) array
        Track numbers.
    sensor : int
        Row of the sensor.
    tasks : Tasks
        Tasks in force, sorted by track.
    column : str
        What of the tasks, and so of ``pd``, is meant.

    Returns
    -------
    (n,) array
        The task's value for a track that has a task of this sensor, ``pd`` for the others. [1]
    """
    wanted = getattr(tasks, column)
    return k.tasked(np.asarray(number, np.int64), int(sensor), pd, tasks.track, tasks.sensor, wanted)


class LearnedPd:
    """Probability of detection of a sensor without radar data: a constant, corrected by hits and misses.

    Parameters
    ----------
    pd : float
        What is believed before anything was seen, inside (0, 1). [1]
    range_max_m : float
        Outer edge of the outermost ring, above 0. [m]
    n_rings : int
        Rings of equal width.
    memory_scans : float
        Scans after which a look has faded to 1/e, at least 1; infinite to forget nothing. [1]
    prior_looks : float
        Looks that ``pd`` is worth against those counted, above 0. [1]
    learns : bool
        False: ``pd`` everywhere, for ever.

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    A Beta posterior in each ring, drawn to the posterior of all rings together: hits and looks fade as in
    `clutter.ClutterMap`. Between the middles of rings the estimate is straight. Kept inside 0.01 to 0.99.

    Only looks at tracks that surely exist should teach; weigh each by the track's existence *before* the look, else the
    misses of tracks that die for them are lost and Pd comes out too high.

    References
    ----------
    Gelman et al., *Bayesian Data Analysis*, 3rd ed., 2013, section 2.4 (the beta posterior of a proportion).

    Examples
    --------
    >>> learned = LearnedPd(0.9, range_max_m=100e3, n_rings=1)
    >>> for _ in range(200):
    ...     learned.learn(np.full(10, 5e4), np.repeat([1.0, 0.0], [6, 4]), np.ones(10))
    >>> float(learned.at(np.array([5e4]))[0].round(2))
    0.6
    """

    def __init__(
        self,
        pd: float = 0.9,
        *,
        range_max_m: float,
        n_rings: int = 8,
        memory_scans: float = 200.0,
        prior_looks: float = 20.0,
        learns: bool = True,
    ) -> None:
        if not 0.0 < pd < 1.0:
            raise ValueError(f"pd must lie inside (0, 1), got {pd!r}")
        if not 0.0 < range_max_m < math.inf:
            raise ValueError(f"range_max_m must be above 0 and finite, got {range_max_m!r}")
        if not (n_rings == int(n_rings) and 1 <= n_rings <= 10_000):
            raise ValueError(f"n_rings must be a whole number from 1 to 10,000, got {n_rings!r}")
        if not memory_scans >= 1.0:
            raise ValueError(f"memory_scans must be at least 1, got {memory_scans!r}")
        if not 0.0 < prior_looks < math.inf:
            raise ValueError(f"prior_looks must be above 0 and finite, got {prior_looks!r}")
        self._pd, self._prior, self._learns = float(pd), float(prior_looks), bool(learns)
        self._keep, self._per_m = math.exp(-1.0 / memory_scans), n_rings / range_max_m
        self._middles = (np.arange(n_rings, dtype=np.float64) + 0.5) / float(self._per_m)
        self._hits, self._looks = np.zeros(n_rings), np.zeros(n_rings)

    @property
    def rings(self) -> tuple[FloatArray, FloatArray]:
        """Middles of the rings (n_rings,) and the Pd of each (n_rings,). [m, 1]"""  # noqa: D400, D415
        prior = self._prior
        overall = float((prior * self._pd + self._hits.sum()) / (prior + self._looks.sum()))
        pd = (prior * overall + self._hits) / (prior + self._looks)
        return self._middles, np.minimum(np.maximum(pd, 0.01), 0.99)

    def at(self, range_m: FloatArray) -> FloatArray:
        """Probability of detection (n,) at ranges (n,). [1]"""
        return np.asarray(np.interp(range_m, *self.rings), np.float64)

    def expect_polar(self, z: FloatArray, variance: FloatArray) -> tuple[FloatArray, FloatArray]:
        """As `DetectionModel.expect_polar`, by range alone; the signal-to-noise ratio is not known: NaN."""
        z = np.asarray(z, np.float64)
        pd = self.at(z[:, 0])
        pd[np.isnan(pd)] = self._pd
        return pd, np.full(len(z), math.nan)

    def learn(self, range_m: FloatArray, p_hit: FloatArray, weight: FloatArray) -> None:
        """Take in the looks of one scan.

        Parameters
        ----------
        range_m : (n,) array
            Range of each look. [m]
        p_hit : (n,) array
            Probability that a plot came of it, 0 to 1. [1]
        weight : (n,) array
            Probability that there was a target in sight, 0 to 1. [1]

        Raises
        ------
        ValueError
            If shapes differ or a number is no probability.
        """
        range_m, p_hit, weight = (np.ascontiguousarray(a, np.float64) for a in (range_m, p_hit, weight))
        if not range_m.shape == p_hit.shape == weight.shape or range_m.ndim != 1:
            raise ValueError(f"one range, p_hit and weight a look, got {range_m.shape}, {p_hit.shape}, {weight.shape}")
        if not np.isfinite(range_m).all():
            raise ValueError("range_m must be finite")
        for name, value in (("p_hit", p_hit), ("weight", weight)):
            if len(value) and not (value.min() >= 0.0 and value.max() <= 1.0):
                raise ValueError(f"{name} is a probability, got {value[~((value >= 0.0) & (value <= 1.0))][0]!r}")
        if self._learns:
            k.learn_rings(range_m * self._per_m, p_hit, weight, self._keep, self._hits, self._looks)

    def save(self) -> dict[str, FloatArray]:
        """Return all that was learned, as arrays."""
        return {"hits": self._hits.copy(), "looks": self._looks.copy()}

    def restore(self, saved: Mapping[str, FloatArray]) -> None:
        """Take back what `save` returned; ``ValueError`` if it has another number of rings."""
        if any(name not in saved or np.shape(saved[name]) != self._hits.shape for name in ("hits", "looks")):
            raise ValueError(f"saved counts are of another number of rings than {len(self._hits)}")
        self._hits, self._looks = np.array(saved["hits"], np.float64), np.array(saved["looks"], np.float64)


@lru_cache(maxsize=32)
def pd_table(radar: Radar, swerling: int) -> FloatArray:
    """Probability of detection by doubt and median signal-to-noise ratio.

    Parameters
    ----------
    radar : Radar
        The radar: its pulses added, threshold and CFAR.
    swerling : int
        Fluctuation case 0 to 4.

    Returns
    -------
    (21, 801) array
        Rows: standard deviation of the level 0 to 20 dB by 1 dB; columns: -60 to 140 dB by 0.25 dB. [1]

    Notes
    -----
    The mean over a normal law in decibels by 129 equally probable levels.
    """
    wide = np.arange(-160.0, 240.0 + 0.125, k.SNR_STEP_DB)
    one = np.zeros(len(wide))
    inside = (wide >= -60.0) & (wide <= 80.0)
    one[inside] = radars.pd(radar, 10.0 ** (0.1 * wide[inside]), swerling=swerling)
    one[wide < -60.0], one[wide > 80.0] = one[inside][0], one[inside][-1]
    nodes = ndtri((np.arange(129) + 0.5) / 129.0)
    out = np.array(
        [np.mean([np.interp(_SNR_DB + sd * node, wide, one) for node in nodes], axis=0) for sd in _DOUBTS_DB]
    )
    out.flags.writeable = False
    return out


def _numbers(radar: Radar, environment: Environment, floor: float) -> FloatArray:
    """What `expect_rows` needs to know of a radar where it stands."""
    out, antenna, waveform = np.zeros(k.N_NUMBERS), radar.antenna, radar.waveform
    out[k.HEIGHT : k.EARTH + 1] = environment.site
    out[k.RANGE_MIN : k.SNR_1M2_1M + 1] = (
        radar.range_min_m, radar.range_max_m, radar.elevation_min_rad, radar.elevation_max_rad, radar.snr_1m2_1m
    )  # fmt: skip
    out[k.TILT], out[k.EXPONENT] = antenna.face_tilt_rad, antenna.scan_exponent
    out[k.SCAN_MAX], out[k.SECTOR] = antenna.scan_max_rad, radar.scan.azimuth_width_rad
    if antenna.face_azimuth_rad is not None:
        out[k.FACE], out[k.STEERS] = antenna.face_azimuth_rad, 2.0
    elif antenna.scan_exponent > 0.0:
        out[k.STEERS] = 1.0
    if environment.rain is not None:
        out[k.RAIN_TOP] = environment.rain.top_m
    if environment.terrain is not None:
        out[k.TERRAIN_STEP] = environment.terrain.range_m[1]
    out[k.PULSE_M] = reception.C_MPS * waveform.pulse_width_s
    out[k.HALF_WAVE], out[k.FLOOR] = 0.5 * waveform.wavelength_m, floor
    return out


def _extra(radar: Radar, environment: Environment, numbers: FloatArray) -> FloatArray:
    """Gain over free space and full gain, (r, elevation), steering, filters and terrain left out; writes its axes."""
    parts = (environment.surface, environment.rain, environment.refraction)
    if radar.antenna.elevation == "stacked" and all(part is None for part in parts):
        return _NONE2
    ends = np.log([max(radar.range_min_m, 1.0), radar.range_max_m])
    scale, (n_r, n_e) = _EXTRA_SCALE_RAD, _N_EXTRA
    if environment.surface is not None:  # lobes are even in elevation: rows too
        lobe_rad = 0.5 * radar.wavelength_m / max(float(environment.site[0]), 1.0)
        wanted = _A_LOBE * (radar.elevation_max_rad - radar.elevation_min_rad) / lobe_rad
        scale, n_e = 1e3, int(min(max(wanted, n_e), _N_LOBES_MAX))
    sides = np.arcsinh(np.array([radar.elevation_min_rad, radar.elevation_max_rad]) / scale)
    numbers[k.EXTRA_R_FIRST], numbers[k.EXTRA_R_PER] = ends[0], (n_r - 1) / (ends[1] - ends[0])
    numbers[k.EXTRA_SCALE], numbers[k.EXTRA_FIRST] = scale, sides[0]
    numbers[k.EXTRA_PER] = (n_e - 1) / (sides[1] - sides[0])
    r = np.exp(np.linspace(float(ends[0]), float(ends[1]), n_r))
    elevation = scale * np.sinh(np.linspace(float(sides[0]), float(sides[1]), n_e))
    plain = radar.but(
        doppler="matched", motion="rotating", azimuth_width_rad=2.0 * math.pi, face_azimuth_rad=None, scan_exponent=0.0
    )
    around = replace(environment, clutter=None, terrain=None)
    at = reception.along(around, np.repeat(r, n_e), 0.0, np.tile(elevation, n_r))
    found = reception.receive(plain, around, replace(at, height_m=np.maximum(at.height_m, 0.0)))
    return np.where(found.visible, found.quality, 0.0).reshape(n_r, n_e)


def _doppler(radar: Radar, environment: Environment, numbers: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Frequencies and shares of the looks (f, 2), and what filters leave (f, layers, r, phases); writes its axes."""
    if radar.processing.doppler == "matched":
        return np.zeros((0, 2)), _NONE4
    looks = [radar.waveform.prf_hz[i % len(radar.waveform.prf_hz)] for i in range(radar.n_pulses)]
    prf = np.array([[one, looks.count(one) / len(looks)] for one in sorted(set(looks))])
    n_phase = max(64, 8 * radar.n_coherent)
    least = max(radar.range_min_m, 1.0)
    r = np.linspace(least, radar.range_max_m, _N_DOPPLER_R)
    numbers[k.DOPPLER_R_FIRST], numbers[k.DOPPLER_R_PER] = r[0], 1.0 / (r[1] - r[0])
    phase = np.arange(n_phase + 1) / n_phase
    rain, terrain = environment.rain, environment.terrain
    drifts = rain is not None and rain.wind_mps > 0.0
    bearings = np.arange(8) * (0.25 * math.pi) if drifts or terrain is not None else np.zeros(1)
    free = replace(environment, surface=None, refraction=None, gas=environment.gas)
    layers = [replace(free, rain=None)] if rain is None else [replace(free, rain=None), free]
    out = np.zeros((len(prf), len(layers), len(r), n_phase + 1))
    for f, (one, _) in enumerate(prf):
        alone = radar.but(prf_hz=(float(one),), n_pulses=1)
        heard = filters.eclipsing(alone.waveform, r, 0)
        fine = heard > 0.05
        rates = -phase * 0.5 * radar.wavelength_m * one
        for layer, around in enumerate(layers):
            total = np.zeros((len(r), n_phase + 1))
            for bearing in bearings:
                at = reception.along(around, np.repeat(r, n_phase + 1), bearing, 0.0)
                at = replace(at, range_rate_mps=np.tile(rates, len(r)))
                found = reception.receive(alone, around, at, straddle="mean")
                with np.errstate(divide="ignore", invalid="ignore"):
                    left = (found.quality / found.gain).reshape(total.shape) / heard[:, None]
                for column in range(n_phase + 1):  # blind ranges hide no filters: read across them
                    total[:, column] += np.interp(r, r[fine], left[fine, column])
            out[f, layer] = total / len(bearings)
    return prf, out


def _vectors(name: str, value: FloatArray) -> FloatArray:
    out = np.ascontiguousarray(value, np.float64)
    if out.ndim != 2 or out.shape[1] != 3:
        raise ValueError(f"{name} is (n, 3), got shape {out.shape}")
    return out


def _each(name: str, value: ArrayLike, n: int) -> FloatArray:
    """One number, or one for each of n tracks."""
    out = np.ascontiguousarray(np.atleast_1d(value), np.float64)
    if out.shape not in ((1,), (n,)):
        raise ValueError(f"{name} is one number or one for each of {n} tracks, got shape {out.shape}")
    return out
