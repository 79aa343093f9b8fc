r"""How the power of clutter is distributed over cells: Rayleigh, K, Weibull and lognormal, and detection in K clutter.

Power is relative to its mean, so every law has mean 1 and one shape:

=============  =============================================================  ===================
kind           shape                                                          Rayleigh at
=============  =============================================================  ===================
``rayleigh``   none                                                           always
``k``          order of the gamma-distributed local mean, 0.01 to 10 000      infinity
``weibull``    exponent of the *amplitude*, 0.1 to 10 (half of it of power)   2
``lognormal``  standard deviation of the natural logarithm of power, to 10    never
=============  =============================================================  ===================

Square the amplitude for its power; the density of the amplitude a is :math:`2a\,p(a^2)`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from watchfloor.base.units import FloatArray
from watchfloor.physics import detection
from watchfloor.physics._domain import agree, count, within
from watchfloor.physics._kernels import detection as _kernels

KINDS = ("rayleigh", "k", "weibull", "lognormal")
"""Laws that `Law` knows."""
_SHAPES = {"k": (0.01, 1e4), "weibull": (0.1, 10.0), "lognormal": (1e-3, 10.0)}
_UNIFORM_EXPANSION = 30.0  # above this order Debye's expansion has a relative error below 1e-9


@dataclass(frozen=True)
class Law:
    """A law of clutter power.

    Raises
    ------
    ValueError
        If the kind is unknown or the shape outside its domain.

    Examples
    --------
    >>> Law("k", 0.5)
    Law(kind='k', shape=0.5)
    """

    kind: str
    """One of `KINDS`."""
    shape: float = math.inf
    """As in the module's table; infinity (not given) for Rayleigh. [1]"""

    def __post_init__(self) -> None:
        """Check the kind and its shape."""
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {self.kind!r}")
        if self.kind == "rayleigh":
            if self.shape != math.inf:
                raise ValueError(f"a rayleigh law has no shape, got {self.shape!r}; leave it out")
            return
        low, high = _SHAPES[self.kind]
        if not low <= self.shape <= high:
            raise ValueError(f"shape of a {self.kind} law must lie in {low:g} to {high:g}, got {self.shape!r}")


RAYLEIGH = Law("rayleigh")
"""Many scatterers, none of them dominant: exponential power."""


def _log_bessel_k(order: float, x: FloatArray) -> FloatArray:
    """Natural logarithm of the modified Bessel function K of an order at least 0; inf where that overflows."""
    if order <= _UNIFORM_EXPANSION:
        with np.errstate(divide="ignore", over="ignore"):
            return np.log(special.kve(order, x)) - x
    y = x / order
    p = 1.0 / np.sqrt(1.0 + y * y)
    p2 = p * p
    with np.errstate(divide="ignore"):
        eta = 1.0 / p + np.log(y) - np.log1p(1.0 / p)
    u1 = p * (3.0 - 5.0 * p2) / 24.0
    u2 = p2 * (81.0 + p2 * (-462.0 + 385.0 * p2)) / 1152.0
    u3 = p * p2 * (30375.0 + p2 * (-369603.0 + p2 * (765765.0 - 425425.0 * p2))) / 414720.0
    u4 = (
        p2
        * p2
        * (4465125.0 + p2 * (-94121676.0 + p2 * (349922430.0 + p2 * (-446185740.0 + 185910725.0 * p2))))
        / 39813120.0
    )
    series = 1.0 + (-u1 + (u2 + (-u3 + u4 / order) / order) / order) / order
    return 0.5 * np.log(0.5 * math.pi * p / order) - order * eta + np.log(series)


def _k_log_exceedance(power: FloatArray, nu: float) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        log = math.log(2.0) - special.gammaln(nu) + 0.5 * nu * np.log(nu * power)
        log = log + _log_bessel_k(nu, 2.0 * np.sqrt(nu * power))
    # next to 0 the two factors leave the range of floats, and the probability is 1 to rounding
    return np.minimum(np.where(np.isfinite(log), log, np.where(power > 1.0, -np.inf, 0.0)), 0.0)


