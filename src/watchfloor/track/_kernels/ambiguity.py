"""Range rates known but for a multiple of the interval by which a radar folds them.

A radar with one repetition frequency tells range rates apart up to ``interval`` = lambda f / 2 (`physics.ambiguity`);
an interval that is infinite, or not above 0, folds nothing. Where a radar places its interval (from zero, or about it)
does not matter: only differences count here.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchfloor.base.units import FloatArray

_LOG_TWO_PI = math.log(2.0 * math.pi)
_MOST_TURNS = 64


@njit(cache=True, error_model="numpy")
def unfold(rate: float, predicted: float, interval: float) -> float:
    """Range rate, out of those that fold to ``rate``, nearest to the one ``predicted``. [m/s]"""
    if not 0.0 < interval < math.inf:
        return rate
    return rate + interval * math.floor((predicted - rate) / interval + 0.5)


@njit(cache=True, error_model="numpy")
def folded_log_density(rate: float, mean: float, variance: float, interval: float) -> float:
    """Log of the density of a folded range rate, when the true one is normal with ``mean`` and ``variance``. [s/m]

    The wrapped normal law (Mardia & Jupp, Directional Statistics, 2000, section 3.5.7), per m/s of one interval: summed
    over folds where it is narrow, by its Fourier series where it is wide. ``variance`` holds the plot's own error.
    """
    if not 0.0 < interval < math.inf:
        gap = rate - mean
        return -0.5 * (gap * gap / variance + _LOG_TWO_PI + math.log(variance))
    gap = unfold(rate, mean, interval) - mean
    sd = math.sqrt(variance)
    if sd < 0.4 * interval:  # at most three folds count
        total = 0.0
        for fold in range(-2, 3):
            other = gap + fold * interval
            total += math.exp(0.5 * (gap * gap - other * other) / variance)
        return math.log(total) - 0.5 * (gap * gap / variance + _LOG_TWO_PI + math.log(variance))
    turn = 2.0 * math.pi / interval
    total = 1.0
    for order in range(1, 5):
        total += 2.0 * math.exp(-0.5 * (order * turn * sd) ** 2) * math.cos(order * turn * gap)
    return math.log(total / interval)


@njit(cache=True, error_model="numpy")
def folds(
    rate: float, variance: float, mean: float, prior_variance: float, interval: float, least: float,
    rates: FloatArray, weights: FloatArray,
) -> int:  # fmt: skip
    """Range rates that a folded one may stand for under a normal prior, likeliest first, and their probabilities.

    Parameters: ``rate`` and ``variance`` of the plot; ``mean`` and ``prior_variance`` of the true range rate (for a
    birth: 0 and the variance of a component of velocity); folds below ``least`` times the likeliest one are left out.
    Fills ``rates`` and ``weights`` (k,), at most k folds, and returns how many. The weights sum to one; the density
    that goes with them is `folded_log_density` of the sum of both variances. A birth takes one hypothesis a fold.
    """
    most = len(rates)
    if most == 0:
        return 0
    first = unfold(rate, mean, interval)
    rates[0], weights[0] = first, 1.0
    if not 0.0 < interval < math.inf or most == 1:
        return 1
    total_variance = variance + prior_variance
    side = 1.0 if mean >= first else -1.0  # the next nearest lies beyond the mean
    n, total = 1, 1.0
    gap0 = first - mean
    for turn in range(1, 2 * _MOST_TURNS):
        if n == most:
            break
        steps = side * ((turn + 1) // 2) if turn % 2 == 1 else -side * (turn // 2)
        other = gap0 + steps * interval
        weight = math.exp(0.5 * (gap0 * gap0 - other * other) / total_variance)
        if weight < least:
            break
        rates[n], weights[n] = mean + other, weight
        total += weight
        n += 1
    for i in range(n):
        weights[i] /= total
    return n


def warm() -> None:
    """Call each kernel once."""
    unfold(0.0, 1.0, 10.0)
    folded_log_density(0.0, 1.0, 1.0, 10.0)
    folds(0.0, 1.0, 0.0, 4.0, 10.0, 1e-3, np.empty(3), np.empty(3))
