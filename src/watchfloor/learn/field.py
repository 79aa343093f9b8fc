r"""What is believed of a type before anything is seen: a Gaussian field over aspects and radars, and its posterior.

One field a **class**: a type, clean or with its reflectors on. In decibels, the mean cross-section that radar s sees in
aspect cell c is

.. math:: x_{sc} = m_{bc} + s_b\,w_g + e_{bc} + k_s

with the catalogue's curve m of the radar's band b; one score w for all bands whose curve is assumed (a wrong guess of
the shape shifts them together), an own one for each measured band; a departure e that is smooth over the aspect sphere;
and the calibration error k of the radar. So a few passes teach a lobe, and one band teaches another what they share.

Evidence of a cell is a row of log-likelihoods on ``SIGMA_GRID_DBSM``, exact for hits and misses. The posterior is found
by expectation propagation (`_kernels_field.propagate`): each row is stood for by a normal law while the others are
judged, and every cell's own marginal is that of its exact row times what all others say of it. Scores with a two-sided
public spread (10 and 90 % points unlike about the median) keep their own law.

References
----------
Rasmussen & Williams, *Gaussian Processes for Machine Learning*, 2006, ch. 2 and section 3.6 (expectation propagation).
Minka, "Expectation propagation for approximate Bayesian inference", *UAI*, 2001.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from pydantic import Field, field_validator

from watchfloor.base.config import Config
from watchfloor.base.picture import SIGMA_GRID_DBSM, Knowledge
from watchfloor.base.units import BoolArray, FloatArray, IntArray
from watchfloor.learn import _kernels_field
from watchfloor.learn.levels import cell_centres, cell_levels_db, two_piece
from watchfloor.physics.radar import Radar
from watchfloor.physics.rcs import band_of
from watchfloor.physics.reflectors import lens_pattern, lens_sigma_m2
from watchfloor.scenario.cards import TypeCard

STEP_DB = float(SIGMA_GRID_DBSM[1] - SIGMA_GRID_DBSM[0])
_FIRST_DB = float(SIGMA_GRID_DBSM[0])
_SWEEPS, _TOLERANCE = 40, 1e-3
SAME_SLOPE = 0.98
"""A dressed level that follows the airframe's by this share or more is taken to be the airframe's. [1]"""
_VARIANCE_MIN = 0.25**2
"""Least variance of a cell's level: half a step of the grid. [dB2]"""
_FINE_AZIMUTH, _FINE_ELEVATION = 8, 3
_EVERY = 4
"""Points of a score's grid of which one is used where a score is summed out."""


