"""Posteriors straight from the tables of `update.Echoes`, without a learner; 1 m2 stands at the noise."""

import numpy as np

from watchfloor.base.picture import SIGMA_GRID_DBSM
from watchfloor.learn.update import LATTICE, POWER_MAX_DB, POWER_MIN_DB, STEP_DB
from watchfloor.physics import detection

LEVELS_DB = SIGMA_GRID_DBSM
FIRST = round((LEVELS_DB[0] - LATTICE[0]) / STEP_DB)


def hit_rows(echoes, power, *, s=0, w=0, base_db=0.0):
    """Log densities (..., g) of measured powers (...) at every level, by four-point Lagrange between the powers.

    1 m2 stands ``base_db`` over the noise, a multiple of the step. Far above the noise only power over signal matters.
    """
    table = echoes.hit[s, w]
    power_db = 10.0 * np.log10(power)
    shift = np.maximum(np.ceil((power_db - POWER_MAX_DB) / STEP_DB), 0.0)
    at = np.maximum((power_db - shift * STEP_DB - POWER_MIN_DB) / STEP_DB, 0.0)
    i = np.clip(at.astype(int), 1, len(table) - 3)
    f, i = (at - i)[..., None], i[..., None]
    first = FIRST + round(base_db / STEP_DB) - shift.astype(int)
    j = first[..., None] + np.arange(len(LEVELS_DB))
    rows = -f * (f - 1.0) * (f - 2.0) / 6.0 * table[i - 1, j] + (f + 1.0) * (f - 1.0) * (f - 2.0) / 2.0 * table[i, j]
    rows += (f + 1.0) * f * (f - 1.0) / 6.0 * table[i + 2, j] - (f + 1.0) * f * (f - 2.0) / 2.0 * table[i + 1, j]
    return rows - (shift * STEP_DB * np.log(10.0) / 10.0)[..., None]


def miss_row(echoes, pfa, *, s=0, w=0):
    """Log probability (g,) of a miss at every level."""
    (row,) = echoes.thresholds(np.array([pfa]))
    return echoes.miss[row, s, w, FIRST : FIRST + len(LEVELS_DB)]


def log_likelihood(echoes, power, pfa, *, s=0, w=0):
    """Log-likelihood (n, g) of n rows of looks (n, k): measured power, NaN for a miss."""
    hit = np.isfinite(power)
    rows = np.where(
        hit[..., None], hit_rows(echoes, np.where(hit, power, 1.0), s=s, w=w), miss_row(echoes, pfa, s=s, w=w)
    )
    return rows.sum(axis=1)


def posterior(log_weight):
    """Probabilities (n, g) from logs of weights."""
    p = np.exp(log_weight - log_weight.max(axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True)


def mean_sd(p):
    """Mean and deviation of the level (n,). [dB]"""
    mean = p @ LEVELS_DB
    return mean, np.sqrt(np.maximum(p @ LEVELS_DB**2 - mean**2, 0.0))


def ranks(p, level_db):
    """Share of the posterior below the true level, (n,)."""
    edges = np.append(LEVELS_DB - 0.5 * STEP_DB, LEVELS_DB[-1] + 0.5 * STEP_DB)
    below = np.concatenate((np.zeros((len(p), 1)), p.cumsum(axis=1)), axis=1)
    return np.array([np.interp(one, edges, row) for one, row in zip(level_db, below, strict=True)])


def echo_powers(rng, snr, k, *, n_pulses=1, swerling=1):
    """Draw (n, k) measured powers over mean noise, of n targets of mean signal-to-noise ratio ``snr`` (n,)."""
    block = (len(snr), k)
    order = detection.shape(swerling, n_pulses)
    amplitude = np.ones(block) if order == np.inf else rng.gamma(order, 1.0 / order, block)
    i, q = rng.standard_normal((2, *block)) * 0.5**0.5
    more = rng.gamma(n_pulses - 1.0, size=block) if n_pulses > 1 else 0.0
    return detection.statistic(snr[:, None], amplitude, i, q, more, n_pulses) / n_pulses


def reference_level(rng, law, block, n_pulses=1):
    """Draw the level that reference cells of noise give, straight from the cells."""
    if law.kind == "map":
        past = law.weight * (1.0 - law.weight) ** np.arange(120)
        return rng.gamma(n_pulses, size=(*block, 120)) @ past
    cells = rng.gamma(n_pulses, size=(*block, law.n_reference))
    half = law.n_reference // 2
    if law.kind == "os":
        return np.sort(cells, axis=-1)[..., law.rank - 1]
    left, right = cells[..., :half].mean(axis=-1), cells[..., half:].mean(axis=-1)
    return {"ca": 0.5 * (left + right), "go": np.maximum(left, right), "so": np.minimum(left, right)}[law.kind]
