"""Compiled loops of detection; plain twins in ``tests/plain/physics.py``.

`statistic_log_pdf_scalar` and `pd_scalar` are meant for other rooms' kernels too.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchfloor.base.units import FloatArray

_EPS = 1e-17


@njit(cache=True, error_model="numpy")
def _shape(swerling: int, n_pulses: int) -> float:
    """Gamma shape of the total signal power, `detection.shape`."""
    if swerling == 0:
        return math.inf
    if swerling == 1:
        return 1.0
    if swerling == 2:
        return float(n_pulses)
    if swerling == 3:
        return 2.0
    return 2.0 * n_pulses


@njit(cache=True, error_model="numpy")
def _log_hypergeometric(y: float, k: float, n: int) -> float:
    """Log of 1F1(k; n; y), or of 0F1(; n; y) for infinite k; y >= 0; summed outward from its largest term."""
    if y <= 0.0:
        return 0.0
    finite = k < math.inf
    # term ratio t[j+1]/t[j] = c(j) y / ((n+j)(j+1)) with c = k+j or 1; largest where it is 1
    if finite:
        b = n + 1.0 - y
        c = n - k * y
    else:
        b = n + 1.0
        c = n - y
    disc = b * b - 4.0 * c
    top = 0.0
    if disc > 0.0:
        top = max(0.0, math.floor(0.5 * (math.sqrt(disc) - b)))
    start = top * math.log(y) - math.lgamma(n + top) + math.lgamma(float(n)) - math.lgamma(top + 1.0)
    if finite:
        start += math.lgamma(k + top) - math.lgamma(k)
    total, term, j = 1.0, 1.0, top
    while term > _EPS * total:
        term *= (k + j if finite else 1.0) * y / ((n + j) * (j + 1.0))
        total += term
        j += 1.0
    term, j = 1.0, top
    while j > 0.0 and term > _EPS * total:
        term *= (n + j - 1.0) * j / ((k + j - 1.0 if finite else 1.0) * y)
        total += term
        j -= 1.0
    return start + math.log(total)


@njit(cache=True, error_model="numpy")
def statistic_log_pdf_scalar(z: float, snr: float, n_pulses: int, swerling: int) -> float:
    """Log density of the summed square-law statistic at z >= 0; meaning as `detection.statistic_log_pdf`."""
    n = n_pulses
    if n == 1:
        if swerling == 1 or swerling == 2:
            return -z / (1.0 + snr) - math.log1p(snr)
        if swerling >= 3:
            p = 1.0 / (1.0 + 0.5 * snr)
            return 2.0 * math.log(p) - p * z + math.log1p((1.0 - p) * z)
    k = _shape(swerling, n)
    mean = n * snr
    if k == n:
        if z <= 0.0:
            return -math.inf if n > 1 else -math.log1p(snr)
        return (n - 1.0) * math.log(z) - z / (1.0 + snr) - n * math.log1p(snr) - math.lgamma(float(n))
    if z <= 0.0 and n > 1:
        return -math.inf
    out = -z - math.lgamma(float(n))
    if n > 1:
        out += (n - 1.0) * math.log(z)
    if swerling == 0:
        if n == 1 and mean * z > 900.0:  # Hankel's expansion of I0; 16 terms are exact to 1e-16 beyond x = 60
            x = 2.0 * math.sqrt(mean * z)
            term, total = 1.0, 1.0
            for j in range(1, 17):
                term *= (2.0 * j - 1.0) ** 2 / (8.0 * x * j)
                total += term
            gap = math.sqrt(z) - math.sqrt(mean)
            return -gap * gap - 0.5 * math.log(2.0 * math.pi * x) + math.log(total)
        return out - mean + _log_hypergeometric(mean * z, k, n)
    q = mean / (k + mean)
    return out - k * math.log1p(mean / k) + _log_hypergeometric(q * z, k, n)


@njit(cache=True, error_model="numpy")
def pd_scalar(snr: float, threshold: float, n_pulses: int, swerling: int) -> float:
    """Probability that the statistic passes a threshold; meaning as `detection.pd`; NaN off domain."""
    n = n_pulses
    if not (snr >= 0.0 and 0.0 <= threshold < math.inf):
        return math.nan
    if n == 1:
        if swerling == 1 or swerling == 2:
            return math.exp(-threshold / (1.0 + snr))
        if swerling >= 3:
            h = 1.0 + 0.5 * snr
            return math.exp(-threshold / h) * (1.0 + 0.5 * snr * threshold / (h * h))
    k = _shape(swerling, n)
    mean = n * snr
    # gamma tail Q(n, T) and its next increment T**n exp(-T) / n!
    increment = math.exp(-threshold)
    tail = increment
    for j in range(1, n):
        increment *= threshold / j
        tail += increment
    increment *= threshold / n
    if mean <= 0.0:
        return tail
    if k == math.inf:
        log_w, ratio = -mean, mean
    else:
        log_w, ratio = -k * math.log1p(mean / k), mean / (k + mean)
    weight = math.exp(log_w)
    far = log_w < -700.0
    done, total = 0.0, 0.0
    for j in range(int(threshold + 12.0 * math.sqrt(threshold)) + 60):  # beyond, the tail is 1 to rounding
        total += weight * tail
        done += weight
        step = (ratio if k == math.inf else ratio * (k + j)) / (j + 1.0)
        if step < 0.5 and weight < 1e-18 * total:
            break
        if far:
            log_w += math.log(step)
            weight = math.exp(log_w)
        else:
            weight *= step
        tail = min(tail + increment, 1.0)
        if 1.0 - tail < 1e-15:
            break
        increment *= threshold / (n + j + 1.0)
    rest = 1.0 - done
    if rest > 1e-14:
        total += rest
    return min(total, 1.0)


@njit(cache=True, error_model="numpy")
def pd_rows(snr: FloatArray, threshold: FloatArray, n_pulses: int, swerling: int) -> FloatArray:
    """`pd_scalar` of n signal-to-noise ratios, (n,); threshold (n,) or (1,)."""
    out = np.empty(snr.shape[0])
    one = threshold.shape[0] == 1
    for i in range(snr.shape[0]):
        out[i] = pd_scalar(snr[i], threshold[0 if one else i], n_pulses, swerling)
    return out