def exceedance(law: Law, power: ArrayLike) -> FloatArray:
    r"""Probability that clutter power exceeds a multiple of its mean: what a fixed threshold lets through.

    Parameters
    ----------
    law : Law
        The law.
    power : array_like
        Power over its mean, at least 0. [power ratio]

    Returns
    -------
    array
        Probability; relative error below 1e-9 down to 1e-300. [1]

    Raises
    ------
    ValueError
        If a power is negative or not finite.

    Notes
    -----
    Rayleigh :math:`e^{-z}`; K :math:`\frac{2}{\Gamma(\nu)}(\nu z)^{\nu/2}K_\nu(2\sqrt{\nu z})`; Weibull
    :math:`e^{-[\Gamma(1+2/c)z]^{c/2}}`; lognormal :math:`Q[(\ln z+s^2/2)/s]`.

    References
    ----------
    Ward, Tough & Watts, *Sea Clutter: Scattering, the K Distribution and Radar Performance*, 2nd ed., 2013, ch. 4;
    Schleher, "Radar detection in Weibull clutter", *IEEE Trans. Aerosp. Electron. Syst.* 12 (6), 1976, pp. 736-743.

    Examples
    --------
    >>> exceedance(Law("k", 0.5), 50.0).round(10) == np.exp(-10.0).round(10)
    np.True_
    """
    z = within("power", power, least=0.0, remedy="decibels?")
    if law.kind == "rayleigh":
        return np.exp(-z)
    if law.kind == "k":
        return np.exp(_k_log_exceedance(z, law.shape))
    if law.kind == "weibull":
        return np.exp(-((special.gamma(1.0 + 2.0 / law.shape) * z) ** (0.5 * law.shape)))
    with np.errstate(divide="ignore"):
        return special.ndtr(-(np.log(z) + 0.5 * law.shape**2) / law.shape)


def density(law: Law, power: ArrayLike) -> FloatArray:
    r"""Probability density of clutter power.

    Parameters
    ----------
    law : Law
        The law.
    power : array_like
        Power over its mean, above 0. [power ratio]

    Returns
    -------
    array
        Density with respect to the power ratio. [1]

    Raises
    ------
    ValueError
        If a power is not above 0, or not finite.

    Notes
    -----
    The negative derivative of `exceedance`; of K :math:`\frac{2\nu}{\Gamma(\nu)}(\nu z)^{(\nu-1)/2}
    K_{\nu-1}(2\sqrt{\nu z})`. Infinite at 0 for a K shape of at most 1 and a Weibull shape below 2.

    References
    ----------
    As `exceedance`.

    Examples
    --------
    >>> float(density(RAYLEIGH, 1.0).round(6))
    0.367879
    """
    z = within("power", power, above=0.0, remedy="decibels?")
    if law.kind == "rayleigh":
        return np.exp(-z)
    if law.kind == "k":
        nu = law.shape
        log = math.log(2.0 * nu) - special.gammaln(nu) + 0.5 * (nu - 1.0) * np.log(nu * z)
        log_k = _log_bessel_k(abs(nu - 1.0), 2.0 * np.sqrt(nu * z))
        # where K overflows the density has reached its limit at 0
        return np.where(
            log_k == np.inf, nu / max(nu - 1.0, 1e-300), np.exp(np.where(log_k == np.inf, 0.0, log + log_k))
        )
    if law.kind == "weibull":
        half = 0.5 * law.shape
        scaled = special.gamma(1.0 + 2.0 / law.shape) * z
        return half / z * scaled**half * np.exp(-(scaled**half))
    x = (np.log(z) + 0.5 * law.shape**2) / law.shape
    return np.exp(-0.5 * x * x) / (math.sqrt(2.0 * math.pi) * law.shape * z)


