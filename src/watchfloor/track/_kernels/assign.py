"""Compiled assignment: the cheapest set of pairs."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchfloor.base.units import FloatArray, IntArray


@njit(cache=True, error_model="numpy")
def assign(start_of: IntArray, column: IntArray, cost: FloatArray, n_columns: int) -> IntArray:
    """Cheapest assignment of n rows to columns, each column at most once; -1 where staying alone (cost 0) is cheaper.

    Edges of row i are ``start_of[i]`` to ``start_of[i + 1]``. Shortest augmenting paths with prices.
    """
    n = len(start_of) - 1
    row_to, row_cost = np.empty(n, np.int64), np.zeros(n)
    owner, price = np.empty(n_columns, np.int64), np.zeros(n_columns)
    dist, via = np.empty(n_columns), np.empty(n_columns, np.int64)
    done = np.zeros(n_columns, np.bool_)
    for i in range(n):
        row_to[i] = -1
    for j in range(n_columns):
        owner[j], dist[j] = -1, math.inf
    touched = np.empty(n_columns, np.int64)
    for first in range(n):
        n_touched, i, reached, offset = 0, first, 0.0, 0.0
        end_row, end_dist = -1, math.inf  # cheapest way to leave a row alone
        end_column = -1
        while True:
            alone = reached - offset
            if alone < end_dist:
                end_row, end_dist = i, alone
            for k in range(start_of[i], start_of[i + 1]):
                j = column[k]
                if done[j]:
                    continue
                d = reached + cost[k] - price[j] - offset
                if d < dist[j]:
                    if dist[j] == math.inf:
                        touched[n_touched] = j
                        n_touched += 1
                    dist[j] = d
                    via[j] = i
            best, j = math.inf, -1
            for k in range(n_touched):
                c = touched[k]
                if not done[c] and dist[c] < best:
                    best, j = dist[c], c
            if j < 0 or end_dist <= best:
                best = end_dist
                break
            if owner[j] < 0:
                end_column = j
                break
            done[j] = True
            i, reached = owner[j], best
            offset = row_cost[i] - price[j]
        for k in range(n_touched):
            c = touched[k]
            if done[c]:
                price[c] += dist[c] - best
            dist[c] = math.inf
            done[c] = False
        # walk the path back
        if end_column < 0:
            i = end_row
            j = row_to[i]
            row_to[i], row_cost[i] = -1, 0.0
        else:
            j, i = end_column, -1
        while j >= 0 and i != first:
            i = via[j]
            left = row_to[i]
            row_to[i] = j
            owner[j] = i
            for k in range(start_of[i], start_of[i + 1]):
                if column[k] == j:
                    row_cost[i] = cost[k]
            j = left
    return row_to
