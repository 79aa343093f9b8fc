r"""Pulses as complex samples, their matched filter and ambiguity function, and what windows cost.

Samples are the complex envelope at ``sample_rate_hz``; sample n stands for the interval from n to n + 1 sample times
and carries the phase at its middle. A Doppler shift is positive for a target that comes closer. Ambiguity:

.. math:: \chi(\tau, f) = \int s(t)\,e^{2\pi jft}\,s^*(t-\tau)\,dt,

what a matched filter gives at the delay :math:`\tau` past the true one for an echo shifted by f; 1 at the origin for a
pulse of unit energy.
"""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

from watchfloor.base.units import C_MPS, FloatArray
from watchfloor.physics._domain import agree, count, within

ComplexArray = NDArray[np.complex128]

BARKER: dict[int, tuple[int, ...]] = {
    2: (1, -1),
    3: (1, 1, -1),
    4: (1, 1, -1, 1),
    5: (1, 1, 1, -1, 1),
    7: (1, 1, 1, -1, -1, 1, -1),
    11: (1, 1, 1, -1, -1, -1, 1, -1, -1, 1, -1),
    13: (1, 1, 1, 1, 1, -1, -1, 1, 1, -1, 1, -1, 1),
}
"""Barker codes by length (Barker 1953; Levanon & Mozeson, *Radar Signals*, 2004, table 6.1)."""


def _scaled(samples: ComplexArray, unit_energy: bool) -> ComplexArray:
    return samples / math.sqrt(len(samples)) if unit_energy else samples


def _length(pulse_width_s: float, sample_rate_hz: float) -> int:
    width = float(within("pulse_width_s", pulse_width_s, above=0.0))
    rate = float(within("sample_rate_hz", sample_rate_hz, above=0.0))
    n = round(width * rate)
    if n < 1:
        raise ValueError(f"pulse_width_s {width:.4g} holds no sample at sample_rate_hz {rate:.4g}; sample faster")
    return n


def _fft(samples: NDArray[Any], size: int, axis: int = -1) -> NDArray[Any]:
    return cast(NDArray[Any], fft.fft(samples, size, axis=axis))


def _samples(name: str, samples: ArrayLike) -> ComplexArray:
    s = np.asarray(samples, dtype=np.complex128)
    if s.ndim != 1 or not s.size or not np.all(np.isfinite(s)) or not np.any(s):
        raise ValueError(f"{name} must be a finite (n,) array with a value other than 0, got shape {s.shape}")
    return s


def plain(pulse_width_s: float, sample_rate_hz: float, *, unit_energy: bool = True) -> ComplexArray:
    """Pulse without modulation.

    Parameters
    ----------
    pulse_width_s : float
        Length, at least half a sample. [s]
    sample_rate_hz : float
        Sample rate. [Hz]
    unit_energy : bool
        Scale the sum of squares to 1; otherwise each sample has magnitude 1.

    Returns
    -------
    (n,) array
        Complex samples, ``n = round(pulse_width_s * sample_rate_hz)``. [1]

    Raises
    ------
    ValueError
        If an argument is not above 0, or the pulse holds no sample.

    References
    ----------
    Levanon & Mozeson, *Radar Signals*, 2004, section 3.2 (constant-frequency pulse).

    Examples
    --------
    >>> plain(4e-6, 1e6).real
    array([0.5, 0.5, 0.5, 0.5])
    """
    return _scaled(np.ones(_length(pulse_width_s, sample_rate_hz), np.complex128), unit_energy)


def lfm(pulse_width_s: float, bandwidth_hz: float, sample_rate_hz: float, *, unit_energy: bool = True) -> ComplexArray:
    r"""Pulse with linear frequency modulation, rising from -B/2 to B/2.

    Parameters
    ----------
    pulse_width_s : float
        Length. [s]
    bandwidth_hz : float
        Swept band, at least 0. [Hz]
    sample_rate_hz : float
        Sample rate, at least ``bandwidth_hz``. [Hz]
    unit_energy : bool
        As in `plain`.

    Returns
    -------
    (n,) array
        Complex samples, :math:`e^{j\pi(B/T)t^2}` with t from the middle of the pulse. [1]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    A pulse that falls is the complex conjugate.

    References
    ----------
    Levanon & Mozeson, *Radar Signals*, 2004, section 4.2 (linear FM); Richards, *Fundamentals of Radar Signal
    Processing*, 2nd ed., 2014, section 4.6.

    Examples
    --------
    >>> len(lfm(10e-6, 1e6, 2e6))
    20
    """
    n = _length(pulse_width_s, sample_rate_hz)
    band = float(within("bandwidth_hz", bandwidth_hz, least=0.0))
    if band > sample_rate_hz:
        raise ValueError(f"sample_rate_hz must be at least bandwidth_hz {band:.4g}, got {sample_rate_hz:.4g}")
    t = (np.arange(n) - 0.5 * (n - 1)) / sample_rate_hz
    return _scaled(np.exp((1j * math.pi * band / pulse_width_s) * t * t), unit_energy)