def multiplier(law: Law, pfa: ArrayLike) -> FloatArray:
    r"""Threshold over the mean power that clutter exceeds with a given probability.

    Parameters
    ----------
    law : Law
        The law.
    pfa : array_like
        Probability of false alarm a cell, inside (0, 1); at least 1e-300. [1]

    Returns
    -------
    array
        Multiplier of the mean; the inverse of `exceedance`, to 1e-12 relative. [power ratio]

    Raises
    ------
    ValueError
        If ``pfa`` is not inside (0, 1).

    Notes
    -----
    One look, the mean known exactly. Over the Rayleigh law at 1e-6 spiky K clutter asks 8.4 dB more at shape 0.5,
    6.3 dB at 1 and 1.7 dB at 10.

    References
    ----------
    As `exceedance`.

    Examples
    --------
    >>> float(np.round(10 * np.log10(multiplier(Law("k", 0.5), 1e-6) / multiplier(RAYLEIGH, 1e-6)), 1))
    8.4
    """
    p = within("pfa", pfa, least=1e-300, below=1.0)
    depth = -np.log(p)
    if law.kind == "rayleigh":
        return depth
    if law.kind == "weibull":
        return depth ** (2.0 / law.shape) / special.gamma(1.0 + 2.0 / law.shape)
    if law.kind == "lognormal":
        return np.exp(-law.shape * special.ndtri(p) - 0.5 * law.shape**2)
    low = np.full(p.shape, -800.0 if law.shape < 0.1 else -100.0)
    high = np.log(depth + 1.0 + (depth + 10.0) ** 2 / law.shape)
    for _ in range(62):
        middle = 0.5 * (low + high)
        over = _k_log_exceedance(np.exp(middle), law.shape) > -depth
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    return np.exp(0.5 * (low + high))


def sample(law: Law, uniform: ArrayLike) -> FloatArray:
    r"""Draw clutter powers from uniform variates.

    Parameters
    ----------
    law : Law
        The law.
    uniform : (2, ...) array_like
        Independent variates inside (0, 1): for the speckle, and for the local mean (`texture`), which only the K law
        uses. The others invert `exceedance`; the same variates give comparable clutter under any law.

    Returns
    -------
    (...) array
        Power over its mean. [power ratio]

    Raises
    ------
    ValueError
        If there are not two rows of variates inside (0, 1).

    References
    ----------
    Ward, Tough & Watts, *Sea Clutter*, 2nd ed., 2013, ch. 4 (compound form of the K distribution).

    Examples
    --------
    >>> sample(RAYLEIGH, [[0.5, 0.1], [0.5, 0.5]]).round(3)
    array([0.693, 2.303])
    """
    u = within("uniform", uniform, above=0.0, below=1.0)
    if u.ndim < 1 or u.shape[0] != 2:
        raise ValueError(f"uniform must be a (2, ...) array, got {u.shape}")
    return -np.log(u[0]) * texture(law, u[1]) if law.kind in ("rayleigh", "k") else multiplier(law, u[0])


def texture(law: Law, uniform: ArrayLike) -> FloatArray:
    r"""Draw the local mean of compound clutter from uniform variates.

    Parameters
    ----------
    law : Law
        ``rayleigh`` (the local mean is the mean) or ``k``.
    uniform : array_like
        Variates inside (0, 1).

    Returns
    -------
    array
        Local mean over the mean: gamma-distributed of order ``shape``. [power ratio]

    Raises
    ------
    ValueError
        If the law has no local mean, or a variate is not inside (0, 1).

    References
    ----------
    Ward, Tough & Watts, *Sea Clutter*, 2nd ed., 2013, ch. 4.

    Examples
    --------
    >>> float(texture(Law("k", 1.0), 0.5).round(6))
    0.693147
    """
    u = within("uniform", uniform, above=0.0, below=1.0)
    if law.kind == "rayleigh":
        return np.ones_like(u)
    if law.kind != "k":
        raise ValueError(f"a {law.kind} law has no local mean; texture needs rayleigh or k")
    return special.gammaincinv(law.shape, u) / law.shape


