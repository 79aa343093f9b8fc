"""Whether a tracker knows how good it is: errors against covariances, innovations, probabilities of existence.

A filter is consistent when its errors are as large as it says (NEES, NIS), its innovations forget each other
(whiteness), and of all tracks to which it gives a probability of 0.8 four in five exist (calibration).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from watchfloor.base.columns import Columns
from watchfloor.base.errors import NumericsError
from watchfloor.base.units import BoolArray, FloatArray, IntArray


def squared_errors(error: FloatArray, cov: FloatArray) -> FloatArray:
    r"""Errors normalised by their covariances and squared: NEES of estimates, NIS of innovations.

    Parameters
    ----------
    error : (n, d) array
        Estimate less truth, or plot less prediction; NaN in a component that was not measured.
    cov : (n, d, d) array
        Its covariance; rows and columns of a NaN component do not count.

    Returns
    -------
    (n,) array
        :math:`e^T P^{-1} e`; NaN where no component is there. [1]

    Raises
    ------
    ValueError
        If the shapes do not fit or a value that counts is not finite.
    NumericsError
        If a covariance is not positive definite.

    Notes
    -----
    Chi-square with as many degrees of freedom as there are components, for Gaussian errors of the stated covariance.

    References
    ----------
    Bar-Shalom, Li & Kirubarajan, *Estimation with Applications to Tracking and Navigation*, Wiley, 2001, sec. 5.4.2.

    Examples
    --------
    >>> squared_errors(np.array([[3.0, 4.0]]), np.array([np.diag([9.0, 4.0])]))
    array([5.])
    """
    error, cov = np.asarray(error, np.float64), np.asarray(cov, np.float64)
    if error.ndim != 2 or cov.shape != (*error.shape, error.shape[1]):
        raise ValueError(f"error is (n, d) and cov (n, d, d), got {error.shape} and {cov.shape}")
    there = ~np.isnan(error)
    both = there[:, :, None] & there[:, None, :]
    clean = np.where(both, cov, np.eye(error.shape[1]))  # a component that is not there is its own, with error 0
    e = np.where(there, error, 0.0)
    if not (np.isfinite(clean).all() and np.isfinite(e).all()):
        row = int(np.flatnonzero(~(np.isfinite(clean).all(axis=(1, 2)) & np.isfinite(e).all(axis=1)))[0])
        raise ValueError(f"error and cov must be finite, row {row} is not")
    try:
        np.linalg.cholesky(clean)
    except np.linalg.LinAlgError:
        smallest = np.linalg.eigvalsh(clean).min(axis=1)
        row = int(smallest.argmin())
        raise NumericsError(
            f"covariance of row {row} is not positive definite: smallest eigenvalue {smallest[row]:.3g}"
        ) from None
    out = np.einsum("ni,ni->n", e, np.linalg.solve(clean, e[:, :, None])[:, :, 0])
    return np.where(there.any(axis=1), out, np.nan)


def chi_square_band(dof: float, *, n: float = 1.0, share: float = 0.95) -> tuple[float, float]:
    r"""Band that holds the mean of n independent chi-square values with a given probability.

    Parameters
    ----------
    dof : float
        Degrees of freedom of each, above 0.
    n : float
        How many are averaged, above 0: runs, or tracks at one time.
    share : float
        Probability, inside (0, 1), shared evenly between both sides. [1]

    Returns
    -------
    low, high : float
        The band; the mean is expected at ``dof``. [1]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    :math:`\chi^2_{n\,dof}` quantiles over n.

    References
    ----------
    Bar-Shalom, Li & Kirubarajan 2001, sec. 5.4.2.

    Examples
    --------
    >>> low, high = chi_square_band(2, n=50)
    >>> round(low, 2), round(high, 2)
    (1.48, 2.59)
    """
    for name, value in (("dof", dof), ("n", n)):
        if not (value > 0.0 and math.isfinite(value)):
            raise ValueError(f"{name} must be above 0, got {value!r}")
    tail = _tail(share)
    half = 0.5 * n * dof
    return 2.0 * float(special.gammaincinv(half, tail)) / n, 2.0 * float(special.gammainccinv(half, tail)) / n


def _tail(share: float) -> float:
    if not 0.0 < share < 1.0:
        raise ValueError(f"share must lie inside (0, 1), got {share!r}")
    return 0.5 * (1.0 - share)


@dataclass(frozen=True)
class Nees:
    """Normalised estimation errors squared of a whole run or campaign."""

    dof: int
    """Components of the state: where the mean is expected. [1]"""
    n: int
    """Estimates."""
    n_trajectories: int
    """Trajectories that they come from: how many independent things were seen."""
    anees: float
    """Mean over estimates divided by ``dof``; 1 is honest, above 1 is a filter that believes itself too much. [1]"""
    anees_low: float
    """Lower end of its interval, from the spread between trajectories; NaN for one. [1]"""
    anees_high: float
    """Upper end. [1]"""
    inside: float
    """Share of estimates between the chi-square quantiles; the band's own share is expected. [1]"""
    share: float
    """Probability of the interval and of the band. [1]"""

    @property
    def consistent(self) -> bool:
        """Whether 1 lies in the interval; False where there is none."""
        return self.anees_low <= 1.0 <= self.anees_high