def barker(length: int, *, samples_per_chip: int = 1, unit_energy: bool = True) -> ComplexArray:
    """Pulse with a Barker code: no sidelobe of its autocorrelation above one chip.

    Parameters
    ----------
    length : int
        Chips: 2, 3, 4, 5, 7, 11 or 13.
    samples_per_chip : int
        Samples a chip.
    unit_energy : bool
        As in `plain`.

    Returns
    -------
    (length * samples_per_chip,) array
        Complex samples. [1]

    Raises
    ------
    ValueError
        If no Barker code has that length.

    References
    ----------
    Levanon & Mozeson, *Radar Signals*, 2004, section 6.1 and table 6.1.

    Examples
    --------
    >>> barker(5, unit_energy=False).real.astype(int)
    array([ 1,  1,  1, -1,  1])
    """
    if length not in BARKER:
        raise ValueError(f"length of a Barker code is one of {', '.join(map(str, BARKER))}, got {length!r}")
    chips = np.array(BARKER[length], dtype=np.complex128)
    return _scaled(np.repeat(chips, count("samples_per_chip", samples_per_chip)), unit_energy)


def frank(order: int, *, samples_per_chip: int = 1, unit_energy: bool = True) -> ComplexArray:
    r"""Pulse with a Frank code: a linear FM in steps of phase, m groups of m chips.

    Parameters
    ----------
    order : int
        m, at least 2; the code has m squared chips.
    samples_per_chip : int
        Samples a chip.
    unit_energy : bool
        As in `plain`.

    Returns
    -------
    (order**2 * samples_per_chip,) array
        Complex samples, phases :math:`2\pi pq/m`. [1]

    Raises
    ------
    ValueError
        If an argument is not a whole number or too small.

    Notes
    -----
    Peak sidelobe :math:`1/\sin(\pi/m)` of m squared for even m: -29.8 dB at m = 10.

    References
    ----------
    Frank, "Polyphase codes with good nonperiodic correlation properties", *IEEE Trans. Inf. Theory* 9 (1), 1963,
    pp. 43-45; Levanon & Mozeson, *Radar Signals*, 2004, section 6.2.

    Examples
    --------
    >>> (np.angle(frank(4)[4:8], deg=True).round() % 360).astype(int)
    array([  0,  90, 180, 270])
    """
    m = count("order", order, least=2)
    turns = np.outer(np.arange(m), np.arange(m)).ravel() % m  # whole turns dropped: the phases stay exact
    chips = np.exp((2j * math.pi / m) * turns)
    return _scaled(np.repeat(chips, count("samples_per_chip", samples_per_chip)), unit_energy)


def matched_filter(received: ArrayLike, reference: ArrayLike, *, axis: int = -1) -> NDArray[Any]:
    r"""Correlate what is received with the pulse that was sent.

    Parameters
    ----------
    received : array_like
        Complex samples; fast time along ``axis``. [1]
    reference : (m,) array_like
        Complex samples of the pulse, weighted or not; at most as long as the fast time. [1]
    axis : int
        Axis of the fast time.

    Returns
    -------
    array
        Shape of ``received``; sample k is :math:`\sum_n r_{k+n}\,s_n^*`, so an echo that begins at sample k peaks
        there. Complex64 stays complex64. The last m - 1 samples see only part of the pulse.

    Raises
    ------
    ValueError
        If ``reference`` is not one-dimensional or longer than the fast time, or a value is not finite.

    Notes
    -----
    By FFT, exact to rounding; nothing wraps round. With white noise of variance N0 a sample and unit energy of the
    reference, the output's noise has variance N0 and an echo of energy E peaks at :math:`\sqrt E`: SNR = E / N0.

    References
    ----------
    Richards, *Fundamentals of Radar Signal Processing*, 2nd ed., 2014, section 4.2 (matched filter).

    Examples
    --------
    >>> pulse = barker(13)
    >>> echo = np.concatenate([np.zeros(7), pulse, np.zeros(20)])
    >>> int(np.argmax(np.abs(matched_filter(echo, pulse))))
    7
    """
    r, s = np.asarray(received), _samples("reference", reference)
    if r.dtype not in (np.complex64, np.complex128):
        r = r.astype(np.complex128)
    if not r.ndim or r.shape[axis] < s.size:
        raise ValueError(f"reference of {s.size} samples is longer than the fast time, got received {r.shape}")
    if not np.all(np.isfinite(r)):
        raise ValueError("received must be finite; it holds NaN or infinities")
    n = r.shape[axis]
    size = cast(int, fft.next_fast_len(n + s.size - 1))
    spectrum = np.conj(_fft(s, size)).astype(r.dtype)
    spectrum = spectrum.reshape([-1 if k == axis % r.ndim else 1 for k in range(r.ndim)])
    out = cast(NDArray[Any], fft.ifft(_fft(r, size, axis) * spectrum, axis=axis, overwrite_x=True))
    return out[tuple(slice(n) if k == axis % r.ndim else slice(None) for k in range(r.ndim))]