class FieldConfig(Config):
    """How levels at different aspects, and of different radars, hang together."""

    cell_deg: float = Field(default=15.0, ge=1.0, le=180.0)
    """Width of an aspect cell in azimuth; divides 180. [deg]"""
    elevation_edges_deg: tuple[float, ...] = (-60.0, -15.0, 15.0, 60.0)
    """Borders of the cells in elevation, above the wing plane; what lies beyond falls to the outermost cells. [deg]"""
    correlation_deg: float = Field(default=10.0, gt=0.0, le=180.0)
    """Distance in azimuth over which departures from the median curve lose their likeness: exp(-d2/2) there. [deg]"""
    elevation_correlation_deg: float = Field(default=60.0, gt=0.0, le=360.0)
    """The same in elevation. [deg]"""
    across_bands: float = Field(default=0.0, ge=0.0, le=1.0)
    """Correlation of departures at one aspect between two bands. [1]"""
    across_polarisations: float = Field(default=0.5, ge=0.0, le=1.0)
    """Correlation of departures at one aspect between two polarisations of a band. [1]"""
    calibration_db: float = Field(default=1.0, ge=0.0, le=10.0)
    """Error of a radar's own calibration, one standard deviation: the same for all it sees of a type. [dB]"""

    @field_validator("cell_deg")
    @classmethod
    def _divides(cls, value: float) -> float:
        cell_centres(value)
        return value

    @field_validator("elevation_edges_deg")
    @classmethod
    def _rises(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if len(value) < 2 or any(b <= a for a, b in zip(value, value[1:], strict=False)):
            raise ValueError(f"wanted at least two rising angles, got {value}")
        if not all(-90.0 <= edge <= 90.0 for edge in value):
            raise ValueError(f"wanted elevations in -90 to 90 deg, got {value}")
        return value


@dataclass(frozen=True)
class Cells:
    """Aspect cells: azimuth off the nose (port and starboard alike) by elevation; a cell's index is e n_azimuth + a."""

    n_azimuth: int
    """Cells from nose to tail."""
    edges_rad: FloatArray
    """(e + 1,) borders in elevation. [rad]"""

    @property
    def azimuth_rad(self) -> FloatArray:
        """(c,) centres in azimuth. [rad]"""
        one = (np.arange(self.n_azimuth, dtype=np.float64) + 0.5) * (np.pi / self.n_azimuth)
        return np.tile(one, len(self.edges_rad) - 1)

    @property
    def elevation_rad(self) -> FloatArray:
        """(c,) centres in elevation. [rad]"""
        return np.repeat(0.5 * (self.edges_rad[1:] + self.edges_rad[:-1]), self.n_azimuth)

    def __len__(self) -> int:
        """Return the number of cells."""
        return self.n_azimuth * (len(self.edges_rad) - 1)

    def find(self, azimuth_rad: FloatArray, elevation_rad: FloatArray) -> IntArray:
        """Return the cell (n,) of each direction (n,), (n,); port falls to starboard. [rad, rad]"""
        a = np.minimum((np.abs(azimuth_rad) * (self.n_azimuth / np.pi)).astype(np.int64), self.n_azimuth - 1)
        e = np.searchsorted(self.edges_rad[1:-1], elevation_rad, side="right")
        return e * self.n_azimuth + a


def cells_of(config: FieldConfig) -> Cells:
    """Return the cells of a configuration."""
    return Cells(round(180.0 / config.cell_deg), np.deg2rad(np.array(config.elevation_edges_deg)))


@lru_cache(maxsize=16)
def cell_correlation(
    n_azimuth: int, edges_deg: tuple[float, ...], length_deg: float, elevation_length_deg: float
) -> FloatArray:
    """Correlation of the mean departures of cells, (c, c), over that at one aspect; its diagonal is below 1.

    Squared-exponential in the chord between directions on the sphere, which is stretched in elevation so that its
    length is ``elevation_length_deg`` there; averaged over both cells. [1]
    """
    edges = np.deg2rad(np.array(edges_deg))
    azimuth = (np.arange(n_azimuth * _FINE_AZIMUTH) + 0.5) * (np.pi / (n_azimuth * _FINE_AZIMUTH))
    share = (np.arange(_FINE_ELEVATION) + 0.5) / _FINE_ELEVATION
    elevation = (edges[:-1, None] + np.diff(edges)[:, None] * share).reshape(-1)
    e, a = np.meshgrid(elevation, azimuth, indexing="ij")
    stretch = length_deg / elevation_length_deg
    points = np.stack([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), stretch * np.sin(e)], axis=-1)
    n_elevation = len(edges) - 1
    points = points.reshape(n_elevation, _FINE_ELEVATION, n_azimuth, _FINE_AZIMUTH, 3).transpose(0, 2, 1, 3, 4)
    points = points.reshape(-1, 3)
    norm = (points * points).sum(axis=1)
    d2 = np.maximum(norm[:, None] + norm[None, :] - 2.0 * points @ points.T, 0.0)
    kernel = np.exp(-0.5 * d2 / np.deg2rad(length_deg) ** 2)
    n, fine = n_elevation * n_azimuth, _FINE_ELEVATION * _FINE_AZIMUTH
    out = kernel.reshape(n, fine, n, fine).mean(axis=(1, 3))
    out.setflags(write=False)
    return out


