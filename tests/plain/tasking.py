"""What looks are worth and who gets them, written plainly: simulation, loops, exhaustion."""

from __future__ import annotations

import itertools

import numpy as np

from watchfloor.physics import detection


def simulated(rng, p_type, levels_db, p_level, snr_1m2_db, pfa, n, *, n_pulses=1, swerling=1):
    """Pd, information on the type and on the level given it [nat], and their errors, from ``n`` looks that are played.

    levels_db (h,); p_level (k, h). The outcome is a miss or the power itself, not in steps.
    """
    k = rng.choice(len(p_type), n, p=p_type)
    h = np.array([rng.choice(len(levels_db), p=p_level[one]) for one in k])
    snr = 10.0 ** (0.1 * (snr_1m2_db + levels_db))
    shape = detection.shape(swerling, n_pulses)
    fade = np.ones(n) if np.isinf(shape) else rng.standard_gamma(shape, n) / shape
    added = rng.standard_gamma(n_pulses - 1.0, n) if n_pulses > 1 else 0.0
    i, q = rng.standard_normal((2, n)) * 0.5**0.5
    z = detection.statistic(snr[h], fade, i, q, added, n_pulses)
    hit = z > detection.threshold(pfa, n_pulses)
    like = np.where(
        hit[:, None],
        np.exp(detection.statistic_log_pdf(z[:, None], snr[None, :], n_pulses=n_pulses, swerling=swerling)),
        detection.miss(snr, pfa, n_pulses=n_pulses, swerling=swerling)[None, :],
    )
    by_type = like @ p_level.T
    one = by_type[np.arange(n), k]
    type_gain = np.log(one / (by_type @ p_type))
    level_gain = np.log(like[np.arange(n), h] / one)
    values = np.stack([hit, type_gain, level_gain], axis=1)
    return values.mean(axis=0), values.std(axis=0) / np.sqrt(n)


def worth_of(option, pd, extra, unseen, value):
    """Worth of a choice (n, S), option by option."""
    total = 0.0
    for i in range(pd.shape[0]):
        missed = unseen[i]
        for s in range(pd.shape[1]):
            if option[i][s] >= 0:
                missed *= 1.0 - pd[i, s, option[i][s]]
                total += extra[i, s, option[i][s]]
        total += value * (1.0 - missed)
    return total


def exhaustive(pd, extra, time, power, time_budget, power_budget, unseen, value):
    """Greatest worth of any choice within the budgets."""
    n, n_radars, n_options = pd.shape
    best = worth_of([[-1] * n_radars] * n, pd, extra, unseen, value)
    for flat in itertools.product(range(-1, n_options), repeat=n * n_radars):
        option = [flat[i * n_radars : (i + 1) * n_radars] for i in range(n)]
        spent, used = [0.0] * n_radars, 0.0
        for i in range(n):
            for s in range(n_radars):
                if option[i][s] >= 0:
                    spent[s] += time[i, s, option[i][s]]
                    used += power[i, s, option[i][s]]
        if used <= power_budget and all(a <= b for a, b in zip(spent, time_budget, strict=True)):
            best = max(best, worth_of(option, pd, extra, unseen, value))
    return best
