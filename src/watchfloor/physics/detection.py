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

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from watchfloor.base.units import BoolArray, FloatArray
from watchfloor.physics._domain import agree, together
from watchfloor.physics._kernels import detection as _kernels

SWERLING = (0, 1, 2, 3, 4)
"""The fluctuation cases; 0 is steady."""
_TABLE_FROM = 4096  # points for which a table of one Pfa pays


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
    if not 1 <= n_pulses < np.inf or n_pulses != int(n_pulses):
        raise ValueError(f"n_pulses is a whole number, at least 1, got {n_pulses!r}")
    return (np.inf, 1.0, float(n_pulses), 2.0, 2.0 * n_pulses)[int(swerling)]


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
        Probability of detection, relative error below 1e-12 for up to 1000 pulses. [1]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    The formula of the module docstring; closed where it closes (K = N, and one pulse of cases 1 to 4). A steady
    target at 4096 points or more and one ``pfa`` is read from polynomials made for that ``pfa`` (relative difference
    below 2e-14). For the probability of a miss near Pd = 1 use `miss`.

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
        Probability that the statistic stays below the threshold, relative error below 1e-12 for up to 1000 pulses. [1]

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
        Mean signal-to-noise ratio of one of the added pulses; Pd and 1 - Pd at it are right to 1e-11. [power ratio]

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
    wanted, pfa = _wanted(pd, pfa)
    k = shape(swerling, n_pulses)
    t = threshold(pfa, n_pulses)
    if k == n_pulses:
        return t / special.gammainccinv(n_pulses, wanted) - 1.0
    rows = _kernels.required_rows(np.ascontiguousarray(wanted).ravel(), t.ravel(), int(n_pulses), int(swerling))
    return rows.reshape(wanted.shape)


def pd_coherent(snr: ArrayLike, pfa: ArrayLike) -> FloatArray:
    r"""Probability of detection where the phase is known: the real part against a threshold.

    Parameters
    ----------
    snr : array_like
        Signal-to-noise ratio after coherent integration, noise power over both quadratures, at least 0. [power ratio]
    pfa : array_like
        Probability of false alarm, inside (0, 1). [1]

    Returns
    -------
    array
        Probability of detection, relative error below 1e-13 for Pd above 1e-20. [1]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    :math:`P_d = Q(Q^{-1}(P_{fa}) - \sqrt{2\,\mathrm{SNR}})`, Q the tail of the normal law: the clairvoyant receiver of
    a steady target, which no detector without the phase can beat.

    References
    ----------
    Kay, *Fundamentals of Statistical Signal Processing, Vol. II: Detection Theory*, 1998, eq. 4.14; Richards,
    *Fundamentals of Radar Signal Processing*, 2nd ed., 2014, ch. 6.

    Examples
    --------
    >>> float(pd_coherent(10.0 ** 1.12, 1e-6).round(2))
    0.65
    """
    chi = np.asarray(snr, dtype=np.float64)
    if not np.all((chi >= 0.0) & (chi < np.inf)):
        raise ValueError(f"snr is a finite power ratio, at least 0, got {_worst(chi, chi >= 0.0)} (decibels?)")
    chi, false = together(snr=chi, pfa=_pfa(pfa))
    return special.ndtr(np.sqrt(2.0 * chi) + special.ndtri(false))


def albersheim_snr(pd: ArrayLike, pfa: ArrayLike, *, n_pulses: int = 1) -> FloatArray:
    r"""Signal-to-noise ratio a pulse of a steady target by Albersheim's rule; for hand work, not for reference.

    Parameters
    ----------
    pd : array_like
        Probability of detection wanted, above ``pfa`` and below 1; meant for 0.1 to 0.9. [1]
    pfa : array_like
        Probability of false alarm, inside (0, 1); meant for 1e-7 to 1e-3. [1]
    n_pulses : int
        Pulses added without their phase, meant for 1 to 8096.

    Returns
    -------
    array
        Signal-to-noise ratio of one pulse. [power ratio]

    Raises
    ------
    ValueError
        If ``pd`` does not lie between ``pfa`` and 1, or lies so low that the rule has no value.

    Notes
    -----
    With :math:`A = \ln(0.62/P_{fa})`, :math:`B = \ln(P_d/(1-P_d))`:
    :math:`-5\log_{10}N + (6.2 + 4.54/\sqrt{N+0.44})\log_{10}(A + 0.12AB + 1.7B)` dB. Usually said to be good to 0.2 dB.
    Measured against `required_snr` of Swerling 0 over Pfa 1e-7 to 1e-3 and 1 to 1000 pulses: -0.4 to -4.1 dB at Pd 0.1
    (worst for one pulse at Pfa 1e-3), -0.30 to 0.18 dB for Pd 0.3 to 0.5, -0.30 to 0.24 dB for 0.5 to 0.9, -0.33 to
    0.37 dB for 0.9 to 0.99.

    References
    ----------
    Albersheim, "A closed-form approximation to Robertson's detection characteristics", *Proc. IEEE* 69 (7), 1981,
    p. 839; Tufts & Cann, *IEEE Trans. AES* 19 (4), 1983, pp. 643-646.

    Examples
    --------
    >>> float(np.round(10 * np.log10(albersheim_snr(0.9, 1e-6)), 2))
    13.11
    """
    wanted, pfa = _wanted(pd, pfa)
    shape(0, n_pulses)
    a, b = np.log(0.62 / pfa), np.log(wanted / (1.0 - wanted))
    inside = a + 0.12 * a * b + 1.7 * b
    if not np.all(inside > 0.0):
        raise ValueError(f"pd is too low for Albersheim's rule, got {wanted.min():.6g}; take required_snr")
    db = -5.0 * np.log10(n_pulses) + (6.2 + 4.54 / np.sqrt(n_pulses + 0.44)) * np.log10(inside)
    return 10.0 ** (0.1 * db)