@dataclass(frozen=True, kw_only=True, eq=False)
class NeesOverTime(Columns):
    """NEES averaged over the trajectories held at each time, with the band for so many; one row a time."""

    t_s: FloatArray
    """(n,) time. [s]"""
    mean: FloatArray
    """(n,) mean NEES. [1]"""
    low: FloatArray
    """(n,) lower edge of the chi-square band. [1]"""
    high: FloatArray
    """(n,) upper edge. [1]"""
    n: IntArray
    """(n,) trajectories."""


def nees(value: FloatArray, trajectory: IntArray, *, dof: int, share: float = 0.95) -> Nees:
    """Sum up normalised errors of many estimates.

    Parameters
    ----------
    value : (n,) array
        Normalised errors squared, see `squared_errors`. [1]
    trajectory : (n,) array
        Which trajectory (of which run) each belongs to: errors within one are not independent.
    dof : int
        Components of the error.
    share : float
        Probability of the interval and the band, inside (0, 1). [1]

    Returns
    -------
    Nees
        The mean with its interval, and the share inside the band.

    Raises
    ------
    ValueError
        If there is no value, one is negative or not finite, or lengths differ.

    Notes
    -----
    Errors of one track hang together, so the chi-square band of all estimates would be far too narrow. The interval is
    Student's over trajectories, each weighing by its number of estimates (ratio estimator).

    References
    ----------
    Li, Zhao & Jilkov, "Practical measures and test for credibility of an estimator", Proc. Workshop on Estimation,
    Tracking and Fusion, 2001 (ANEES); Cochran, *Sampling Techniques*, 3rd ed., 1977, sec. 6.3 (ratio).
    """
    value = np.asarray(value, np.float64)
    if len(value) == 0 or not (np.isfinite(value).all() and (value >= 0.0).all()):
        raise ValueError(f"normalised errors are finite and at least 0, and there is one at least; got {len(value)}")
    if len(trajectory) != len(value):
        raise ValueError(f"trajectory must have {len(value)} rows, got {len(trajectory)}")
    low, high = chi_square_band(dof, share=share)
    which = np.unique(trajectory, return_inverse=True)[1]
    count = np.bincount(which)
    mean, n = float(value.mean()), len(count)
    half = math.nan
    if n > 1:
        off = np.bincount(which, value) - mean * count
        spread = math.sqrt(float((off**2).sum()) / (n - 1) * n) / len(value)
        half = float(special.stdtrit(n - 1, 1.0 - _tail(share))) * spread
    return Nees(
        dof=dof,
        n=len(value),
        n_trajectories=n,
        anees=mean / dof,
        anees_low=(mean - half) / dof,
        anees_high=(mean + half) / dof,
        inside=float(((value >= low) & (value <= high)).mean()),
        share=share,
    )


@dataclass(frozen=True, eq=False)
class StateNees:
    """NEES of position, velocity and both together."""

    position: Nees
    """Of the three components of position."""
    velocity: Nees
    """Of the three of velocity."""
    full: Nees
    """Of all six, so of what the covariance says between them too."""
    over_time: NeesOverTime
    """Of all six, by time."""


