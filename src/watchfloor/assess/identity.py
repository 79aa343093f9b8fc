"""How good posteriors over types are: scores, calibration with its sampling error, abstaining, unseen types.

One row is one posterior about one flight; rows of one flight are not independent, so every flight counts once (its
rows share its weight) and every interval is over flights: bootstrap of flights for means, exact binomial for rates. A
rate is about the last row of each flight: the last word about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import special

from watchfloor.base.units import FloatArray, IntArray

N_BINS = 10
"""Bins of a reliability curve: of equal weight, not of equal width, so that none is empty."""
N_RESAMPLES = 400
"""Resamples behind an interval or a sampling error."""
P_LEAST = 1e-6
"""A posterior is scored as if it gave nothing less than this: one flat denial does not make a score infinite. [1]"""


class Interval(NamedTuple):
    """A figure with what is known of it."""

    value: float
    """The figure."""
    low: float
    """Lower end of its 95 % interval."""
    high: float
    """Upper end."""
    n: int
    """Flights behind it."""


@dataclass(frozen=True, eq=False)
class Reliability:
    """Stated confidence against how often it was right; one row a bin."""

    stated: FloatArray
    """(b,) mean confidence of the bin. [1]"""
    right: FloatArray
    """(b,) share that was right. [1]"""
    low: FloatArray
    """(b,) lower end of the 95 % interval of that share. [1]"""
    high: FloatArray
    """(b,) upper end. [1]"""
    n_flights: IntArray
    """(b,) flights with a row in the bin."""
    ece: float
    """Expected calibration error: mean distance of both, by weight. [1]"""
    ece_of_honest: float
    """What an honest posterior would score on average on as many flights: sampling error alone. [1]"""
    ece_of_honest_p95: float
    """What one honest posterior in twenty would exceed. [1]"""
    ece_beyond: float
    """Calibration error beyond sampling error: root of the squared error with its expectation taken out, 0 at
    least. [1]"""

    @property
    def honest(self) -> bool:
        """Whether sampling error explains the calibration error (level 5 %)."""
        return self.ece <= self.ece_of_honest_p95


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """Error among those decided against share decided, as the level asked for falls; last rows of flights."""

    level: FloatArray
    """(m,) least confidence that is decided, falling. [1]"""
    coverage: FloatArray
    """(m,) share of flights decided. [1]"""
    risk: FloatArray
    """(m,) share of those that is wrong. [1]"""
    low: FloatArray
    """(m,) lower end of its exact 95 % interval. [1]"""
    high: FloatArray
    """(m,) upper end. [1]"""
    area: float
    """Mean risk over coverage: 0 is best, the plain error rate is what a useless confidence gives. [1]"""


@dataclass(frozen=True, eq=False)
class Decisions:
    """What would be decided at a level of confidence; last rows of flights."""

    level: float
    """Least probability at which a type is named. [1]"""
    named: Interval
    """Share of flights of known types for which a type is named."""
    right: Interval
    """Share right of those named."""
    rejected: Interval
    """Share of flights of unseen types for which no type is named; NaN without such flights."""
    confusion: IntArray
    """(types + 1, types + 2) flights: truth down, "other" last; decided across, then "other", then abstained."""


@dataclass(frozen=True, eq=False)
class IdentityScores:
    """How good identities are."""

    log_score: Interval
    """Mean log of the probability of the truth, 0 best. [nat]"""
    brier: Interval
    """Mean squared distance from the truth, over all types and "other": 0 best, 2 worst. [1]"""
    right: Interval
    """Share of flights whose likeliest type is true. [1]"""
    reliability: Reliability
    """Calibration of the confidence, the probability of the likeliest type."""
    risk_coverage: RiskCoverage
    """What abstaining buys."""
    decisions: Decisions
    """What is named, refused and confused at one level."""
    n_flights: int
    """Flights."""
    n_rows: int
    """Posteriors."""


def score_identities(
    probability: FloatArray,
    truth: IntArray,
    flight: IntArray | None = None,
    *,
    level: float = 0.9,
    n_bins: int = N_BINS,
    seed: int = 0,
) -> IdentityScores:
    """Score posteriors over types against truth.

    Parameters
    ----------
    probability : (n, types + 1) array
        Posteriors, "other" last; rows sum to one. [1]
    truth : (n,) array
        True type of each row, ``types`` (or -1) for one that is not in the list.
    flight : (n,) array, optional
        Which flight a row is about; rows of one flight in order of time. Every row a flight of its own when left out.
    level : float
        Probability from which a type is named in ``decisions``, inside (0, 1]. [1]
    n_bins : int
        Bins of the reliability curve; fewer if there are few flights.
    seed : int
        Of the resamples: the same call gives the same figures.

    Returns
    -------
    IdentityScores
        All of it.

    Raises
    ------
    ValueError
        If there is no row, shapes disagree, a row is no distribution, a type is outside the list, one flight has two
        truths, or an argument is outside its domain.

    References
    ----------
    Gneiting & Raftery, "Strictly proper scoring rules, prediction, and estimation", *JASA* 102, 2007, pp. 359-378 (log
    and Brier score); El-Yaniv & Wiener, "On the foundations of noise-free selective classification", *JMLR* 11, 2010,
    pp. 1605-1641 (risk and coverage).

    Examples
    --------
    >>> p = np.array([[0.8, 0.1, 0.1], [0.3, 0.6, 0.1]])
    >>> scores = score_identities(p, np.array([0, 0]))
    >>> round(scores.log_score.value, 3), scores.right.value
    (-0.714, 0.5)
    """
    probability, truth, row_flight = _checked(probability, truth, flight)
    if not 0.0 < level <= 1.0:
        raise ValueError(f"level must lie inside (0, 1], got {level!r}")
    if n_bins < 1:
        raise ValueError(f"n_bins must be at least 1, got {n_bins!r}")
    rows = np.arange(len(truth))
    n_flights = int(row_flight.max()) + 1
    weight = 1.0 / np.bincount(row_flight)[row_flight]
    hot = np.zeros_like(probability)
    hot[rows, truth] = 1.0
    log_p = np.log(np.maximum(probability[rows, truth], P_LEAST))
    brier = ((probability - hot) ** 2).sum(axis=1)
    likely = probability.argmax(axis=1)
    last = np.zeros(n_flights, np.int64)
    np.maximum.at(last, row_flight, rows)
    rng = np.random.default_rng(seed)
    picks = rng.multinomial(n_flights, np.full(n_flights, 1.0 / n_flights), N_RESAMPLES)
    right = likely[last] == truth[last]
    return IdentityScores(
        log_score=_bootstrapped(np.asarray(np.bincount(row_flight, weight * log_p), np.float64), picks),
        brier=_bootstrapped(np.asarray(np.bincount(row_flight, weight * brier), np.float64), picks),
        right=binomial(int(right.sum()), n_flights),
        reliability=reliability(probability, truth, row_flight, n_bins=n_bins, seed=seed),
        risk_coverage=risk_coverage(probability[last], truth[last]),
        decisions=decisions(probability[last], truth[last], level=level),
        n_flights=n_flights,
        n_rows=len(truth),
    )


def reliability(
    probability: FloatArray, truth: IntArray, flight: IntArray | None = None, *, n_bins: int = N_BINS, seed: int = 0
) -> Reliability:
    """Compare the confidence in the likeliest type (or "other") with how often it was right.

    Parameters
    ----------
    probability, truth, flight, n_bins, seed
        As `score_identities`.

    Returns
    -------
    Reliability
        Bins of equal weight, by rising confidence; rows of one confidence share a bin.

    Raises
    ------
    ValueError
        As `score_identities`.

    Notes
    -----
    The plain error of few flights is far from 0 even when every probability is right, because absolute values do not
    cancel. So it stands beside what honest posteriors would score on the same rows: truths are drawn from the
    posteriors themselves, one number a flight for all its rows, and binned as the data are (consistency resampling).
    ``ece_beyond`` takes the mean squared error of those draws out of the squared error: unbiased before the root, at
    least 0. Intervals of bins are exact binomial intervals on as many trials as flights.

    References
    ----------
    Bröcker & Smith, "Increasing the reliability of reliability diagrams", *Weather and Forecasting* 22, 2007,
    pp. 651-661 (resampling); Kumar, Liang & Ma, "Verified uncertainty calibration", *NeurIPS* 32, 2019 (the bias, and
    bins of equal weight).
    """
    probability, truth, row_flight = _checked(probability, truth, flight)
    confidence, likely = probability.max(axis=1), probability.argmax(axis=1)
    weight = 1.0 / np.bincount(row_flight)[row_flight]
    n_flights = int(row_flight.max()) + 1
    bins = min(n_bins, max(n_flights // 5, 1))
    order = np.argsort(confidence, kind="stable")
    middle = (np.cumsum(weight[order]) - 0.5 * weight[order]) / weight.sum()
    place = np.minimum((middle * bins).astype(np.int64), bins - 1)
    _, first, same = np.unique(confidence[order], return_index=True, return_inverse=True)
    place = place[first][same]  # ties belong together
    row_bin = np.empty(len(order), np.int64)
    row_bin[order] = place
    _, row_bin = np.unique(row_bin, return_inverse=True)
    bins = int(row_bin.max()) + 1
    mass = np.bincount(row_bin, weight, bins)
    stated = np.bincount(row_bin, weight * confidence, bins) / mass
    right = np.bincount(row_bin, weight * (likely == truth), bins) / mass
    pairs = np.unique(np.stack([row_bin, row_flight]), axis=1)[0]
    trials = np.bincount(pairs, minlength=bins)
    low, high = _clopper_pearson(right * trials, trials)
    share = mass / mass.sum()
    rng = np.random.default_rng(seed)
    cumulated = np.cumsum(probability, axis=1)
    below = np.take_along_axis(cumulated, likely[:, None], axis=1)[:, 0]
    above = below - confidence
    error, square = np.empty(N_RESAMPLES), np.empty(N_RESAMPLES)
    for i in range(N_RESAMPLES):
        u = rng.random(n_flights)[row_flight]
        came = (u >= above) & (u < below)
        gap = np.bincount(row_bin, weight * came, bins) / mass - stated
        error[i], square[i] = share @ np.abs(gap), share @ gap**2
    gap = right - stated
    return Reliability(
        stated=stated,
        right=right,
        low=low,
        high=high,
        n_flights=trials,
        ece=float(share @ np.abs(gap)),
        ece_of_honest=float(error.mean()),
        ece_of_honest_p95=float(np.quantile(error, 0.95)),
        ece_beyond=float(np.sqrt(max(share @ gap**2 - square.mean(), 0.0))),
    )


def risk_coverage(probability: FloatArray, truth: IntArray) -> RiskCoverage:
    """Error among the most confident, one row a flight; see `RiskCoverage`.

    Parameters
    ----------
    probability, truth
        As `score_identities`; one row a flight.

    Returns
    -------
    RiskCoverage
        One row a distinct confidence. "Other" counts as decided, and as right for a type not in the list.

    Raises
    ------
    ValueError
        As `score_identities`.
    """
    probability, truth, _ = _checked(probability, truth, None)
    confidence = probability.max(axis=1)
    wrong = probability.argmax(axis=1) != truth
    order = np.argsort(-confidence, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(confidence[order]) != 0.0, True))
    n, errors = ends + 1, np.cumsum(wrong[order])[ends]
    low, high = _clopper_pearson(errors.astype(np.float64), n)
    coverage, risk = n / len(order), errors / n
    steps = np.diff(np.concatenate(([0.0], coverage)))
    return RiskCoverage(
        level=confidence[order][ends],
        coverage=coverage,
        risk=risk,
        low=low,
        high=high,
        area=float(steps @ risk),
    )


def decisions(probability: FloatArray, truth: IntArray, *, level: float) -> Decisions:
    """Name a type where its probability reaches a level, abstain elsewhere; see `Decisions`.

    Parameters
    ----------
    probability, truth
        As `score_identities`; one row a flight.
    level : float
        Least probability, inside (0, 1]; "other" is decided at it too. [1]

    Returns
    -------
    Decisions
        Counts and rates with exact intervals.

    Raises
    ------
    ValueError
        As `score_identities`.
    """
    probability, truth, _ = _checked(probability, truth, None)
    if not 0.0 < level <= 1.0:
        raise ValueError(f"level must lie inside (0, 1], got {level!r}")
    n_types = probability.shape[1] - 1
    likely, confidence = probability.argmax(axis=1), probability.max(axis=1)
    decided = np.where(confidence >= level - 1e-12, likely, n_types + 1)
    confusion = np.zeros((n_types + 1, n_types + 2), np.int64)
    np.add.at(confusion, (truth, decided), 1)
    known = truth < n_types
    named = decided < n_types
    return Decisions(
        level=level,
        named=binomial(int((known & named).sum()), int(known.sum())),
        right=binomial(int((named & (decided == truth)).sum()), int(named.sum())),
        rejected=binomial(int((~known & ~named).sum()), int((~known).sum())),
        confusion=confusion,
    )


def binomial(hits: int, trials: int) -> Interval:
    """Return a share with its exact 95 % interval (Clopper & Pearson, *Biometrika* 26, 1934); NaN of no trials."""
    if trials == 0:
        return Interval(np.nan, np.nan, np.nan, 0)
    low, high = _clopper_pearson(np.array([float(hits)]), np.array([trials]))
    return Interval(hits / trials, float(low[0]), float(high[0]), trials)


def _clopper_pearson(hits: FloatArray, trials: IntArray) -> tuple[FloatArray, FloatArray]:
    """Exact 95 % interval of shares; hits may be fractions of flights."""
    missed = trials - hits
    low = special.betaincinv(np.maximum(hits, 1e-9), missed + 1.0, 0.025)
    high = special.betaincinv(hits + 1.0, np.maximum(missed, 1e-9), 0.975)
    return np.where(hits > 0.0, low, 0.0), np.where(missed > 0.0, high, 1.0)


def _bootstrapped(by_flight: FloatArray, picks: IntArray) -> Interval:
    """Mean over flights with the 95 % percentile interval over resampled flights."""
    n = len(by_flight)
    low, high = np.quantile(picks @ by_flight / n, (0.025, 0.975)) if n > 1 else (-np.inf, np.inf)
    return Interval(float(by_flight.mean()), float(low), float(high), n)


def _checked(
    probability: FloatArray, truth: IntArray, flight: IntArray | None
) -> tuple[FloatArray, IntArray, IntArray]:
    """Arguments as arrays, unseen types as the last one, flights numbered from 0."""
    p, truth = np.asarray(probability, np.float64), np.asarray(truth)
    if p.ndim != 2 or p.shape[1] < 2 or len(p) == 0 or truth.shape != (len(p),):
        raise ValueError(
            f"probability must have shape (n, types + 1), n at least 1, and truth (n,); got {p.shape}, {truth.shape}"
        )
    if not (np.all(p >= 0.0) and np.allclose(p.sum(axis=1), 1.0, atol=1e-6)):
        bad = int(np.argmin((p >= 0.0).all(axis=1) & (np.abs(p.sum(axis=1) - 1.0) <= 1e-6)))
        raise ValueError(f"each row of probability must be a distribution, row {bad} is {p[bad]}")
    n_types = p.shape[1] - 1
    if not (np.issubdtype(truth.dtype, np.integer) and np.all((truth >= -1) & (truth <= n_types))):
        raise ValueError(f"truth must hold rows of the type list, -1 or {n_types} for none, got {truth}")
    truth = np.where(truth < 0, n_types, truth).astype(np.int64)
    if flight is None:
        return p, truth, np.arange(len(p))
    flight = np.asarray(flight)
    if flight.shape != truth.shape:
        raise ValueError(f"flight must have shape {truth.shape}, got {flight.shape}")
    _, first, number = np.unique(flight, return_index=True, return_inverse=True)
    if np.any(truth[first][number] != truth):
        row = int(np.argmax(truth[first][number] != truth))
        raise ValueError(f"flight {flight[row]} has two true types, {truth[first][number][row]} and {truth[row]}")
    return p, truth, number
