"""Walking ASTERIX records: every item is skipped by its true length and its place is noted."""

from __future__ import annotations

import numpy as np
from numba import njit

from watchfloor.base.units import IntArray

KIND, LENGTH, FIRST, COUNT, SLOT, N_ITEM = 0, 1, 2, 3, 4, 5
"""Columns of the table of items; its first rows are the fields of the profile, the rest the parts of compound items."""
NONE, FIXED, EXTENDED, REPETITIVE, EXPLICIT, COMPOUND = 0, 1, 2, 3, 4, 5
"""Kinds of items: no such item; LENGTH bytes; LENGTH bytes and one more while the last bit is set; a count and so many
times LENGTH bytes; a length that counts itself; a map of parts (COUNT rows from FIRST), then the parts."""
FINE, OVERRUN, UNKNOWN, EMPTY, NO_LENGTH = 0, 1, 2, 3, 4
"""What was wrong: nothing; an item ends beyond its block; an item that the edition has not; a record without any item;
an explicit length of zero."""


@njit(cache=True, error_model="numpy")
def _skip(data, at, end, items, row):  # pragma: no cover (compiled)
    """Return the byte after a simple item (-1 where it runs over) and what was wrong."""
    kind, length = items[row, KIND], items[row, LENGTH]
    if kind == FIXED:
        after = at + length
    elif kind == EXTENDED:
        after = at + length
        while after <= end and data[after - 1] & 1:
            after += 1
    elif kind == NONE:
        return -1, UNKNOWN
    elif at >= end:
        return -1, OVERRUN
    elif kind == REPETITIVE:
        after = at + 1 + length * data[at]
    else:
        if data[at] == 0:
            return -1, NO_LENGTH
        after = at + data[at]
    return (after, FINE) if after <= end else (-1, OVERRUN)


@njit(cache=True, error_model="numpy")
def _record(data, at, end, items, n_fields, places, column):  # pragma: no cover (compiled)
    """Walk one record; return the byte after it, what was wrong, the field, the byte; ``column`` -1 writes nothing."""
    start = at
    while at < end and data[at] & 1:
        at += 1
    if at >= end:
        return at, OVERRUN, -1, start
    at += 1
    n_map = at - start
    field = 0
    found = False
    for octet in range(n_map):
        bits = data[start + octet]
        for bit in range(7, 0, -1):
            row = field
            field += 1
            if not (bits >> bit) & 1:
                continue
            if row >= n_fields or items[row, KIND] == NONE:
                return at, UNKNOWN, row, start
            found = True
            here = at
            if column >= 0:
                places[items[row, SLOT], column] = at
            if items[row, KIND] != COMPOUND:
                at, wrong = _skip(data, at, end, items, row)
                if wrong:
                    return at, wrong, row, here
                continue
            first = at
            while at < end and data[at] & 1:
                at += 1
            if at >= end:
                return at, OVERRUN, row, here
            at += 1
            part = 0
            for inner in range(at - first):
                flags = data[first + inner]
                for mark in range(7, 0, -1):
                    sub = items[row, FIRST] + part
                    part += 1
                    if not (flags >> mark) & 1:
                        continue
                    if part > items[row, COUNT]:
                        return at, UNKNOWN, row, here
                    if column >= 0 and items[sub, SLOT] >= 0:
                        places[items[sub, SLOT], column] = at
                    at, wrong = _skip(data, at, end, items, sub)
                    if wrong:
                        return at, wrong, row, here
    if not found:
        return at, EMPTY, -1, start
    return at, FINE, -1, at


@njit(cache=True, error_model="numpy")
def survey(data, starts, ends, items, n_fields):  # pragma: no cover (compiled)
    """Walk blocks without noting anything.

    data (n,) bytes; starts, ends (b,) first byte of the first record and byte after the block. Returns (b,) numbers of
    records, (b,) what was wrong, (b,) in which field and (b,) at which byte. A block with a fault counts no record.
    """
    n = len(starts)
    counts, wrong = np.zeros(n, np.int64), np.zeros(n, np.int64)
    field, byte = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
    none = np.empty((0, 0), np.int32)
    for i in range(n):
        at, end = starts[i], ends[i]
        while at < end:
            at, fault, which, place = _record(data, at, end, items, n_fields, none, -1)
            if fault:
                counts[i], wrong[i], field[i], byte[i] = 0, fault, which, place
                break
            counts[i] += 1
    return counts, wrong, field, byte


@njit(cache=True, error_model="numpy")
def walk(data, starts, ends, items, n_fields, places, record):  # pragma: no cover (compiled)
    """Note where each item of each record begins; the blocks are those in which ``survey`` found no fault.

    places (slots, r) holds -1 and receives the byte of each item; record (r,) receives the byte of each record.
    """
    column = 0
    for i in range(len(starts)):
        at, end = starts[i], ends[i]
        while at < end:
            record[column] = at
            at, _, _, _ = _record(data, at, end, items, n_fields, places, column)
            column += 1


def warm(items: IntArray) -> None:
    """Compile or load both kernels."""
    data = np.array([0x80, 0, 0], np.uint8)
    edges = np.array([0], np.int64), np.array([3], np.int64)
    survey(data, *edges, items, len(items))
    walk(
        data,
        *edges,
        items,
        len(items),
        np.full((int(items[:, SLOT].max()) + 1, 1), -1, np.int32),
        np.empty(1, np.int64),
    )