@dataclass(frozen=True)
class Score:
    """A score with a two-sided law that is shared by levels of a field."""

    cov: FloatArray
    """(n,) covariance of each level with it. [dB2]"""
    mean: float
    """Its mean. [dB]"""
    var: float
    """Its variance. [dB2]"""
    log_ratio: FloatArray
    """(g,) log of its own density over the normal one of the same moments. [1]"""
    first: float
    """First point of its grid. [dB]"""
    step: float
    """Step of its grid. [dB]"""


@dataclass(frozen=True)
class Prior:
    """The field of one class over n = radars x cells levels, radar by radar."""

    mean: FloatArray
    """(n,) [dBsm]"""
    cov: FloatArray
    """(n, n) [dB2]"""
    inside: FloatArray
    """(n,) how far the level at one aspect strays from its cell's, one standard deviation. [dB]"""
    scores: tuple[Score, ...]
    """Scores that are not normal."""
    group: IntArray
    """(s,) radars that share a score have one number."""
    same: BoolArray
    """(n,) of a dressed type, levels to which its reflectors add nothing; of a clean one, all false."""

    @cached_property
    def joint(self) -> tuple[FloatArray, FloatArray]:
        """Mean (n + scores,) and covariance (n + scores, n + scores) of levels and scores, scores last. [dBsm, dB2]"""
        n, n_scores = len(self.mean), len(self.scores)
        if n_scores == 0:
            return self.mean, self.cov
        cov = np.zeros((n + n_scores, n + n_scores))
        cov[:n, :n] = self.cov
        for k, score in enumerate(self.scores):
            cov[n + k, :n] = cov[:n, n + k] = score.cov
            cov[n + k, n + k] = score.var
        cov[np.diag_indices(n + n_scores)] += 1e-6
        return np.append(self.mean, [score.mean for score in self.scores]), cov

    @cached_property
    def catalogue(self) -> FieldPosterior:
        """The field without any evidence."""
        return posterior(self, np.zeros((len(self.mean), len(SIGMA_GRID_DBSM))))


