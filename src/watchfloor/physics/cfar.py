r"""Thresholds from the surroundings (CFAR): multipliers, what they cost, and the detectors on data.

The threshold is a multiplier :math:`\alpha` times an estimate formed from reference cells of the same statistic as the
cell under test: squared magnitudes, ``n_pulses`` of them added. For large windows :math:`\alpha` tends to
``detection.threshold(pfa, n_pulses) / n_pulses``.

======  ==============================================================================================
kind    estimate
======  ==============================================================================================
`ca`    mean of the ``n_reference`` cells (cell averaging)
`go`    the greater of the means of the two half windows
`so`    the lesser of them
`os`    the ``rank``-th smallest of the ``n_reference`` cells (order statistic)
`map`   exponentially weighted mean of the cell's own past scans, newest weight ``weight`` (clutter map)
======  ==============================================================================================

Given the estimate, the noise exceeds the threshold with the tail of a Poisson count. Averaged over the estimate that
count becomes negative binomial (`ca`), a mixture of such (`go`, `so`) or a sum of geometric counts (`os`, `map`), and
Pd is the chance that it stays below :math:`N + J` with the target's count J of `detection`: positive terms throughout,
no quadrature, except for `os` with several pulses. Noise and clutter are Rayleigh and alike in all cells; the target is
in the cell under test only.

References
----------
Gandhi & Kassam, "Analysis of CFAR processors in nonhomogeneous background", *IEEE Trans. AES* 24 (4), 1988,
pp. 427-445; Rohling, "Radar CFAR thresholding in clutter and multiple target situations", *IEEE Trans. AES* 19 (4),
1983, pp. 608-621; Nitzberg, "Clutter map CFAR analysis", *IEEE Trans. AES* 22 (4), 1986, pp. 419-421.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from watchfloor.base.units import BoolArray, FloatArray
from watchfloor.physics import detection
from watchfloor.physics._domain import agree
from watchfloor.physics._kernels import cfar as _kernels

KINDS = ("ca", "go", "so", "os", "map")
"""The kinds of estimate."""
_TERMS_MAX = 1 << 17


@dataclass(frozen=True, kw_only=True)
class Cfar:
    """How a threshold is formed from the surroundings."""

    kind: Literal["ca", "go", "so", "os", "map"]
    """See the module's table."""
    n_reference: int = 0
    """Reference cells, both sides together; even where there are two halves. Not for a map."""
    n_guard: int = 0
    """Cells left out on each side of the cell under test. Not for a map."""
    rank: int | None = None
    """Which of the reference cells, in rising order from 1; for `os`."""
    weight: float | None = None
    """Weight of the newest scan, inside (0, 1]; for `map`."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}, got {self.kind!r}")
        if (self.rank is not None) != (self.kind == "os"):
            raise ValueError(f"rank is for kind 'os' and needed there, got kind {self.kind!r} and rank {self.rank!r}")
        if (self.weight is not None) != (self.kind == "map"):
            raise ValueError(f"weight is for kind 'map' and needed there, got kind {self.kind!r}, {self.weight!r}")
        for name, value in (("n_reference", self.n_reference), ("n_guard", self.n_guard)):
            if value != int(value) or value < 0:
                raise ValueError(f"{name} is a whole number, at least 0, got {value!r}")
        if self.weight is not None:
            if self.n_reference or self.n_guard:
                raise ValueError("a map has no reference or guard cells; leave n_reference and n_guard out")
            if not 0.0 < self.weight <= 1.0:
                raise ValueError(f"weight lies inside (0, 1], got {self.weight!r}")
            return
        if self.n_reference < 1:
            raise ValueError(f"n_reference is at least 1, got {self.n_reference!r}")
        if self.kind in ("go", "so") and self.n_reference % 2:
            raise ValueError(f"n_reference must be even for two half windows, got {self.n_reference!r}")
        if self.rank is not None and not (1 <= self.rank <= self.n_reference and self.rank == int(self.rank)):
            raise ValueError(f"rank is a whole number, 1 to n_reference={self.n_reference}, got {self.rank!r}")


def pfa(cfar: Cfar, multiplier: ArrayLike, *, n_pulses: int = 1) -> FloatArray:
    r"""Probability of false alarm that a multiplier gives.

    Parameters
    ----------
    cfar : Cfar
        How the estimate is formed.
    multiplier : array_like
        What multiplies the estimate, at least 0. [1]
    n_pulses : int
        Pulses added after the square law, in the cell under test and the reference cells.

    Returns
    -------
    array
        Probability of false alarm a cell, relative error below 1e-11. [1]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    One pulse: `ca` :math:`(1+\alpha/n)^{-n}`; `os` :math:`\prod_{i<k}(n-i)/(n-i+\alpha)`; `map`
    :math:`\prod_l 1/(1+\alpha w(1-w)^l)`; `so` :math:`2\sum_{i<m}\binom{m+i-1}{i}(2+2\alpha/n)^{-(m+i)}` with
    m = n / 2 and `go` the same sum over i >= m.

    References
    ----------
    Gandhi & Kassam 1988, eqs. 11 (`ca`), 16 (`go`), 21 (`so`), 37 (`os`); Nitzberg 1986 (`map`); module docstring.

    Examples
    --------
    >>> float(pfa(Cfar(kind="os", n_reference=20, rank=15), 6.857).round(5))
    0.001
    """
    alpha = np.asarray(multiplier, dtype=np.float64)
    detection.shape(1, n_pulses)
    if not np.all((alpha >= 0.0) & (alpha < np.inf)):
        raise ValueError(f"multiplier is finite and at least 0, got {alpha!r}")
    if n_pulses == 1:
        return np.exp(_log_transform(cfar, alpha, 1))
    return _each(lambda at: _pfa(cfar, at, n_pulses), alpha)


def multiplier(cfar: Cfar, pfa: ArrayLike, *, n_pulses: int = 1) -> FloatArray:
    """Multiplier of the estimate that a probability of false alarm needs; the inverse of `pfa`.

    Parameters
    ----------
    cfar : Cfar
        How the estimate is formed.
    pfa : array_like
        Probability of false alarm a cell, inside (0, 1). [1]
    n_pulses : int
        As in `pfa`.

    Returns
    -------
    array
        Multiplier of the mean (or of the order statistic), to 1e-12. [1]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    References
    ----------
    As in `pfa`; for `ca` and one pulse closed, Richards, *Fundamentals of Radar Signal Processing*, 2nd ed., 2014,
    ch. 6.

    Examples
    --------
    >>> float(multiplier(Cfar(kind="ca", n_reference=16), 1e-6).round(4))
    21.942
    """
    wanted = detection._pfa(pfa)
    detection.shape(1, n_pulses)
    if cfar.kind == "ca" and n_pulses == 1:
        return cfar.n_reference * np.expm1(-np.log(wanted) / cfar.n_reference)
    return _each(lambda at: _multiplier(cfar, at, int(n_pulses)), wanted)


def pd(cfar: Cfar, snr: ArrayLike, pfa: ArrayLike, *, n_pulses: int = 1, swerling: int = 1) -> FloatArray:
    r"""Probability of detection with a threshold from the surroundings.

    Parameters
    ----------
    cfar : Cfar
        How the estimate is formed.
    snr : array_like
        Mean signal-to-noise ratio of one of the added pulses, at least 0. [power ratio]
    pfa : array_like
        Probability of false alarm a cell, inside (0, 1). [1]
    n_pulses : int
        As in `pfa`.
    swerling : int
        Fluctuation case 0 to 4.

    Returns
    -------
    array
        Probability of detection, relative error below 1e-10 (1e-7 where the multiplier exceeds 1e4). [1]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    Sum of positive terms (module docstring); for one pulse of cases 1 and 2 the formula of `pfa` with
    :math:`\alpha/(1+\mathrm{SNR})`. Each distinct ``pfa`` costs its own multiplier (kept for the next call).

    References
    ----------
    Gandhi & Kassam 1988 for one pulse of case 1; Hou, Morinaga & Namekawa, *IEEE Trans. AES* 23 (5), 1987,
    pp. 618-625, for added pulses of the chi-square family under `ca`.

    Examples
    --------
    >>> float(pd(Cfar(kind="ca", n_reference=16), 100.0, 1e-6).round(4))
    0.8059
    """
    agree(snr=snr, pfa=pfa)
    return _probability(cfar, np.asarray(snr, dtype=np.float64), detection._pfa(pfa), n_pulses, swerling)


def required_snr(cfar: Cfar, pd: ArrayLike, pfa: ArrayLike, *, n_pulses: int = 1, swerling: int = 1) -> FloatArray:
    """Signal-to-noise ratio a pulse that a probability of detection needs; the inverse of `pd`.

    Parameters
    ----------
    cfar : Cfar
        How the estimate is formed.
    pd : array_like
        Probability of detection wanted, above ``pfa`` and below 1. [1]
    pfa : array_like
        Probability of false alarm a cell, inside (0, 1). [1]
    n_pulses, swerling : int
        As in `pd`.

    Returns
    -------
    array
        Mean signal-to-noise ratio of one of the added pulses, to 1e-11 relative where Pd is below 0.9999. [power ratio]

    Raises
    ------
    ValueError
        If ``pd`` does not lie between ``pfa`` and 1.

    References
    ----------
    As in `pd`; bisection.
    """
    wanted, false = detection._wanted(pd, pfa)
    low, high = np.full(wanted.shape, -25.0), np.full(wanted.shape, 35.0)  # natural log of the ratio
    for _ in range(46):
        middle = 0.5 * (low + high)
        below = _probability(cfar, np.exp(middle), false, n_pulses, swerling) < wanted
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.exp(0.5 * (low + high))


def loss_db(cfar: Cfar, pd: ArrayLike, pfa: ArrayLike, *, n_pulses: int = 1, swerling: int = 1) -> FloatArray:
    """Signal-to-noise ratio that estimating the threshold costs, against knowing the noise.

    Parameters
    ----------
    cfar : Cfar
        How the estimate is formed.
    pd, pfa : array_like
        As in `required_snr`. [1]
    n_pulses, swerling : int
        As in `pd`.

    Returns
    -------
    array
        CFAR loss, positive. [dB]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    References
    ----------
    Gregers-Hansen & Ward, "Detection performance of the cell averaging LOG/CFAR receiver", *IEEE Trans. AES* 8 (5),
    1972, pp. 648-652; module docstring.

    Examples
    --------
    >>> float(loss_db(Cfar(kind="ca", n_reference=16), 0.5, 1e-6).round(2))
    2.0
    """
    ours = required_snr(cfar, pd, pfa, n_pulses=n_pulses, swerling=swerling)
    return 10.0 * np.log10(ours / detection.required_snr(pd, pfa, n_pulses=n_pulses, swerling=swerling))


def threshold_map(cfar: Cfar, power: ArrayLike, pfa: float, *, axis: int = -1, n_pulses: int = 1) -> FloatArray:
    """Threshold of every cell, from the cells beside it along one axis.

    Parameters
    ----------
    cfar : Cfar
        Any kind but `map`; ``n_reference`` even.
    power : array
        Squared magnitudes, ``n_pulses`` of them added, at least 0. [power]
    pfa : float
        Probability of false alarm a cell, inside (0, 1). [1]
    axis : int
        Along which the window slides (range, as a rule); the other axes are independent rows.
    n_pulses : int
        Pulses added in ``power``.

    Returns
    -------
    array
        Threshold, shape of ``power``. [power]

    Raises
    ------
    ValueError
        If the axis is shorter than two half windows with their guards, ``power`` is negative or NaN, or the kind is
        `map` (a map has a memory: keep it with `update_map`).

    Notes
    -----
    Where an edge cuts one half window the other alone is used, with a multiplier of its own, so that Pfa holds up to
    the edge: as `ca` of ``n_reference / 2`` cells for `ca`, `go` and `so`; for `os` the rank is halved (rounded up).

    References
    ----------
    As in the module docstring.
    """
    if cfar.kind == "map":
        raise ValueError("a map's threshold is multiplier(cfar, pfa) times its mean; keep the mean with update_map")
    if cfar.n_reference % 2:
        raise ValueError(f"n_reference must be even to slide along data, got {cfar.n_reference!r}")
    cells = np.asarray(power, dtype=np.float64)
    if cells.ndim == 0 or not np.all(cells >= 0.0):
        raise ValueError("power is an array of squared magnitudes, at least 0 and not NaN")
    half, guard = cfar.n_reference // 2, cfar.n_guard
    length = cells.shape[axis]
    if length < 2 * (half + guard):
        raise ValueError(
            f"power has {length} cells along axis {axis}, the window needs {2 * (half + guard)}; shorten n_reference"
        )
    rows = np.ascontiguousarray(np.moveaxis(cells, axis, -1))
    flat = rows.reshape(-1, length)
    both = float(multiplier(cfar, pfa, n_pulses=n_pulses))
    if cfar.kind == "os":
        rank = int(cfar.rank or 1)
        edge = Cfar(kind="os", n_reference=half, rank=(rank + 1) // 2)
        one = float(multiplier(edge, pfa, n_pulses=n_pulses))
        out = _kernels.rank_thresholds(flat, half, guard, rank, both, (rank + 1) // 2, one)
    else:
        one = float(multiplier(Cfar(kind="ca", n_reference=half), pfa, n_pulses=n_pulses))
        out = _kernels.mean_thresholds(flat, half, guard, ("ca", "go", "so").index(cfar.kind), both, one)
    return np.moveaxis(out.reshape(rows.shape), -1, axis)


def detect(cfar: Cfar, power: ArrayLike, pfa: float, *, axis: int = -1, n_pulses: int = 1) -> BoolArray:
    """Mark the cells that pass the threshold of `threshold_map`.

    Parameters and errors as `threshold_map`.

    Returns
    -------
    array of bool
        Whether the cell passes, shape of ``power``.

    References
    ----------
    As in the module docstring.

    Examples
    --------
    >>> power = np.ones(40)
    >>> power[20] = 100.0
    >>> np.flatnonzero(detect(Cfar(kind="ca", n_reference=16, n_guard=1), power, 1e-6))
    array([20])
    """
    return np.asarray(power) > threshold_map(cfar, power, pfa, axis=axis, n_pulses=n_pulses)


def update_map(mean: ArrayLike, power: ArrayLike, weight: float) -> FloatArray:
    """Clutter map after one more scan; compare the scan with the map from before it.

    Parameters
    ----------
    mean : array_like
        Map so far. [power]
    power : array_like
        New scan, shape of ``mean``. [power]
    weight : float
        Weight of the new scan, inside (0, 1]. [1]

    Returns
    -------
    array
        ``(1 - weight) mean + weight power``. [power]

    Raises
    ------
    ValueError
        If ``weight`` is outside its domain, ``power`` is negative or NaN, or the shapes differ.

    Notes
    -----
    `multiplier` of a `map` is that of a map in its steady state. One that starts from its first scan is nearly there
    after 3 / ``weight`` scans; earlier it leans on that scan and gives more false alarms.

    References
    ----------
    Nitzberg 1986 (module docstring).
    """
    old, new = np.asarray(mean, dtype=np.float64), np.asarray(power, dtype=np.float64)
    if not 0.0 < weight <= 1.0:
        raise ValueError(f"weight lies inside (0, 1], got {weight!r}")
    if old.shape != new.shape:
        raise ValueError(f"power must have the map's shape {old.shape}, got {new.shape}")
    if not (np.all(new >= 0.0) and np.all(old >= 0.0)):
        raise ValueError("mean and power are squared magnitudes, at least 0 and not NaN")
    return (1.0 - weight) * old + weight * new


def _each(function: Callable[[float], float], values: FloatArray) -> FloatArray:
    """Apply a function of one number to every distinct value."""
    distinct, where = np.unique(values, return_inverse=True)
    return np.array([function(float(v)) for v in distinct])[where].reshape(values.shape)


def _scaled(cfar: Cfar, alpha: FloatArray) -> FloatArray:
    """Multiplier of the sum, where the estimate is a mean."""
    cells = {"ca": cfar.n_reference, "go": cfar.n_reference / 2, "so": cfar.n_reference / 2}
    return alpha / cells.get(cfar.kind, 1)


@lru_cache(maxsize=64)
def _halves(kind: str, shape: float) -> tuple[FloatArray, FloatArray]:
    """The greater or lesser of two gamma variates of one shape: weights and shapes of gammas of rate 2."""
    i = np.arange(shape) if kind == "so" else np.arange(shape, shape + np.ceil(13.0 * np.sqrt(shape)) + 60.0)
    log_w = special.gammaln(shape + i) - special.gammaln(shape) - special.gammaln(i + 1.0) - (shape + i) * np.log(2.0)
    weight = np.exp(log_w)
    return weight / weight.sum(), shape + i


@lru_cache(maxsize=64)
def _memory(weight: float, most: float) -> tuple[FloatArray, float]:
    """Weights of a map's scans that matter beside ``most``, and the sum of the others, negligible in their squares."""
    n = 1
    if weight < 1.0:
        n += max(int(np.ceil(np.log(2e-6 / (np.sqrt(weight) * (1.0 + most))) / np.log1p(-weight))), 0)
    return weight * np.power(1.0 - weight, np.arange(n, dtype=np.float64)), (1.0 - weight) ** n


