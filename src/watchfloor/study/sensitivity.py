r"""Which unknowns drive an answer: Morris screening, Sobol indices with intervals, tornado, value of information.

The designs give points of the unit cube; the caller turns a coordinate into a value (`Spread.at_z` of its normal
score), plays the look-level campaign there, and hands the answers back. Nothing here knows what an answer means.

Estimators are the published ones: elementary effects with mean, mean of absolute values and deviation; first-order
indices by Saltelli (2010), total ones by Jansen (1999); intervals by bootstrap over the rows of the design.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from watchfloor.base.columns import Columns
from watchfloor.base.units import FloatArray, IntArray

LEVELS = 4
"""Levels of the grid that Morris's trajectories walk on; the step is then 2/3."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MorrisIndices(Columns):
    """Elementary effects; one row an unknown."""

    mean: FloatArray
    """(k,) mean effect: which way the answer moves over the unknown's whole range. [answer]"""
    mean_abs: FloatArray
    """(k,) mean of absolute effects: how much it matters. [answer]"""
    sd: FloatArray
    """(k,) deviation of effects: curvature, or interaction with others. [answer]"""
    mean_abs_p10: FloatArray
    """(k,) 10 % point of ``mean_abs`` over bootstrap samples of the trajectories. [answer]"""
    mean_abs_p90: FloatArray
    """(k,) 90 % point. [answer]"""


@dataclass(frozen=True, kw_only=True, eq=False)
class SobolIndices(Columns):
    """Shares of the answer's variance; one row an unknown."""

    first: FloatArray
    """(k,) share that goes away once this unknown alone is known. [1]"""
    first_p10: FloatArray
    """(k,) 10 % point over bootstrap samples. [1]"""
    first_p90: FloatArray
    """(k,) 90 % point. [1]"""
    total: FloatArray
    """(k,) share that stays while this unknown alone is not known. [1]"""
    total_p10: FloatArray
    """(k,) 10 % point. [1]"""
    total_p90: FloatArray
    """(k,) 90 % point. [1]"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Tornado(Columns):
    """The answer at the 10 and 90 % points of one unknown at a time, the others at their medians; one row each."""

    low: FloatArray
    """(k,) answer at the unknown's 10 % point. [answer]"""
    high: FloatArray
    """(k,) answer at its 90 % point. [answer]"""
    middle: FloatArray
    """(k,) answer with all at their medians. [answer]"""


# ---- Morris