@dataclass(frozen=True)
class Priors:
    """The public catalogue as fields: one a class."""

    sensors: IntArray
    """(s,) rows of the primary radars in the run's sensor list."""
    type: IntArray
    """(m,) row of each class's type in the run's type list; types clean first, in order, then dressed ones."""
    configuration: IntArray
    """(m,) 0: clean; 1: with reflectors."""
    cells: Cells
    """Aspect cells."""
    fields: tuple[Prior, ...]
    """(m,)"""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Radars, classes, cells, levels."""
        return len(self.sensors), len(self.type), len(self.cells), len(SIGMA_GRID_DBSM)


def make_priors(
    *,
    radars: Sequence[Radar | None],
    types: Sequence[str],
    cards: Mapping[str, TypeCard],
    config: FieldConfig,
    reflectors: bool = False,
) -> Priors:
    """Turn the catalogue's cards into fields.

    Parameters
    ----------
    radars : sequence
        One a sensor; None for what is no primary radar.
    types : sequence of str
        The run's list of types.
    cards : mapping
        Card of each type.
    config : FieldConfig
        How levels hang together.
    reflectors : bool
        Whether types that can wear reflectors have a second class, with them on.

    Returns
    -------
    Priors
        The fields.

    Raises
    ------
    ValueError
        If a card is missing or has no signature in a radar's band.
    """
    missing = [name for name in types if name not in cards]
    if missing:
        raise ValueError(f"no card for type {', '.join(missing)}")
    own = [radar for radar in radars if radar is not None]
    dressed = [i for i, name in enumerate(types) if reflectors and cards[name].reflector is not None]
    key = tuple((band_of(r.frequency_hz), r.antenna.polarisation) for r in own)
    fields = [_clean(cards[name], key, config) for name in types]
    frequencies = tuple(r.frequency_hz for r in own)
    fields += [_dressed(cards[types[i]], fields[i], key, frequencies, config) for i in dressed]
    return Priors(
        sensors=np.array([row for row, radar in enumerate(radars) if radar is not None], np.int64),
        type=np.array([*range(len(types)), *dressed], np.int64),
        configuration=np.array([0] * len(types) + [1] * len(dressed), np.int64),
        cells=cells_of(config),
        fields=tuple(fields),
    )


_kept: dict[tuple[str, tuple[tuple[str, str], ...], str], Prior] = {}


def _clean(card: TypeCard, radars: tuple[tuple[str, str], ...], config: FieldConfig) -> Prior:
    """Field of a clean type; kept by what it is made of, for a study makes the same one thousands of times."""
    key = (card.model_dump_json(), radars, config.model_dump_json())
    if key not in _kept:
        if len(_kept) > 256:
            _kept.clear()
        _kept[key] = _make_clean(card, radars, config)
    return _kept[key]


def _make_clean(card: TypeCard, radars: tuple[tuple[str, str], ...], config: FieldConfig) -> Prior:
    cells, n_radars = cells_of(config), len(radars)
    n_cells, n = len(cells), len(radars) * len(cells)
    like = cell_correlation(
        cells.n_azimuth, config.elevation_edges_deg, config.correlation_deg, config.elevation_correlation_deg
    )
    spread, below, above = two_piece(card.cell_sigma_db)
    scatter2 = spread * spread + (0.5 * (below + above)) ** 2
    mean, inside = np.empty((n_radars, n_cells)), np.empty((n_radars, n_cells))
    cov = np.zeros((n_radars, n_cells, n_radars, n_cells))
    halves, names = np.empty((n_radars, 2)), []
    for s, (band, polarisation) in enumerate(radars):
        if band not in card.signature:
            raise ValueError(f"{card.title!r} has no signature in band {band}, only {', '.join(card.signature)}")
        part = card.signature[band]  # type: ignore[index]
        level, curve = cell_levels_db(part, cells.azimuth_rad[: cells.n_azimuth])
        n_elevation = n_cells // cells.n_azimuth
        offset, halves[s, 0], halves[s, 1] = two_piece(part.offset_db)
        mean[s] = np.tile(level, n_elevation) + offset
        inside[s] = np.hypot(np.tile(curve, n_elevation), np.sqrt(scatter2 * np.maximum(1.0 - np.diag(like), 0.0)))
        names.append("assumed" if part.origin == "assumed" else band)
        for r, (other, other_polarisation) in enumerate(radars[: s + 1]):
            share = 1.0 if other == band else config.across_bands
            share *= 1.0 if other_polarisation == polarisation else config.across_polarisations
            cov[s, :, r, :] = cov[r, :, s, :] = scatter2 * share * like
        cov[s, :, s, :] += config.calibration_db**2
    group = np.array([names.index(name) for name in names], np.int64)
    mean, cov, scores = mean.reshape(n), cov.reshape(n, n), []
    for g in np.unique(group):
        mine = np.flatnonzero(group == g)
        b, a = halves[mine].mean(axis=0)
        if a + b < 1e-9:
            continue
        scale = np.zeros((n_radars, n_cells))
        scale[mine] = (halves[mine].sum(axis=1) / (a + b))[:, None]
        scale = scale.reshape(n)
        score_mean = 0.5 * (a - b) * np.sqrt(2.0 / np.pi)
        var = max(0.5 * (a * a + b * b) - score_mean**2, 1e-12)
        mean = mean + scale * score_mean
        cov = cov + var * np.outer(scale, scale)
        if abs(a - b) > 1e-3 * (a + b):
            scores.append(_two_sided(scale * var, b, a, score_mean, var))
    cov[np.diag_indices(n)] += _VARIANCE_MIN
    return Prior(mean, cov, inside.reshape(n), tuple(scores), group, np.zeros(n, np.bool_))


def _two_sided(cov: FloatArray, below: float, above: float, mean: float, var: float) -> Score:
    """Score of two half normals of equal probability about 0."""
    b, a = max(below, 0.02 * above), max(above, 0.02 * below)
    w = np.linspace(-6.0 * b, 6.0 * a, len(SIGMA_GRID_DBSM))
    sd = np.where(w < 0.0, b, a)
    own = -0.5 * (w / sd) ** 2 - np.log(sd)
    normal = -0.5 * (w - mean) ** 2 / var - 0.5 * np.log(var)
    return Score(cov, mean, var, own - normal, float(w[0]), float(w[1] - w[0]))


def _dressed(
    card: TypeCard,
    clean: Prior,
    radars: tuple[tuple[str, str], ...],
    frequencies_hz: tuple[float, ...],
    config: FieldConfig,
) -> Prior:
    """Field of a type with its reflectors on: their power added to the airframe's.

    At each level the sum is replaced by its regression on the airframe's level: mean, slope and what is left over, by
    Gauss-Hermite quadrature; the lens's size is one more score that all cells share.
    """
    lens = card.reflector
    assert lens is not None
    cells = cells_of(config)
    small, radius_cm, large = lens.radius_cm.quantile_range()
    half = float(np.deg2rad(lens.half_angle_deg.median))
    pattern = lens_pattern(lens.axes_deg, lens.n_lenses, half, cells.azimuth_rad)

    def level_db(radius: float) -> FloatArray:
        each = [lens_sigma_m2(1e-2 * radius, f) for f in frequencies_hz]
        return 10.0 * np.log10(np.maximum(np.outer(each, pattern).reshape(-1), 1e-30))

    lens_db, lens_sd = level_db(radius_cm), (level_db(large) - level_db(small)) / (2.0 * 1.2815515655446004)
    z, weight = np.polynomial.hermite_e.hermegauss(15)
    weight = weight / weight.sum()
    sd = np.sqrt(np.diag(clean.cov))

    def total_db(airframe: FloatArray, extra: FloatArray) -> FloatArray:
        return 10.0 * np.log10(10.0 ** (0.1 * airframe) + 10.0 ** (0.1 * extra))

    at = np.stack([total_db(clean.mean + sd * one, lens_db) for one in z])
    mean = weight @ at
    slope = (weight * z) @ at / sd
    rest = np.maximum(weight @ (at * at) - mean**2 - (slope * sd) ** 2, 0.0)
    lens_slope = np.clip(1.0 - slope, 0.0, 1.0) * lens_sd
    cov = slope[:, None] * clean.cov * slope[None, :] + np.outer(lens_slope, lens_slope)
    cov[np.diag_indices(len(cov))] += rest + _VARIANCE_MIN
    return Prior(mean, cov, clean.inside * np.clip(slope, 0.0, 1.0) + 0.5, (), clean.group, slope > SAME_SLOPE)


@dataclass
class FieldPosterior:
    """A field after evidence."""

    log_posterior: FloatArray
    """(n, g) normalised log probabilities of each level. [1]"""
    mean: FloatArray
    """(n + scores,) under the normal sites, scores last. [dBsm]"""
    cov: FloatArray
    """(n + scores, n + scores) likewise. [dB2]"""
    tau: FloatArray
    """(n + scores,) precisions of the sites. [1/dB2]"""
    nu: FloatArray
    """(n + scores,) precisions times means of the sites. [1/dB]"""


def posterior(prior: Prior, log_evidence: FloatArray, before: FieldPosterior | None = None) -> FieldPosterior:
    """Posterior of a field.

    Parameters
    ----------
    prior : Prior
        The field.
    log_evidence : (n, g) array
        Log-likelihood of each level; a row of one constant says nothing. [1]
    before : FieldPosterior or None
        Where to start from: the posterior without the newest evidence.

    Returns
    -------
    FieldPosterior
        Marginals, moments and sites.
    """
    n, n_scores = len(prior.mean), len(prior.scores)
    said = np.flatnonzero(np.ptp(log_evidence, axis=1) > 0.0)
    active = np.concatenate((said, n + np.arange(n_scores))).astype(np.int64)
    mean, cov = prior.joint
    site = np.ascontiguousarray(np.concatenate([log_evidence[said], *(s.log_ratio[None] for s in prior.scores)]))
    first = np.array([_FIRST_DB] * len(said) + [s.first for s in prior.scores])
    step = np.array([STEP_DB] * len(said) + [s.step for s in prior.scores])
    tau, nu = np.zeros(n + n_scores), np.zeros(n + n_scores)
    t, v = (np.zeros(len(active)), np.zeros(len(active))) if before is None else (before.tau[active], before.nu[active])
    if len(active):
        _kernels_field.propagate(
            mean[active],
            np.ascontiguousarray(cov[np.ix_(active, active)]),
            site,
            first,
            step,
            t,
            v,
            _SWEEPS,
            _TOLERANCE,
        )
    tau[active], nu[active] = t, v
    mu, sigma = _moments(mean, cov, active, t, v)
    log_posterior = np.empty((n, log_evidence.shape[1]))
    at = np.full(n, -1)
    at[said] = np.arange(len(said))
    normal = np.ones(n, np.bool_)
    for k, score in enumerate(prior.scores):
        mine = np.flatnonzero(score.cov != 0.0)
        normal[mine] = False
        part = np.empty((len(mine), log_evidence.shape[1]))
        _kernels_field.skewed_marginals(
            mu[mine], sigma[mine, mine], tau[mine], nu[mine], site, at[mine], _FIRST_DB, STEP_DB,
            float(mu[n + k]), float(sigma[n + k, n + k]), sigma[mine, n + k], float(tau[n + k]), float(nu[n + k]),
            score.log_ratio, score.first, score.step, _EVERY, part,
        )  # fmt: skip
        log_posterior[mine] = part
    mine = np.flatnonzero(normal)
    part = np.empty((len(mine), log_evidence.shape[1]))
    _kernels_field.marginals(mu[mine], sigma[mine, mine], tau[mine], nu[mine], site, at[mine], _FIRST_DB, STEP_DB, part)
    log_posterior[mine] = part
    return FieldPosterior(log_posterior, mu, sigma, tau, nu)


def _moments(
    mean: FloatArray, cov: FloatArray, active: IntArray, tau: FloatArray, nu: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Moments of a normal law under normal sites at some of its variables (Rasmussen & Williams, eq. 3.66 to 3.68)."""
    if len(active) == 0:
        return mean, cov
    root = np.sqrt(tau)
    inner = root[:, None] * cov[np.ix_(active, active)] * root[None, :]
    inner[np.diag_indices(len(active))] += 1.0
    side = root[:, None] * cov[active]  # (a, n)
    solved = np.linalg.solve(inner, side)
    sigma = cov - side.T @ solved
    mu = mean + sigma[:, active] @ (nu - tau * mean[active])
    return mu, sigma