def _log_transform(cfar: Cfar, alpha: FloatArray, n_pulses: int) -> FloatArray:
    """Log of the mean of exp(-alpha times the estimate); `os` for one pulse only."""
    s = _scaled(cfar, alpha)
    if cfar.kind == "ca":
        return -cfar.n_reference * n_pulses * np.log1p(s)
    if cfar.kind in ("go", "so"):
        weight, shape = _halves(cfar.kind, 0.5 * cfar.n_reference * n_pulses)
        log_first = -np.log1p(0.5 * s)
        return shape[0] * log_first + np.log(np.polynomial.polynomial.polyval(np.exp(log_first), weight))
    if cfar.kind == "os":
        factors, rest = 1.0 / (cfar.n_reference - np.arange(int(cfar.rank or 1))), 0.0
    else:
        factors, rest = _memory(float(cfar.weight or 1.0), _up(s.max(initial=0.0)))
    out = rest * s
    for factor in factors:
        out = out + np.log1p(s * factor)
    return -n_pulses * out


def _up(value: float) -> float:
    """A power of ten at or above."""
    return 10.0 ** np.ceil(np.log10(max(value, 1.0)))


@lru_cache(maxsize=16)
def _rank_nodes(n_reference: int, rank: int, n_pulses: int) -> tuple[FloatArray, FloatArray]:
    """Weights and values of an order statistic of gamma variates: the trapezoidal rule in its logarithm."""
    u = np.arange(np.log(1e-9), np.log(n_pulses + 15.0 * np.sqrt(n_pulses) + 90.0), 0.008)
    z = np.exp(u)
    below, above = special.gammainc(n_pulses, z), special.gammaincc(n_pulses, z)
    log_w = special.xlogy(rank - 1.0, below) + special.xlogy(n_reference - rank, above) + n_pulses * u - z
    log_w -= special.gammaln(n_pulses) + special.betaln(rank, n_reference - rank + 1.0) - np.log(0.008)
    keep = log_w > -115.0
    return np.exp(log_w[keep]), z[keep]


