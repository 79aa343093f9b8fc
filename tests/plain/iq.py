"""Slow twins of the signal level's kernels: one pulse, one sample at a time, from the definition."""

from __future__ import annotations

import cmath
import math

import numpy as np


def sample(k, delay, turn, chips, n, product):
    """One sample of a pulse of unit energy whose leading edge lies at ``delay``."""
    begin, end = max(float(k), delay), min(k + 1.0, delay + n)
    if end <= begin:
        return 0.0j
    middle = k + 0.5 - delay - 0.5 * n
    if len(chips) == 0:
        value = (end - begin) * cmath.exp(1j * math.pi * middle**2 / product)
    else:  # the mean of the chips over the sample, chip by chip
        value = 0.0j
        for c in range(n):
            value += chips[c] * max(0.0, min(k + 1.0, delay + c + 1.0) - max(float(k), delay + c))
    return value * cmath.exp(1j * turn * middle) / math.sqrt(n)


def add_echoes(shape, slow, ratio, delay, drift, turn, chips, n, product, opens, shuts):
    """Samples (channels, pulses, samples) of all echoes; no pulse is reused."""
    out = np.zeros(shape, np.complex128)
    for c in range(shape[0]):
        for m in range(shape[1]):
            for k in range(opens, min(shuts, shape[2])):
                for i in range(len(delay)):
                    value = sample(k, delay[i] + drift[i] * m, turn[i], chips, n, product)
                    out[c, m, k] += slow[i, m] * ratio[c, i] * value
    return out


def filter_at(samples, weights, delay, turn, chips, n, product):
    """Filter outputs (p, channels) at p delays."""
    out = np.zeros((len(delay), samples.shape[0]), np.complex128)
    for p in range(len(delay)):
        low = math.floor(delay[p])
        k = np.arange(low, low + n + 1)
        replica = np.array([sample(j, delay[p], turn[p], chips, n, product) for j in k])
        replica = replica / np.sqrt(np.sum(np.abs(replica) ** 2))
        inside = (k >= 0) & (k < samples.shape[2])
        for c in range(samples.shape[0]):
            compressed = samples[c][:, k[inside]] @ np.conj(replica[inside])
            out[p, c] = np.sum(np.conj(weights[p]) * compressed)
    return out