def shnidman_snr(pd: ArrayLike, pfa: ArrayLike, *, n_pulses: int = 1, swerling: int = 1) -> FloatArray:
    r"""Signal-to-noise ratio a pulse by Shnidman's rule; for hand work, not for reference.

    Parameters
    ----------
    pd : array_like
        Probability of detection wanted, above ``pfa`` and below 1; meant for 0.1 to 0.99. [1]
    pfa : array_like
        Probability of false alarm, below 1/2; meant for 1e-9 to 1e-3. [1]
    n_pulses : int
        Pulses added without their phase, meant for 1 to 100.
    swerling : int
        Fluctuation case 0 to 4.

    Returns
    -------
    array
        Mean signal-to-noise ratio of one pulse. [power ratio]

    Raises
    ------
    ValueError
        If ``pd`` does not lie between ``pfa`` and 1, or the rule has no value there.

    Notes
    -----
    Measured against `required_snr` over Pd 0.1 to 0.99, Pfa 1e-9 to 1e-3 and 1 to 100 pulses: -0.22 to 0.30 dB for
    case 0, -1.05 to 1.03 dB for 1, -1.05 to 0.98 dB for 2 (0.5 dB from 2 pulses on), -0.80 to 0.62 dB for 3, -0.55 to
    0.49 dB for 4.

    References
    ----------
    Shnidman, "Determination of required SNR values", *IEEE Trans. AES* 38 (3), 2002, pp. 1059-1064; Richards,
    *Fundamentals of Radar Signal Processing*, 2nd ed., 2014, ch. 6.

    Examples
    --------
    >>> float(np.round(10 * np.log10(shnidman_snr(0.9, 1e-6, swerling=1)), 2))
    21.35
    """
    wanted, pfa = _wanted(pd, pfa)
    k, n = shape(swerling, n_pulses), int(n_pulses)
    eta = np.sqrt(np.maximum(-0.8 * np.log(4.0 * pfa * (1.0 - pfa)), 0.0))
    eta = eta + np.sign(wanted - 0.5) * np.sqrt(np.maximum(-0.8 * np.log(4.0 * wanted * (1.0 - wanted)), 0.0))
    if not np.all((eta > 0.0) & (pfa < 0.5)):
        raise ValueError(f"pd is too low or pfa too high for Shnidman's rule, got pd {wanted.min():.6g}")
    steady = eta * (eta + 2.0 * np.sqrt(0.5 * n - (0.25 if n < 40 else 0.0)))
    db = (((17.7006 * wanted - 18.4496) * wanted + 14.5339) * wanted - 3.525) / k
    high = np.exp(27.31 * wanted - 25.14) + (wanted - 0.8) * (0.7 * np.log(1e-5 / pfa) + (2.0 * n - 20.0) / 80.0)
    db = db + np.where(wanted > 0.872, high / k, 0.0)
    return 10.0 ** (0.1 * db) * steady / n


