"""Slow twin of the amplitude feature: exact densities, integrated over a fine grid of levels."""

import numpy as np

from watchfloor.physics import detection


def density(plot_db, level_db, doubt_db, *, n_pulses, swerling):
    """Log density of the statistic, the level averaged over a normal law in decibels."""
    t = np.linspace(-6.0, 6.0, 2001)
    w = np.exp(-0.5 * t * t)
    snr = 10.0 ** (0.1 * (level_db + doubt_db * t))
    z = n_pulses * 10.0 ** (0.1 * plot_db)
    log_f = detection.statistic_log_pdf(z, snr, n_pulses=n_pulses, swerling=swerling)
    top = log_f.max()
    return top + np.log((np.exp(log_f - top) * w).sum() / w.sum())


def log_ratio(plot_db, level_db, doubt_db, pfa, *, n_pulses, swerling):
    """Target over noise, both given that the threshold was crossed."""
    t = np.linspace(-6.0, 6.0, 2001)
    w = np.exp(-0.5 * t * t)
    snr = 10.0 ** (0.1 * (level_db + doubt_db * t))
    pd = (detection.pd(snr, pfa, n_pulses=n_pulses, swerling=swerling) * w).sum() / w.sum()
    noise = float(detection.statistic_log_pdf(n_pulses * 10.0 ** (0.1 * plot_db), 0.0, n_pulses=n_pulses))
    return density(plot_db, level_db, doubt_db, n_pulses=n_pulses, swerling=swerling) - np.log(pd) - noise + np.log(pfa)


def posterior(level_db, doubt_db, looks, *, n_pulses, swerling):
    """Mean and deviation of a level after looks (gain_db, plot_db or NaN, pfa), on a fine grid, all exact."""
    x = np.linspace(level_db - 6.0 * doubt_db, level_db + 6.0 * doubt_db, 4001)
    log_p = -0.5 * ((x - level_db) / doubt_db) ** 2
    for gain_db, plot_db, pfa in looks:
        snr = 10.0 ** (0.1 * (x + gain_db))
        if np.isnan(plot_db):
            miss = detection.miss(snr, pfa, n_pulses=n_pulses, swerling=swerling)
            log_p = log_p + np.log(np.maximum(miss, 1e-300))
        else:
            z = n_pulses * 10.0 ** (0.1 * plot_db)
            log_p = log_p + detection.statistic_log_pdf(z, snr, n_pulses=n_pulses, swerling=swerling)
    p = np.exp(log_p - log_p.max())
    p /= p.sum()
    mean = (p * x).sum()
    return mean, np.sqrt((p * (x - mean) ** 2).sum())


def said(number, sensor, early, before, now, limits, part, level_db, doubt_db):
    """What tasks say of the echoes of tracks, row by row; before, now are ``Tasks``."""
    level, doubt = np.array(level_db, float), np.array(doubt_db, float)
    for i, n in enumerate(number):
        tasks = before if early[i] else now
        for row in range(len(tasks)):
            if tasks.track[row] == n and tasks.sensor[row] == sensor and np.isfinite(tasks.snr_db[row]):
                level[i] = tasks.snr_db[row]
                doubt[i] = np.clip(tasks.snr_sd_db[row], *limits) + part[tasks.swerling[row]]
    return level, doubt


def mixture_log_ratio(plot_db, snr_db, weight, pfa, *, swerling=1):
    """Target over noise for one pulse, the ratio one of several with given probabilities."""
    snr = 10.0 ** (0.1 * np.asarray(snr_db))
    z = 10.0 ** (0.1 * plot_db)
    f = np.exp(detection.statistic_log_pdf(np.full(len(snr), z), snr, n_pulses=1, swerling=swerling))
    pd = detection.pd(snr, pfa, n_pulses=1, swerling=swerling)
    return np.log((f * weight).sum()) - np.log((pd * weight).sum()) + z + np.log(pfa)