def ambiguity(samples: ArrayLike, sample_rate_hz: float, delay_s: ArrayLike, doppler_hz: ArrayLike) -> FloatArray:
    r"""Magnitude of the ambiguity function of any pulse, on a grid.

    Parameters
    ----------
    samples : (n,) array_like
        Complex samples of the pulse. [1]
    sample_rate_hz : float
        Sample rate. [Hz]
    delay_s : (k,) array_like
        Delays past the true one. [s]
    doppler_hz : (m,) array_like
        Doppler shifts. [Hz]

    Returns
    -------
    (k, m) array
        :math:`|\chi(\tau, f)|` over its value at the origin, amplitude. [1]

    Raises
    ------
    ValueError
        If an argument is not finite, not one-dimensional, or the samples are all zero.

    Notes
    -----
    Each sample is held for its interval (a chip with straight edges), for which the sums are exact: between whole
    delays the correlation is the mean of its neighbours, weighted with the phase that the shift turns meanwhile. For a
    pulse whose phase turns little within a sample this is the continuous ambiguity function; for linear FM sample at
    several times the bandwidth.

    References
    ----------
    Levanon & Mozeson, *Radar Signals*, 2004, section 3.1; Woodward, *Probability and Information Theory, with
    Applications to Radar*, 1953, ch. 7.

    Examples
    --------
    >>> ambiguity(plain(8e-6, 1e6), 1e6, [0.0, 4e-6], [0.0, 125e3]).round(6)
    array([[1.     , 0.     ],
           [0.5    , 0.31831]])
    """
    s = _samples("samples", samples)
    rate = float(within("sample_rate_hz", sample_rate_hz, above=0.0))
    delay = np.atleast_1d(within("delay_s", delay_s)) * rate
    turns = np.atleast_1d(within("doppler_hz", doppler_hz)) / rate
    if delay.ndim != 1 or turns.ndim != 1:
        raise ValueError(f"delay_s and doppler_hz must be one-dimensional, got {delay.shape} and {turns.shape}")
    n = s.size
    whole = np.floor(delay).astype(np.int64)
    part = delay - whole
    phases = np.exp(2j * math.pi * np.outer(np.arange(n), turns))  # at the beginning of each sample
    # an interval [k, k + p) of held samples contributes its length times sinc times the phase of its middle
    first = part[:, None] * np.sinc(part[:, None] * turns) * np.exp(1j * math.pi * part[:, None] * turns)
    rest = 1.0 - part[:, None]
    second = rest * np.sinc(rest * turns) * np.exp(1j * math.pi * (1.0 + part[:, None]) * turns)
    total = np.zeros((delay.size, turns.size), np.complex128)
    for row, lag in enumerate(whole):
        # within sample i of the echo the reference stands at i - lag - 1, then at i - lag
        for shift, weight in ((lag + 1, first[row]), (lag, second[row])):
            if abs(shift) < n:
                low, high = max(0, shift), min(n, n + shift)
                product = s[low:high] * np.conj(s[low - shift : high - shift])
                total[row] += weight * (product @ phases[low:high])
    return np.abs(total) / float(np.sum(np.abs(s) ** 2))


