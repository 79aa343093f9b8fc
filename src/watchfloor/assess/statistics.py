"""Honest summaries of replicates: bands, means with intervals, paired differences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from watchfloor.base.units import FloatArray


@dataclass(frozen=True)
class Band:
    """Where the values of a quantity lie over replicates, and how well its mean is known."""

    p10: float
    """Value one replicate in ten stays below."""
    p50: float
    """Median."""
    p90: float
    """Value nine replicates in ten stay below."""
    mean: float
    """Mean."""
    mean_low: float
    """Lower end of the 95 % interval of the mean."""
    mean_high: float
    """Upper end of the 95 % interval of the mean."""
    n: int
    """Replicates."""


def band(values: FloatArray) -> Band:
    """Return the 10/50/90 band of values (n,) and the 95 % Student interval of their mean.

    The quantiles spread over replicates (what we do not know of the world and chance together); the interval says how
    well this many replicates determine the mean. Quantiles are Hyndman and Fan's type 8 (median-unbiased),
    *The American Statistician* 50(4), 1996, p. 361.

    Raises
    ------
    ValueError
        If a value is NaN: the caller decides what "never" counts as.
    """
    from scipy.special import stdtrit

    values = np.asarray(values, float)
    if np.isnan(values).any() or not len(values):
        raise ValueError(
            f"a band needs at least one value and no NaN, got {np.isnan(values).sum()} NaN of {len(values)}"
        )
    p10, p50, p90 = np.quantile(values, [0.1, 0.5, 0.9], method="median_unbiased")
    mean, n = float(values.mean()), len(values)
    half = float(stdtrit(n - 1, 0.975)) * float(values.std(ddof=1)) / np.sqrt(n) if n > 1 else np.inf
    return Band(float(p10), float(p50), float(p90), mean, mean - half, mean + half, n)


def paired(values: FloatArray, baseline: FloatArray) -> Band:
    """Return the band of the differences ``values - baseline`` of paired replicates (n,).

    Pairs share seed, world and dice, so what is common to both cancels (common random numbers: Law,
    *Simulation Modeling and Analysis*, 5th ed., 2015, sec. 11.2).
    """
    values, baseline = np.asarray(values, float), np.asarray(baseline, float)
    if values.shape != baseline.shape:
        raise ValueError(f"pairs need equal lengths, got {values.shape} and {baseline.shape}")
    return band(values - baseline)