def evidence_of(priors: Priors, knowledge: Knowledge) -> tuple[FloatArray, FloatArray]:
    """Lay a table's evidence on the radars, classes and cells of a run.

    Returns
    -------
    log_evidence : (s, m, c, g) array
        Zero where the table has no row. [1]
    n_looks : (s, m, c) array
        Effective looks. [1]

    Raises
    ------
    ValueError
        If the table is of other sensors, types, cells or levels.
    """
    shape = priors.shape
    log_evidence, n_looks = np.zeros(shape), np.zeros(shape[:3])
    if len(knowledge) == 0:
        return log_evidence, n_looks
    if knowledge.log_evidence.shape[1] != shape[3]:
        raise ValueError(f"knowledge has {knowledge.log_evidence.shape[1]} levels, wanted the grid's {shape[3]}")
    if not np.all(np.isfinite(knowledge.log_evidence)):
        raise ValueError("knowledge holds a log likelihood that is not finite")
    at = locate(priors, knowledge)
    log_evidence[at] = knowledge.log_evidence
    n_looks[at] = knowledge.n_looks
    return log_evidence, n_looks


def locate(priors: Priors, rows) -> tuple[IntArray, IntArray, IntArray]:
    """Find (radar, class, cell) of the rows of a table keyed like `Knowledge`; ``ValueError`` names the first without.

    A class that this run does not tell apart (reflectors, where they are ignored) has no place either.
    """
    sensors = priors.sensors
    place = np.minimum(np.searchsorted(sensors, rows.sensor), max(len(sensors) - 1, 0))
    known = sensors[place] == rows.sensor if len(sensors) else np.zeros(len(rows), np.bool_)
    if not np.all(known):
        raise ValueError(f"knowledge of sensor row {rows.sensor[~known][0]}, which is no primary radar of this run")
    same = (priors.type == rows.type[:, None]) & (priors.configuration == rows.configuration[:, None])
    if not np.all(same.any(axis=1)):
        i = int(np.flatnonzero(~same.any(axis=1))[0])
        raise ValueError(
            f"knowledge of type row {rows.type[i]} in configuration {rows.configuration[i]}, "
            f"but the run lists {int(priors.type.max(initial=-1)) + 1} types"
        )
    cell = priors.cells.find(rows.aspect_rad, rows.elevation_rad)
    if not (
        np.allclose(priors.cells.azimuth_rad[cell], rows.aspect_rad, atol=1e-9)
        and np.allclose(priors.cells.elevation_rad[cell], rows.elevation_rad, atol=1e-9)
    ):
        raise ValueError("knowledge has other aspect cells than this learner (cell_deg, elevation_edges_deg)")
    return place, same.argmax(axis=1), cell


