r"""Where a radar that can choose should look, and for how long: expected yield a joule under a budget that is kept.

A candidate is a track, a radar that steers its beam, and a length of dwell. What its look is worth is reckoned before
it is made, from what is believed of the track: its type k, and the level of that type's cross-section:

.. math:: V = v_d P_d + v_k I(k; y) + v_\sigma I(\sigma; y \,|\, k) + v_x P_d \tfrac12 \log\det(I + H P H^T R^{-1})

with y the outcome: a miss, or the measured power of a hit. Both kinds of information are exact for powers told apart in
steps of 2 dB, and by that a lower bound of what the full power says (data processing; within a few per cent). The first
term is the chance that any of the looks at a track detects, so that a second radar on the same track is worth less.

Options are taken greedily by worth a joule under the share of each radar's time that tracks may have and the mean power
that the owner grants them. Energy and time go with the length of a dwell, signal-to-noise ratio too, at the same
probability of false alarm: what is compared spends alike and is wrong alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import inf
from typing import ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field, PositiveFloat, field_validator
from scipy import special

from watchfloor.base.config import Config
from watchfloor.base.picture import SIGMA_GRID_DBSM
from watchfloor.base.units import BoolArray, FloatArray, IntArray
from watchfloor.learn import _kernels_tasking as kernels
from watchfloor.learn.exploit import best_rung
from watchfloor.physics import cfar, detection
from watchfloor.physics.frames import Place
from watchfloor.physics.radar import Radar, error_sigmas

LEVEL_STEP = 4
"""Levels of ``SIGMA_GRID_DBSM`` that are taken as one."""
POWER_STEP_DB = 2.0
"""Step in which measured powers are told apart. [dB]"""
_POWER_MAX_DB = 70.0
_SNR_DB = np.arange(-40.0, 75.25, 0.5)
_LEAST = 1e-5
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
_POINTS, _SHARES = np.polynomial.laguerre.laggauss(3)
_BEAM = 8.0 * np.log(2.0)
"""Two-way loss of a Gaussian beam is exp(-_BEAM (offset / beamwidth)^2). [1]"""


class TaskingConfig(Config):
    """How radars that steer their beam divide time and energy between tracks."""

    sources: ClassVar[tuple[str, ...]] = (
        "Kreucher, Kastella & Hero, 'Sensor management using an active sensing approach', Signal Processing 85 (3), "
        "2005, pp. 607-624 (expected information chooses the look)",
        "Feldman, Nutov & Shoham, 'Practical budgeted submodular maximization', Algorithmica 85, 2023, pp. 1332-1371 "
        "(greedy with one guess)",
        "van Keuk & Blackman, 'On phased-array radar tracking and parameter control', IEEE Trans. AES 29 (1), 1993, "
        "pp. 186-194 (dwell and revisit under a budget)",
    )

    rule: Literal["greedy", "even", "usual"] = "greedy"
    """``greedy``: by worth a joule; ``even``: the same time for every track in sight, as long as the budget allows;
    ``usual``: a dwell of usual length for each, whatever it costs."""
    dwells: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0, 8.0)
    """Lengths that a dwell may have, over the radar's usual one. [1]"""
    track_share: float = Field(default=0.5, ge=0.0, le=1.0)
    """Share of a steered radar's time that tracks may have. [1]"""
    power_kw: PositiveFloat | None = None
    """Mean power that all dwells at tracks of the owner's radars may take together; time alone limits when left out.
    [kW]"""
    frame_s: PositiveFloat = 2.0
    """Time between two dwells at a track: ``revisit_s`` of the steered sensors. [s]"""
    cue_beams: int = Field(default=1, ge=1, le=400)
    """Beams, at most, that a wide gate is searched with: as the steered sensors have it."""
    detection: float = Field(default=1.0, ge=0.0)
    """Worth of one expected detection. [1]"""
    identity: float = Field(default=1.0, ge=0.0)
    """Worth of a nat on the type of a track. [detections]"""
    level: float = Field(default=0.05, ge=0.0)
    """Worth of a nat on its cross-section. [detections]"""
    position: float = Field(default=0.2, ge=0.0)
    """Worth of a nat on its position. [detections]"""
    least: float = Field(default=0.003, ge=0.0, le=10.0)
    """Price of the energy of a usual dwell: no more is spent on a track where it would bring less. [detections]"""

    @field_validator("dwells")
    @classmethod
    def _lengths(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not value or not all(0.0 < one <= 100.0 for one in value) or list(value) != sorted(set(value)):
            raise ValueError(f"wanted lengths above 0, at most 100, rising, got {value}")
        if 1.0 not in value:
            raise ValueError(f"wanted the usual length 1 among them, got {value}")
        return value


class Outcomes(NamedTuple):
    """What a look can show, by signal-to-noise ratio on a lattice from -40 to 75 dB."""

    pd: FloatArray
    """(rungs, x) probability of detection. [1]"""
    probability: FloatArray
    """(x, b) at the first threshold: of a miss, and of a power in each step. [1]"""
    doubt_nats: FloatArray
    """(x,) entropy of that outcome. [nat]"""


@lru_cache(maxsize=256)
def _outcome(pfa: float, n_pulses: int, swerling: int, law: cfar.Cfar | None) -> FloatArray:
    """Probabilities (x, b) of a miss and of powers in steps above the threshold, on the lattice of ratios.

    With a CFAR the share of hits is its own; their powers are spread as above the threshold of a known level.
    """
    snr = 10.0 ** (0.1 * _SNR_DB)
    if law is None:
        missed = detection.miss(snr, pfa, n_pulses=n_pulses, swerling=swerling)
    else:
        missed = 1.0 - cfar.pd(law, snr, pfa, n_pulses=n_pulses, swerling=swerling)
    limit_db = 10.0 * np.log10(float(detection.threshold(pfa, n_pulses)) / n_pulses)
    edges_db = np.arange(0.0, _POWER_MAX_DB + 0.5 * POWER_STEP_DB, POWER_STEP_DB)
    low, high = np.maximum(edges_db[:-1], limit_db), np.maximum(edges_db[1:], limit_db)
    half = 0.5 * (high - low)
    z = n_pulses * 10.0 ** (0.1 * (low[:, None] + half[:, None] * (1.0 + _NODES)))
    log_f = detection.statistic_log_pdf(
        z.ravel(), np.broadcast_to(snr[:, None], (len(snr), z.size)), n_pulses=n_pulses, swerling=swerling
    ).reshape(len(snr), *z.shape)
    # dz = z ln(10) / 10 d(dB)
    inside = (np.exp(log_f) * z * (0.1 * np.log(10.0)) * _WEIGHTS).sum(axis=2) * half
    out = np.empty((len(snr), len(low) + 2))
    out[:, 0], out[:, 1:-1] = missed, inside
    hit = 1.0 - missed
    over = inside.sum(axis=1) / np.maximum(hit, 1e-300)
    if law is None:
        over = np.maximum(over, 1.0)  # quadrature of a sharp law may exceed it
    over = np.maximum(over, 1e-12)
    out[:, 1:-1] /= over[:, None]
    out[:, -1] = np.maximum(hit - out[:, 1:-1].sum(axis=1), 0.0)
    out.setflags(write=False)
    return out


def outcomes(radar: Radar, swerling: int, pfa: Sequence[float]) -> Outcomes:
    """Outcomes of a look of one radar at each of some thresholds.

    Parameters
    ----------
    radar : Radar
        The radar: how many looks it adds.
    swerling : int
        Fluctuation law.
    pfa : sequence of float
        Thresholds, as probabilities of false alarm. [1]

    Returns
    -------
    Outcomes
        Information is that at the first threshold: what a lowered one adds to it is passed over.
    """
    law, n = radar.processing.cfar, radar.n_pulses
    table = _outcome(float(pfa[0]), n, swerling, law)
    snr = 10.0 ** (0.1 * _SNR_DB)
    if law is None:
        hits = [detection.pd(snr, float(p), n_pulses=n, swerling=swerling) for p in pfa]
    else:
        hits = [cfar.pd(law, snr, float(p), n_pulses=n, swerling=swerling) for p in pfa]
    return Outcomes(np.array(hits), table, -(table * np.log(np.maximum(table, 1e-300))).sum(axis=1))


class Yield(NamedTuple):
    """What looks are expected to give."""

    pd: FloatArray
    """(n, rungs, dwells) probability of detection. [1]"""
    identity_nats: FloatArray
    """(n, dwells) information on the type. [nat]"""
    level_nats: FloatArray
    """(n, dwells) information on the cross-section, were the type known. [nat]"""


def coarse(level: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Probabilities of levels four by four, and the levels that stand for them.

    Parameters
    ----------
    level : (..., g) array
        Probabilities on ``SIGMA_GRID_DBSM``. [1]

    Returns
    -------
    probability : (..., h) array
        Of each four levels; the last may hold fewer. [1]
    dbsm : (h,) array
        Their middle. [dBsm]
    """
    starts = np.arange(0, len(SIGMA_GRID_DBSM), LEVEL_STEP)
    middle = np.add.reduceat(SIGMA_GRID_DBSM, starts) / np.add.reduceat(np.ones(len(SIGMA_GRID_DBSM)), starts)
    return np.add.reduceat(level, starts, axis=-1), middle


def expected(
    probability: FloatArray,
    level: FloatArray,
    snr_1m2_db: FloatArray,
    gain_db: FloatArray,
    *,
    laws: IntArray,
    tables: Sequence[Outcomes],
    side_db: FloatArray | None = None,
) -> Yield:
    """What a look at each track is expected to give, before it is made.

    Parameters
    ----------
    probability : (n, k) array
        Of each type. [1]
    level : (n, k, g) array
        Probability of each level of ``SIGMA_GRID_DBSM``, were the track of that type. [1]
    snr_1m2_db : (n,) array
        Signal-to-noise ratio of 1 m2 in a usual look; -inf out of sight. [dB]
    gain_db : (n, d) array
        What each dwell gives over a usual look: its length, where it points. [dB]
    laws : (k,) array
        Row of ``tables`` of each type.
    tables : sequence of Outcomes
        One a fluctuation law.
    side_db : (n, 3) array or None
        Loss beside the peak, at most 0, at the points of `Pointing`; none when left out. [dB]

    Returns
    -------
    Yield
        Nothing at all out of sight.

    Notes
    -----
    Mutual information between type, or level, and outcome. Chain rule: both add up to that of the two together.
    Levels are taken four by four (2 dB) and powers in steps of 2 dB.

    References
    ----------
    Cover & Thomas, *Elements of Information Theory*, 2nd ed., 2006, sections 2.4, 2.5 and 2.8.
    """
    mass, dbsm = coarse(level)
    seen = np.isfinite(snr_1m2_db)
    found, told = kernels.worth(
        np.ascontiguousarray(probability, np.float64),
        np.ascontiguousarray(mass),
        np.ascontiguousarray(laws, np.int64),
        np.where(seen, snr_1m2_db, 0.0)[:, None] + dbsm,
        np.ascontiguousarray(gain_db, np.float64),
        np.zeros((len(seen), 1)) if side_db is None else side_db,
        np.ones(1) if side_db is None else _SHARES,
        np.array([one.pd for one in tables]),
        np.array([one.probability for one in tables]),
        np.array([one.doubt_nats for one in tables]),
        float(_SNR_DB[0]),
        float(_SNR_DB[1] - _SNR_DB[0]),
        _LEAST,
    )
    return Yield(found * seen[:, None, None], told[..., 0] * seen[:, None], told[..., 1] * seen[:, None])


def position_nats(cov: FloatArray, axes: FloatArray, sigma_m: FloatArray) -> FloatArray:
    """Information that a measured position adds to a track.

    Parameters
    ----------
    cov : (n, 3, 3) array
        Covariance of the predicted position. [m2]
    axes : (n, 3, 3) array
        Unit vectors of what is measured, one a row: along, across and up from the line of sight.
    sigma_m : (n, 3) array
        Error of a measurement along each; infinite where nothing is measured. [m]

    Returns
    -------
    (n,) array
        Half the logarithm of the ratio of the determinants before and after. [nat]

    References
    ----------
    Cover & Thomas, *Elements of Information Theory*, 2nd ed., 2006, section 8.5 (mutual information of normal laws).
    """
    scaled = axes / sigma_m[:, :, None]
    gain = np.einsum("nij,njk,nlk->nil", scaled, cov, scaled)
    return 0.5 * np.linalg.slogdet(np.eye(3) + gain)[1]


class Pointing(NamedTuple):
    """How well dwells meet targets whose place is only predicted."""

    beams: FloatArray
    """(n,) beams that the gate is searched with. [1]"""
    contained: FloatArray
    """(n,) chance that the target lies in one of several; 1 for a single one. [1]"""
    gain_db: FloatArray
    """(n,) signal of a dwell of usual length over that of a usual look of search, at the peak of a single beam. [dB]"""
    side_db: FloatArray
    """(n, 3) what is lost beside that peak, with probabilities 0.711, 0.279 and 0.010. [dB]"""


def pointing(radar: Radar, range_m: FloatArray, sd_m: FloatArray, radius_m: FloatArray, *, cue_beams: int) -> Pointing:
    """Say how well a steered beam meets targets.

    Parameters
    ----------
    radar : Radar
        The radar, its beams at broadside.
    range_m : (n,) array
        Range of the predicted place. [m]
    sd_m : (n,) array
        Standard deviation of the place across the line of sight, in either direction. [m]
    radius_m : (n,) array
        Radius of the gate. [m]
    cue_beams : int
        Beams, at most, for one gate.

    Returns
    -------
    Pointing
        A beam at the centre gets back the loss that the card counts for search beside the peak, and pays that of a
        Gaussian beam under a normal error, at the three points of a Gauss-Laguerre rule; beams abreast pay what search
        pays, and a target outside them is lost.

    References
    ----------
    Abramowitz & Stegun, *Handbook of Mathematical Functions*, 1964, table 25.9 (the rule).
    """
    width = np.array([radar.beamwidth_azimuth_rad, radar.beamwidth_elevation_rad])
    planes = 2 if radar.measures_elevation else 1
    reach = np.maximum(range_m, 1.0)
    sd, half = np.maximum(sd_m / reach, 1e-12), radius_m / reach
    beams = np.ones(len(reach))
    if cue_beams > 1:
        m = int(min(np.ceil(0.5 * cue_beams) + 1, 12))
        step = np.maximum(np.abs(np.arange(-m, m + 1)) - 0.5, 0.0)
        far = np.hypot(step[:, None] * width[0], (step * width[1] if planes == 2 else np.zeros(1))[None, :]).ravel()
        beams = np.minimum((far[None, :] <= half[:, None]).sum(axis=1), cue_beams).astype(np.float64)
    single = beams == 1.0
    if planes == 2:
        inside = 1.0 - np.exp(-0.5 * beams * width[0] * width[1] / np.pi / sd**2)
    else:
        inside = special.erf(0.5 * beams * width[0] / sd / np.sqrt(2.0))
    # the mean square of a plane's error in beamwidths, twice: of an exponential law in two planes
    spread = _BEAM * sd**2 * (width[:planes] ** -2.0).sum()
    side_db = -10.0 * np.log10(np.e) * spread[:, None] * _POINTS
    shape_db = 10.0 * np.log10(radar.antenna.beam_shape_loss)
    return Pointing(
        beams,
        np.where(single, 1.0, inside),
        np.where(single, shape_db, 0.0),
        np.where(single[:, None], side_db, 0.0),
    )


class Choice(NamedTuple):
    """Which dwell each track has from each radar."""

    option: IntArray
    """(n, s) row of the option, -1 for none."""
    time: FloatArray
    """(s,) share of each radar's time that is taken. [1]"""
    power_w: float
    """Mean power that is taken. [W]"""


def allot(
    pd: FloatArray,
    extra: FloatArray,
    time: FloatArray,
    power_w: FloatArray,
    *,
    time_budget: FloatArray,
    power_budget_w: float = inf,
    unseen: FloatArray | None = None,
    detection: float = 1.0,
    floor: FloatArray | None = None,
    n_guesses: int = 8,
) -> Choice:
    """Give each track at most one option of each radar, greedily by worth a joule.

    Parameters
    ----------
    pd : (n, s, o) array
        Probability of detection of each option of n tracks and s radars. [1]
    extra : (n, s, o) array
        Worth beside detection, at least 0. [detections]
    time : (n, s, o) array
        Share of the radar's time that the option takes, above 0. [1]
    power_w : (n, s, o) array
        Mean power that it takes, above 0. [W]
    time_budget : (s,) array
        Share of each radar's time that is there. [1]
    power_budget_w : float
        Mean power that is there for all of them. [W]
    unseen : (n,) array or None
        Chance that no look beside these detects the track; 1 when left out. [1]
    detection : float
        Worth of a detection. [1]
    floor : (s,) array or None
        Price of a watt, by radar: what adds less is not spent; 0 when left out. [detections/W]
    n_guesses : int
        Options from which the climb starts beside nothing: those worth most alone.

    Returns
    -------
    Choice
        Budgets are never exceeded.

    Raises
    ------
    ValueError
        If an argument is outside its domain or shapes differ.

    Notes
    -----
    The worth of a set of looks is monotone and submodular: the chance that any detects, and a sum. One budget and a
    start from every option would guarantee 0.617 of the best, two starts 1 - 1/e = 0.632 (Feldman et al.). Here
    budgets are several and starts few, so that no bound is claimed; on random instances the tests find at least 1 - 1/e
    of the exhaustive optimum, and mostly all of it.

    References
    ----------
    Feldman, Nutov & Shoham, "Practical budgeted submodular maximization", *Algorithmica* 85, 2023, pp. 1332-1371.

    Examples
    --------
    >>> pd = np.array([[[0.5, 0.7]], [[0.1, 0.4]]])
    >>> cost = np.array([[[1.0, 2.0]], [[1.0, 2.0]]])
    >>> allot(pd, 0.0 * pd, cost, cost, time_budget=np.array([3.0])).option.ravel()
    array([0, 1])
    """
    unseen = np.ones(pd.shape[0]) if unseen is None else unseen
    floor = np.zeros(pd.shape[1]) if floor is None else floor
    shapes = {pd.shape, extra.shape, time.shape, power_w.shape}
    if (
        len(shapes) > 1
        or pd.ndim != 3
        or {time_budget.shape, floor.shape} != {pd.shape[1:2]}
        or (unseen.shape != pd.shape[:1])
    ):
        raise ValueError(
            f"pd, extra, time and power_w are all (n, s, o), time_budget and floor (s,), unseen (n,), got "
            f"{sorted(shapes)}, {time_budget.shape}, {floor.shape} and {unseen.shape}"
        )
    for name, value, fine in (
        ("pd", pd, (pd >= 0.0) & (pd <= 1.0)),
        ("extra", extra, (extra >= 0.0) & (extra < inf)),
        ("time", time, (time > 0.0) & (time < inf)),
        ("power_w", power_w, (power_w > 0.0) & (power_w < inf)),
        ("time_budget", time_budget, time_budget >= 0.0),
        ("power_budget_w", power_budget_w, np.asarray(power_budget_w >= 0.0)),
        ("unseen", unseen, (unseen >= 0.0) & (unseen <= 1.0)),
        ("floor", floor, (floor >= 0.0) & (floor < inf)),
    ):
        if not np.all(fine):
            worst = np.asarray(value)[~np.asarray(fine)].ravel()[0]
            raise ValueError(f"{name} lies outside its domain, got {worst!r}")
    option = kernels.greedy(
        np.ascontiguousarray(pd, np.float64),
        np.ascontiguousarray(extra, np.float64),
        np.ascontiguousarray(time, np.float64),
        np.ascontiguousarray(power_w, np.float64),
        np.ascontiguousarray(time_budget, np.float64),
        float(power_budget_w),
        np.ascontiguousarray(unseen, np.float64),
        float(detection),
        np.ascontiguousarray(floor, np.float64),
        int(n_guesses),
    )
    return _spent(option, time, power_w)


def even(
    able: BoolArray, time: FloatArray, power_w: FloatArray, *, time_budget: FloatArray, power_budget_w: float = inf
) -> Choice:
    """Give every track in sight the same option of a radar: the longest for which the budget reaches to most of them.

    Parameters
    ----------
    able : (n, s) array
        Whether the radar sees the track's place.
    time, power_w, time_budget, power_budget_w
        As in `allot`; options by rising length.

    Returns
    -------
    Choice
        The baseline of `allot` at the same budget: it knows where tracks are, and nothing else. Where not even the
        shortest dwell reaches to all, the first tracks have it.
    """
    n, n_radars, n_options = time.shape
    option = np.full((n, n_radars), -1)
    power_left = power_budget_w
    for s in range(n_radars):
        rows = np.flatnonzero(able[:, s])
        share = power_left / (n_radars - s)
        for o in range(n_options - 1, -1, -1):
            spent, used = np.cumsum(time[rows, s, o]), np.cumsum(power_w[rows, s, o])
            fits = (spent <= time_budget[s] * (1.0 + 1e-12)) & (used <= share * (1.0 + 1e-12))
            if fits.all() or o == 0:
                option[rows[fits], s] = o
                power_left -= float(power_w[rows[fits], s, o].sum())
                break
    return _spent(option, time, power_w)


def _spent(option: IntArray, time: FloatArray, power_w: FloatArray) -> Choice:
    at, made = np.maximum(option, 0)[..., None], option >= 0
    taken = np.take_along_axis(time, at, axis=2)[..., 0] * made
    power = np.take_along_axis(power_w, at, axis=2)[..., 0] * made
    return Choice(option, taken.sum(axis=0), float(power.sum()))


class Asked(NamedTuple):
    """What is asked of the radars, as `Tasks` has it."""

    dwell: FloatArray
    """(n, s) length of the dwell over the usual one; 0 for none, 1 for a radar that cannot choose. [1]"""
    pfa: FloatArray
    """(n, s) threshold in the gate. [1]"""
    pd: FloatArray
    """(n, s) expected probability of a detection in a frame, by search too. [1]"""
    power_w: float
    """Mean power that dwells at tracks take. [W]"""


class Tasking:
    """Time and energy of the radars of one owner.

    Parameters
    ----------
    config : TaskingConfig
        As in the scenario.
    radars : sequence of Radar
        The owner's primary radars; those whose scan is electronic can choose.
    places : sequence of Place
        Where each stands.
    rungs : (s, r) array
        Thresholds that a gate may use, the radar's own first. [1]
    laws : sequence of int
        Fluctuation laws in play.
    """

    def __init__(
        self,
        config: TaskingConfig,
        *,
        radars: Sequence[Radar],
        places: Sequence[Place],
        rungs: FloatArray,
        laws: Sequence[int],
    ) -> None:
        self.config, self._radars, self._places, self._rungs = config, tuple(radars), tuple(places), rungs
        self.steered = tuple(s for s, radar in enumerate(radars) if radar.scan.motion == "electronic")
        """Rows of the radars that can choose."""
        self._dwells = np.array(config.dwells)
        self._usual = config.dwells.index(1.0)
        self._tables = {s: [outcomes(radars[s], law, rungs[s]) for law in laws] for s in self.steered}
        # chance that a look of search comes in a frame, and the energy of a second of dwells
        self._frame_share = np.array([min(config.frame_s / r.period_s, 1.0) for r in radars])
        self._energy_w = np.array(
            [r.peak_power_w * r.waveform.pulse_width_s * r.n_coherent * r.n_pulses / r.dwell_s for r in radars]
        )

        self._usual_w = self._energy_w[list(self.steered)] * np.array(
            [radars[s].dwell_s / config.frame_s for s in self.steered]
        )

    def ask(
        self,
        *,
        pfa: FloatArray,
        pd: FloatArray,
        n_cells: FloatArray,
        false_cost: float,
        min_gain: float,
        probability: FloatArray,
        level: FloatArray,
        type_law: IntArray,
        snr_1m2_db: FloatArray,
        position_ecef_m: FloatArray,
        cov: FloatArray,
        radius_m: FloatArray,
        fresh: FloatArray | None = None,
        thresholds: Literal["chosen", "given"] = "chosen",
    ) -> Asked:
        """Divide the next frame.

        Parameters
        ----------
        pfa, pd : (n, s) arrays
            Threshold and expected detection of a usual look, as they are for radars that cannot choose. [1]
        n_cells : (n, s) array
            Resolution cells of each gate. [1]
        false_cost, min_gain : float
            As `exploit.best_rung` has them. [detections]
        probability : (n, k) array
            Of each type of each track, "other" last. [1]
        level : (n, q, k, g) array
            Probability of each level of ``SIGMA_GRID_DBSM`` for the q radars ``steered``. [1]
        type_law : (k,) array
            Row of ``laws`` of each type.
        snr_1m2_db : (n, s) array
            Signal-to-noise ratio of 1 m2 in a usual look, -inf out of sight. [dB]
        position_ecef_m : (n, 3) array
            Predicted positions. [m]
        cov : (n, 3, 3) array
            Their covariance at the time of the look. [m2]
        radius_m : (n,) array
            Radius of the gates. [m]
        fresh : (n, s) array or None
            How much of a look is new, 0 to 1, by the change of aspect since the last; all of it when left out. [1]
        thresholds : {"chosen", "given"}
            Whether each dwell's threshold is chosen for it, or is that of ``pfa``.

        Returns
        -------
        Asked
            Rows as given. Within the budgets unless the rule is ``usual``.
        """
        n, config, steered = len(probability), self.config, self.steered
        dwell, pfa, pd = np.ones_like(pd), pfa.copy(), pd.copy()
        if not steered or n == 0:
            return Asked(dwell, pfa, pd, 0.0)
        shape = (n, len(steered), len(self._dwells))
        hit, rung, extra = np.empty(shape), np.empty(shape), np.empty(shape)
        search, able = np.empty(shape[:2]), np.isfinite(snr_1m2_db[:, steered])
        time, power_w = np.empty(shape), np.empty(shape)
        for q, s in enumerate(steered):
            radar = self._radars[s]
            away = position_ecef_m - self._places[s].ecef_m
            range_m = np.sqrt(np.einsum("ni,ni->n", away, away))
            axes = _sight(away / range_m[:, None], position_ecef_m)
            across_m = np.sqrt(
                0.5 * np.maximum(np.einsum("nii->n", cov) - np.einsum("ni,nij,nj->n", axes[:, 0], cov, axes[:, 0]), 0.0)
            )
            at = pointing(radar, range_m, across_m, radius_m, cue_beams=config.cue_beams)
            gain_db = at.gain_db[:, None] + 10.0 * np.log10(self._dwells)
            belief, seen_db, tables = (probability, level[:, q]), snr_1m2_db[:, s], self._tables[s]
            usual_db = np.zeros((n, 1))
            search[:, q] = expected(*belief, seen_db, usual_db, laws=type_law, tables=tables).pd[:, 0, 0]
            told = expected(*belief, seen_db, gain_db, laws=type_law, tables=tables, side_db=at.side_db)
            by_dwell = told.pd.transpose(0, 2, 1) * at.contained[:, None, None]
            rungs = np.broadcast_to(self._rungs[s], by_dwell.shape[1:])
            if thresholds == "given":
                at_rung = np.argmin(np.abs(self._rungs[s] - pfa[:, s, None]), axis=1)[:, None, None]
                rung[:, q] = self._rungs[s][at_rung[..., 0]]
                hit[:, q] = np.take_along_axis(by_dwell, np.broadcast_to(at_rung, (*hit[:, q].shape, 1)), 2)[..., 0]
            else:
                cells = np.broadcast_to(n_cells[:, s, None], by_dwell.shape[:2])
                rung[:, q], hit[:, q] = best_rung(by_dwell, rungs, cells, false_cost, min_gain=min_gain)
            new = at.contained * (1.0 if fresh is None else fresh[:, s])
            extra[:, q] = new[:, None] * (config.identity * told.identity_nats + config.level * told.level_nats)
            if config.position > 0.0:
                mean_dbsm = np.einsum("nk,nkg,g->n", probability, level[:, q], SIGMA_GRID_DBSM)
                snr_db = np.where(able[:, q], snr_1m2_db[:, s] + mean_dbsm, 0.0)[:, None] + gain_db
                extra[:, q] += config.position * hit[:, q] * _position(radar, snr_db, cov, axes, range_m)
            time[:, q] = at.beams[:, None] * self._dwells * (radar.dwell_s / config.frame_s)
            power_w[:, q] = time[:, q] * self._energy_w[s]
        choice = self._choose(hit, extra, time, power_w, able, pd)
        made = choice.option >= 0
        at_option = np.maximum(choice.option, 0)[..., None]
        columns = list(steered)
        dwell[:, columns] = np.where(made, self._dwells[at_option[..., 0]], 0.0)
        own = self._rungs[columns, 0]
        pfa[:, columns] = np.where(made, np.take_along_axis(rung, at_option, axis=2)[..., 0], own)
        swept = search * (1.0 - np.minimum(choice.time, 1.0)) * self._frame_share[columns]
        pd[:, columns] = np.where(made, np.take_along_axis(hit, at_option, axis=2)[..., 0], swept)
        return Asked(dwell, pfa, pd, choice.power_w)

    def _choose(
        self,
        hit: FloatArray,
        extra: FloatArray,
        time: FloatArray,
        power_w: FloatArray,
        able: BoolArray,
        pd: FloatArray,
    ) -> Choice:
        config, n_steered = self.config, len(self.steered)
        budget = np.full(n_steered, config.track_share)
        most_w = inf if config.power_kw is None else 1e3 * config.power_kw
        if config.rule == "usual":
            return _spent(np.where(able, self._usual, -1), time, power_w)
        if config.rule == "even":
            return even(able, time, power_w, time_budget=budget, power_budget_w=most_w)
        others = np.delete(np.arange(pd.shape[1]), self.steered)
        unseen = np.prod((1.0 - np.clip(pd[:, others], 0.0, 1.0)) ** self._frame_share[others], axis=1)
        return allot(
            np.clip(hit, 0.0, 1.0) * able[..., None],
            extra * able[..., None],
            time,
            power_w,
            time_budget=budget,
            power_budget_w=most_w,
            unseen=unseen,
            detection=config.detection,
            floor=config.least / self._usual_w,
        )


def _position(radar: Radar, snr_db: FloatArray, cov: FloatArray, axes: FloatArray, range_m: FloatArray) -> FloatArray:
    """Nats on the position by a hit of each dwell, (n, d)."""
    n, d = snr_db.shape
    snr = np.maximum(10.0 ** (0.1 * snr_db), radar.threshold / radar.n_pulses)  # a hit is over the threshold
    along, azimuth, elevation, _ = error_sigmas(radar, snr)
    up = elevation * range_m[:, None] if radar.measures_elevation else np.full((n, d), inf)
    sigma_m = np.stack([along, azimuth * range_m[:, None], up], axis=2)
    each = np.repeat(np.arange(n), d)
    return position_nats(cov[each], axes[each], sigma_m.reshape(-1, 3)).reshape(n, d)


def _sight(line: FloatArray, position: FloatArray) -> FloatArray:
    """Unit vectors (n, 3, 3) along, across (level) and up from lines of sight."""
    up = position / np.linalg.norm(position, axis=1)[:, None]
    across: FloatArray = np.cross(line, up).astype(np.float64)
    across /= np.maximum(np.linalg.norm(across, axis=1), 1e-12)[:, None]
    return np.stack([line, across, np.cross(across, line).astype(np.float64)], axis=1)