def _pfa(cfar: Cfar, alpha: float, n_pulses: int) -> float:
    """Pfa of several pulses."""
    s = float(_scaled(cfar, np.asarray(alpha)))
    if cfar.kind == "ca":
        return float(special.betainc(cfar.n_reference * n_pulses, n_pulses, 1.0 / (1.0 + s)))
    if cfar.kind in ("go", "so"):
        weight, shape = _halves(cfar.kind, 0.5 * cfar.n_reference * n_pulses)
        return float(weight @ special.betainc(shape, n_pulses, 2.0 / (2.0 + s)))
    if cfar.kind == "os":
        weight, z = _rank_nodes(cfar.n_reference, int(cfar.rank or 1), n_pulses)
        return float(weight @ special.gammaincc(n_pulses, s * z))
    return float(_counts(cfar, alpha, n_pulses, n_pulses).sum())


@lru_cache(maxsize=1024)
def _multiplier(cfar: Cfar, wanted: float, n_pulses: int) -> float:
    """Root of log Pfa, by false position (Illinois) in the log of the multiplier."""
    goal = np.log(wanted)

    def excess(x: float) -> float:
        alpha = np.exp(x)
        log_pfa = _log_transform(cfar, np.asarray(alpha), 1) if n_pulses == 1 else np.log(_pfa(cfar, alpha, n_pulses))
        return float(log_pfa) - goal

    low = np.log(float(detection.threshold(wanted, n_pulses)) / n_pulses)
    f_low = excess(low)
    while f_low < 0.0:
        low -= 1.0
        f_low = excess(low)
    high, f_high = low, f_low
    while f_high > 0.0:
        low, f_low, high = high, f_high, high + 0.5
        f_high = excess(high)
    side, x, was = 0, high, low
    for _ in range(200):
        if f_high == f_low or abs(x - was) < 2e-16 * (1.0 + abs(x)):
            break
        was, x = x, low - f_low * (high - low) / (f_high - f_low)
        if not low < x < high:
            x = 0.5 * (low + high)
        f = excess(x)
        if f > 0.0:
            f_high = 0.5 * f_high if side == 1 else f_high
            low, f_low, side = x, f, 1
        elif f < 0.0:
            f_low = 0.5 * f_low if side == -1 else f_low
            high, f_high, side = x, f, -1
        else:
            break
    return float(np.exp(x))