def fit(kind: str, power: ArrayLike) -> Law:
    r"""Estimate a law from independent samples of clutter power.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    power : (n,) array_like
        Samples of power in any unit, above 0, at least 2.

    Returns
    -------
    Law
        The law, its shape kept inside its domain.

    Raises
    ------
    ValueError
        If a sample is not above 0, or there are fewer than 2.

    Notes
    -----
    K by the second moment, :math:`1/\nu=\frac12 E z^2/(E z)^2-1`; Weibull and lognormal by the standard deviation of
    the logarithm, :math:`\pi\sqrt{2/3}/c` and s. For n samples the error of the logarithmic shapes is about
    :math:`1/\sqrt n`; the K shape is biased upward for small n.

    References
    ----------
    Ward, Tough & Watts, *Sea Clutter*, 2nd ed., 2013, ch. 11 (estimating the shape); Menon, *Technometrics* 5 (2),
    1963, pp. 175-182 (Weibull).

    Examples
    --------
    >>> fit("lognormal", np.exp([-1.0, 0.0, 1.0]))
    Law(kind='lognormal', shape=1.0)
    """
    z = within("power", power, above=0.0, remedy="decibels?")
    if z.ndim != 1 or z.size < 2:
        raise ValueError(f"power must be an (n,) array of at least 2 samples, got {z.shape}")
    if kind == "rayleigh":
        return RAYLEIGH
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    low, high = _SHAPES[kind]
    if kind == "k":
        excess = 0.5 * float(np.mean(z * z)) / float(np.mean(z)) ** 2 - 1.0
        shape = high if excess <= 1.0 / high else 1.0 / excess
    else:
        spread = float(np.std(np.log(z), ddof=1))
        shape = spread if kind == "lognormal" else math.pi * math.sqrt(2.0 / 3.0) / max(spread, 1e-9)
    return Law(kind, min(max(shape, low), high))


def effective_shape(shape: ArrayLike, cnr: ArrayLike) -> FloatArray:
    r"""Shape of the K law that has the second moment of K clutter and noise together.

    Parameters
    ----------
    shape : array_like
        Shape of the clutter, above 0. [1]
    cnr : array_like
        Clutter-to-noise ratio, above 0. [power ratio]

    Returns
    -------
    array
        :math:`\nu(1+1/\mathrm{CNR})^2`. [1]

    Raises
    ------
    ValueError
        If an argument is not above 0.

    References
    ----------
    Watts, "Radar detection prediction in K-distributed sea clutter and thermal noise", *IEEE Trans. Aerosp. Electron.
    Syst.* 23 (1), 1987, pp. 40-45.

    Examples
    --------
    >>> float(effective_shape(0.5, 1.0))
    2.0
    """
    agree(shape=shape, cnr=cnr)
    nu = within("shape", shape, above=0.0)
    return nu * (1.0 + 1.0 / within("cnr", cnr, above=0.0, remedy="decibels?")) ** 2


def _mixture(shape: float, cnr: float) -> tuple[FloatArray, FloatArray]:
    """Local interference over its mean, and its weights: K texture of a share of the power, noise the rest."""
    # the trapezoid rule in the logarithm of the gamma variate converges faster than any power of the step
    step = min(0.15, 0.3 / math.sqrt(shape))
    log_g = np.arange(math.log(shape) - 46.0 / shape - 46.0 / math.sqrt(shape), math.log(shape + 750.0), step)
    log_g = log_g[-6000:]  # at the least shapes the rest is lumped below
    weight = step * np.exp(shape * log_g - np.exp(log_g) - special.gammaln(shape))
    share = 1.0 if math.isinf(cnr) else cnr / (1.0 + cnr)
    local = share * np.exp(log_g) / shape + (1.0 - share)
    # nodes that are noise alone are one node; so is what lies below the least gamma variate
    keep = (weight > 0.0) & (local > (1.0 - share) * (1.0 + 1e-11))
    return np.append(np.maximum(local[keep], 1e-250), max(1.0 - share, 1e-250)), np.append(
        weight[keep], max(0.0, 1.0 - float(weight[keep].sum()))
    )


def _checked(shape: float, cnr: float, n_pulses: int) -> tuple[FloatArray, FloatArray, int]:
    Law("k", shape)
    if not cnr > 0.0:
        raise ValueError(f"cnr must be above 0 (infinity for clutter alone), got {cnr!r}")
    local, weight = _mixture(float(shape), float(cnr))
    return local, weight, count("n_pulses", n_pulses)