def m_of_n(p: ArrayLike, m: int, n: int) -> FloatArray:
    """Probability of at least m successes in n independent looks.

    Parameters
    ----------
    p : array_like
        Probability of one look, 0 to 1. [1]
    m, n : int
        Successes wanted and looks, 0 <= m <= n <= 1e6.

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
    if not (0 <= m <= n <= 1e6 and m == int(m) and n == int(n)):
        raise ValueError(f"m and n must be whole with 0 <= m <= n <= 1e6, got m={m!r}, n={n!r}")
    if not np.all((prob >= 0.0) & (prob <= 1.0)):
        raise ValueError(f"p is a probability, got {prob.min():.6g} to {prob.max():.6g}")
    return np.ones_like(prob) if m == 0 else special.betainc(m, n - m + 1, prob)


def marcum_q(m: ArrayLike, a: ArrayLike, b: ArrayLike, *, log: bool = False) -> FloatArray:
    r"""Generalised Marcum Q function.

    Parameters
    ----------
    m : array_like
        Order, above 0; need not be whole.
    a, b : array_like
        Arguments, at least 0.
    log : bool
        Return the natural logarithm, good to tails of 1e-300 and far below.

    Returns
    -------
    array
        :math:`Q_m(a, b)`, or its logarithm; relative error below 1e-12 for m up to 1e3 and a, b up to 1e4 (in the
        tails, where Q is exp(-L), L times 2e-16 on top). [1]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    :math:`Q_m(a,b)=\sum_j \mathrm{Poisson}(j; a^2/2)\,Q(m+j, b^2/2)`, all terms positive; for large arguments the
    inversion integral through its saddle point, by the trapezoidal rule.

    References
    ----------
    Temme, "Asymptotic and numerical aspects of the noncentral chi-square distribution", *Computers Math. Applic.*
    25 (5), 1993, pp. 55-63; Helstrom, "Computing the generalized Marcum Q-function", *IEEE Trans. IT* 38 (4), 1992,
    pp. 1422-1428; Gil, Segura & Temme, *ACM Trans. Math. Softw.* 40 (3), 2014, art. 20.

    Examples
    --------
    >>> float(marcum_q(1, 0.0, 2.0).round(6))
    0.135335
    """
    agree(m=m, a=a, b=b)
    m_, a_, b_ = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (m, a, b)))
    for name, value, fine in (("m > 0", m_, m_ > 0.0), ("a >= 0", a_, a_ >= 0.0), ("b >= 0", b_, b_ >= 0.0)):
        fine = fine & (value < np.inf)
        if not np.all(fine):
            raise ValueError(f"marcum_q needs finite {name}, got {_worst(value, fine)}")
    shape_out = a_.shape
    m_, a_, b_ = (np.ascontiguousarray(v).ravel() for v in (m_, a_, b_))
    y = np.maximum(0.5 * b_ * b_, 1e-300)
    order = m_ - np.ceil(m_) + 1.0  # in (0, 1]
    log_p = special.xlogy(order - 1.0, y) - y - special.gammaln(order)
    log_q = -y
    part = np.flatnonzero(order < 1.0)
    if part.size:
        f, at = order[part], y[part]
        with np.errstate(divide="ignore"):
            log_q[part] = np.where(at < 600.0, np.log(special.gammaincc(f, np.minimum(at, 600.0))), 0.0)
        far = at >= 600.0
        if np.any(far):
            # Q(f, y) = y^(f-1) exp(-y) / Gamma(f) (1 + (f-1)/y + (f-1)(f-2)/y^2 + ...)
            term, total = np.ones(far.sum()), np.ones(far.sum())
            for i in range(1, 9):
                term = term * (f[far] - i) / at[far]
                total += term
            log_q[part[far]] = log_p[part[far]] + np.log(total)
    return _kernels.marcum_rows(m_, a_, b_, log_q, log_p, log).reshape(shape_out)


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
        About 0.1 us a point.

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    With :math:`q = N\mathrm{SNR}/(K+N\mathrm{SNR})` the density is
    :math:`(1-q)^K z^{N-1} e^{-z}\,{}_1F_1(K; N; qz)/\Gamma(N)`; closed for one pulse and for K = N; Kummer's
    polynomial for K = 2N; the incomplete gamma function or Hankel's expansion for large arguments; otherwise the
    series, all of whose terms are positive, from its largest outward.

    References
    ----------
    Swerling 1997 (module docstring); for one steady pulse the Rice law, Rice, *Bell Syst. Tech. J.* 24, 1945,
    section 3.10.

    Examples
    --------
    >>> float(statistic_log_pdf(2.0, 1.0))  # exponential with mean 2
    -1.6931471805599454
    """
    agree(z=z, snr=snr)
    k = shape(swerling, n_pulses)
    n = int(n_pulses)
    z_, chi = np.broadcast_arrays(np.asarray(z, dtype=np.float64), np.asarray(snr, dtype=np.float64))
    for name, value in (("z", z_), ("snr", chi)):
        if not np.all((value >= 0.0) & (value < np.inf)):
            raise ValueError(f"{name} is a finite power ratio, at least 0, got {_worst(value, value >= 0.0)}")
    if k == n:
        return special.xlogy(n - 1.0, z_) - z_ / (1.0 + chi) - n * np.log1p(chi) - special.gammaln(n)
    rows = _kernels.statistic_log_pdf_rows(
        np.ascontiguousarray(z_).ravel(), np.ascontiguousarray(chi).ravel(), n, swerling
    )
    return rows.reshape(z_.shape)


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


