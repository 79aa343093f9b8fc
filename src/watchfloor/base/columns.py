"""``Columns``: a frozen table; one array a column, one row a thing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from functools import cache
from math import prod
from typing import Any, Self

import numpy as np


@cache
def _names(table: type) -> tuple[str, ...]:
    return tuple(f.name for f in fields(table))


@cache
def _fills(table: type) -> tuple[tuple[str, Any], ...]:
    return tuple((f.name, f.metadata["fill"]) for f in fields(table) if "fill" in f.metadata)


def filled(value: float | int) -> Any:
    """Declare a column that may be left out; every row then holds ``value``, whose type is the column's."""
    return field(default=None, metadata={"fill": value})


@dataclass(frozen=True, kw_only=True, eq=False)
class Columns:
    """Base of all tables that rooms exchange: every field is an array whose first axis is the row.

    Raises
    ------
    ValueError
        If two columns differ in length; the message names both.
    """

    def __post_init__(self) -> None:
        names = _names(type(self))
        n = len(getattr(self, names[0]))
        for name, value in _fills(type(self)):
            if getattr(self, name) is None:
                object.__setattr__(self, name, np.full(n, value))
        for name in names:
            if len(getattr(self, name)) != n:
                raise ValueError(
                    f"{type(self).__name__}.{name} has {len(getattr(self, name))} rows where {names[0]} has {n}"
                )

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(getattr(self, _names(type(self))[0]))

    def take(self, rows: Any) -> Self:
        """Return the rows selected by an index array, slice or mask."""
        return type(self)(**{name: getattr(self, name)[rows] for name in _names(type(self))})

    def items(self) -> Iterable[tuple[str, np.ndarray]]:
        """Yield (name, column) in the order of declaration."""
        return ((name, getattr(self, name)) for name in _names(type(self)))

    @classmethod
    def concat(cls, tables: Iterable[Self]) -> Self:
        """Stack tables row-wise; at least one is needed."""
        kept = list(tables)
        if len(kept) == 1:
            return kept[0]
        return cls(**{name: np.concatenate([getattr(t, name) for t in kept]) for name in _names(cls)})

    def flat(self) -> dict[str, np.ndarray]:
        """Return the columns with inner axes spread out as ``name_0``, ``name_1``, ...: the form a record stores."""
        out: dict[str, np.ndarray] = {}
        for name, column in self.items():
            if column.ndim == 1:
                out[name] = column
            else:
                inner = column.reshape(len(column), prod(column.shape[1:]))  # -1 fails on a table without rows
                out.update({f"{name}_{i}": inner[:, i] for i in range(inner.shape[1])})
        return out