def compound_pfa(threshold: ArrayLike, *, shape: float, cnr: float = math.inf, n_pulses: int = 1) -> FloatArray:
    r"""Probability of false alarm in K clutter and noise, pulses added after the square law.

    Parameters
    ----------
    threshold : array_like
        Threshold on the sum of the pulses' powers, each over the mean interference (clutter and noise); at least 0.
        [power ratio]
    shape : float
        Shape of the clutter, 0.01 to 10 000. [1]
    cnr : float
        Clutter-to-noise ratio, above 0; infinity for clutter alone. [power ratio]
    n_pulses : int
        Pulses added: speckle new from pulse to pulse (frequency agility, or pulses far apart), local mean the same.

    Returns
    -------
    array
        Probability, relative error below 1e-8. [1]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    :math:`\int p(\tau)\,Q(N, T/m(\tau))\,d\tau` with the local mean
    :math:`m=(\mathrm{CNR}\,\tau+1)/(\mathrm{CNR}+1)` and the regularised gamma function Q.

    References
    ----------
    Watts, *IEEE Trans. Aerosp. Electron. Syst.* 23 (1), 1987, pp. 40-45; Ward, Tough & Watts, *Sea Clutter*, 2nd ed.,
    2013, ch. 9.

    Examples
    --------
    >>> np.isclose(compound_pfa(50.0, shape=0.5), exceedance(Law("k", 0.5), 50.0))
    np.True_
    """
    t = within("threshold", threshold, least=0.0, most=1e50)
    local, weight, n = _checked(shape, cnr, n_pulses)
    return special.gammaincc(n, t[..., None] / local) @ weight


def compound_threshold(pfa: ArrayLike, *, shape: float, cnr: float = math.inf, n_pulses: int = 1) -> FloatArray:
    """Threshold in K clutter and noise; the inverse of `compound_pfa`.

    Parameters
    ----------
    pfa : array_like
        Probability of false alarm a cell, 1e-30 to below 1. [1]
    shape, cnr, n_pulses
        As in `compound_pfa`.

    Returns
    -------
    array
        Threshold on the sum of the pulses' powers, each over the mean interference. [power ratio]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    References
    ----------
    As `compound_pfa`.

    Examples
    --------
    >>> np.isclose(compound_threshold(1e-6, shape=0.5), multiplier(Law("k", 0.5), 1e-6))
    np.True_
    """
    p = within("pfa", pfa, least=1e-30, below=1.0)
    local, weight, n = _checked(shape, cnr, n_pulses)
    low = np.zeros(p.shape)
    high = np.full(p.shape, float(n))
    while np.any(short := special.gammaincc(n, high[..., None] / local) @ weight > p):
        high = np.where(short, 2.0 * high, high)
    for _ in range(60):
        middle = 0.5 * (low + high)
        over = special.gammaincc(n, middle[..., None] / local) @ weight > p
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    return 0.5 * (low + high)


def compound_pd(
    sir: ArrayLike,
    pfa: float,
    *,
    shape: float,
    cnr: float = math.inf,
    n_pulses: int = 1,
    swerling: int = 1,
) -> FloatArray:
    r"""Probability of detection in K clutter and noise, threshold fixed for the mean interference.

    Parameters
    ----------
    sir : array_like
        Mean signal of a pulse over the mean interference (clutter and noise), at least 0. [power ratio]
    pfa : float
        Probability of false alarm a cell over all the clutter, 1e-30 to below 1. [1]
    shape, cnr, n_pulses
        As in `compound_pfa`.
    swerling : int
        Fluctuation case 0 to 4.

    Returns
    -------
    array
        Probability. [1]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    The mean of `detection.pd` over the local mean, by the trapezoid rule in its logarithm; for a radar that does not
    know the local mean. One that does (a fine clutter map) uses `detection.pd` cell by cell.

    References
    ----------
    As `compound_pfa`.

    Examples
    --------
    >>> low, high = compound_pd([10.0, 100.0], 1e-4, shape=1.0)
    >>> bool(0.0 < low < high < 1.0)
    True
    """
    s = within("sir", sir, least=0.0, remedy="decibels?")
    t = compound_threshold(float(within("pfa", pfa, least=1e-30, below=1.0)), shape=shape, cnr=cnr, n_pulses=n_pulses)
    local, weight, n = _checked(shape, cnr, n_pulses)
    heavy = weight > 1e-18
    local, weight = local[heavy], weight[heavy]
    ratio = np.minimum(s[..., None] / local, 1e15)  # where the interference is next to nothing
    bound = np.broadcast_to(np.minimum(float(t) / local, 1e15), ratio.shape)
    detection.shape(swerling, n)  # refuses an unknown case
    return _kernels.pd_rows(ratio.ravel(), bound.ravel(), n, swerling).reshape(ratio.shape) @ weight
