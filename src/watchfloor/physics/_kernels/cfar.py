"""Compiled loops of CFAR; plain twins in ``tests/plain/cfar.py``."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchfloor.base.units import FloatArray
from watchfloor.physics._kernels.detection import _shape, race


@njit(cache=True, error_model="numpy")
def geometric_sum(odds: FloatArray, mean: float, n_pulses: int, n_terms: int) -> FloatArray:
    """Probabilities of a sum of geometric counts, n_pulses of each odds, and a Poisson count of that mean, (n_terms,).

    A geometric count has p(i) = odds^i / (1 + odds)^(i + 1); every step is a sum of positive terms: one count after
    another, or, for many, (i + 1) p(i + 1) = sum of c(j + 1) p(i - j) with c(j) the sum of the ratios' j-th powers.
    """
    out = np.zeros(n_terms)
    log_first = -mean
    for i in range(odds.shape[0]):
        log_first -= n_pulses * math.log1p(odds[i])
    out[0] = math.exp(log_first)
    if 2 * n_pulses * odds.shape[0] > n_terms:
        sums = np.zeros(n_terms)
        sums[0] = mean
        for i in range(odds.shape[0]):
            ratio = odds[i] / (1.0 + odds[i])
            power = n_pulses * ratio
            for j in range(n_terms):
                sums[j] += power
                power *= ratio
                if power < 1e-290:
                    break
        for i in range(n_terms - 1):
            total = 0.0
            for j in range(i + 1):
                total += sums[j] * out[i - j]
            out[i + 1] = total / (i + 1.0)
        return out
    for i in range(1, n_terms):
        out[i] = out[i - 1] * mean / i
    for i in range(odds.shape[0]):
        ratio = odds[i] / (1.0 + odds[i])
        for _ in range(n_pulses):
            before = out[0]
            for j in range(1, n_terms):
                before = out[j] + ratio * before
                out[j] = before
    return out


@njit(cache=True, error_model="numpy")
def mixed_negative_binomial(weight: FloatArray, shape: FloatArray, odds: float, n_terms: int) -> FloatArray:
    """Probabilities of a weighted mixture of negative binomial counts of one odds (mean over shape), (n_terms,)."""
    ratio = odds / (1.0 + odds)
    out = np.zeros(n_terms)
    for i in range(weight.shape[0]):
        p = weight[i] * math.exp(-shape[i] * math.log1p(odds))
        for j in range(n_terms):
            out[j] += p
            p *= ratio * (shape[i] + j) / (j + 1.0)
    return out


@njit(cache=True, error_model="numpy")
def mixed_poisson(weight: FloatArray, mean: FloatArray, n_terms: int) -> FloatArray:
    """Probabilities of a weighted mixture of Poisson counts, (n_terms,)."""
    out = np.zeros(n_terms)
    for i in range(weight.shape[0]):
        at = int(mean[i])  # from the mode both ways
        if at >= n_terms:
            at = n_terms - 1
        top = weight[i] * math.exp(at * math.log(mean[i]) - mean[i] - math.lgamma(at + 1.0)) if mean[i] > 0.0 else 0.0
        p = top
        for j in range(at, n_terms):
            out[j] += p
            p *= mean[i] / (j + 1.0)
            if p < 1e-300:
                break
        p = top
        for j in range(at, 0, -1):
            p *= j / mean[i]
            if p < 1e-300:
                break
            out[j - 1] += p
    return out


@njit(cache=True, error_model="numpy")
def pd_average(snr: FloatArray, shape: float, odds: float, n_pulses: int, swerling: int) -> FloatArray:
    """Pd of n signal-to-noise ratios, (n,), the noise count negative binomial: the threshold a scaled gamma variate."""
    out = np.empty(snr.shape[0])
    k = _shape(swerling, n_pulses)
    ratio, log_v = odds / (1.0 + odds), -shape * math.log1p(odds)
    for i in range(snr.shape[0]):
        mean = n_pulses * snr[i]
        if swerling == 0:
            value, scale = race(n_pulses - 1, math.inf, mean, -mean, shape, ratio, log_v, 0.0, 0.0)
        else:
            log_u = -k * math.log1p(mean / k)
            value, scale = race(n_pulses - 1, k, mean / (k + mean), log_u, shape, ratio, log_v, 0.0, 0.0)
        out[i] = min(value * math.exp(scale), 1.0)
    return out


@njit(cache=True, error_model="numpy")
def pd_counts(snr: FloatArray, below: FloatArray, n_pulses: int, swerling: int) -> FloatArray:
    """Pd of n signal-to-noise ratios, (n,), from the noise count's distribution function ``below``, 1 past its end."""
    out = np.empty(snr.shape[0])
    k = _shape(swerling, n_pulses)
    for i in range(snr.shape[0]):
        mean = n_pulses * snr[i]
        log_w = -mean if swerling == 0 else -k * math.log1p(mean / k)
        ratio = mean if swerling == 0 else mean / (k + mean)
        w, scale = (math.exp(log_w), 0.0) if log_w > -690.0 else (1.0, log_w)
        total, done, ended, j = 0.0, 0.0, False, 0
        while j < below.shape[0] - n_pulses + 1 and not ended:
            total += w * below[n_pulses - 1 + j]
            done += w
            step = (ratio if swerling == 0 else ratio * (k + j)) / (j + 1.0)
            ended = step < 1.0 and w * step < 1e-17 * total * (1.0 - step)
            w *= step
            j += 1
            if w > 1e200:
                w, total, done, scale = w * 1e-200, total * 1e-200, done * 1e-200, scale + 460.51701859880916
        factor = math.exp(scale)
        total, done, w = total * factor, done * factor, w * factor
        if not ended and done < 0.9:
            total += 1.0 - done
        while not ended and done >= 0.9:  # from here on the noise count is below
            total += w
            step = (ratio if swerling == 0 else ratio * (k + j)) / (j + 1.0)
            ended = step < 1.0 and w * step < 1e-17 * total * (1.0 - step)
            w *= step
            j += 1
        out[i] = min(total, 1.0)
    return out


