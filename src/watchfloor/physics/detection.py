r"""Detection of a fluctuating target by a square-law detector that adds looks.

The statistic is the sum of ``n_pulses`` squared magnitudes, noise mean 1 each; it crosses the threshold or not. ``snr``
is the mean signal-to-noise ratio of one of the added pulses, after coherent integration. All five Swerling cases
are one formula: the total signal power is Gamma distributed with shape :math:`K = \infty, 1, N, 2, 2N` and mean
:math:`N\,\mathrm{SNR}`, so the number of "extra degrees" is negative binomial (Poisson for case 0) and

.. math:: P_d = \sum_{j \ge 0} \mathrm{NB}(j; K, N\,\mathrm{SNR})\; Q(N + j, T)

with Q the regularised upper incomplete gamma function. Every term is positive, so Pd and, with P in place of Q,
1 - Pd are both exact to rounding in their own right.

References
----------
Swerling, "Probability of detection for fluctuating targets", *IRE Trans.* IT-6, 1960, pp. 269-308; Swerling,
"Radar probability of detection for some additional fluctuating target cases", *IEEE Trans. AES* 33 (2), 1997,
pp. 698-709 (the gamma family); Meyer & Mayer, *Radar Target Detection*, 1973.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from watchfloor.base.units import FloatArray
from watchfloor.physics import _kernels

SWERLING = (0, 1, 2, 3, 4)
"""The fluctuation cases; 0 is steady."""
_CHUNK = 1 << 20


def shape(swerling: int, n_pulses: int) -> float:
    """Gamma shape K of the total signal power over the added pulses.

    Parameters
    ----------
    swerling : int
        Case 0 to 4.
    n_pulses : int
        Pulses added after the square law, at least 1.

    Returns
    -------
    float
        K: infinite, 1, n_pulses, 2 or 2 n_pulses.

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    References
    ----------
    Swerling 1997 (module docstring).
    """
    if swerling not in SWERLING:
        raise ValueError(f"swerling is a case 0 to 4, got {swerling!r}")
    if n_pulses < 1 or n_pulses != int(n_pulses):
        raise ValueError(f"n_pulses is a whole number, at least 1, got {n_pulses!r}")
    return (np.inf, 1.0, float(n_pulses), 2.0, 2.0 * n_pulses)[swerling]


def threshold(pfa: ArrayLike, n_pulses: int = 1) -> FloatArray:
    """Threshold of the summed square-law statistic, noise mean 1 a pulse.

    Parameters
    ----------
    pfa : array_like
        Probability of false alarm a cell, inside (0, 1). [1]
    n_pulses : int
        Pulses added after the square law.

    Returns
    -------
    array
        Threshold: ``-ln(pfa)`` for one pulse. [1]

    Raises
    ------
    ValueError
        If ``pfa`` is not inside (0, 1).

    References
    ----------
    Richards, *Fundamentals of Radar Signal Processing*, 2nd ed., 2014, ch. 6: the inverse of the Erlang tail.

    Examples
    --------
    >>> float(threshold(1e-6).round(4))
    13.8155
    """
    pfa = _pfa(pfa)
    shape(1, n_pulses)
    return -np.log(pfa) if n_pulses == 1 else special.gammainccinv(n_pulses, pfa)


def pd(snr: ArrayLike, pfa: ArrayLike, *, n_pulses: int = 1, swerling: int = 1) -> FloatArray:
    """Probability of detection, exact.

    Parameters
    ----------
    snr : array_like
        Mean signal-to-noise ratio of one of the added pulses, at least 0. [power ratio]
    pfa : array_like
        Probability of false alarm a cell, inside (0, 1). [1]
    n_pulses : int
        Pulses added after the square law.
    swerling : int
        Fluctuation case 0 to 4.

    Returns
    -------
    array
        Probability of detection, relative error below 1e-11. [1]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    The formula of the module docstring; closed where it closes (K = N, and one pulse of cases 1 to 4). For the
    probability of a miss near Pd = 1 use `miss`.

    References
    ----------
    As in the module docstring; for one pulse of cases 1 and 2, Richards, *Fundamentals of Radar Signal
    Processing*, 2nd ed., 2014, ch. 6.

    Examples
    --------
    >>> pd([0.0, 130.1], 1e-6).round(2)
    array([0. , 0.9])
    """
    return _probability(snr, pfa, n_pulses, swerling, missed=False)


def miss(snr: ArrayLike, pfa: ArrayLike, *, n_pulses: int = 1, swerling: int = 1) -> FloatArray:
    """Probability of a miss, ``1 - pd`` without the rounding of the difference.

    Parameters and errors as `pd`.

    Returns
    -------
    array
        Probability that the statistic stays below the threshold, relative error below 1e-10. [1]

    References
    ----------
    As in the module docstring.
    """
    return _probability(snr, pfa, n_pulses, swerling, missed=True)


def required_snr(pd: ArrayLike, pfa: ArrayLike, *, n_pulses: int = 1, swerling: int = 1) -> FloatArray:
    """Signal-to-noise ratio a pulse that a probability of detection needs; the inverse of `pd`.

    Parameters
    ----------
    pd : array_like
        Probability of detection wanted, above ``pfa`` and below 1. [1]
    pfa : array_like
        Probability of false alarm a cell, inside (0, 1). [1]
    n_pulses, swerling : int
        As in `pd`.

    Returns
    -------
    array
        Mean signal-to-noise ratio of one of the added pulses, to 1e-12 relative. [power ratio]

    Raises
    ------
    ValueError
        If ``pd`` does not lie between ``pfa`` and 1.

    References
    ----------
    As in the module docstring.

    Examples
    --------
    >>> float(np.round(10 * np.log10(required_snr(0.9, 1e-6)), 3))
    21.144
    """
    wanted, pfa = np.broadcast_arrays(np.asarray(pd, dtype=np.float64), _pfa(pfa))
    if not np.all((wanted > pfa) & (wanted < 1.0)):
        raise ValueError(f"pd must lie between pfa and 1, got {wanted.min():.6g} to {wanted.max():.6g}")
    k = shape(swerling, n_pulses)
    if k == n_pulses:
        return threshold(pfa, n_pulses) / special.gammainccinv(n_pulses, wanted) - 1.0
    near_one = wanted > 0.9999  # where 1 - pd would lose digits
    low, high = np.full(wanted.shape, -40.0), np.full(wanted.shape, 80.0)  # natural log of the ratio
    for _ in range(52):
        middle = 0.5 * (low + high)
        ratio = np.exp(middle)
        below = _probability(ratio, pfa, n_pulses, swerling, missed=False) < wanted
        if np.any(near_one):
            missed = _probability(ratio, pfa, n_pulses, swerling, missed=True) > 1.0 - wanted
            below = np.where(near_one, missed, below)
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.exp(0.5 * (low + high))


def m_of_n(p: ArrayLike, m: int, n: int) -> FloatArray:
    """Probability of at least m successes in n independent looks.

    Parameters
    ----------
    p : array_like
        Probability of one look, 0 to 1. [1]
    m, n : int
        0 <= m <= n.

    Returns
    -------
    array
        Binomial tail. [1]

    Raises
    ------
    ValueError
        If m, n or p is outside its domain.

    References
    ----------
    Abramowitz & Stegun, *Handbook of Mathematical Functions*, 1964, eq. 26.5.24.

    Examples
    --------
    >>> float(m_of_n(0.5, 2, 3))
    0.5
    """
    prob = np.asarray(p, dtype=np.float64)
    if not 0 <= m <= n:
        raise ValueError(f"m_of_n needs 0 <= m <= n, got m={m!r}, n={n!r}")
    if not np.all((prob >= 0.0) & (prob <= 1.0)):
        raise ValueError(f"p is a probability, got {prob.min():.6g} to {prob.max():.6g}")
    return np.ones_like(prob) if m == 0 else special.betainc(m, n - m + 1, prob)


def marcum_q(m: float, a: ArrayLike, b: ArrayLike, *, log: bool = False) -> FloatArray:
    r"""Generalised Marcum Q function.

    Parameters
    ----------
    m : float
        Order, above 0.
    a, b : array_like
        Arguments, at least 0.
    log : bool
        Return the natural logarithm, good to tails of 1e-300.

    Returns
    -------
    array
        :math:`Q_m(a, b)`, or its logarithm; relative error below 1e-11. [1]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    :math:`Q_m(a,b)=\sum_j \mathrm{Poisson}(j; a^2/2)\,Q(m+j, b^2/2)`, summed in a window about the largest term.

    References
    ----------
    Temme, "Asymptotic and numerical aspects of the noncentral chi-square distribution", *Computers Math. Applic.*
    25 (5), 1993, pp. 55-63; Gil, Segura & Temme, *ACM Trans. Math. Softw.* 40 (3), 2014, art. 20.

    Examples
    --------
    >>> float(marcum_q(1, 0.0, 2.0).round(6))
    0.135335
    """
    a_, b_ = np.broadcast_arrays(np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64))
    if not (m > 0.0 and np.all(a_ >= 0.0) and np.all(b_ >= 0.0)):
        raise ValueError("marcum_q needs m > 0, a >= 0 and b >= 0")
    x, y = 0.5 * a_.ravel() ** 2, 0.5 * b_.ravel() ** 2
    out = np.empty(x.shape)
    # largest term: at the Poisson mean where Q is near 1, else where j (m + j) = x y
    peak = np.minimum(np.maximum(np.sqrt(0.25 * m * m + x * y) - 0.5 * m, x), np.sqrt(x * np.maximum(x, y)))
    width = 12.0 * np.sqrt(peak.max(initial=0.0)) + 40.0
    span = np.arange(-np.ceil(width), np.ceil(width) + 1.0)
    rows = max(1, _CHUNK // span.size)
    for at in range(0, x.size, rows):
        part = slice(at, at + rows)
        j = np.floor(peak[part, None]) + span
        ok = j >= 0.0
        j = np.where(ok, j, 0.0)
        tail = special.gammaincc(m + j, y[part, None])
        log_w = special.xlogy(j, x[part, None]) - x[part, None] - special.gammaln(j + 1.0)
        if log:
            with np.errstate(divide="ignore"):
                terms = np.where(ok, log_w + np.log(tail), -np.inf)
            out[part] = np.minimum(special.logsumexp(terms, axis=1), 0.0)
        else:
            out[part] = np.minimum((np.where(ok, np.exp(log_w), 0.0) * tail).sum(axis=1), 1.0)
    return out.reshape(a_.shape)


def statistic_log_pdf(z: ArrayLike, snr: ArrayLike, *, n_pulses: int = 1, swerling: int = 1) -> FloatArray:
    r"""Log density of the summed square-law statistic.

    Parameters
    ----------
    z : array_like
        Values of the statistic, at least 0. [noise power of one pulse]
    snr : array_like
        Mean signal-to-noise ratio of one of the added pulses, at least 0; 0 gives noise alone. [power ratio]
    n_pulses, swerling : int
        As in `pd`.

    Returns
    -------
    array
        Natural logarithm of the density; absolute error below 1e-10 for ``n_pulses * snr`` and ``z`` up to 1e5.

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    With :math:`q = N\mathrm{SNR}/(K+N\mathrm{SNR})` the density is
    :math:`(1-q)^K z^{N-1} e^{-z}\,{}_1F_1(K; N; qz)/\Gamma(N)`; closed for one pulse and for K = N, otherwise the
    series, all of whose terms are positive, in a window about its largest.

    References
    ----------
    Swerling 1997 (module docstring); for one steady pulse the Rice law, Rice, *Bell Syst. Tech. J.* 24, 1945,
    section 3.10.

    Examples
    --------
    >>> float(statistic_log_pdf(2.0, 1.0))  # exponential with mean 2
    -1.6931471805599454
    """
    k = shape(swerling, n_pulses)
    n = int(n_pulses)
    z_, chi = np.broadcast_arrays(np.asarray(z, dtype=np.float64), np.asarray(snr, dtype=np.float64))
    if not (np.all(z_ >= 0.0) and np.all(chi >= 0.0)):
        raise ValueError("z and snr are power ratios, at least 0")
    if k == n:
        return special.xlogy(n - 1.0, z_) - z_ / (1.0 + chi) - n * np.log1p(chi) - special.gammaln(n)
    if n == 1 and k == 2.0:
        p = 1.0 / (1.0 + 0.5 * chi)
        return 2.0 * np.log(p) - p * z_ + np.log1p((1.0 - p) * z_)
    if n == 1:
        x = 2.0 * np.sqrt(chi * z_)
        return -((np.sqrt(z_) - np.sqrt(chi)) ** 2) + np.log(special.i0e(x))
    mean = n * chi
    head = special.xlogy(n - 1.0, z_) - z_ - special.gammaln(n)
    if swerling == 0:
        return head - mean + _log_hypergeometric(mean * z_, k, n)
    return head - k * np.log1p(mean / k) + _log_hypergeometric(mean / (k + mean) * z_, k, n)


def statistic(
    snr: ArrayLike,
    amplitude_gamma: ArrayLike,
    normal_i: ArrayLike,
    normal_q: ArrayLike,
    noise_gamma: ArrayLike,
    n_pulses: int = 1,
) -> FloatArray:
    """Summed square-law statistic of variates that the caller has drawn.

    Parameters
    ----------
    snr : array_like
        Mean signal-to-noise ratio of one of the added pulses. [power ratio]
    amplitude_gamma : array_like
        Signal power over its mean: ``Gamma(K) / K`` with K of `shape`, 1 for Swerling 0. [1]
    normal_i, normal_q : array_like
        Noise in phase and in quadrature with the total signal: normal, mean 0, variance 1/2 each. [1]
    noise_gamma : array_like
        The other ``n_pulses - 1`` noise powers: ``Gamma(n_pulses - 1)``; 0 for one pulse. [1]
    n_pulses : int
        Pulses added after the square law.

    Returns
    -------
    array
        The statistic; it passes `threshold` with probability `pd`. [noise power of one pulse]

    Notes
    -----
    A non-central chi-square variate: rotate the 2N noise components so that one lies along the signal.
    ``statistic`` is monotone in ``snr`` for the same variates as soon as the in-phase part is positive, which
    keeps paired runs close.

    References
    ----------
    Johnson, Kotz & Balakrishnan, *Continuous Univariate Distributions*, vol. 2, 2nd ed., 1995, ch. 29.
    """
    chi = n_pulses * np.asarray(snr, dtype=np.float64) * np.asarray(amplitude_gamma)
    return np.square(np.sqrt(chi) + normal_i) + np.square(normal_q) + np.asarray(noise_gamma)


def _pfa(pfa: ArrayLike) -> FloatArray:
    out = np.asarray(pfa, dtype=np.float64)
    if not np.all((out > 0.0) & (out < 1.0)):
        raise ValueError(f"pfa must lie inside (0, 1), got {pfa!r}")
    return out


def _probability(snr: ArrayLike, pfa: ArrayLike, n_pulses: int, swerling: int, *, missed: bool) -> FloatArray:
    """Pd, or 1 - Pd."""
    k = shape(swerling, n_pulses)
    n = int(n_pulses)
    chi, pfa = np.asarray(snr, dtype=np.float64), _pfa(pfa)
    if not np.all(chi >= 0.0):
        raise ValueError(f"snr is a power ratio, at least 0, got {np.min(chi):.3g} (decibels?)")
    if n == 1 and k == 1.0:
        exponent = np.log(pfa) / (1.0 + chi)
        return -np.expm1(exponent) if missed else np.exp(exponent)
    t = threshold(pfa, n)
    if k == n:
        return (special.gammainc if missed else special.gammaincc)(n, t / (1.0 + chi))
    if n == 1 and k == 2.0 and not missed:
        h = 1.0 + 0.5 * chi
        return np.exp(-t / h) * (1.0 + 0.5 * chi * t / (h * h))
    if missed:
        return _series(chi, t, k, n)
    shape_out = np.broadcast_shapes(chi.shape, t.shape)
    t_rows = t.reshape(1) if t.size == 1 else np.ascontiguousarray(np.broadcast_to(t, shape_out)).ravel()
    return _kernels.pd_rows(np.ascontiguousarray(np.broadcast_to(chi, shape_out)).ravel(), t_rows, n, swerling).reshape(
        shape_out
    )


def _series(chi: FloatArray, t: FloatArray, k: float, n: int) -> FloatArray:
    """1 - Pd by the sum of the module docstring, P in place of Q, for any K."""
    shape_out = np.broadcast_shapes(chi.shape, t.shape)
    mean = n * np.broadcast_to(chi, shape_out).ravel()
    t_ = t.reshape(1) if t.size == 1 else np.broadcast_to(t, shape_out).ravel()
    out = np.empty(mean.shape)
    j = np.arange(_n_terms(mean.max(initial=0.0), float(t_.max(initial=0.0)), k, n), dtype=np.float64)
    finite = np.isfinite(k)
    log_c = -special.gammaln(j + 1.0)
    if finite:
        log_c += special.gammaln(k + j) - special.gammaln(k)
    table = special.gammainc(n + j, t_[0]) if t_.size == 1 else None
    rows = max(1, _CHUNK // j.size)
    for at in range(0, mean.size, rows):
        part = slice(at, at + rows)
        mu = mean[part, None]
        if finite:
            log_w = log_c + special.xlogy(j, mu / (k + mu)) - k * np.log1p(mu / k)
        else:
            log_w = log_c + special.xlogy(j, mu) - mu
        weight = np.exp(log_w)
        out[part] = (weight * (special.gammainc(n + j, t_[part, None]) if table is None else table)).sum(axis=1)
    return np.minimum(out, 1.0).reshape(shape_out)


def _n_terms(mean_max: float, t_max: float, k: float, n: int) -> int:
    """Terms of `_series` after which the rest is below rounding."""
    # ratio of terms <= 1/2 beyond j with (k + j) c <= (j + 1)(n + j + 1), c = 2 t mean / (k + mean)
    if np.isfinite(k):
        c = 2.0 * t_max * mean_max / (k + mean_max)
        b, d = n + 2.0 - c, n + 1.0 - c * k
    else:  # beyond this mean the miss is below the smallest double
        b, d = n + 2.0, n + 1.0 - 2.0 * t_max * min(mean_max, (np.sqrt(t_max) + 28.0) ** 2)
    root = 0.5 * (np.sqrt(max(b * b - 4.0 * d, 0.0)) - b)
    return int(max(root, 0.0)) + 60


def _log_hypergeometric(y: FloatArray, k: float, n: int) -> FloatArray:
    """Log of 1F1(k; n; y), or of 0F1(; n; y) for infinite k; y >= 0."""
    flat = y.ravel()
    finite = np.isfinite(k)
    b, c = (n + 1.0 - flat, n - k * flat) if finite else (np.full(flat.shape, n + 1.0), n - flat)
    peak = np.floor(np.maximum(0.0, 0.5 * (np.sqrt(np.maximum(b * b - 4.0 * c, 0.0)) - b)))
    span = np.arange(-np.ceil(12.0 * np.sqrt(peak.max(initial=0.0))) - 40.0, 0.0)
    span = np.concatenate((span, -span[::-1], [0.0]))
    out = np.empty(flat.shape)
    rows = max(1, _CHUNK // span.size)
    for at in range(0, flat.size, rows):
        part = slice(at, at + rows)
        j = peak[part, None] + span
        ok = j >= 0.0
        j = np.where(ok, j, 0.0)
        terms = (
            special.xlogy(j, flat[part, None]) + special.gammaln(n) - special.gammaln(n + j) - special.gammaln(j + 1.0)
        )
        if finite:
            terms += special.gammaln(k + j) - special.gammaln(k)
        top = terms.max(axis=1, keepdims=True)
        out[part] = top[:, 0] + np.log(np.where(ok, np.exp(terms - top), 0.0).sum(axis=1))
    return out.reshape(y.shape)
