r"""Doppler spectra of clutter, filters against them, blind speeds, staggers, and folding in range and velocity.

A velocity is positive for what comes closer; its phase grows by :math:`4\pi vt/\lambda`. Weights and covariances are
those of one range cell's pulses, in time order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from watchfloor.base.units import C_MPS, BoolArray, FloatArray
from watchfloor.physics._domain import agree, count, within

ComplexArray = NDArray[np.complex128]

SPECTRA = ("gaussian", "exponential")
"""Shapes of a clutter spectrum that `correlation` knows."""
_MPH_MPS = 0.447_04
_HERMITE = np.polynomial.hermite_e.hermegauss(64)
_LAGUERRE = np.polynomial.laguerre.laggauss(64)


def correlation(
    lag_s: ArrayLike, *, spread_mps: ArrayLike, wavelength_m: ArrayLike, spectrum: str = "gaussian"
) -> FloatArray:
    r"""Correlation of clutter between two times.

    Parameters
    ----------
    lag_s : array_like
        Time between them, of either sign. [s]
    spread_mps : array_like
        Standard deviation of the clutter's velocities, at least 0. [m/s]
    wavelength_m : array_like
        Wavelength, above 0. [m]
    spectrum : str
        ``gaussian``, or ``exponential`` (windblown vegetation).

    Returns
    -------
    array
        Correlation coefficient, 0 to 1. [1]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    With :math:`x=4\pi\sigma_v\tau/\lambda`: Gaussian :math:`e^{-x^2/2}`; exponential :math:`1/(1+x^2/2)`, of the
    density :math:`\frac\beta2 e^{-\beta|v|}` whose deviation is :math:`\sqrt2/\beta`. Mean velocity 0.

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 3rd ed., 2001, ch. 3; Billingsley, *Low-Angle Radar Land Clutter*, 2002,
    ch. 6; Richards, *Fundamentals of Radar Signal Processing*, 2nd ed., 2014, eqs. 2.68 to 2.71.

    Examples
    --------
    >>> float(correlation(0.001, spread_mps=1.0, wavelength_m=0.1).round(6))
    0.992135
    """
    agree(lag_s=lag_s, spread_mps=spread_mps, wavelength_m=wavelength_m)
    spread = within("spread_mps", spread_mps, least=0.0)
    x = 4.0 * math.pi * spread * within("lag_s", lag_s) / within("wavelength_m", wavelength_m, above=0.0)
    if spectrum == "gaussian":
        return np.exp(-0.5 * x * x)
    if spectrum == "exponential":
        return 1.0 / (1.0 + 0.5 * x * x)
    raise ValueError(f"spectrum must be one of {', '.join(SPECTRA)}, got {spectrum!r}")


def windblown_spread_mps(wind_mps: ArrayLike) -> FloatArray:
    r"""Velocity spread of windblown trees, of the exponential spectrum.

    Parameters
    ----------
    wind_mps : array_like
        Wind speed, 0.5 to 30. [m/s]

    Returns
    -------
    array
        Standard deviation :math:`\sqrt2/\beta` of the moving part of the echo. [m/s]

    Raises
    ------
    ValueError
        If the wind is outside the domain of the measurements.

    Notes
    -----
    :math:`1/\beta=0.1048\,(\lg w+0.4147)` with w in statute miles an hour and :math:`\beta` in s/m; from VHF to X band
    the same. A steady part stands beside it, `windblown_steady_ratio`.

    References
    ----------
    Billingsley, *Low-Angle Radar Land Clutter*, 2002, section 6.2; Richards, *Fundamentals of Radar Signal
    Processing*, 2nd ed., 2014, eq. 2.73.

    Examples
    --------
    >>> float(windblown_spread_mps(10.0).round(3))
    0.261
    """
    wind_mph = within("wind_mps", wind_mps, least=0.5, most=30.0) / _MPH_MPS
    return math.sqrt(2.0) * 0.1048 * (np.log10(wind_mph) + 0.4147)


def windblown_steady_ratio(wind_mps: ArrayLike, frequency_hz: ArrayLike) -> FloatArray:
    r"""Steady over moving power of the echo of windblown trees.

    Parameters
    ----------
    wind_mps : array_like
        Wind speed, 0.5 to 30. [m/s]
    frequency_hz : array_like
        Carrier frequency, 100 MHz to 20 GHz. [Hz]

    Returns
    -------
    array
        Ratio r; a share 1 / (1 + r) of the power moves. [power ratio]

    Raises
    ------
    ValueError
        If an argument is outside the domain of the measurements.

    Notes
    -----
    :math:`r=489.8\,w^{-1.55}f^{-1.21}`, w in statute miles an hour, f in gigahertz.

    References
    ----------
    As `windblown_spread_mps`; Richards, eq. 2.72.

    Examples
    --------
    >>> float(windblown_steady_ratio(10.0, 3e9).round(3))
    1.049
    """
    agree(wind_mps=wind_mps, frequency_hz=frequency_hz)
    wind_mph = within("wind_mps", wind_mps, least=0.5, most=30.0) / _MPH_MPS
    frequency_ghz = 1e-9 * within("frequency_hz", frequency_hz, least=1e8, most=2e10)
    return 489.8 * wind_mph**-1.55 * frequency_ghz**-1.21


def scanning_spread_mps(wavelength_m: ArrayLike, scan_rate_radps: ArrayLike, beamwidth_rad: ArrayLike) -> FloatArray:
    r"""Velocity spread that a turning beam gives to clutter that stands still.

    Parameters
    ----------
    wavelength_m : array_like
        Wavelength, above 0. [m]
    scan_rate_radps : array_like
        Rate of turn, at least 0. [rad/s]
    beamwidth_rad : array_like
        Half-power beamwidth, one way, above 0. [rad]

    Returns
    -------
    array
        Standard deviation, to be added in quadrature to the clutter's own. [m/s]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    :math:`\sigma_f=\sqrt{\ln2}/(\pi t_0)=0.265/t_0` with the time :math:`t_0` in which a Gaussian beam turns by its
    width, and :math:`\sigma_v=\lambda\sigma_f/2`.

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 2nd ed., 1980, section 4.6 (antenna scanning modulation).

    Examples
    --------
    >>> float(scanning_spread_mps(0.1, 1.0, 0.0265).round(2))
    0.5
    """
    agree(wavelength_m=wavelength_m, scan_rate_radps=scan_rate_radps, beamwidth_rad=beamwidth_rad)
    rate = within("scan_rate_radps", scan_rate_radps, least=0.0)
    width = within("beamwidth_rad", beamwidth_rad, above=0.0)
    return 0.5 * math.sqrt(math.log(2.0)) / math.pi * within("wavelength_m", wavelength_m, above=0.0) * rate / width


def canceller_weights(n_pulses: int) -> FloatArray:
    """Binomial weights of a delay-line canceller.

    Parameters
    ----------
    n_pulses : int
        Pulses, at least 2; one more than the delays.

    Returns
    -------
    (n_pulses,) array
        Weights with alternating sign. [1]

    Raises
    ------
    ValueError
        If ``n_pulses`` is below 2.

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 3rd ed., 2001, section 3.2; Richards, *Fundamentals of Radar Signal
    Processing*, 2nd ed., 2014, eq. 5.4.

    Examples
    --------
    >>> canceller_weights(4)
    array([ 1., -3.,  3., -1.])
    """
    m = count("n_pulses", n_pulses, least=2) - 1
    return np.array([(-1.0) ** k * math.comb(m, k) for k in range(m + 1)])


def mti_improvement(
    n_pulses: int,
    *,
    prf_hz: ArrayLike,
    spread_mps: ArrayLike,
    wavelength_m: ArrayLike,
    spectrum: str = "gaussian",
) -> FloatArray:
    r"""Improvement of a delay-line canceller in signal-to-clutter ratio, mean over all target velocities.

    Parameters
    ----------
    n_pulses : int
        Pulses, at least 2, at most 10.
    prf_hz : array_like
        Pulse repetition frequency, above 0. [Hz]
    spread_mps : array_like
        Standard deviation of the clutter's velocities, above 0, its mean 0. [m/s]
    wavelength_m : array_like
        Wavelength, above 0. [m]
    spectrum : str
        As in `correlation`.

    Returns
    -------
    array
        Improvement, at least about 1. [power ratio]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    :math:`\sum w^2\big/\sum_{ij}w_iw_j\rho((i-j)/f_p)`, exact; for narrow spectra, where these sums cancel, as the
    integral of :math:`(2\sin\pi f/f_p)^{2m}` over the spectrum. Relative error below 1e-9. For a narrow Gaussian
    spectrum it tends to `mti_improvement_narrow`.

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 2nd ed., 1980, section 4.6; Schleher, *MTI and Pulsed Doppler Radar*,
    1991, ch. 4; Barton, *Radar Equations for Modern Radar*, 2013, ch. 5.

    Examples
    --------
    >>> float(np.round(10 * np.log10(mti_improvement(4, prf_hz=200.0, spread_mps=2.0, wavelength_m=C_MPS / 300e6)), 4))
    55.3986
    """
    agree(prf_hz=prf_hz, spread_mps=spread_mps, wavelength_m=wavelength_m)
    w = canceller_weights(n_pulses)
    m = w.size - 1
    if m > 9:
        raise ValueError(f"n_pulses must be at most 10, got {n_pulses!r}")
    prf = within("prf_hz", prf_hz, above=0.0)
    spread = within("spread_mps", spread_mps, above=0.0)
    wavelength = within("wavelength_m", wavelength_m, above=0.0)
    correlation(0.0, spread_mps=0.0, wavelength_m=1.0, spectrum=spectrum)  # refuses an unknown spectrum
    width = 2.0 * spread / (wavelength * prf)  # of the spectrum, over the repetition frequency
    acf = np.correlate(w, w, "full")[m:]
    lags = np.arange(1, m + 1)
    rho = correlation(lags, spread_mps=width[..., None], wavelength_m=2.0, spectrum=spectrum)
    left = acf[0] + 2.0 * (rho @ acf[1:])
    narrow = np.minimum(width, 0.1)
    if spectrum == "gaussian":
        nodes, weights = _HERMITE
        weights = weights / math.sqrt(2.0 * math.pi)
    else:
        nodes, weights = _LAGUERRE
        nodes = nodes / math.sqrt(2.0)
        narrow = np.minimum(width, 0.05)
    through = (2.0 * np.sin(math.pi * narrow[..., None] * nodes)) ** (2 * m) @ weights
    return acf[0] / np.where(width <= narrow, through, left)


def mti_improvement_narrow(
    n_pulses: int, *, prf_hz: ArrayLike, spread_mps: ArrayLike, wavelength_m: ArrayLike
) -> FloatArray:
    r"""Improvement of a delay-line canceller against a narrow Gaussian spectrum: the textbook's closed form.

    Parameters
    ----------
    n_pulses : int
        Pulses, at least 2.
    prf_hz, spread_mps, wavelength_m : array_like
        As in `mti_improvement`.

    Returns
    -------
    array
        :math:`\frac{2^m}{m!}\left(\frac{f_p}{2\pi\sigma_f}\right)^{2m}`, m delays,
        :math:`\sigma_f=2\sigma_v/\lambda`. [power ratio]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    Too low; by 0.1 dB at :math:`\sigma_f=0.02f_p` (three delays), and worse for wider spectra.

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 2nd ed., 1980, eqs. 4.25 and 4.26; Barton, *Modern Radar System
    Analysis*, 1988, ch. 5 (any number of delays).

    Examples
    --------
    >>> float(np.round(mti_improvement_narrow(2, prf_hz=1000.0, spread_mps=0.5, wavelength_m=0.1), 1))
    506.6
    """
    agree(prf_hz=prf_hz, spread_mps=spread_mps, wavelength_m=wavelength_m)
    m = count("n_pulses", n_pulses, least=2) - 1
    spread_hz = 2.0 * within("spread_mps", spread_mps, above=0.0) / within("wavelength_m", wavelength_m, above=0.0)
    ratio = within("prf_hz", prf_hz, above=0.0) / (2.0 * math.pi * spread_hz)
    return 2.0**m / math.factorial(m) * ratio ** (2 * m)


def covariance(
    times_s: ArrayLike,
    *,
    spread_mps: float,
    wavelength_m: float,
    mean_mps: float = 0.0,
    steady_ratio: float = 0.0,
    noise_to_clutter: float = 0.0,
    spectrum: str = "gaussian",
) -> ComplexArray:
    r"""Covariance of clutter and noise over the pulses of one cell, clutter power 1.

    Parameters
    ----------
    times_s : (n,) array_like
        Times of the pulses; any stagger. [s]
    spread_mps : float
        Standard deviation of the moving clutter's velocities, at least 0. [m/s]
    wavelength_m : float
        Wavelength, above 0. [m]
    mean_mps : float
        Mean velocity of the moving clutter, positive when it comes closer (rain). [m/s]
    steady_ratio : float
        Steady over moving power, at least 0 (`windblown_steady_ratio`). [power ratio]
    noise_to_clutter : float
        Noise over clutter power, at least 0. [power ratio]
    spectrum : str
        As in `correlation`.

    Returns
    -------
    (n, n) array
        Hermitian covariance :math:`E[x x^H]`; diagonal ``1 + noise_to_clutter``. [power ratio]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    References
    ----------
    Schleher, *MTI and Pulsed Doppler Radar*, 1991, ch. 4; Billingsley, *Low-Angle Radar Land Clutter*, 2002, ch. 6.

    Examples
    --------
    >>> covariance([0.0, 1e-3], spread_mps=1.0, wavelength_m=0.1).real.round(6)
    array([[1.      , 0.992135],
           [0.992135, 1.      ]])
    """
    t = within("times_s", times_s)
    if t.ndim != 1 or not t.size:
        raise ValueError(f"times_s must be an (n,) array, got {t.shape}")
    steady = float(within("steady_ratio", steady_ratio, least=0.0))
    noise = float(within("noise_to_clutter", noise_to_clutter, least=0.0))
    lag = t[:, None] - t
    moving = correlation(lag, spread_mps=spread_mps, wavelength_m=wavelength_m, spectrum=spectrum)
    turning = np.exp((4j * math.pi * float(within("mean_mps", mean_mps)) / wavelength_m) * lag)
    out = (moving * turning + steady) / (1.0 + steady) + noise * np.eye(t.size)
    return out.astype(np.complex128)


def signal(velocity_mps: ArrayLike, times_s: ArrayLike, wavelength_m: float) -> ComplexArray:
    r"""Phases of a target's pulses.

    Parameters
    ----------
    velocity_mps : array_like
        Closing speed. [m/s]
    times_s : (n,) array_like
        Times of the pulses. [s]
    wavelength_m : float
        Wavelength, above 0. [m]

    Returns
    -------
    (..., n) array
        :math:`e^{4\pi jvt/\lambda}`. [1]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    References
    ----------
    Richards, *Fundamentals of Radar Signal Processing*, 2nd ed., 2014, section 5.2 (slow-time signal).

    Examples
    --------
    >>> signal(25.0, [0.0, 1e-3], 0.1).round(6)
    array([ 1.+0.j, -1.+0.j])
    """
    wavelength = float(within("wavelength_m", wavelength_m, above=0.0))
    v = within("velocity_mps", velocity_mps)
    return np.exp((4j * math.pi / wavelength) * v[..., None] * within("times_s", times_s))


def _pulses(name: str, value: ArrayLike, n: int) -> ComplexArray:
    out = np.asarray(value, dtype=np.complex128)
    if out.ndim < 1 or out.shape[-1] != n or not np.all(np.isfinite(out)):
        raise ValueError(f"{name} must be finite and hold the {n} pulses of the covariance last, got {out.shape}")
    return out


def _square(cov: ArrayLike) -> ComplexArray:
    m = np.asarray(cov, dtype=np.complex128)
    if m.ndim != 2 or m.shape[0] != m.shape[1] or not m.size or not np.all(np.isfinite(m)):
        raise ValueError(f"covariance must be a finite (n, n) array, got {m.shape}")
    return m


def filter_improvement(weights: ArrayLike, covariance: ArrayLike, *, signal: ArrayLike | None = None) -> FloatArray:
    r"""Improvement of a filter over the pulses in signal-to-interference ratio.

    Parameters
    ----------
    weights : (..., n) array_like
        Complex weights; the output is :math:`w^Hx`. [1]
    covariance : (n, n) array_like
        Covariance of clutter and noise in one cell, any scale (`covariance`). [power]
    signal : (..., n) array_like or None
        Target's pulses, magnitude 1 (`signal`); None for the mean over all velocities. [1]

    Returns
    -------
    (...) array
        :math:`|w^Hs|^2/w^HMw` over the ratio at one pulse, 1/:math:`M_{00}`; with no signal
        :math:`|w|^2/w^HMw`. [power ratio]

    Raises
    ------
    ValueError
        If shapes do not agree or a value is not finite.

    References
    ----------
    Schleher, *MTI and Pulsed Doppler Radar*, 1991, ch. 4; Richards, *Fundamentals of Radar Signal Processing*, 2nd
    ed., 2014, section 5.2.3 (vector analysis).

    Examples
    --------
    >>> m = covariance([0.0, 1e-3, 2e-3], spread_mps=0.5, wavelength_m=0.1)
    >>> bool(np.isclose(filter_improvement(canceller_weights(3), m),
    ...                 mti_improvement(3, prf_hz=1e3, spread_mps=0.5, wavelength_m=0.1)))
    True
    """
    m = _square(covariance)
    w = _pulses("weights", weights, m.shape[0])
    passed = np.real(np.einsum("...i,ij,...j->...", np.conj(w), m, w))
    if signal is None:
        kept = np.sum(np.abs(w) ** 2, axis=-1)
    else:
        kept = np.abs(np.sum(np.conj(w) * _pulses("signal", signal, m.shape[0]), axis=-1)) ** 2
    return kept / passed * m[0, 0].real


def optimum_improvement(covariance: ArrayLike, signal: ArrayLike) -> FloatArray:
    r"""Greatest improvement that any filter over the pulses reaches at one target velocity.

    Parameters
    ----------
    covariance : (n, n) array_like
        As in `filter_improvement`; positive definite. [power]
    signal : (..., n) array_like
        Target's pulses, magnitude 1 (`signal`). [1]

    Returns
    -------
    (...) array
        :math:`M_{00}\,s^HM^{-1}s`, reached by the weights :math:`M^{-1}s`. [power ratio]

    Raises
    ------
    ValueError
        If shapes do not agree, or the covariance is not positive definite (give it some noise).

    References
    ----------
    Brennan & Reed, "Theory of adaptive radar", *IEEE Trans. Aerosp. Electron. Syst.* 9 (2), 1973, pp. 237-252;
    Schleher, *MTI and Pulsed Doppler Radar*, 1991, ch. 4.

    Examples
    --------
    >>> float(optimum_improvement(np.eye(8), np.ones(8)))
    8.0
    """
    m = _square(covariance)
    s = _pulses("signal", signal, m.shape[0])
    try:
        lower = np.linalg.cholesky(m)
    except np.linalg.LinAlgError as err:
        raise ValueError("covariance must be positive definite; give it some noise_to_clutter") from err
    white = np.linalg.solve(lower, np.moveaxis(s, -1, 0).reshape(m.shape[0], -1))
    return (np.sum(np.abs(white) ** 2, axis=0) * m[0, 0].real).reshape(s.shape[:-1])


def filter_response(weights: ArrayLike, velocity_mps: ArrayLike, times_s: ArrayLike, wavelength_m: float) -> FloatArray:
    r"""Power response of a filter to a target's velocity, relative to its response to noise.

    Parameters
    ----------
    weights : (n,) array_like
        Weights. [1]
    velocity_mps : array_like
        Closing speed. [m/s]
    times_s : (n,) array_like
        Times of the pulses, staggered or not. [s]
    wavelength_m : float
        Wavelength, above 0. [m]

    Returns
    -------
    array
        :math:`|w^Hs|^2/|w|^2`: 1 on average over velocity, n at most. [power ratio]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 3rd ed., 2001, section 3.2 (canceller response
    :math:`4\sin^2\pi f_dT`).

    Examples
    --------
    >>> filter_response([1.0, -1.0], [0.0, 25.0, 50.0], [0.0, 1e-3], 0.1).round(9)
    array([0., 2., 0.])
    """
    t = within("times_s", times_s)
    w = _pulses("weights", weights, t.size)
    if w.ndim != 1:
        raise ValueError(f"weights must be an (n,) array, got {w.shape}")
    return np.abs(signal(velocity_mps, t, wavelength_m) @ np.conj(w)) ** 2 / float(np.sum(np.abs(w) ** 2))


def stagger_response(
    velocity_mps: ArrayLike, intervals_s: ArrayLike, wavelength_m: float, *, n_pulses: int = 2
) -> FloatArray:
    r"""Mean power response of a canceller whose pulse intervals alternate, over all its positions in the sequence.

    Parameters
    ----------
    velocity_mps : array_like
        Closing speed. [m/s]
    intervals_s : (k,) array_like
        Intervals between pulses, repeated over and over; above 0. [s]
    wavelength_m : float
        Wavelength, above 0. [m]
    n_pulses : int
        Pulses of the canceller, at least 2.

    Returns
    -------
    array
        Response relative to noise, mean 1. [power ratio]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    The weights stay binomial. With one interval it is the plain canceller, blind at every multiple of
    `blind_speeds_mps`.

    References
    ----------
    Shrader & Gregers-Hansen, "MTI radar", in Skolnik (ed.), *Radar Handbook*, 3rd ed., 2008, section 2.8 (staggers).

    Examples
    --------
    >>> stagger_response(50.0, [1e-3], 0.1).round(9), stagger_response(50.0, [0.9e-3, 1.1e-3], 0.1).round(3)
    (np.float64(0.0), np.float64(0.191))
    """
    steps = within("intervals_s", intervals_s, above=0.0)
    if steps.ndim != 1 or not steps.size:
        raise ValueError(f"intervals_s must be a (k,) array, got {steps.shape}")
    w = canceller_weights(n_pulses)
    total = np.zeros(np.shape(velocity_mps))
    for at in range(steps.size):
        window = np.take(steps, range(at, at + w.size - 1), mode="wrap")
        total = total + filter_response(w, velocity_mps, np.concatenate([[0.0], np.cumsum(window)]), wavelength_m)
    return total / steps.size


def blind_speeds_mps(prf_hz: ArrayLike, wavelength_m: ArrayLike, *, n: int = 1) -> FloatArray:
    r"""Speed whose Doppler shift is a multiple of the pulse repetition frequency.

    Parameters
    ----------
    prf_hz : array_like
        Pulse repetition frequency, above 0. [Hz]
    wavelength_m : array_like
        Wavelength, above 0. [m]
    n : int
        Which one, at least 1.

    Returns
    -------
    array
        :math:`n\lambda f_p/2`. [m/s]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 3rd ed., 2001, eq. 3.9.

    Examples
    --------
    >>> float(blind_speeds_mps(1000.0, 0.1, n=2))
    100.0
    """
    agree(prf_hz=prf_hz, wavelength_m=wavelength_m)
    order = count("n", n)
    return 0.5 * order * within("prf_hz", prf_hz, above=0.0) * within("wavelength_m", wavelength_m, above=0.0)


def stagger_blind_speed_mps(ratios: Sequence[int], mean_interval_s: float, wavelength_m: float) -> float:
    r"""First blind speed of a stagger in whole-number ratios.

    Parameters
    ----------
    ratios : sequence of int
        Intervals relative to each other, at least 1, e.g. (25, 30, 27, 31).
    mean_interval_s : float
        Mean of the intervals, above 0. [s]
    wavelength_m : float
        Wavelength, above 0. [m]

    Returns
    -------
    float
        Speed at which every interval holds a whole number of cycles. [m/s]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    The mean of the ratios (cleared of common factors) times the blind speed of the mean interval.

    References
    ----------
    Shrader & Gregers-Hansen, in *Radar Handbook*, 3rd ed., 2008, section 2.8; Skolnik, *Introduction to Radar
    Systems*, 3rd ed., 2001, section 3.3.

    Examples
    --------
    >>> stagger_blind_speed_mps((25, 30, 27, 31), 1e-3, 0.1)
    1412.5
    """
    whole = [count("ratios", ratio) for ratio in ratios]
    if not whole:
        raise ValueError("ratios must hold at least one interval")
    divisor = math.gcd(*whole)
    first = blind_speeds_mps(1.0 / float(within("mean_interval_s", mean_interval_s, above=0.0)), wavelength_m)
    return float(first) * sum(whole) / (divisor * len(whole))


def unambiguous_range_m(prf_hz: ArrayLike) -> FloatArray:
    r"""Range whose echo returns as the next pulse leaves.

    Parameters
    ----------
    prf_hz : array_like
        Pulse repetition frequency, above 0. [Hz]

    Returns
    -------
    array
        :math:`c/2f_p`. [m]

    Raises
    ------
    ValueError
        If the frequency is not above 0.

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 3rd ed., 2001, eq. 1.2.

    Examples
    --------
    >>> float(unambiguous_range_m(1000.0).round())
    149896.0
    """
    return 0.5 * C_MPS / within("prf_hz", prf_hz, above=0.0)


def fold_range(range_m: ArrayLike, prf_hz: ArrayLike) -> FloatArray:
    """Range at which an echo appears after the latest pulse.

    Parameters
    ----------
    range_m : array_like
        True range, at least 0. [m]
    prf_hz : array_like
        Pulse repetition frequency, above 0. [Hz]

    Returns
    -------
    array
        Apparent range, from 0 to below `unambiguous_range_m`. [m]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 3rd ed., 2001, section 2.10.

    Examples
    --------
    >>> float(fold_range(200e3, 1000.0).round())
    50104.0
    """
    agree(range_m=range_m, prf_hz=prf_hz)
    return np.mod(within("range_m", range_m, least=0.0), unambiguous_range_m(prf_hz))


def fold_velocity(velocity_mps: ArrayLike, prf_hz: ArrayLike, wavelength_m: ArrayLike) -> FloatArray:
    """Velocity at which a target appears in the Doppler filters.

    Parameters
    ----------
    velocity_mps : array_like
        True velocity, of either sign. [m/s]
    prf_hz : array_like
        Pulse repetition frequency, above 0. [Hz]
    wavelength_m : array_like
        Wavelength, above 0. [m]

    Returns
    -------
    array
        Apparent velocity, from minus to below plus half the first blind speed. [m/s]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 3rd ed., 2001, section 3.9.

    Examples
    --------
    >>> float(fold_velocity(60.0, 1000.0, 0.1))
    10.0
    """
    agree(velocity_mps=velocity_mps, prf_hz=prf_hz, wavelength_m=wavelength_m)
    span = blind_speeds_mps(prf_hz, wavelength_m)
    return np.mod(within("velocity_mps", velocity_mps) + 0.5 * span, span) - 0.5 * span


def range_visible(range_m: ArrayLike, prf_hz: ArrayLike, pulse_width_s: ArrayLike) -> FloatArray:
    """Share of an echo's pulse that returns while the transmitter is silent.

    Parameters
    ----------
    range_m : array_like
        True range, at least 0. [m]
    prf_hz : array_like
        Pulse repetition frequency, above 0. [Hz]
    pulse_width_s : array_like
        Length of the pulse and of the receiver's recovery together, above 0 and below the interval. [s]

    Returns
    -------
    array
        Share, 0 to 1; 0 only for ranges that fold to 0 (blind), 1 for those that are not eclipsed at all. [1]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    The signal-to-noise ratio of a filter matched to the whole pulse falls with the square of the share; of one matched
    to what is left, with the share.

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 3rd ed., 2001, section 3.9 (eclipsing loss); Schleher, *MTI and Pulsed
    Doppler Radar*, 1991, ch. 9.

    Examples
    --------
    >>> range_visible([0.0, 750.0, 3000.0], 10e3, 10e-6).round(2)
    array([0. , 0.5, 1. ])
    """
    agree(range_m=range_m, prf_hz=prf_hz, pulse_width_s=pulse_width_s)
    interval = 1.0 / within("prf_hz", prf_hz, above=0.0)
    width = within("pulse_width_s", pulse_width_s, above=0.0)
    if np.any(width >= interval):
        raise ValueError(f"pulse_width_s must be below the interval, got {float(np.max(width)):.4g} (reduce prf_hz)")
    delay = np.mod(2.0 / C_MPS * within("range_m", range_m, least=0.0), interval)
    return np.clip(np.minimum(delay, interval - delay) / width, 0.0, 1.0)


def resolve(apparent: ArrayLike, spans: ArrayLike, *, most: float, least: float = 0.0) -> tuple[FloatArray, FloatArray]:
    r"""Resolve ambiguous ranges or velocities by coincidence over several repetition frequencies.

    Parameters
    ----------
    apparent : (k, ...) array_like
        Folded value in each of k repetition frequencies. [m or m/s]
    spans : (k,) array_like
        Ambiguity of each, above 0: `unambiguous_range_m` or `blind_speeds_mps`. [m or m/s]
    most, least : float
        Limits of the true value; keep them within the joint ambiguity (least common multiple of the spans).
        [m or m/s]

    Returns
    -------
    value, residual : (...) arrays
        True value, and the root-mean-square of what is left between it and the k apparent ones: with honest
        measurement errors about their sigma; a larger one is a ghost or two targets. [m or m/s]

    Raises
    ------
    ValueError
        If shapes do not agree, or no value of the first frequency lies within the limits.

    Notes
    -----
    Every unfolded value of the first frequency within the limits is tried; the others are unfolded nearest to it, and
    the value is their mean. It is the Chinese remainder theorem with measurement errors; it errs when the errors exceed
    about a quarter of the least distance between unfolded values.

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 3rd ed., 2001, section 3.9; Hovanessian, "An algorithm for calculation of
    range in a multiple PRF radar", *IEEE Trans. Aerosp. Electron. Syst.* 12 (2), 1976, pp. 287-290.

    Examples
    --------
    >>> value, residual = resolve([6.0, 2.0], [7.0, 8.0], most=56.0)
    >>> float(value), float(residual)
    (34.0, 0.0)
    """
    span = within("spans", spans, above=0.0)
    folded = within("apparent", apparent)
    if span.ndim != 1 or folded.ndim < 1 or folded.shape[0] != span.size:
        raise ValueError(f"apparent needs one row for each of the {span.size} spans, got {folded.shape}")
    low, high = float(within("least", least)), float(within("most", most, above=float(least)))
    turns = np.arange(math.floor((low - span[0]) / span[0]), math.ceil((high + span[0]) / span[0]) + 1) * span[0]
    shape = (-1,) + (1,) * (folded.ndim - 1)
    tried = np.mod(folded[0], span[0]) + turns.reshape(shape)  # (turns, ...)
    off = folded[:, None] - tried
    wide = span.reshape((-1, 1) + (1,) * (folded.ndim - 1))
    off -= np.round(off / wide) * wide  # what each frequency would add
    mean = off.mean(axis=0)
    value, residual = tried + mean, np.sqrt(np.mean((off - mean) ** 2, axis=0))
    slack = 0.25 * float(span.min())
    allowed = (value >= low - slack) & (value <= high + slack)
    if not allowed.any(axis=0).all():
        raise ValueError(f"no unfolded value lies between least {low:.6g} and most {high:.6g}; widen them")
    best = np.argmin(np.where(allowed, residual, np.inf), axis=0)[None]
    return np.take_along_axis(value, best, axis=0)[0], np.take_along_axis(residual, best, axis=0)[0]


def clear(
    range_m: ArrayLike,
    velocity_mps: ArrayLike,
    *,
    prf_hz: ArrayLike,
    pulse_width_s: float,
    wavelength_m: float,
    notch_mps: float,
) -> BoolArray:
    """Mark in which repetition frequencies a target is neither eclipsed nor in the clutter notch.

    Parameters
    ----------
    range_m, velocity_mps : array_like
        True range and velocity. [m, m/s]
    prf_hz : (k,) array_like
        The set. [Hz]
    pulse_width_s : float
        As in `range_visible`. [s]
    wavelength_m : float
        Wavelength. [m]
    notch_mps : float
        Half-width of the notch about each blind speed. [m/s]

    Returns
    -------
    (k, ...) array
        True where it is clear; a radar that needs m of k counts along the first axis.

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 3rd ed., 2001, section 3.9 (medium-PRF sets); Schleher, *MTI and Pulsed
    Doppler Radar*, 1991, ch. 9.

    Examples
    --------
    >>> clear(10e3, 50.0, prf_hz=[1000.0, 1100.0], pulse_width_s=1e-6, wavelength_m=0.1, notch_mps=3.0)
    array([False,  True])
    """
    agree(range_m=range_m, velocity_mps=velocity_mps)
    slant, speed = np.broadcast_arrays(within("range_m", range_m, least=0.0), within("velocity_mps", velocity_mps))
    prf = within("prf_hz", prf_hz, above=0.0)
    if prf.ndim != 1:
        raise ValueError(f"prf_hz must be a (k,) array, got {prf.shape}")
    notch = float(within("notch_mps", notch_mps, least=0.0))
    prf = prf.reshape((-1,) + (1,) * slant.ndim)
    seen = range_visible(slant, prf, pulse_width_s) >= 1.0
    return seen & (np.abs(fold_velocity(speed, prf, wavelength_m)) >= notch)
