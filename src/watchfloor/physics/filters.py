r"""What a radar's filters do to an echo: the bank over pulses, the canceller, and samples that miss the peak.

One set of weights serves both evaluators: the measurement level takes powers from here, the signal level multiplies
pulses by them. A filter with weights :math:`w` passes an echo of phase step :math:`2\pi\varphi` a pulse with

.. math:: \frac{|w^H s(\varphi)|^2}{n\, w^H w}

of the signal-to-noise ratio that n pulses could give, and Gaussian-spread clutter of the covariance
:math:`R_{jk} = e^{-(2\pi\sigma (j-k))^2/2}` with :math:`w^H R w / w^H w` times its ratio to noise in one pulse.

References
----------
Richards, *Fundamentals of Radar Signal Processing*, 2nd ed., 2014, ch. 5 (MTI and pulse Doppler processing);
Schleher, *MTI and Pulsed Doppler Radar*, 1991, ch. 2.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.signal import windows

from watchfloor.base.units import FloatArray
from watchfloor.physics import mti
from watchfloor.physics.parts import Modulation, Processing, Waveform

_GRID = 4096
_CHEBYSHEV_DB = 60.0


def window(name: str, n: int) -> FloatArray:
    """Weights of n pulses, largest 1.

    Parameters
    ----------
    name : str
        ``none``, ``hann``, ``hamming``, ``blackman`` or ``chebyshev`` (sidelobes 60 dB down).
    n : int
        Pulses, at least 1.

    Returns
    -------
    (n,) array
        Weights; the first and last of ``hann`` are not zero (its zeros lie outside). [1]

    Raises
    ------
    ValueError
        If the name is not known.

    References
    ----------
    Harris, "On the use of windows for harmonic analysis with the discrete Fourier transform", *Proc. IEEE* 66 (1),
    1978, pp. 51-83.
    """
    if name == "none":
        return np.ones(n)
    if name == "hann":
        return windows.hann(n + 2)[1:-1]
    if name == "hamming":
        return windows.hamming(n)
    if name == "blackman":
        return windows.blackman(n + 2)[1:-1]
    if name == "chebyshev":
        return windows.chebwin(n, at=_CHEBYSHEV_DB)
    raise ValueError(f"window must be none, hann, hamming, blackman or chebyshev, got {name!r}")


def weights(waveform: Waveform, processing: Processing) -> np.ndarray:
    """Filter weights over the pulses of one look.

    Parameters
    ----------
    waveform, processing : Waveform, Processing
        Parts of one radar.

    Returns
    -------
    (filters, n_coherent) complex array
        Of a bank, filter b is centred on the phase step b / n_coherent; a canceller is one filter with binomial
        weights of alternating sign. The output of filter b is ``conj(weights[b]) @ pulses``. [1]

    Raises
    ------
    ValueError
        If ``processing.doppler`` is ``matched``: it has no weights.

    Notes
    -----
    The canceller of n pulses has n - 1 delays and nulls of order n - 1 at multiples of the pulse repetition frequency.

    References
    ----------
    As in the module docstring.
    """
    n = waveform.n_coherent
    if processing.doppler == "matched":
        raise ValueError("doppler 'matched' is an ideal filter without weights; choose 'mti' or 'bank'")
    if processing.doppler == "mti":
        return mti.canceller_weights(n).astype(np.complex128)[None, :]
    step = np.exp(2j * np.pi * np.arange(n)[:, None] * np.arange(n)[None, :] / n)
    return step * window(processing.window, n)


@lru_cache(maxsize=64)
def _shape_table(kind: str, name: str, n: int) -> FloatArray:
    """Signal response of the filter at phase step 0, on a grid of phase steps 0 to 1, (_GRID + 1,)."""
    w = mti.canceller_weights(n) if kind == "mti" else window(name, n)
    transfer = np.fft.fft(w, _GRID)
    power = (transfer.real**2 + transfer.imag**2) / (n * np.sum(w * w))
    table = np.append(power, power[0])
    table.flags.writeable = False
    return table


def signal_response(waveform: Waveform, processing: Processing, phase_step: ArrayLike) -> FloatArray:
    """Share of the ideal signal-to-noise ratio that each filter passes.

    Parameters
    ----------
    waveform, processing : Waveform, Processing
        Parts of one radar.
    phase_step : array_like
        Doppler shift over pulse repetition frequency; whole numbers make no difference. [1]

    Returns
    -------
    array with the filters as its last axis
        0 to 1; windows, scalloping and blind speeds included. [1]

    Raises
    ------
    ValueError
        If ``processing.doppler`` is ``matched``.

    Notes
    -----
    Read from a table of 4096 phase steps, straight between them: right to 1e-4 for up to 64 pulses.

    References
    ----------
    As in the module docstring.
    """
    if processing.doppler == "matched":
        raise ValueError("doppler 'matched' is an ideal filter without weights; choose 'mti' or 'bank'")
    n = waveform.n_coherent
    step = np.asarray(phase_step, dtype=np.float64)[..., None]
    if processing.doppler == "bank":
        step = step - np.arange(n) / n
    x = (step - np.floor(step)) * _GRID
    table = _shape_table(processing.doppler, processing.window, n)
    low = np.minimum(x.astype(np.int64), _GRID - 1)
    return table[low] + (x - low) * (table[low + 1] - table[low])


def clutter_response(
    waveform: Waveform, processing: Processing, spread_step: float, phase_step: ArrayLike = 0.0
) -> FloatArray:
    """Clutter that each filter passes, relative to what one pulse holds.

    Parameters
    ----------
    waveform, processing : Waveform, Processing
        Parts of one radar.
    spread_step : float
        Standard deviation of the clutter's Doppler shift over the pulse repetition frequency, at least 0. [1]
    phase_step : array_like
        Mean Doppler shift of the clutter over the pulse repetition frequency. [1]

    Returns
    -------
    array with the filters as its last axis
        Ratio of clutter to noise at the filter's output over that in one pulse: n for a filter tuned to steady clutter
        without window. [1]

    Raises
    ------
    ValueError
        If an argument is outside its domain, or ``processing.doppler`` is ``matched``.

    References
    ----------
    As in the module docstring.
    """
    if not spread_step >= 0.0:
        raise ValueError(f"spread_step must be at least 0, got {spread_step!r}")
    w = weights(waveform, processing)
    n = w.shape[1]
    noise = np.sum(np.abs(w) ** 2, axis=1)
    lag = np.arange(1 - n, n)
    # autocorrelation of each filter's weights: w^H R w is its sum against the covariance of that lag
    own = np.array([np.correlate(row, row, "full") for row in w])
    spread = np.exp(-0.5 * (2.0 * np.pi * spread_step * lag) ** 2)
    turn = np.exp(-2j * np.pi * np.asarray(phase_step, dtype=np.float64)[..., None] * lag)
    return np.maximum(np.real(turn * spread @ own.T), 0.0) / noise


def range_response(modulation: Modulation, offset: ArrayLike) -> FloatArray:
    """Power of the compressed pulse at a sample that lies beside its peak.

    Parameters
    ----------
    modulation : str
        Modulation of the pulse.
    offset : array_like
        Distance from the peak over the range cell c / 2B. [1]

    Returns
    -------
    array
        1 at the peak: the squared sinc of a flat spectrum for linear FM, the squared triangle of a rectangular chip
        for ``plain``, ``barker`` and ``frank``. [power ratio]

    Notes
    -----
    For linear FM right to a few per cent of the offset squared over the time-bandwidth product; inside one cell.

    References
    ----------
    Richards, *Fundamentals of Radar Signal Processing*, 2nd ed., 2014, ch. 4 (zero-Doppler cut of the ambiguity
    function).
    """
    x = np.asarray(offset, dtype=np.float64)
    return np.square(np.sinc(x) if modulation == "lfm" else np.maximum(1.0 - np.abs(x), 0.0))


def eclipsing(waveform: Waveform, range_m: ArrayLike, look: int) -> FloatArray:
    """Share of the signal-to-noise ratio that is left where the receiver is shut during part of an echo.

    Parameters
    ----------
    waveform : Waveform
        With its ``prf_hz``.
    range_m : array_like
        Slant range. [m]
    look : int
        Number of the look; looks take the frequencies in turn.

    Returns
    -------
    array
        1 where the whole echo returns between two pulses, 0 in a blind range: the square of the share of the echo
        that is heard, for the filter is matched to all of it. [power ratio]

    References
    ----------
    Richards, *Fundamentals of Radar Signal Processing*, 2nd ed., 2014, ch. 5 (blind zones).
    """
    heard = mti.range_visible(range_m, waveform.prf_hz[look % len(waveform.prf_hz)], waveform.pulse_width_s)
    return heard * heard
