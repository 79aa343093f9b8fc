"""Compiled loop of the k best associations."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchfloor.base.units import FloatArray, IntArray
from watchfloor.track._kernels.assign import assign


@njit(cache=True, error_model="numpy")
def k_best(
    start_of: IntArray, column: IntArray, cost: FloatArray, n_columns: int, rows_out: IntArray, cost_out: FloatArray
) -> int:
    """Find the cheapest associations in order, as many as fit; return how many there are.

    Edges of row i are ``start_of[i]`` to ``start_of[i + 1]``; a row without a column costs 0. ``rows_out`` (k, n)
    column of each row, -1 for none; ``cost_out`` (k,). Each solution found splits its set of associations: the part
    where rows before i keep their choice and row i may not, for every i. A part is kept as its best member, the row i
    it begins to vary at and what that row must not choose.
    """
    k, n = len(cost_out), len(start_of) - 1
    if k == 0:
        return 0
    widest, force = 0, 1.0
    for i in range(n):
        widest = max(widest, start_of[i + 1] - start_of[i])
        most = 0.0
        for e in range(start_of[i], start_of[i + 1]):
            most = max(most, abs(cost[e]))
        force += 2.0 * most  # more than any association can gain or lose
    rows, total = np.empty((k, n), np.int64), np.full(k, math.inf)
    begin, barred = np.zeros(k, np.int64), np.zeros((k, widest + 1), np.bool_)
    sub_start, sub_column, sub_cost = np.empty(n + 1, np.int64), np.empty(len(cost), np.int64), np.empty(len(cost))
    taken, ban, own = np.zeros(n_columns, np.bool_), np.empty(widest + 1, np.bool_), np.empty(n, np.int64)
    rows[0] = assign(start_of, column, cost, n_columns)
    total[0] = _total(start_of, column, cost, rows[0])
    found = 0
    while found < k:
        top = np.argmin(total)
        if total[top] == math.inf:
            break
        cost_out[found] = total[top]
        for i in range(n):
            own[i] = rows[top, i]
            rows_out[found, i] = own[i]
        found += 1
        first = begin[top]
        for b in range(widest + 1):
            ban[b] = barred[top, b]
        total[top] = math.inf
        room = k - found  # parts worth keeping
        for j in range(n_columns):
            taken[j] = False
        for i in range(n):
            if i > first:
                for b in range(widest + 1):
                    ban[b] = False
            if i >= first and room > 0:
                # rows i onward over the columns that rows before leave them; the last ban is on "none"
                if own[i] < 0:
                    ban[widest] = True
                sub, edges = 0, 0
                for r in range(i, n):
                    sub_start[sub] = edges
                    sub += 1
                    for e in range(start_of[r], start_of[r + 1]):
                        if r == i and column[e] == own[i]:
                            ban[e - start_of[i]] = True
                        if taken[column[e]] or (r == i and ban[e - start_of[i]]):
                            continue
                        sub_column[edges] = column[e]
                        sub_cost[edges] = cost[e] - force if r == i and ban[widest] else cost[e]
                        edges += 1
                sub_start[sub] = edges
                chosen = assign(sub_start[: sub + 1], sub_column, sub_cost, n_columns)
                if not (ban[widest] and chosen[0] < 0):
                    worst, place = -math.inf, -1
                    kept = 0
                    for q in range(k):  # an empty place, else that of the worst
                        if total[q] < math.inf:
                            kept += 1
                        if total[q] > worst:
                            worst, place = total[q], q
                    if kept >= room:
                        worst, place = -math.inf, -1
                        for q in range(k):
                            if total[q] < math.inf and total[q] > worst:
                                worst, place = total[q], q
                    spent = np.empty(n, np.int64)
                    for r in range(n):
                        spent[r] = own[r] if r < i else chosen[r - i]
                    new = _total(start_of, column, cost, spent)
                    if new < worst:
                        total[place] = new
                        begin[place] = i
                        for r in range(n):
                            rows[place, r] = spent[r]
                        for b in range(widest + 1):
                            barred[place, b] = ban[b]
            if own[i] >= 0:
                taken[own[i]] = True
    return found


@njit(cache=True, error_model="numpy")
def _total(start_of: IntArray, column: IntArray, cost: FloatArray, chosen: IntArray) -> float:
    """Cost of an association."""
    total = 0.0
    for i in range(len(chosen)):
        for e in range(start_of[i], start_of[i + 1]):
            if column[e] == chosen[i]:
                total += cost[e]
    return total