def _wanted(pd: ArrayLike, pfa: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Pd and Pfa of one shape, Pd between Pfa and 1."""
    wanted, false = together(pd=np.asarray(pd, dtype=np.float64), pfa=_pfa(pfa))
    if not np.all((wanted > false) & (wanted < 1.0)):
        raise ValueError(f"pd must lie between pfa and 1, got {wanted.min():.6g} to {wanted.max():.6g}")
    return wanted, false


def _probability(snr: ArrayLike, pfa: ArrayLike, n_pulses: int, swerling: int, *, missed: bool) -> FloatArray:
    """Pd, or 1 - Pd."""
    k = shape(swerling, n_pulses)
    n = int(n_pulses)
    chi, pfa = np.asarray(snr, dtype=np.float64), _pfa(pfa)
    if not np.all((chi >= 0.0) & (chi < np.inf)):
        raise ValueError(f"snr is a finite power ratio, at least 0, got {_worst(chi, chi >= 0.0)} (decibels?)")
    if chi.ndim and pfa.ndim:
        together(snr=chi, pfa=pfa)  # or a message that names them
    if n == 1 and k == 1.0:
        exponent = np.log(pfa) / (1.0 + chi)
        return -np.expm1(exponent) if missed else np.exp(exponent)
    if swerling == 0 and pfa.size == 1 and chi.size >= _TABLE_FROM and not missed and float(pfa.item()) > 1e-20:
        shape_out = np.broadcast_shapes(chi.shape, pfa.shape)
        rows = _kernels.table_rows(np.ascontiguousarray(chi).ravel(), *_steady_table(float(pfa.item()), n))
        return rows.reshape(shape_out)
    t = threshold(pfa, n)
    if k == n:
        return (special.gammainc if missed else special.gammaincc)(n, t / (1.0 + chi))
    if n == 1 and k == 2.0 and not missed:
        h = 1.0 + 0.5 * chi
        return np.exp(-t / h) * (1.0 + 0.5 * chi * t / (h * h))
    chi, t = np.broadcast_arrays(chi, t) if t.size != 1 else (chi, t)
    rows = (_kernels.miss_rows if missed else _kernels.pd_rows)(
        np.ascontiguousarray(chi).ravel(), np.ascontiguousarray(t).ravel(), n, swerling
    )
    return rows.reshape(np.broadcast_shapes(chi.shape, t.shape))


@lru_cache(maxsize=32)
def _steady_table(pfa: float, n: int) -> tuple[float, FloatArray]:
    """Pieces a second and coefficients of Pd of a steady target over sqrt(snr), for `_kernels.table_rows`.

    With a = sqrt(2 n snr) and b = sqrt(2 T) the logarithm of Pd has a slope below b, and Pd is 1 to rounding beyond
    a = b + 9; pieces of 1/8 in a with polynomials of degree 10 through Chebyshev points hold 1e-14 for b up to 30.
    """
    t = float(threshold(pfa, n))
    b = np.sqrt(2.0 * t)
    slope = b if n == 1 else np.sqrt(-2.0 * np.log(pfa)) + 1.0
    width = min(0.125, 0.9 / slope)
    n_pieces = int(np.ceil((b + 9.0) / width)) + 1
    angle = np.pi * (np.arange(11) + 0.5) / 11.0
    a = width * (np.arange(n_pieces)[:, None] + 0.5 + 0.5 * np.cos(angle))
    values = _kernels.pd_rows((a * a / (2.0 * n)).ravel(), np.array([t]), n, 0).reshape(a.shape)
    to_chebyshev = np.cos(np.arange(11)[:, None] * angle) * (2.0 / 11.0)
    to_chebyshev[0] *= 0.5
    powers = np.zeros((11, 11))
    for j in range(11):
        powers[j, : j + 1] = np.polynomial.chebyshev.cheb2poly(np.eye(11)[j, : j + 1])
    table = np.ascontiguousarray((values @ to_chebyshev.T @ powers)[:, ::-1])
    table[-1] = 0.0
    table[-1, -1] = 1.0
    table.flags.writeable = False
    return np.sqrt(2.0 * n) / width, table


def _worst(values: FloatArray, fine: BoolArray) -> str:
    """Say which value broke a rule."""
    if not np.all(fine):
        return f"{np.asarray(values)[~np.asarray(fine)].flat[0]:.6g}"
    return f"{np.max(values):.6g}"