def lfm_ambiguity(
    delay_s: ArrayLike, doppler_hz: ArrayLike, *, pulse_width_s: float, bandwidth_hz: float
) -> FloatArray:
    r"""Magnitude of the ambiguity function of a rising linear FM pulse, in closed form.

    Parameters
    ----------
    delay_s : array_like
        Delay past the true one. [s]
    doppler_hz : array_like
        Doppler shift. [Hz]
    pulse_width_s, bandwidth_hz : float
        Length, above 0, and swept band; 0 for a pulse without modulation. [s, Hz]

    Returns
    -------
    array
        :math:`|\chi|`, 1 at the origin, amplitude. [1]

    Raises
    ------
    ValueError
        If an argument is outside its domain or the shapes do not broadcast.

    Notes
    -----
    :math:`(1-|\tau|/T)\,|\mathrm{sinc}[(f+B\tau/T)(T-|\tau|)]|`, 0 beyond the pulse: the ridge lies at
    :math:`\tau=-fT/B` (`range_coupling_m`).

    References
    ----------
    Levanon & Mozeson, *Radar Signals*, 2004, eq. 4.6; Richards, *Fundamentals of Radar Signal Processing*, 2nd ed.,
    2014, section 4.6.

    Examples
    --------
    >>> lfm_ambiguity(-1e-6, 0.1e6, pulse_width_s=10e-6, bandwidth_hz=1e6).round(6)
    np.float64(0.9)
    """
    agree(delay_s=delay_s, doppler_hz=doppler_hz)
    width = float(within("pulse_width_s", pulse_width_s, above=0.0))
    band = float(within("bandwidth_hz", bandwidth_hz, least=0.0))
    tau, f = within("delay_s", delay_s), within("doppler_hz", doppler_hz)
    left = np.maximum(width - np.abs(tau), 0.0)
    return left / width * np.abs(np.sinc((f + band / width * tau) * left))


def range_coupling_m(doppler_hz: ArrayLike, *, pulse_width_s: float, bandwidth_hz: float) -> FloatArray:
    r"""Range error that a Doppler shift causes in a rising linear FM pulse.

    Parameters
    ----------
    doppler_hz : array_like
        Doppler shift, positive for a target that comes closer. [Hz]
    pulse_width_s : float
        Length of the pulse, above 0. [s]
    bandwidth_hz : float
        Swept band, above 0; negative for a falling sweep. [Hz]

    Returns
    -------
    array
        Measured minus true range, :math:`-\frac{c}{2}fT/B`. [m]

    Raises
    ------
    ValueError
        If the pulse is not longer than 0, or the band is 0.

    References
    ----------
    Richards, *Fundamentals of Radar Signal Processing*, 2nd ed., 2014, section 4.6 (range-Doppler coupling).

    Examples
    --------
    >>> float(range_coupling_m(1000.0, pulse_width_s=100e-6, bandwidth_hz=1e6).round(3))
    -14.99
    """
    width = float(within("pulse_width_s", pulse_width_s, above=0.0))
    band = float(within("bandwidth_hz", bandwidth_hz))
    if band == 0.0:
        raise ValueError("bandwidth_hz must not be 0: a pulse without modulation couples nothing")
    return (-0.5 * C_MPS * width / band) * within("doppler_hz", doppler_hz)


def compression_ratio(pulse_width_s: ArrayLike, bandwidth_hz: ArrayLike) -> FloatArray:
    """Length of the pulse over that of the compressed one.

    Parameters
    ----------
    pulse_width_s, bandwidth_hz : array_like
        Length and bandwidth, above 0. [s, Hz]

    Returns
    -------
    array
        Product of the two. [1]

    Raises
    ------
    ValueError
        If an argument is not above 0.

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 3rd ed., 2001, section 6.5 (pulse compression).

    Examples
    --------
    >>> float(compression_ratio(100e-6, 1e6))
    100.0
    """
    agree(pulse_width_s=pulse_width_s, bandwidth_hz=bandwidth_hz)
    return within("pulse_width_s", pulse_width_s, above=0.0) * within("bandwidth_hz", bandwidth_hz, above=0.0)