def _counts(cfar: Cfar, alpha: float, n_pulses: int, n_terms: int) -> FloatArray:
    """Probabilities of the noise count, not for `ca`."""
    s = float(_scaled(cfar, np.asarray(alpha)))
    if cfar.kind in ("go", "so"):
        weight, shape = _halves(cfar.kind, 0.5 * cfar.n_reference * n_pulses)
        _deep(float(-shape.max() * np.log1p(0.5 * s)), n_pulses)
        return _kernels.mixed_negative_binomial(weight, shape, 0.5 * s, n_terms)
    if cfar.kind == "os" and n_pulses > 1:
        weight, z = _rank_nodes(cfar.n_reference, int(cfar.rank or 1), n_pulses)
        return _kernels.mixed_poisson(weight, s * z, n_terms)
    if cfar.kind == "os":
        each, rest = s / (cfar.n_reference - np.arange(int(cfar.rank or 1))), 0.0
    else:
        weights, rest = _memory(float(cfar.weight or 1.0), _up(s))
        each = s * weights
    _deep(float(_log_transform(cfar, np.asarray(alpha), n_pulses)), n_pulses)
    return _kernels.geometric_sum(each, n_pulses * s * rest, n_pulses, n_terms)


def _deep(log_first: float, n_pulses: int) -> None:
    """Refuse what would underflow."""
    if log_first < -690.0:
        raise ValueError(f"n_pulses is too large for this kind, got {n_pulses}; take 'ca' or fewer pulses")