def state_nees(
    t_s: FloatArray, trajectory: IntArray, error: FloatArray, cov: FloatArray, *, share: float = 0.95
) -> StateNees:
    """Judge the covariances of tracks by their errors.

    Parameters
    ----------
    t_s, trajectory : (n,), (n,) arrays
        Time of each estimate, and the track (of which run) it belongs to. [s, 1]
    error : (n, 6) array
        Estimate less truth, position then velocity. [m, m/s]
    cov : (n, 6, 6) array
        Covariance that the tracker gives. [m2, m2/s, m2/s2]
    share : float
        Probability of intervals and bands, inside (0, 1). [1]

    Returns
    -------
    StateNees
        The normalised errors.

    Raises
    ------
    ValueError
        If there is no row, shapes do not fit, or a value is not finite.
    NumericsError
        If a covariance is not positive definite.

    Notes
    -----
    Errors found by assigning tracks to targets within a cutoff lack those beyond it: choose it well above the errors,
    or the filter looks more honest than it is.
    """
    error, cov = np.asarray(error, np.float64), np.asarray(cov, np.float64)
    if error.ndim != 2 or error.shape[1] != 6:
        raise ValueError(f"error is (n, 6), got {error.shape}")
    where, speed, full = (
        squared_errors(error[:, part], cov[:, part, part]) for part in (slice(0, 3), slice(3, 6), slice(0, 6))
    )
    return StateNees(
        position=nees(where, trajectory, dof=3, share=share),
        velocity=nees(speed, trajectory, dof=3, share=share),
        full=nees(full, trajectory, dof=6, share=share),
        over_time=nees_over_time(t_s, full, dof=6, share=share),
    )