def rms_bandwidth_hz(samples: ArrayLike, sample_rate_hz: float) -> float:
    r"""Standard deviation of the frequency of a pulse, weighted with its power spectrum.

    Parameters
    ----------
    samples : (n,) array_like
        Complex samples. [1]
    sample_rate_hz : float
        Sample rate. [Hz]

    Returns
    -------
    float
        :math:`\beta/2\pi`; B / sqrt(12) of a flat spectrum of width B. The bound of delay is
        :math:`1/(\beta\sqrt{2\,\mathrm{SNR}})`. [Hz]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    Notes
    -----
    Of the band that the samples hold. A pulse with straight edges has no finite rms bandwidth: the answer then grows
    with the sample rate, and what the receiver passes decides.

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 3rd ed., 2001, section 6.3 (effective bandwidth); Richards,
    *Fundamentals of Radar Signal Processing*, 2nd ed., 2014, section 7.2.

    Examples
    --------
    >>> bool(abs(rms_bandwidth_hz(lfm(1e-3, 1e6, 1.25e6), 1.25e6) * np.sqrt(12.0) - 1e6) < 1e4)
    True
    """
    s = _samples("samples", samples)
    rate = float(within("sample_rate_hz", sample_rate_hz, above=0.0))
    size = cast(int, fft.next_fast_len(4 * s.size))
    power = np.abs(_fft(s, size)) ** 2
    frequency = np.fft.fftfreq(size, 1.0 / rate)
    mean = float(power @ frequency) / float(power.sum())
    return math.sqrt(float(power @ (frequency - mean) ** 2) / float(power.sum()))


def rms_duration_s(samples: ArrayLike, sample_rate_hz: float) -> float:
    r"""Standard deviation of the time of a pulse or train, weighted with its power.

    Parameters
    ----------
    samples : (n,) array_like
        Complex samples, each held for its interval. [1]
    sample_rate_hz : float
        Sample rate. [Hz]

    Returns
    -------
    float
        T / sqrt(12) of a rectangle of length T. The bound of frequency is
        :math:`1/(2\pi\,t_\mathrm{rms}\sqrt{2\,\mathrm{SNR}})`. [s]

    Raises
    ------
    ValueError
        If an argument is outside its domain.

    References
    ----------
    Skolnik, *Introduction to Radar Systems*, 3rd ed., 2001, section 6.3 (effective time duration).

    Examples
    --------
    >>> round(rms_duration_s(plain(12e-6, 10e6), 10e6) * 1e6, 6)
    3.464102
    """
    s = _samples("samples", samples)
    rate = float(within("sample_rate_hz", sample_rate_hz, above=0.0))
    power = np.abs(s) ** 2
    t = np.arange(s.size) + 0.5
    mean = float(power @ t) / float(power.sum())
    return math.sqrt(float(power @ (t - mean) ** 2) / float(power.sum()) + 1.0 / 12.0) / rate


def peak_sidelobe_db(response: ArrayLike, *, half_width: int | None = None) -> float:
    """Highest sidelobe of a response relative to its peak.

    Parameters
    ----------
    response : (n,) array_like
        Response in amplitude, e.g. of a matched filter, complex or not. [1]
    half_width : int or None
        Samples on each side of the peak that count as the main lobe; None for all down to the first minima.

    Returns
    -------
    float
        Level in power. [dB]

    Raises
    ------
    ValueError
        If nothing is left outside the main lobe.

    References
    ----------
    Levanon & Mozeson, *Radar Signals*, 2004, section 6.1 (peak sidelobe level).

    Examples
    --------
    >>> round(peak_sidelobe_db(np.correlate(barker(13), barker(13), "full")), 2)
    -22.28
    """
    level, low, high = _main_lobe(response, half_width)
    return 20.0 * math.log10(float(max(level[:low].max(initial=0.0), level[high:].max(initial=0.0)) / level.max()))


def integrated_sidelobe_db(response: ArrayLike, *, half_width: int | None = None) -> float:
    """Energy of all sidelobes of a response relative to that of its main lobe.

    Parameters
    ----------
    response : (n,) array_like
        Response in amplitude. [1]
    half_width : int or None
        As in `peak_sidelobe_db`; 0 takes the peak sample alone as the main lobe.

    Returns
    -------
    float
        Level in power. [dB]

    Raises
    ------
    ValueError
        If nothing is left outside the main lobe.

    References
    ----------
    Levanon & Mozeson, *Radar Signals*, 2004, section 6.1 (integrated sidelobe level); Skolnik, *Radar Handbook*, 3rd
    ed., 2008, table 8.2.

    Examples
    --------
    >>> round(integrated_sidelobe_db(np.correlate(barker(13), barker(13), "full"), half_width=0), 1)
    -11.5
    """
    level, low, high = _main_lobe(response, half_width)
    side = float(np.sum(level[:low] ** 2) + np.sum(level[high:] ** 2))
    return 10.0 * math.log10(side / float(np.sum(level[low:high] ** 2)))