def table_of(
    priors: Priors, posteriors: Sequence[FieldPosterior], log_evidence: FloatArray, n_looks: FloatArray
) -> Knowledge:
    """Return knowledge as a table, rows by sensor, class, cell."""
    n_radars, n_classes, n_cells, n_levels = priors.shape
    row = np.indices((n_radars, n_classes, n_cells)).reshape(3, -1)
    stacked = np.stack([p.log_posterior.reshape(n_radars, n_cells, n_levels) for p in posteriors], axis=1)
    return Knowledge(
        sensor=priors.sensors[row[0]],
        type=priors.type[row[1]],
        configuration=priors.configuration[row[1]],
        aspect_rad=priors.cells.azimuth_rad[row[2]],
        elevation_rad=priors.cells.elevation_rad[row[2]],
        log_posterior=stacked.reshape(-1, n_levels),
        log_evidence=log_evidence.reshape(-1, n_levels),
        n_looks=n_looks.reshape(-1),
    )


def solve(
    priors: Priors, log_evidence: FloatArray, before: Sequence[FieldPosterior | None] | None = None
) -> list[FieldPosterior]:
    """Posterior of every class under evidence (s, m, c, g)."""
    n_radars, n_classes, n_cells, n_levels = priors.shape
    start = before or [None] * n_classes
    return [
        posterior(field, np.ascontiguousarray(log_evidence[:, m]).reshape(n_radars * n_cells, n_levels), start[m])
        for m, field in enumerate(priors.fields)
    ]