def nees_over_time(t_s: FloatArray, value: FloatArray, *, dof: int, share: float = 0.95) -> NeesOverTime:
    """Average normalised errors over the estimates of each time (tracks, or runs).

    Parameters
    ----------
    t_s, value : (n,), (n,) arrays
        Time and normalised error squared of each estimate. [s, 1]
    dof : int
        Components of the error.
    share : float
        Probability of the band, inside (0, 1). [1]

    Returns
    -------
    NeesOverTime
        A row for each different time, in order.

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    Estimates of one time are taken as independent; times are not, so of a long run clearly more or fewer than
    ``share`` of the rows may lie inside.

    References
    ----------
    Bar-Shalom, Li & Kirubarajan 2001, sec. 5.4.2.
    """
    times, row, count = np.unique(t_s, return_inverse=True, return_counts=True)
    numbers, which = np.unique(count, return_inverse=True)
    bands = np.array([chi_square_band(dof, n=float(n), share=share) for n in numbers]).reshape(-1, 2)
    return NeesOverTime(
        t_s=times,
        mean=np.bincount(row, value, len(times)) / count,
        low=bands[which, 0],
        high=bands[which, 1],
        n=count,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Nis(Columns):
    """Normalised innovations squared by sensor; one row a sensor."""

    sensor: IntArray
    """(n,) sensor."""
    n: IntArray
    """(n,) innovations."""
    mean: FloatArray
    """(n,) sum of the innovations' squares over the sum of their degrees of freedom; 1 is honest. [1]"""
    low: FloatArray
    """(n,) lower edge of the chi-square band of that. [1]"""
    high: FloatArray
    """(n,) upper edge. [1]"""
    inside: FloatArray
    """(n,) share of innovations between their own chi-square quantiles. [1]"""


def nis(sensor: IntArray, value: FloatArray, dof: IntArray, *, share: float = 0.95) -> Nis:
    """Sum up normalised innovations by sensor.

    Parameters
    ----------
    sensor : (n,) array
        Sensor of each innovation.
    value : (n,) array
        Normalised innovation squared, see `squared_errors`. [1]
    dof : (n,) array
        Components measured.
    share : float
        Probability of the bands, inside (0, 1). [1]

    Returns
    -------
    Nis
        A row for each sensor, in order.

    Raises
    ------
    ValueError
        If a value is negative or not finite, or a number of components below 1.

    Notes
    -----
    Innovations of a consistent filter are independent, so the band is that of all of them. A gate cuts the largest off:
    the mean then lies below 1 by little (a gate of 0.99 takes 3.5 % off it for three components).

    References
    ----------
    Bar-Shalom, Li & Kirubarajan 2001, sec. 5.4.2 (test of innovations).
    """
    value, dof = np.asarray(value, np.float64), np.asarray(dof)
    if not (np.isfinite(value).all() and (value >= 0.0).all() and (dof >= 1).all()):
        raise ValueError("normalised innovations are finite and at least 0, of 1 component at least")
    sensors, row, count = np.unique(sensor, return_inverse=True, return_counts=True)
    total = np.bincount(row, dof, len(sensors))
    bands = [chi_square_band(float(d), share=share) for d in total]
    kinds, which = np.unique(dof, return_inverse=True)
    own = np.array([chi_square_band(float(d), share=share) for d in kinds]).reshape(-1, 2)[which]
    inside = (value >= own[:, 0]) & (value <= own[:, 1])
    return Nis(
        sensor=sensors,
        n=count,
        mean=np.bincount(row, value, len(sensors)) / total,
        low=np.array([low for low, _ in bands]) / total,
        high=np.array([high for _, high in bands]) / total,
        inside=np.bincount(row, inside, len(sensors)) / count,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Whiteness(Columns):
    """Autocorrelation of innovations; one row a lag."""

    lag: IntArray
    """(n,) steps apart."""
    correlation: FloatArray
    """(n,) autocorrelation, 0 for white innovations. [1]"""
    bound: FloatArray
    """(n,) what its size stays below with the probability asked for, if they are white. [1]"""
    n: IntArray
    """(n,) products of components behind it."""


def whiteness(
    t_s: FloatArray, series: IntArray, innovation: FloatArray, cov: FloatArray, *, lags: int = 5, share: float = 0.95
) -> Whiteness:
    r"""Autocorrelation of the innovations of many tracks.

    Parameters
    ----------
    t_s, series : (n,), (n,) arrays
        Time of each innovation, and the series (track and sensor) it belongs to. [s, 1]
    innovation, cov : (n, d), (n, d, d) arrays
        Plot less prediction, and its covariance.
    lags : int
        Longest lag, at least 1.
    share : float
        Probability of the bound, inside (0, 1). [1]

    Returns
    -------
    Whiteness
        A row a lag from 1.

    Raises
    ------
    ValueError
        If an argument is outside its domain, or no series is longer than ``lags``.
    NumericsError
        If a covariance is not positive definite.

    Notes
    -----
    Innovations are first whitened in themselves, :math:`u = L^{-1}\nu` with :math:`S = LL^T`; then
    :math:`\rho(l) = \sum u_k^T u_{k+l} / \sqrt{\sum u_k^T u_k \sum u_{k+l}^T u_{k+l}}`, over all series, about normal
    with variance one over the number of products. Steps count innovations, whatever the time between them.

    References
    ----------
    Bar-Shalom, Li & Kirubarajan 2001, sec. 5.4.2 (time-average autocorrelation).
    """
    if lags < 1:
        raise ValueError(f"lags must be at least 1, got {lags!r}")
    nu, s = np.asarray(innovation, np.float64), np.asarray(cov, np.float64)
    squared_errors(nu, s)  # refuses what is not finite or not positive definite
    if np.isnan(nu).any():
        raise ValueError("innovation must be finite in every component: leave sensors with others out")
    order = np.lexsort((t_s, series))
    who = np.asarray(series)[order]
    u = np.linalg.solve(np.linalg.cholesky(s), nu[:, :, None])[:, :, 0][order]
    z = float(special.ndtri(1.0 - _tail(share)))
    rows = []
    for lag in range(1, lags + 1):
        pair = np.flatnonzero(who[lag:] == who[:-lag])
        if len(pair) == 0:
            raise ValueError(f"no series has more than {lag} innovations; ask for fewer lags")
        a, b = u[pair], u[pair + lag]
        rho = float((a * b).sum() / math.sqrt((a * a).sum() * (b * b).sum()))
        rows.append((rho, z / math.sqrt(a.size), a.size))
    table = np.array(rows)
    return Whiteness(
        lag=np.arange(1, lags + 1), correlation=table[:, 0], bound=table[:, 1], n=table[:, 2].astype(np.int64)
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class ReliabilityBins(Columns):
    """Stated probabilities against what came true; one row a bin that holds any."""

    low: FloatArray
    """(n,) edge of the bin. [1]"""
    high: FloatArray
    """(n,) other edge. [1]"""
    n: IntArray
    """(n,) statements in it."""
    stated: FloatArray
    """(n,) mean probability stated. [1]"""
    came_true: FloatArray
    """(n,) share that came true. [1]"""
    came_true_low: FloatArray
    """(n,) lower end of its Clopper-Pearson interval. [1]"""
    came_true_high: FloatArray
    """(n,) upper end. [1]"""


@dataclass(frozen=True, eq=False)
class Calibration:
    """How well probabilities were stated: ``brier = reliability - resolution + uncertainty + within``."""

    bins: ReliabilityBins
    """The reliability diagram."""
    n: int
    """Statements."""
    ece: float
    """Expected calibration error: mean of |stated - came true| over bins by their numbers; 0 is best. [1]"""
    brier: float
    """Brier score, mean squared difference of probability and outcome; 0 is best. [1]"""
    reliability: float
    """Mean squared difference of stated and true over bins; 0 is best. [1]"""
    resolution: float
    """Mean squared difference of the bins' shares from the share of all: how much the statements tell apart. [1]"""
    uncertainty: float
    """Variance of the outcomes: what somebody who always states the share of all would score. [1]"""
    within: float
    """What is left because statements in one bin differ; 0 where all in a bin are equal. [1]"""


def calibration(probability: FloatArray, outcome: BoolArray, *, n_bins: int = 10, share: float = 0.95) -> Calibration:
    """Compare stated probabilities (of existence, of detection) with what came true.

    Parameters
    ----------
    probability : (n,) array
        Probability stated, inside [0, 1]. [1]
    outcome : (n,) bool array
        Whether it came true.
    n_bins : int
        Bins of equal width.
    share : float
        Probability of the intervals, inside (0, 1). [1]

    Returns
    -------
    Calibration
        The reliability diagram and its figures.

    Raises
    ------
    ValueError
        If there is no statement, a probability is outside [0, 1], or lengths differ.

    Notes
    -----
    The intervals take statements as independent; those about one track at many times are not, so thin them out (one a
    track, or one a minute) before trusting an interval.

    References
    ----------
    Murphy, "A new vector partition of the probability score", *J. Appl. Meteor.* 12, 1973, pp. 595-600; Stephenson,
    Coelho & Jolliffe, "Two extra components in the Brier score decomposition", *Weather and Forecasting* 23, 2008,
    pp. 752-757 (within); Clopper & Pearson, *Biometrika* 26, 1934, pp. 404-413.

    Examples
    --------
    >>> said = calibration(np.array([0.25, 0.25, 0.25, 0.25]), np.array([True, False, False, False]))
    >>> said.ece, said.brier, said.reliability
    (0.0, 0.1875, 0.0)
    """
    said, came = np.asarray(probability, np.float64), np.asarray(outcome, bool)
    if len(said) != len(came) or len(said) == 0:
        raise ValueError(f"probability and outcome have one row a statement, got {len(said)} and {len(came)}")
    if not ((said >= 0.0) & (said <= 1.0)).all():
        raise ValueError(f"probability must lie inside [0, 1], got {said[~((said >= 0.0) & (said <= 1.0))][0]:.6g}")
    if n_bins < 1:
        raise ValueError(f"n_bins must be at least 1, got {n_bins!r}")
    tail = _tail(share)
    row = np.minimum((said * n_bins).astype(np.int64), n_bins - 1)
    count = np.bincount(row, minlength=n_bins)
    full = np.flatnonzero(count)
    n, hits = count[full], np.bincount(row, came, n_bins)[full]
    stated, true = np.bincount(row, said, n_bins)[full] / n, hits / n
    low = np.where(hits > 0, special.betaincinv(np.maximum(hits, 1), n - hits + 1, tail), 0.0)
    high = np.where(hits < n, special.betaincinv(hits + 1, np.maximum(n - hits, 1), 1.0 - tail), 1.0)
    weight, base = n / len(said), float(came.mean())
    brier = float(((said - came) ** 2).mean())
    reliability, resolution = (float((weight * (a - b) ** 2).sum()) for a, b in ((stated, true), (true, base)))
    uncertainty = base * (1.0 - base)
    bins = ReliabilityBins(
        low=full / n_bins,
        high=(full + 1) / n_bins,
        n=n,
        stated=stated,
        came_true=true,
        came_true_low=low,
        came_true_high=high,
    )
    return Calibration(
        bins=bins,
        n=len(said),
        ece=float((weight * np.abs(stated - true)).sum()),
        brier=brier,
        reliability=reliability,
        resolution=resolution,
        uncertainty=uncertainty,
        within=brier - (reliability - resolution + uncertainty),
    )
