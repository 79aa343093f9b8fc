r"""What learning can gain at most: exact ceilings for matched models, in decibels, nats and shares.

Each holds at equal radar energy, time and false-alarm probability, for square-law detection of an echo whose power is
exponential and new from look to look (Swerling 1, one sample a look), noise alike everywhere. A measured gain above its
ceiling is a mistake in the measurement. Where the target fluctuates less, or is known beforehand, other numbers hold.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from watchfloor.base.units import FloatArray
from watchfloor.physics import cfar, clutter_law, detection
from watchfloor.physics._domain import agree, count, within

_DB_PER_NEPER = 10.0 / np.log(10.0)


def level_sd_db(n_looks: ArrayLike) -> FloatArray:
    r"""Least deviation with which looks far above the noise tell a mean cross-section.

    Parameters
    ----------
    n_looks : array_like
        Independent looks (or effective ones), above 0. [1]

    Returns
    -------
    array
        :math:`(10/\ln 10)\sqrt{\psi'(K)}`: of the posterior under a flat prior in decibels, and of the best estimate.
        [dB]

    Raises
    ------
    ValueError
        If ``n_looks`` is not above 0.

    References
    ----------
    Johnson, Kotz & Balakrishnan, *Continuous Univariate Distributions*, vol. 1, 2nd ed., 1994, ch. 17 (logarithm of a
    gamma variate).

    Examples
    --------
    >>> level_sd_db([1, 4, 16]).round(1)
    array([5.6, 2.3, 1.1])
    """
    return _DB_PER_NEPER * np.sqrt(special.polygamma(1, within("n_looks", n_looks, above=0.0)))


def two_type_error(separation_db: ArrayLike, n_looks: ArrayLike) -> FloatArray:
    """Least probability of taking one of two equally likely types for the other, their levels known.

    Parameters
    ----------
    separation_db : array_like
        How far apart their mean cross-sections are, either sign, not 0. [dB]
    n_looks : array_like
        Independent looks far above the noise, above 0. [1]

    Returns
    -------
    array
        Probability of error of the likelihood-ratio test. [1]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    References
    ----------
    Kay, *Fundamentals of Statistical Signal Processing, Vol. II: Detection Theory*, 1998, section 3.6 (minimum
    probability of error).

    Examples
    --------
    >>> two_type_error(6.0, [1, 4, 8, 16]).round(4)
    array([0.2645, 0.0907, 0.0281, 0.0033])
    """
    agree(separation_db=separation_db, n_looks=n_looks)
    gap = np.abs(within("separation_db", separation_db)) / _DB_PER_NEPER
    if not np.all(gap > 0.0):
        raise ValueError("separation_db must not be 0: types of one level are one type here")
    k = within("n_looks", n_looks, above=0.0)
    border = k * gap / -np.expm1(-gap)  # of the sum of powers over the lesser mean
    return 0.5 * (special.gammaincc(k, border) + special.gammainc(k, border * np.exp(-gap)))


def unseen_rejected(separation_db: ArrayLike, n_looks: ArrayLike, *, alpha: float = 0.01) -> FloatArray:
    """Probability of noticing that a target is not of the one type known, which stands at another level.

    Parameters
    ----------
    separation_db : array_like
        Mean cross-section of the target over the type's. [dB]
    n_looks : array_like
        Independent looks far above the noise, above 0. [1]
    alpha : float
        Probability of rejecting a target that is of the type, both tails alike, inside (0, 1). [1]

    Returns
    -------
    array
        Probability of rejection. [1]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    The best test that does not know which way the unseen type differs and treats both tails alike; one that knew the
    side would do better.

    References
    ----------
    Lehmann & Romano, *Testing Statistical Hypotheses*, 3rd ed., 2005, section 4.2 (two-sided tests of a scale).

    Examples
    --------
    >>> unseen_rejected([6.0, -6.0], 4).round(2)
    array([0.7 , 0.28])
    """
    agree(separation_db=separation_db, n_looks=n_looks)
    ratio = np.exp(-within("separation_db", separation_db) / _DB_PER_NEPER)
    k, half = within("n_looks", n_looks, above=0.0), 0.5 * float(within("alpha", alpha, above=0.0, below=1.0))
    high, low = special.gammainccinv(k, half), special.gammaincinv(k, half)
    return special.gammaincc(k, ratio * high) + special.gammainc(k, ratio * low)


def hits_only_bias_db(snr: ArrayLike, *, pfa: float = 1e-6) -> FloatArray:
    r"""By how much the mean of the detected powers overstates a target, if its misses are left out.

    Parameters
    ----------
    snr : array_like
        Mean signal-to-noise ratio, above 0. [power ratio]
    pfa : float
        Probability of false alarm a cell, inside (0, 1). [1]

    Returns
    -------
    array
        :math:`10\log_{10}[(T+\mathrm{SNR})/\mathrm{SNR}]` with :math:`T=-\ln P_{fa}`: what a learner that counts its
        misses must not show. [dB]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    References
    ----------
    An exponential variate above T has the mean T more: Johnson, Kotz & Balakrishnan, *Continuous Univariate
    Distributions*, vol. 1, 2nd ed., 1994, ch. 19.

    Examples
    --------
    >>> float(hits_only_bias_db(10.0).round(2))
    3.77
    """
    chi = within("snr", snr, above=0.0, remedy="decibels?")
    return _DB_PER_NEPER * np.log1p(detection.threshold(pfa) / chi)


def amplitude_nats(snr: ArrayLike) -> FloatArray:
    r"""What the amplitude of one detection tells a tracker that the plot is a target and not noise, on average.

    Parameters
    ----------
    snr : array_like
        Mean signal-to-noise ratio, at least 0. [power ratio]

    Returns
    -------
    array
        :math:`\mathrm{SNR}-\ln(1+\mathrm{SNR})`, at any threshold. [nat]

    Raises
    ------
    ValueError
        If ``snr`` is negative.

    Notes
    -----
    Divergence of the amplitude of a detected target from that of a false plot; both are exponential above the
    threshold, which falls out.

    References
    ----------
    Cover & Thomas, *Elements of Information Theory*, 2nd ed., 2006, section 2.3; Lerro & Bar-Shalom, *IEEE Trans. AES*
    29 (2), 1993, pp. 494-509 (amplitude as a feature).

    Examples
    --------
    >>> amplitude_nats(10.0 ** np.array([0.6, 1.0, 1.3])).round(1)
    array([ 2.4,  7.6, 16.9])
    """
    chi = within("snr", snr, least=0.0, remedy="decibels?")
    return chi - np.log1p(chi)


def scan_integration_db(n_scans: int, pd: ArrayLike, *, pfa: float = 1e-6, n_paths: float = 1.0) -> FloatArray:
    """Most that adding scans along a path before the threshold gains over deciding on one.

    Parameters
    ----------
    n_scans : int
        Scans added.
    pd : array_like
        Probability of detection wanted, above ``pfa`` and below 1. [1]
    pfa : float
        Probability of false alarm, of one cell of one scan and of the whole search alike, inside (0, 1). [1]
    n_paths : float
        Paths searched, at least 1; 1 for a path that is known. [1]

    Returns
    -------
    array
        Signal-to-noise ratio saved. [dB]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    The sum of powers is the likelihood-ratio statistic, so with a known path nothing does better. For a high Pd the
    gain holds the averaging of fades. Several paths share the false alarms by the union bound, which is exact to
    ``pfa`` for paths without a cell in common; where most share cells fewer count, and their number is a bound on the
    safe side for the false alarms only: against a search of many like paths compare with ``n_paths=1``.

    References
    ----------
    `detection.required_snr`, Swerling 1 for one scan and 2 for the sum; Davey, Rutten & Cheung, "A comparison of
    detection performance for several track-before-detect algorithms", *EURASIP J. Advances in Signal Processing*, 2008.

    Examples
    --------
    >>> [float(scan_integration_db(n, 0.5).round(1)) for n in (2, 4, 8, 16)]
    [3.3, 5.9, 8.3, 10.4]
    """
    n = count("n_scans", n_scans)
    paths = float(within("n_paths", n_paths, least=1.0))
    one = detection.required_snr(pd, pfa)
    return _DB_PER_NEPER * np.log(one / detection.required_snr(pd, pfa / paths, n_pulses=n, swerling=2))


def lower_threshold_db(pfa_gate: ArrayLike, pd: ArrayLike, *, pfa: float = 1e-6) -> FloatArray:
    """Gain of a lower threshold inside a predicted gate.

    Parameters
    ----------
    pfa_gate : array_like
        Probability of false alarm a cell inside the gate, at least ``pfa`` and below ``pd``. [1]
    pd : array_like
        Probability of detection wanted. [1]
    pfa : float
        That of the radar elsewhere. [1]

    Returns
    -------
    array
        Signal-to-noise ratio saved. [dB]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    Only for a target that has a track. That the rate of false tracks stays the same is the caller's to see to.

    References
    ----------
    `detection.required_snr`, Swerling 1.

    Examples
    --------
    >>> lower_threshold_db([1e-4, 1e-3, 1e-2], 0.5).round(1)
    array([1.9, 3.2, 5.3])
    """
    gate = within("pfa_gate", pfa_gate, least=float(pfa), below=1.0)
    return _DB_PER_NEPER * np.log(detection.required_snr(pd, pfa) / detection.required_snr(pd, gate))


def diversity_db(n_aspects: int, pd: ArrayLike, *, pfa: float = 1e-6) -> FloatArray:
    """Most that looking from several sides gains by itself, at the same energy.

    Parameters
    ----------
    n_aspects : int
        Independent aspects, each with its share of the energy.
    pd : array_like
        Probability of detection wanted. [1]
    pfa : float
        Probability of false alarm, inside (0, 1). [1]

    Returns
    -------
    array
        Signal-to-noise ratio saved against as many looks that all fade alike. [dB]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    Fades averaged; a better aspect, shorter range or forward scatter can add far more.

    References
    ----------
    `detection.required_snr`, Swerling 1 against 2.

    Examples
    --------
    >>> [float(diversity_db(n, 0.5).round(1)) for n in (2, 4, 6)]
    [0.8, 1.2, 1.3]
    """
    n = count("n_aspects", n_aspects)
    alike = detection.required_snr(pd, pfa, n_pulses=n, swerling=1)
    return _DB_PER_NEPER * np.log(alike / detection.required_snr(pd, pfa, n_pulses=n, swerling=2))


def known_texture_db(shape: float, *, pfa: ArrayLike = 1e-6) -> FloatArray:
    """Most that knowing the local mean of every cell of clutter lowers the threshold, against one for all of it.

    Parameters
    ----------
    shape : float
        Shape of the K law over the cells, 0.01 to 10 000. [1]
    pfa : array_like
        Probability of false alarm a cell, inside (0, 1). [1]

    Returns
    -------
    array
        Threshold saved at a cell of the mean power. [dB]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    Where the cell itself is Rayleigh and its mean known exactly; clutter far above the noise.

    References
    ----------
    `clutter_law.multiplier`; Ward, Tough & Watts, *Sea Clutter*, 2nd ed., 2013, ch. 9.

    Examples
    --------
    >>> [float(known_texture_db(shape).round(1)) for shape in (0.5, 1.0, 10.0)]
    [8.4, 6.3, 1.7]
    """
    spiky = clutter_law.multiplier(clutter_law.Law("k", shape), pfa)
    return _DB_PER_NEPER * np.log(spiky / clutter_law.multiplier(clutter_law.RAYLEIGH, pfa))


def known_level_db(law: cfar.Cfar, *, pd: ArrayLike = 0.5, pfa: ArrayLike = 1e-6) -> FloatArray:
    """Most that knowing the level of noise and clutter gains over a CFAR in even surroundings: the CFAR's loss.

    Parameters
    ----------
    law : Cfar
        The CFAR that the radar has otherwise.
    pd, pfa : array_like
        As in `cfar.loss_db`. [1]

    Returns
    -------
    array
        Signal-to-noise ratio saved. [dB]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    For one CFAR against another take the difference.

    References
    ----------
    `cfar.loss_db`.

    Examples
    --------
    >>> float(known_level_db(cfar.Cfar(kind="ca", n_reference=16)).round(1))
    2.0
    """
    return cfar.loss_db(law, pd, pfa)