@njit(cache=True, error_model="numpy")
def _window_sums(row: FloatArray, h: int, before: FloatArray, after: FloatArray, out: FloatArray) -> None:
    """Sums of h neighbours from each cell on, without subtraction: the blocks' running sums from both ends."""
    n = row.shape[0]
    for i in range(n):
        before[i] = row[i] if i % h == 0 else before[i - 1] + row[i]
    for i in range(n - 1, -1, -1):
        after[i] = row[i] if (i % h == h - 1 or i == n - 1) else after[i + 1] + row[i]
    for i in range(n - h + 1):
        out[i] = after[i] if i % h == 0 else after[i] + before[i + h - 1]


@njit(cache=True, error_model="numpy")
def mean_thresholds(power: FloatArray, h: int, guard: int, kind: int, both: float, one: float) -> FloatArray:
    """Thresholds of rows, (r, n), from the means of h cells on each side; kind 0 both, 1 the greater, 2 the lesser.

    ``both`` multiplies the mean taken from both sides, ``one`` the mean of the only side an edge leaves.
    """
    n = power.shape[1]
    out = np.empty(power.shape)
    before, after, sums = np.empty(n), np.empty(n), np.empty(n)
    for r in range(power.shape[0]):
        _window_sums(power[r], h, before, after, sums)
        for i in range(n):
            left, right = i - guard - h, i + guard + 1
            if left < 0:
                out[r, i] = one * sums[right] / h
            elif right + h > n:
                out[r, i] = one * sums[left] / h
            elif kind == 0:
                out[r, i] = both * (sums[left] + sums[right]) / (2.0 * h)
            elif kind == 1:
                out[r, i] = both * max(sums[left], sums[right]) / h
            else:
                out[r, i] = both * min(sums[left], sums[right]) / h
    return out


@njit(cache=True, error_model="numpy")
def _exchange(window: FloatArray, old: float, new: float) -> None:
    """Put new in place of old in a sorted window."""
    low, high = 0, window.shape[0] - 1
    while low < high:
        middle = (low + high) // 2
        if window[middle] < old:
            low = middle + 1
        else:
            high = middle
    i = low
    while i + 1 < window.shape[0] and window[i + 1] < new:
        window[i] = window[i + 1]
        i += 1
    while i > 0 and window[i - 1] > new:
        window[i] = window[i - 1]
        i -= 1
    window[i] = new


@njit(cache=True, error_model="numpy")
def rank_thresholds(
    power: FloatArray, h: int, guard: int, rank: int, both: float, rank_one: int, one: float
) -> FloatArray:
    """Thresholds of rows, (r, n), from an order statistic of h cells on each side, at an edge of the only side left."""
    n = power.shape[1]
    out = np.empty(power.shape)
    window, side = np.empty(2 * h), np.empty(h)
    first, last = guard + h, n - 1 - guard - h
    for r in range(power.shape[0]):
        row = power[r]
        for i in range(first):
            if i == 0:
                side[:] = np.sort(row[guard + 1 : guard + 1 + h])
            else:
                _exchange(side, row[i + guard], row[i + guard + h])
            out[r, i] = one * side[rank_one - 1]
        for i in range(first, last + 1):
            if i == first:
                window[:h] = row[:h]
                window[h:] = row[i + guard + 1 : i + guard + 1 + h]
                window.sort()
            else:
                _exchange(window, row[i - 1 - guard - h], row[i - 1 - guard])
                _exchange(window, row[i + guard], row[i + guard + h])
            out[r, i] = both * window[rank - 1]
        start = max(last + 1, first)
        for i in range(start, n):
            if i == start:
                side[:] = np.sort(row[i - guard - h : i - guard])
            else:
                _exchange(side, row[i - 1 - guard - h], row[i - 1 - guard])
            out[r, i] = one * side[rank_one - 1]
    return out