def revised(priors: Priors, knowledge: Knowledge) -> Knowledge:
    """Return knowledge whose posteriors follow from the priors and its own evidence.

    For whoever adds, ages or takes away evidence: change ``log_evidence`` and ``n_looks``, then call this.
    """
    log_evidence, n_looks = evidence_of(priors, knowledge)
    return table_of(priors, solve(priors, log_evidence), log_evidence, n_looks)


def chain_nats(prior: Prior, before: FieldPosterior, after: FieldPosterior) -> FloatArray:
    """Entropy that the field lost between two posteriors, level by level. [nat]

    Parameters
    ----------
    prior : Prior
        The field.
    before, after : FieldPosterior
        Its posteriors.

    Returns
    -------
    (n,) array
        Share of each level, in the order of the levels: what its own evidence adds to that of the levels before it.
        The sum is the difference of the two joint entropies exactly, so that cells, radars and flights add up.

    Notes
    -----
    Chain rule for the normal law that stands for the field: half the logarithm of one plus the change of a site's
    precision times the level's variance at its turn (Cover & Thomas, *Elements of Information Theory*, 2nd ed., 2006,
    theorem 2.5.1 and 8.4.1). What scores with a law of their own lose is spread evenly over levels with new evidence.
    """
    n, out = len(prior.mean), np.empty(len(before.tau))
    _kernels_field.chain(before.cov.copy(), before.tau, after.tau, out)
    changed = out[:n] != 0.0
    if np.any(changed):
        out[:n][changed] += out[n:].sum() / np.count_nonzero(changed)
    return out[:n]
