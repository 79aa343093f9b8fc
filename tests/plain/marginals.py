"""Slow twins of joint association: every association written out, exact rational weights."""

from __future__ import annotations

from fractions import Fraction

import numpy as np


def associations(track, plot, n_tracks):
    """Yield every association as a tuple of edges, one a track, -1 for a miss."""
    of_track = [[e for e in range(len(track)) if track[e] == i] for i in range(n_tracks)]

    def grow(i, used, chosen):
        if i == n_tracks:
            yield tuple(chosen)
            return
        yield from grow(i + 1, used, [*chosen, -1])
        for e in of_track[i]:
            if int(plot[e]) not in used:
                yield from grow(i + 1, used | {int(plot[e])}, [*chosen, e])

    return grow(0, frozenset(), [])


def marginals(track, plot, ratio, n_tracks, n_plots):
    """Probabilities of the edges, of each track's miss and each plot's being new, by enumeration."""
    weights = [Fraction(float(r)) for r in ratio]
    total = Fraction(0)
    pairs, miss = [Fraction(0)] * len(track), [Fraction(0)] * n_tracks
    new = [Fraction(0)] * n_plots
    for chosen in associations(track, plot, n_tracks):
        weight = Fraction(1)
        for e in chosen:
            weight *= weights[e] if e >= 0 else 1
        total += weight
        taken = {int(plot[e]) for e in chosen if e >= 0}
        for i, e in enumerate(chosen):
            if e >= 0:
                pairs[e] += weight
            else:
                miss[i] += weight
        for j in range(n_plots):
            if j not in taken:
                new[j] += weight
    return tuple(np.array([float(value / total) for value in part]) for part in (pairs, miss, new))


def k_best(track, plot, cost, k, n_tracks):
    """The k cheapest associations as (plot of each track, cost)."""
    found = []
    for chosen in associations(track, plot, n_tracks):
        total = sum(float(cost[e]) for e in chosen if e >= 0)
        found.append((total, [int(plot[e]) if e >= 0 else -1 for e in chosen]))
    found.sort(key=lambda one: one[0])
    return found[:k]


def clusters(track, plot, n_tracks):
    """Sets of tracks that share plots, directly or through others."""
    groups = [{i} for i in range(n_tracks)]
    for e, j in enumerate(plot):
        for f in range(e):
            if plot[f] == j:
                one = next(g for g in groups if track[e] in g)
                other = next(g for g in groups if track[f] in g)
                if one is not other:
                    one |= other
                    groups.remove(other)
    return groups