def _main_lobe(response: ArrayLike, half_width: int | None) -> tuple[FloatArray, int, int]:
    level = np.abs(_samples("response", response))
    peak = int(np.argmax(level))
    if half_width is not None:
        half = count("half_width", half_width, least=0)
        low, high = max(0, peak - half), min(level.size, peak + half + 1)
    else:
        rise = np.flatnonzero(np.diff(level[peak:]) > 0.0)
        high = level.size if not rise.size else peak + int(rise[0])
        fall = np.flatnonzero(np.diff(level[peak::-1]) > 0.0)
        low = 0 if not fall.size else peak - int(fall[0]) + 1
        high, low = max(high, peak + 1), min(low, peak)
    if not (np.any(level[:low]) or np.any(level[high:])):
        raise ValueError("response has nothing outside its main lobe; give half_width, or more samples")
    return level, low, high


def _window(window: ArrayLike) -> FloatArray:
    w = within("window", window)
    if w.ndim != 1 or not w.size or not w.sum() > 0.0:
        raise ValueError(f"window must be an (n,) array with a sum above 0, got shape {w.shape}")
    return w


def window_gain(window: ArrayLike) -> float:
    """Coherent gain of a window: amplitude of a tone relative to no window.

    Parameters
    ----------
    window : (n,) array_like
        Weights; periodic ("DFT-even") ones where they weight an FFT. [1]

    Returns
    -------
    float
        Mean of the weights. [amplitude ratio]

    Raises
    ------
    ValueError
        If ``window`` is not a finite one-dimensional array with a sum above 0.

    References
    ----------
    Harris, "On the use of windows for harmonic analysis with the discrete Fourier transform", *Proc. IEEE* 66 (1),
    1978, pp. 51-83, table I.

    Examples
    --------
    >>> window_gain([0.0, 0.5, 1.0, 0.5])
    0.5
    """
    return float(_window(window).mean())


def noise_bandwidth_bins(window: ArrayLike) -> float:
    r"""Equivalent noise bandwidth of a window.

    Parameters
    ----------
    window : (n,) array_like
        Weights. [1]

    Returns
    -------
    float
        :math:`n\sum w^2/(\sum w)^2`, in bins of 1 / length; 1 without a window. [1]

    Raises
    ------
    ValueError
        As `window_gain`.

    References
    ----------
    Harris, *Proc. IEEE* 66 (1), 1978, eq. 11 and table I.

    Examples
    --------
    >>> noise_bandwidth_bins([0.0, 0.5, 1.0, 0.5])
    1.5
    """
    w = _window(window)
    return float(w.size * (w @ w) / w.sum() ** 2)


def window_loss_db(window: ArrayLike) -> float:
    """Signal-to-noise ratio that a window costs a tone at the middle of a bin.

    Parameters
    ----------
    window : (n,) array_like
        Weights. [1]

    Returns
    -------
    float
        Equivalent noise bandwidth in decibels, at least 0. [dB]

    Raises
    ------
    ValueError
        As `window_gain`.

    References
    ----------
    Harris, *Proc. IEEE* 66 (1), 1978, eq. 14 (processing gain is 1 over the noise bandwidth).

    Examples
    --------
    >>> round(window_loss_db([0.0, 0.5, 1.0, 0.5]), 2)
    1.76
    """
    return 10.0 * math.log10(noise_bandwidth_bins(window))


def scalloping_loss_db(window: ArrayLike) -> float:
    r"""Loss of a tone half way between two bins, against one at the middle of a bin.

    Parameters
    ----------
    window : (n,) array_like
        Weights. [1]

    Returns
    -------
    float
        :math:`-20\lg|\sum w\,e^{-j\pi k/n}|/\sum w`; 3.92 without a window. The worst-case processing loss is this
        plus `window_loss_db`. [dB]

    Raises
    ------
    ValueError
        As `window_gain`.

    References
    ----------
    Harris, *Proc. IEEE* 66 (1), 1978, eq. 17 and table I.

    Examples
    --------
    >>> round(scalloping_loss_db(np.ones(1000)), 2)
    3.92
    """
    w = _window(window)
    half_bin = abs(np.sum(w * np.exp(-1j * math.pi * np.arange(w.size) / w.size)))
    return -20.0 * math.log10(float(half_bin) / float(w.sum()))
