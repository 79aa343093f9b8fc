"""Compiled loops of joint association: who has which plot, with what probability.

A graph of n tracks and m plots comes as edges sorted by track: those of track i are ``start_of[i]`` to
``start_of[i + 1]``, ``column`` names the plot, ``psi`` the ratio of likelihoods "i has that plot" to "i missed and the
plot is new or false". An association gives each track at most one plot and each plot at most one track; its weight is
the product of its ``psi``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from watchfloor.base.units import FloatArray, IntArray
from watchfloor.track._kernels.assign import assign

ALONE, EXACT, CONVERGED, CAPPED = 0, 1, 2, 3
HUGE = 1e300
_PLAIN_NATS = 600.0
_STRETCH_EVERY, _STRETCH_MOST = 8, 40.0


@njit(cache=True, error_model="numpy")
def _root(parent: Any, i: int) -> int:
    """Smallest member of the set that holds ``i``; the way there is halved."""
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@njit(cache=True, error_model="numpy")
def _join(parent: Any, i: int, k: int) -> None:
    """Make one set of the two that hold ``i`` and ``k``."""
    i, k = _root(parent, i), _root(parent, k)
    if i < k:
        parent[k] = i
    elif k < i:
        parent[i] = k


@njit(cache=True, error_model="numpy")
def clusters(start_of: IntArray, column: IntArray, n_plots: int, of_track: IntArray, of_plot: IntArray) -> int:
    """Number the connected parts of the graph, in the order of their first tracks; return how many hold a track.

    ``of_track`` (n,) and ``of_plot`` (m,) are filled; a plot without an edge gets -1.
    """
    n, count = len(start_of) - 1, 0
    parent = np.arange(n)
    for j in range(n_plots):
        of_plot[j] = -1
    for i in range(n):
        for e in range(start_of[i], start_of[i + 1]):
            j = column[e]
            if of_plot[j] < 0:
                of_plot[j] = i
            else:
                _join(parent, i, int(of_plot[j]))
    for i in range(n):
        k = _root(parent, i)
        if k == i:
            of_track[i] = count
            count += 1
        else:
            of_track[i] = of_track[k]
    for j in range(n_plots):
        if of_plot[j] >= 0:
            of_plot[j] = of_track[of_plot[j]]
    return count


@njit(cache=True, error_model="numpy")
def _level(
    start_of: IntArray,
    column: IntArray,
    n_columns: int,
    weight: FloatArray,
    row_one: FloatArray,
    column_one: FloatArray,
) -> None:
    """Rescale rows and columns in place so that no weight exceeds 1 and the heaviest association weighs 1.

    The factors are the prices of the linear assignment problem, whose optimum makes them tight.
    """
    n = len(start_of) - 1
    log = np.log(weight)
    row_to = assign(start_of, column, -log, n_columns)
    held = np.zeros(n)
    owner = np.full(n_columns, -1)
    for i in range(n):
        for e in range(start_of[i], start_of[i + 1]):
            if row_to[i] == column[e]:
                held[i] = log[e]
                owner[column[e]] = i
    price = np.zeros(n_columns)
    for _ in range(n_columns + 1):
        moved = False
        for i in range(n):
            own = row_to[i]
            base = price[own] - held[i] if own >= 0 else 0.0
            for e in range(start_of[i], start_of[i + 1]):
                j = column[e]
                if owner[j] >= 0 and j != own and log[e] + base > price[j]:
                    price[j] = log[e] + base
                    moved = True
        if not moved:
            break
    for j in range(n_columns):
        column_one[j] = math.exp(-price[j])
    for i in range(n):
        own = row_to[i]
        rent = held[i] - price[own] if own >= 0 else 0.0
        row_one[i] = math.exp(-rent)
        for e in range(start_of[i], start_of[i + 1]):
            weight[e] = math.exp(log[e] - rent - price[column[e]])


@njit(cache=True, error_model="numpy")
def _enumerate(
    start_of: IntArray, column: IntArray, n_columns: int, weight: FloatArray, p: FloatArray, row_alone: FloatArray,
    column_alone: FloatArray, row_one: FloatArray, column_one: FloatArray, table: FloatArray,
) -> None:  # fmt: skip
    """Exact marginals of one small graph: sums over the sets of columns that the rows so far have taken.

    ``weight`` (edges,) against 1 for a row or column left alone. ``p`` (edges,), ``row_alone``, ``column_alone`` are
    filled; ``row_one``, ``column_one`` and ``table`` ((rows + 3) 2^columns long at least) are work space.
    """
    n, sets = len(start_of) - 1, 1 << n_columns
    largest = 0.0
    for i in range(n):
        most = 1.0
        row_one[i] = 1.0
        for e in range(start_of[i], start_of[i + 1]):
            most = max(most, weight[e])
        largest += math.log(most)
    for j in range(n_columns):
        column_one[j] = 1.0
    if largest > _PLAIN_NATS:  # the sum might overflow
        _level(start_of, column, n_columns, weight, row_one, column_one)
    for s in range(sets):
        table[s] = 0.0
    table[0] = 1.0
    for i in range(n):  # table[i sets + s]: rows before i took exactly the columns s
        here, there = i * sets, (i + 1) * sets
        one = row_one[i]
        for s in range(sets):
            table[there + s] = one * table[here + s]
        for e in range(start_of[i], start_of[i + 1]):
            bit, w = 1 << column[e], weight[e]
            for low in range(0, sets, 2 * bit):
                for s in range(low, low + bit):
                    table[there + bit + s] += w * table[here + s]
    last, back, spare = n * sets, (n + 1) * sets, (n + 2) * sets
    table[back + sets - 1] = 1.0
    for j in range(n_columns):  # what the columns weigh that nobody took
        bit = 1 << j
        for s in range(bit):
            table[back + sets - 1 - bit - s] = table[back + sets - 1 - s] * column_one[j]
    total = 0.0
    for s in range(sets):
        total += table[last + s] * table[back + s]
    for j in range(n_columns):
        bit, free = 1 << j, 0.0
        for low in range(0, sets, 2 * bit):
            for s in range(low, low + bit):
                free += table[last + s] * table[back + s]
        column_alone[j] = free / total
    for i in range(n - 1, -1, -1):
        here, one, alone = i * sets, row_one[i], 0.0
        for s in range(sets):
            alone += table[here + s] * table[back + s]
            table[spare + s] = one * table[back + s]
        row_alone[i] = alone * one / total
        for e in range(start_of[i], start_of[i + 1]):
            bit, w, taken = 1 << column[e], weight[e], 0.0
            for low in range(0, sets, 2 * bit):
                for s in range(low, low + bit):
                    rest = table[back + bit + s]
                    taken += table[here + s] * rest
                    table[spare + s] += w * rest
            p[e] = taken * w / total
        back, spare = spare, back


@njit(cache=True, error_model="numpy")
def _propagate(
    start_of: IntArray, column: IntArray, weight: FloatArray, column_start: IntArray, by_column: IntArray,
    cap: int, tolerance: float,
    p: FloatArray, row_alone: FloatArray, column_alone: FloatArray, mu: FloatArray, nu: FloatArray, old: FloatArray,
) -> bool:  # fmt: skip
    """Approximate marginals of one graph by loopy belief propagation; False if the cap stopped it.

    ``by_column`` (edges,) edges in the order of their columns, those of column j from ``column_start[j]``. mu, nu, old
    (edges,) are work space. One sweep is a monotone map of ``nu`` that contracts: there is nothing to damp, but where
    it creeps the way left is guessed from the rate and jumped.
    """
    n, m = len(start_of) - 1, len(column_start) - 1
    edges = start_of[n]
    for e in range(edges):
        nu[e] = 1.0
    before, settled = 0.0, False
    for sweep in range(cap):
        for i in range(n):
            rest = 1.0
            for e in range(start_of[i], start_of[i + 1]):
                mu[e] = rest
                rest += weight[e] * nu[e]
            rest = 0.0
            for e in range(start_of[i + 1] - 1, start_of[i] - 1, -1):
                mu[e] = weight[e] / (mu[e] + rest)
                rest += weight[e] * nu[e]
        change = 0.0
        for j in range(m):
            rest = 1.0
            for k in range(column_start[j], column_start[j + 1]):
                e = by_column[k]
                old[e] = nu[e]
                nu[e] = rest
                rest += mu[e]
            rest = 0.0
            for k in range(column_start[j + 1] - 1, column_start[j] - 1, -1):
                e = by_column[k]
                nu[e] = 1.0 / (nu[e] + rest)
                rest += mu[e]
                change = max(change, abs(nu[e] - old[e]) / max(nu[e], old[e]))
        rate = max(change / before, 0.5)
        before = change
        if change == 0.0 or (rate < 1.0 and change * rate <= tolerance * (1.0 - rate)):
            settled = True
            break
        if sweep % _STRETCH_EVERY == _STRETCH_EVERY - 1 and sweep < cap - _STRETCH_EVERY and 0.5 < rate < 1.0:
            far = min(rate / (1.0 - rate), _STRETCH_MOST)
            for e in range(edges):
                nu[e] = min(nu[e] * math.exp(far * math.log(nu[e] / old[e])), 1.0)
            before = 0.0
    for i in range(n):
        total = 1.0
        for e in range(start_of[i], start_of[i + 1]):
            total += weight[e] * nu[e]
        row_alone[i] = 1.0 / total
        for e in range(start_of[i], start_of[i + 1]):
            p[e] = weight[e] * nu[e] / total
    for j in range(m):
        total, taken = 1.0, 0.0
        for k in range(column_start[j], column_start[j + 1]):
            total += mu[by_column[k]]
            taken += p[by_column[k]]
        column_alone[j] = 1.0 / total
        if settled:
            continue
        column_alone[j] = max(1.0 - taken, 0.0)
        if taken > 1.0:  # more than one track's worth: the surplus goes back to "missed"
            for k in range(column_start[j], column_start[j + 1]):
                e = by_column[k]
                p[e] /= taken
    if not settled:
        for i in range(n):
            taken = 0.0
            for e in range(start_of[i], start_of[i + 1]):
                taken += p[e]
            row_alone[i] = max(1.0 - taken, 0.0)
    return settled


@njit(cache=True, error_model="numpy")
def marginals(
    start_of: IntArray, column: IntArray, psi: FloatArray, n_plots: int, exact_max: int, cap: int, tolerance: float,
    p_edge: FloatArray, p_miss: FloatArray, p_new: FloatArray, status: IntArray,
) -> None:  # fmt: skip
    """Probabilities of each edge, of each track's miss and of each plot's being new or false, into the last four.

    Edges whose ``psi`` is not above 0 count for nothing; above 1e300 it is taken as 1e300. What hangs on the rest of
    the graph by one edge is summed out exactly, which solves every graph without a circle. Of the parts left, those
    that cost at most ``exact_max`` multiplications are enumerated, the others get belief propagation with at most
    ``cap`` sweeps until the messages are within ``tolerance`` (relative) of their end. ``status`` (n,): ALONE no plot
    is shared, EXACT, CONVERGED (all within ``tolerance`` of the fixed point), CAPPED.

    A part that hit the cap keeps its last iterate; where a plot is given away more than once its edges are scaled down
    to 1 and the surplus counts as missed, so that every track's and every plot's probabilities are at least 0 and add
    up to 1.
    """
    n = len(start_of) - 1
    edges = start_of[n]
    track = np.empty(edges, np.int32)
    # the messages to both ends, summed: 1 for "alone" and what the branches summed out add
    row_sum, column_sum = np.ones(n), np.ones(n_plots)
    row_left, column_left = np.zeros(n, np.int32), np.zeros(n_plots, np.int32)
    row_key, column_key = np.zeros(n, np.int32), np.zeros(n_plots, np.int32)  # exclusive or of the edges left
    for i in range(n):
        status[i] = ALONE
        for e in range(start_of[i], start_of[i + 1]):
            track[e] = i
    for e in range(edges):
        p_edge[e] = 0.0
        if psi[e] > 0.0:
            i, j = track[e], column[e]
            row_left[i] += 1
            row_key[i] ^= e
            column_left[j] += 1
            column_key[j] ^= e
    for e in range(edges):
        if column_left[column[e]] > 1 and psi[e] > 0.0:
            status[track[e]] = EXACT
    # 1. take off whatever hangs by one edge, outside first
    peeled, count = np.empty(n + n_plots, np.int32), 0
    for j in range(n_plots):
        if column_left[j] == 1:
            peeled[count] = n + j
            count += 1
    for i in range(n):
        if row_left[i] == 1:
            peeled[count] = i
            count += 1
    taken_off, kept = 0, 0
    while taken_off < count:
        node = peeled[taken_off]
        taken_off += 1
        if node < n:
            if row_left[node] == 0:
                continue  # its neighbour went first: a root
            e = row_key[node]
            j = column[e]
            row_left[node] = 0
            column_left[j] -= 1
            column_key[j] ^= e
            column_sum[j] += min(psi[e], HUGE) / row_sum[node]
            if column_left[j] == 1:
                peeled[count] = n + j
                count += 1
        else:
            j = node - n
            if column_left[j] == 0:
                continue
            e = column_key[j]
            i = track[e]
            column_left[j] = 0
            row_left[i] -= 1
            row_key[i] ^= e
            row_sum[i] += min(psi[e], HUGE) / column_sum[j]
            if row_left[i] == 1:
                peeled[count] = i
                count += 1
        peeled[kept] = node
        kept += 1
    # 2. roots, and plots nobody wants
    for i in range(n):
        if row_left[i] == 0:
            p_miss[i] = 1.0 / row_sum[i]
    for j in range(n_plots):
        if column_left[j] == 0:
            p_new[j] = 1.0 / column_sum[j]
    # 3. what has circles
    plot_status = np.full(n_plots, EXACT)
    left = n - n  # a literal 0 would be compiled for separately
    for i in range(n):
        left += row_left[i]
    if left > 0:
        _core(
            start_of, column, psi, n_plots, exact_max, cap, tolerance, row_left, column_left, row_sum, column_sum, left,
            p_edge, p_miss, p_new, status, plot_status,
        )  # fmt: skip
    # 4. back to the outside
    for k in range(kept - 1, -1, -1):
        node = peeled[k]
        if node < n:
            e = row_key[node]
            j = column[e]
            p = min(psi[e], HUGE) / row_sum[node] * p_new[j]
            p_miss[node] = max(1.0 - p, 0.0) / row_sum[node]
            status[node] = max(status[node], plot_status[j])
        else:
            j = node - n
            e = column_key[j]
            p = min(psi[e], HUGE) / column_sum[j] * p_miss[track[e]]
            p_new[j] = max(1.0 - p, 0.0) / column_sum[j]
            plot_status[j] = status[track[e]]
        p_edge[e] = p


@njit(cache=True, error_model="numpy")
def _core(
    start_of: IntArray, column: IntArray, psi: FloatArray, n_plots: int, exact_max: int, cap: int, tolerance: float,
    row_left: Any, column_left: Any, row_sum: FloatArray, column_sum: FloatArray, left: int,
    p_edge: FloatArray, p_miss: FloatArray, p_new: FloatArray, status: IntArray, plot_status: IntArray,
) -> None:  # fmt: skip
    """Solve the parts of the graph that have circles, one by one; ``left`` edges, between tracks and plots left."""
    n = len(start_of) - 1
    # clusters, as lists of tracks
    parent, first = np.empty(n, np.int32), np.full(n_plots, -1, np.int32)
    some, n_rows = np.empty(n, np.int32), 0
    for i in range(n):
        if row_left[i] == 0:
            continue
        parent[i] = i
        some[n_rows] = i
        n_rows += 1
        for e in range(start_of[i], start_of[i + 1]):
            j = column[e]
            if column_left[j] == 0 or not psi[e] > 0.0:
                continue
            if first[j] < 0:
                first[j] = i
            else:
                _join(parent, i, int(first[j]))
    place, bounds, n_clusters = np.empty(n, np.int32), np.zeros(n_rows + 1, np.int64), 0
    for k in range(n_rows):  # the root of a set comes before its others
        i = some[k]
        if parent[i] == i:
            place[i] = n_clusters
            n_clusters += 1
        else:
            place[i] = place[_root(parent, i)]
        bounds[place[i]] += 1
    begun = 0
    for c in range(n_clusters):
        begun += bounds[c]
        bounds[c] = begun
    bounds[n_clusters] = n_rows
    members = np.empty(n_rows, np.int32)
    for k in range(n_rows - 1, -1, -1):
        i = some[k]
        bounds[place[i]] -= 1
        members[bounds[place[i]]] = i
    # work space for the largest
    row_start, column_start = np.empty(n_rows + 1, np.int64), np.empty(left + 2, np.int64)
    edge, col, row = np.empty(left, np.int64), np.empty(left, np.int64), np.empty(left, np.int64)
    by_column, plot = np.empty(left, np.int64), np.empty(left, np.int64)
    weight, p, one = np.empty(left), np.empty(left), np.empty(left)
    mu, nu, old = np.empty(left), np.empty(left), np.empty(left)
    row_alone, column_alone = np.empty(n_rows), np.empty(left)
    table = np.empty(0)
    first[:] = -1
    for c in range(n_clusters):
        ne, nr, nc = n - n, bounds[c + 1] - bounds[c], n - n
        for r in range(nr):
            i = members[bounds[c] + r]
            row_start[r] = ne
            for e in range(start_of[i], start_of[i + 1]):
                j = column[e]
                if column_left[j] == 0 or not psi[e] > 0.0:
                    continue
                if first[j] < 0:
                    first[j] = nc
                    plot[nc] = j
                    nc += 1
                edge[ne], col[ne], row[ne] = e, first[j], r
                weight[ne] = min(psi[e], HUGE) / row_sum[i] / column_sum[j]
                ne += 1
        row_start[nr] = ne
        for k in range(nc + 2):
            column_start[k] = 0
        for k in range(ne):
            column_start[col[k] + 2] += 1
        for k in range(2, nc + 1):
            column_start[k] += column_start[k - 1]
        for k in range(ne):
            by_column[column_start[col[k] + 1]] = k
            column_start[col[k] + 1] += 1
        few, many = min(nr, nc), max(nr, nc)
        state = EXACT
        if few < 40 and 2 * (ne + many + 2) <= exact_max >> few:
            need = (many + 3) << few
            if len(table) < need:
                table = np.empty(2 * need)
            if nc <= nr:
                _enumerate(
                    row_start[: nr + 1], col, nc, weight[:ne], p, row_alone, column_alone, one, mu, table
                )  # fmt: skip
            else:
                for k in range(ne):
                    nu[k] = weight[by_column[k]]
                for k in range(ne):
                    col[k] = row[by_column[k]]
                _enumerate(
                    column_start[: nc + 1], col, nr, nu[:ne], old, column_alone, row_alone, one, mu, table
                )  # fmt: skip
                for k in range(ne):
                    p[by_column[k]] = old[k]
        else:
            settled = _propagate(
                row_start[: nr + 1], col, weight, column_start[: nc + 1], by_column, cap, tolerance, p, row_alone,
                column_alone, mu, nu, old,
            )  # fmt: skip
            state = CONVERGED if settled else CAPPED
        for k in range(ne):
            p_edge[edge[k]] = p[k]
        for r in range(nr):
            i = members[bounds[c] + r]
            p_miss[i] = row_alone[r] / row_sum[i]
            status[i] = state
        for k in range(nc):
            p_new[plot[k]] = column_alone[k] / column_sum[plot[k]]
            plot_status[plot[k]] = state