@lru_cache(maxsize=64)
def _below(cfar: Cfar, alpha: float, n_pulses: int) -> FloatArray:
    """Distribution function of the noise count, to where it is 1."""
    n_terms = 512
    while True:
        p = _counts(cfar, alpha, n_pulses, n_terms)
        last, ratio = float(p[-1]), float(p[-1] / p[-2]) if p[-2] > 0.0 else 0.0
        past = float(p.sum()) > 0.5 and ratio < 1.0 and last * ratio < 1e-16 * (1.0 - ratio)
        if past or n_terms >= _TERMS_MAX:
            break
        n_terms *= 4
    out = np.cumsum(p)
    out.flags.writeable = False
    return out


def _probability(cfar: Cfar, chi: FloatArray, wanted: FloatArray, n_pulses: int, swerling: int) -> FloatArray:
    """Pd, one multiplier for each distinct Pfa."""
    detection.shape(swerling, n_pulses)
    if not np.all((chi >= 0.0) & (chi < np.inf)):
        raise ValueError(f"snr is a finite power ratio, at least 0, got {chi.min():.3g} (decibels?)")
    if wanted.size == 1:
        alpha = float(multiplier(cfar, wanted.item(), n_pulses=n_pulses))
        out = _pd(cfar, np.ascontiguousarray(chi).ravel(), alpha, int(n_pulses), swerling)
        return out.reshape(np.broadcast_shapes(chi.shape, wanted.shape))
    chi, wanted = np.broadcast_arrays(chi, wanted)
    out = np.empty(chi.shape)
    for value in np.unique(wanted):
        here = wanted == value
        alpha = float(multiplier(cfar, value, n_pulses=n_pulses))
        out[here] = _pd(cfar, chi[here], alpha, int(n_pulses), swerling)
    return out


def _pd(cfar: Cfar, snr: FloatArray, alpha: float, n_pulses: int, swerling: int) -> FloatArray:
    """Pd of a row of signal-to-noise ratios."""
    if n_pulses == 1 and swerling in (1, 2):
        return np.exp(_log_transform(cfar, alpha / (1.0 + snr), 1))
    if cfar.kind == "ca":
        shape = float(cfar.n_reference * n_pulses)
        return _kernels.pd_average(snr, shape, alpha / cfar.n_reference, n_pulses, swerling)
    return _kernels.pd_counts(snr, _below(cfar, alpha, n_pulses), n_pulses, swerling)
