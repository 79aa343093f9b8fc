"""Compiled loops of the signal level: pulses laid into samples and taken out; plain twins in ``tests/plain/iq.py``.

One pulse on a grid of samples, one a range cell: sample k gathers the time from k to k + 1, in lengths of a range
cell. ``chips`` (m,) hold a code, whose samples are the mean over their time; an empty ``chips`` stands for linear FM,
whose samples are instantaneous at their middle, the first and last times the part of the sample that they fill. All
scaled so that a pulse on the grid has unit energy.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from watchfloor.base.units import FloatArray

ComplexArray = NDArray[np.complex128]
NEW_PULSE = 1.0 / 128.0
"""A pulse is built anew once its target has moved by this much. [sample]"""


@njit(cache=True, error_model="numpy")
def pulse(out: ComplexArray, delay: float, turn: float, chips: ComplexArray, n: int, product: float) -> int:
    """Write the n + 1 samples that a pulse of n samples can touch into ``out``; return the number of the first.

    delay is that of its leading edge [samples]; turn the Doppler phase a sample [rad]; product the time-bandwidth
    product of linear FM.
    """
    scale = 1.0 / math.sqrt(n)
    first = int(math.floor(delay))
    late = delay - first
    if chips.shape[0] == 0:
        for j in range(n + 1):
            t = first + j + 0.5 - delay - 0.5 * n
            phase = math.pi * t * t / product + turn * t
            filled = scale * (1.0 - late if j == 0 else (late if j == n else 1.0))
            out[j] = complex(filled * math.cos(phase), filled * math.sin(phase))
        return first
    for j in range(n + 1):
        value = complex(0.0, 0.0)
        if j < n:
            value += (1.0 - late) * chips[j]
        if j > 0:
            value += late * chips[j - 1]
        phase = turn * (first + j + 0.5 - delay - 0.5 * n)
        out[j] = scale * value * complex(math.cos(phase), math.sin(phase))
    return first


@njit(cache=True, error_model="numpy")
def add_echoes(
    out: NDArray[np.complex64],
    slow: ComplexArray,
    ratio: FloatArray,
    delay: FloatArray,
    drift: FloatArray,
    turn: FloatArray,
    chips: ComplexArray,
    n: int,
    product: float,
    opens: int,
    shuts: int,
) -> None:
    """Add i echoes to ``out`` (channels, pulses, samples), each only where it is and where the receiver is open.

    slow (i, pulses) amplitude and phase of each pulse; ratio (channels, i) of a channel to the first; delay, drift,
    turn (i,) delay of the first pulse, its growth a pulse [samples], Doppler phase a sample [rad]; opens, shuts: first
    sample heard and first not heard any more.
    """
    n_channels, n_pulses = out.shape[0], out.shape[1]
    fast = np.empty(n + 1, dtype=np.complex128)
    narrow = np.empty(n + 1, dtype=np.complex64)
    shuts = min(shuts, out.shape[2])
    for i in range(slow.shape[0]):
        last, first = -1e18, 0
        for m in range(n_pulses):
            now = delay[i] + drift[i] * m
            if abs(now - last) > 0.5 * NEW_PULSE:
                # for the middle of the way that it serves
                last = now + 0.5 * math.copysign(min(NEW_PULSE, abs(drift[i]) * (n_pulses - 1 - m)), drift[i])
                if abs(drift[i]) > NEW_PULSE:
                    last = now
                first = pulse(fast, last, turn[i], chips, n, product)
                for j in range(n + 1):
                    narrow[j] = fast[j]
            low, high = max(0, opens - first), min(n + 1, shuts - first)
            for c in range(n_channels):
                amplitude = np.complex64(slow[i, m] * ratio[c, i])
                if amplitude == 0.0:
                    continue
                row = out[c, m]
                for j in range(low, high):
                    row[first + j] += amplitude * narrow[j]


@njit(cache=True, error_model="numpy")
def filter_at(
    samples: NDArray[np.complex64],
    weights: ComplexArray,
    delay: FloatArray,
    turn: FloatArray,
    chips: ComplexArray,
    n: int,
    product: float,
) -> ComplexArray:
    """Filter ``samples`` (channels, pulses, samples) for an echo at p delays: (p, channels).

    weights (p, pulses) over the pulses; delay, turn (p,) as in `add_echoes`. Sums of ``conj(weights) conj(pulse)``
    times the samples, the pulse scaled to unit energy wherever it lies.
    """
    n_channels, n_pulses, n_samples = samples.shape
    out = np.zeros((delay.shape[0], n_channels), dtype=np.complex128)
    fast = np.empty(n + 1, dtype=np.complex128)
    acc = np.empty(n + 1, dtype=np.complex64)
    for p in range(delay.shape[0]):
        first = pulse(fast, delay[p], turn[p], chips, n, product)
        low, high = max(0, -first), min(n + 1, n_samples - first)
        energy = 0.0
        for j in range(n + 1):
            energy += fast[j].real ** 2 + fast[j].imag ** 2
        for c in range(n_channels):
            acc[:] = 0.0
            for m in range(n_pulses):
                row = samples[c, m]
                weight = np.complex64(weights[p, m].conjugate())
                for j in range(low, high):  # sample by sample, which compiles to vectors; a sum would not
                    acc[j] += weight * row[first + j]
            total = complex(0.0, 0.0)
            for j in range(low, high):
                total += fast[j].conjugate() * acc[j]
            out[p, c] = total / math.sqrt(energy)
    return out


def warm() -> None:
    """Compile, or load from the cache, with the types that `iq` uses."""
    one, none = np.ones(1), np.zeros(0, np.complex128)
    cube = np.zeros((1, 1, 4), np.complex64)
    slow = np.ones((1, 1), np.complex128)
    add_echoes(cube, slow, np.ones((1, 1)), one, one, one, none, 1, 1.0, 0, 4)
    filter_at(cube, slow, one, one, none, 1, 1.0)