def morris_design(k: int, n_trajectories: int, rng: np.random.Generator) -> FloatArray:
    """Trajectories that move one coordinate at a time, in random order, on a grid of four levels.

    Parameters
    ----------
    k : int
        Unknowns.
    n_trajectories : int
        Trajectories, at least 2; 10 to 20 are usual.
    rng : numpy.random.Generator
        Source of starts, orders and directions.

    Returns
    -------
    (n, k + 1, k) array
        Points of the unit cube, in order of each trajectory.

    Raises
    ------
    ValueError
        If a number is too small.

    References
    ----------
    Morris, "Factorial sampling plans for preliminary computational experiments", *Technometrics* 33 (2), 1991, section
    3, p = 4 levels and a step of p / (2 (p - 1)) = 2/3.
    """
    if k < 1 or n_trajectories < 2:
        raise ValueError(f"wanted at least 1 unknown and 2 trajectories, got {k} and {n_trajectories}")
    step = LEVELS / (2.0 * (LEVELS - 1.0))
    out = np.empty((n_trajectories, k + 1, k))
    for i in range(n_trajectories):
        start = rng.integers(0, LEVELS // 2, k) / (LEVELS - 1.0)
        up = rng.random(k) < 0.5
        x = np.where(up, start, start + step)
        out[i, 0] = x
        for j, column in enumerate(rng.permutation(k)):
            x[column] += step if up[column] else -step
            out[i, j + 1] = x
    return out


def morris(
    design: FloatArray, answers: FloatArray, *, rng: np.random.Generator, n_bootstrap: int = 1000
) -> MorrisIndices:
    """Elementary effects from the answers at a `morris_design`.

    Parameters
    ----------
    design : (n, k + 1, k) array
        Points.
    answers : (n, k + 1) array
        Answers there. [answer]
    rng : numpy.random.Generator
        Source of bootstrap samples.
    n_bootstrap : int
        Samples.

    Returns
    -------
    MorrisIndices
        One row an unknown; effects are per whole range of the coordinate.

    Raises
    ------
    ValueError
        If shapes do not fit, an answer is not finite, or a step moves not exactly one coordinate.

    References
    ----------
    Morris 1991; Campolongo, Cariboni & Saltelli, "An effective screening design for sensitivity analysis of large
    models", *Environmental Modelling & Software* 22, 2007, eq. 2 (mean of absolute effects).
    """
    n, _, k = design.shape
    answers = _finite(answers, (n, k + 1))
    moves = np.diff(design, axis=1)
    if np.any((moves != 0.0).sum(axis=2) != 1):
        raise ValueError("design: each step of a trajectory must move exactly one coordinate")
    column = np.abs(moves).argmax(axis=2)
    effects = np.empty((n, k))
    effect = np.diff(answers, axis=1) / np.take_along_axis(moves, column[..., None], axis=2)[..., 0]
    np.put_along_axis(effects, column, effect, axis=1)
    sample = np.abs(effects)[rng.integers(0, n, (n_bootstrap, n))].mean(axis=1)
    low, high = np.quantile(sample, (0.1, 0.9), axis=0)
    return MorrisIndices(
        mean=effects.mean(axis=0),
        mean_abs=np.abs(effects).mean(axis=0),
        sd=effects.std(axis=0, ddof=1),
        mean_abs_p10=low,
        mean_abs_p90=high,
    )


# ---- Sobol


def sobol_design(k: int, n: int, rng: np.random.Generator) -> FloatArray:
    """Points for first-order and total indices: n (k + 2) of them.

    Parameters
    ----------
    k : int
        Unknowns.
    n : int
        Rows of each matrix.
    rng : numpy.random.Generator
        Source of the points.

    Returns
    -------
    (k + 2, n, k) array
        Matrices A, B and, for each unknown, A with that column from B; points of the open unit cube, every coordinate
        a Latin hypercube's.

    Raises
    ------
    ValueError
        If a number is too small.

    References
    ----------
    Saltelli et al., "Variance based sensitivity analysis of model output. Design and estimator for the total
    sensitivity index", *Computer Physics Communications* 181, 2010, table 2; McKay, Beckman & Conover, "A comparison of
    three methods for selecting values of input variables", *Technometrics* 21 (2), 1979 (Latin hypercubes).
    """
    if k < 1 or n < 2:
        raise ValueError(f"wanted at least 1 unknown and 2 rows, got {k} and {n}")
    strata = rng.permuted(np.tile(np.arange(n), (2 * k, 1)), axis=1).T
    points = np.clip((strata + rng.random(strata.shape)) / n, 2.0**-32, 1.0 - 2.0**-32)
    a, b = points[:, :k], points[:, k:]
    out = np.repeat(a[None], k + 2, axis=0)
    out[1] = b
    for j in range(k):
        out[j + 2, :, j] = b[:, j]
    return out


def sobol(answers: FloatArray, *, rng: np.random.Generator, n_bootstrap: int = 1000) -> SobolIndices:
    r"""First-order and total indices from the answers at a `sobol_design`.

    Parameters
    ----------
    answers : (k + 2, n) array
        Answers at its points. [answer]
    rng : numpy.random.Generator
        Source of bootstrap samples.
    n_bootstrap : int
        Samples of rows.

    Returns
    -------
    SobolIndices
        One row an unknown; zero where the answer does not vary at all.

    Raises
    ------
    ValueError
        If the shape does not fit or an answer is not finite.

    Notes
    -----
    With f(A), f(B) and f(A with column i of B), V the variance of f over A and B together:

    .. math:: S_i = \frac{\frac1n \sum f(B)\,(f(A_B^i) - f(A))}{V},\qquad
              T_i = \frac{\frac1{2n} \sum (f(A) - f(A_B^i))^2}{V}

    Estimates may leave 0 to 1 by their error; their intervals say by how much. Answers are centred first, which leaves
    both unchanged in the mean and makes the first much less noisy.

    References
    ----------
    Saltelli et al. 2010, table 2, rows (b) and (f); Jansen, "Analysis of variance designs for model output",
    *Computer Physics Communications* 117, 1999.
    """
    answers = np.asarray(answers, dtype=np.float64)
    if answers.ndim != 2 or answers.shape[0] < 3 or answers.shape[1] < 2:
        raise ValueError(f"answers wants shape (k + 2, n) with k at least 1 and n at least 2, got {answers.shape}")
    answers = _finite(answers, answers.shape)
    k, n = answers.shape[0] - 2, answers.shape[1]
    answers = answers - answers[:2].mean()
    whole = np.arange(n)[None]
    first, total = _indices(answers, whole)
    samples = rng.integers(0, n, (n_bootstrap, n))
    spread = [_indices(answers, samples[i : i + 64]) for i in range(0, n_bootstrap, 64)]  # the rest would fill memory
    (f10, f90), (t10, t90) = (
        np.quantile(np.concatenate([part[j] for part in spread]), (0.1, 0.9), axis=0) for j in (0, 1)
    )
    assert first.shape == (1, k)
    return SobolIndices(first=first[0], first_p10=f10, first_p90=f90, total=total[0], total_p10=t10, total_p90=t90)


def _indices(answers: FloatArray, rows: IntArray) -> tuple[FloatArray, FloatArray]:
    """First-order and total indices (m, k) for m choices of rows (m, n)."""
    a, b, mixed = answers[0][rows], answers[1][rows], answers[2:][:, rows]
    variance = np.concatenate((a, b), axis=1).var(axis=1)
    scale = np.where(variance > 0.0, variance, np.inf)
    first = (b * (mixed - a)).mean(axis=2) / scale
    total = 0.5 * np.square(a - mixed).mean(axis=2) / scale
    return first.T, total.T


# ---- tornado, value of information


def tornado(answer: Callable[[FloatArray], float], k: int) -> Tornado:
    """Move one unknown at a time between its 10 and 90 % points.

    Parameters
    ----------
    answer : callable
        Answer at a point (k,) of the unit cube. [answer]
    k : int
        Unknowns.

    Returns
    -------
    Tornado
        One row an unknown.
    """
    middle = answer(np.full(k, 0.5))
    ends = np.empty((k, 2))
    for j in range(k):
        for e, u in enumerate((0.1, 0.9)):
            point = np.full(k, 0.5)
            point[j] = u
            ends[j, e] = answer(point)
    return Tornado(low=ends[:, 0], high=ends[:, 1], middle=np.full(k, middle))


def evpi(losses: FloatArray) -> float:
    """Expected value of perfect information: what knowing everything before deciding would save.

    Parameters
    ----------
    losses : (options, n) array
        Loss of each option in each of n equally likely states of the world. [loss]

    Returns
    -------
    float
        Least expected loss less the expected least loss, at least 0. [loss]

    Raises
    ------
    ValueError
        If there is no option or state, or a loss is not finite.

    References
    ----------
    Raiffa & Schlaifer, *Applied Statistical Decision Theory*, 1961, section 4.5.

    Examples
    --------
    >>> evpi(np.array([[0.0, 10.0], [4.0, 4.0]]))
    2.0
    """
    losses = np.asarray(losses, dtype=np.float64)
    if losses.ndim != 2 or 0 in losses.shape:
        raise ValueError(f"losses wants shape (options, states), neither 0, got {losses.shape}")
    losses = _finite(losses, losses.shape)
    return float(losses.mean(axis=1).min() - losses.min(axis=0).mean())


def evppi(losses: FloatArray, unknown: FloatArray, *, n_bins: int | None = None) -> float:
    """Expected value of knowing one unknown exactly, the others not.

    Parameters
    ----------
    losses : (options, n) array
        Loss of each option in each of n equally likely states of the world. [loss]
    unknown : (n,) array
        The unknown's value in each.
    n_bins : int, optional
        Classes of equal size that the unknown is cut into; the cube root of n when left out.

    Returns
    -------
    float
        At least 0 and, for the same losses, at most `evpi`. [loss]

    Raises
    ------
    ValueError
        If shapes do not fit or a number is not finite.

    Notes
    -----
    Inside a class the option is chosen by the class's mean loss. With few states a class the choice follows noise and
    the value comes out too high: keep a hundred or more.

    References
    ----------
    Strong & Oakley, "An efficient method for computing single-parameter partial expected value of perfect
    information", *Medical Decision Making* 33 (6), 2013.
    """
    value = evpi(losses)
    n = np.asarray(losses).shape[1]
    unknown = _finite(unknown, (n,))
    n_parts = max(round(n ** (1.0 / 3.0)), 1) if n_bins is None else n_bins
    if not 1 <= n_parts <= n:
        raise ValueError(f"n_bins must lie in 1 to the number of states {n}, got {n_parts}")
    parts = np.array_split(np.argsort(unknown, kind="stable"), n_parts)
    losses = np.asarray(losses, dtype=np.float64)
    informed = sum(losses[:, part].mean(axis=1).min() * len(part) for part in parts) / n
    return float(min(max(losses.mean(axis=1).min() - informed, 0.0), value))


def ranked(names: Sequence[str], importance: FloatArray) -> tuple[str, ...]:
    """Return names by falling importance."""
    return tuple(names[int(i)] for i in np.argsort(-np.asarray(importance), kind="stable"))


def _finite(values: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    values = np.asarray(values, dtype=np.float64)
    if values.shape != shape:
        raise ValueError(f"wanted answers of shape {shape}, got {values.shape}")
    if not np.all(np.isfinite(values)):
        raise ValueError(f"{int((~np.isfinite(values)).sum())} answers are not finite: cap what is never reached first")
    return values
