"""Plain twins of the detection kernels and of CFAR: forty digits, one term after another."""

from __future__ import annotations

import itertools

import mpmath as mp


def counts(first, ratio):
    """Probabilities of a count: p(0) = first, p(i + 1) = p(i) ratio(i)."""
    p = mp.mpf(first)
    for i in itertools.count():
        yield p
        p *= ratio(i)


def poisson(mean):
    mean = mp.mpf(mean)
    return counts(mp.exp(-mean), lambda i: mean / (i + 1))


def negative_binomial(shape, mean):
    shape, mean = mp.mpf(shape), mp.mpf(mean)
    q = mean / (shape + mean)
    return counts((1 - q) ** shape, lambda i: q * (shape + i) / (i + 1))


def target(snr, n, swerling):
    """The count J that a target adds to the n pulses."""
    mean = mp.mpf(n) * mp.mpf(snr)
    return poisson(mean) if swerling == 0 else negative_binomial({1: 1, 2: n, 3: 2, 4: 2 * n}[swerling], mean)


def race(noise, signal, n, n_terms, *, missed=False):
    """P(I < n + J), or its complement, from the two counts' probabilities; n_terms of I."""
    p_i, p_j = list(itertools.islice(noise, n_terms)), list(itertools.islice(signal, n_terms))
    if missed:
        return mp.fsum(p * f for p, f in zip(p_i[n:], itertools.accumulate(p_j), strict=False))
    f_i = list(itertools.accumulate(p_i))
    n_j = n_terms - n
    return mp.fsum(w * f for w, f in zip(p_j[:n_j], f_i[n - 1 :], strict=False)) + (1 - mp.fsum(p_j[:n_j])) * f_i[-1]


def pd(snr, threshold, n, swerling, *, missed=False):
    """Pd or 1 - Pd against a fixed threshold."""
    with mp.workdps(60):
        n_terms = int(threshold + 14 * threshold**0.5 + n + 60)
        if missed and swerling == 0:
            n_terms += int(4 * (n * snr * threshold) ** 0.5)
        return race(poisson(threshold), target(snr, n, swerling), n, n_terms, missed=missed)


def log_marcum_q(m, a, b):
    """Logarithm of the Poisson sum, the gamma tails by recursion from the fractional order."""
    with mp.workdps(50):
        x, y = mp.mpf(a) ** 2 / 2, mp.mpf(b) ** 2 / 2
        v = mp.mpf(m) - mp.ceil(m) + 1
        q, step = mp.gammainc(v, y, regularized=True), y ** (v - 1) * mp.exp(-y) / mp.gamma(v)
        for _ in range(int(mp.ceil(m)) - 1):
            step *= y / v
            q, v = q + step, v + 1
        w, total, done, j = mp.exp(-x), mp.mpf(0), mp.mpf(0), 0
        while True:
            total, done, step = total + w * q, done + w, step * y / v
            q, v, j = q + step, v + 1, j + 1
            w *= x / j
            if 1 - q < mp.mpf(10) ** -45:
                return mp.log(total + 1 - done)
            if j > x and w * q < total * mp.mpf(10) ** -30 and (x / j) * (1 + step / q) < 0.9:
                return mp.log(total)


def statistic_log_pdf(z, snr, n, swerling):
    """The density as a sum of gamma densities, in logarithms."""
    with mp.workdps(60):
        z = mp.mpf(z)
        n_terms = int(z + n + 20 * (z + n) ** 0.5 + 100 + 2 * (n * snr * z) ** 0.5)
        total = mp.fsum(
            w * z ** (n + j - 1) / mp.factorial(n + j - 1)
            for j, w in enumerate(itertools.islice(target(snr, n, swerling), n_terms))
        )
        return mp.log(total) - z
