"""``Buffer``: gathers the loop's tables until a shard is written."""

from __future__ import annotations

from typing import Any

import numpy as np

from watchfloor.base.columns import Columns


class Buffer:
    """Tables of one shard while it is being filled; each added piece carries its constant keys.

    Examples
    --------
    >>> from watchfloor.base.picture import Identities
    >>> buffer = Buffer()
    >>> buffer.add("identities", Identities.empty(n_types=1), sortie=3)
    >>> list(buffer.tables()["identities"])
    ['sortie', 'track', 't_s', 'probability_0', 'probability_1']
    """

    def __init__(self) -> None:
        self._pieces: dict[str, list[tuple[Columns, dict[str, Any]]]] = {}

    def add(self, table: str, piece: Columns, **keys: int | float | str) -> None:
        """Append ``piece`` to ``table``; every row of it gets the constant columns ``keys``.

        A piece without rows keeps the table's columns known, so that a shard in which nothing happened can be read
        like any other.

        Raises
        ------
        ValueError
            If the keys differ from those of the pieces before.
        """
        pieces = self._pieces.setdefault(table, [])
        if pieces and pieces[0][1].keys() != keys.keys():
            raise ValueError(f"{table} has had keys {sorted(pieces[0][1])}, got {sorted(keys)}")
        pieces.append((piece, keys))

    def tables(self) -> dict[str, dict[str, np.ndarray]]:
        """Return each table as flat columns, keys first, pieces in the order they were added."""
        out: dict[str, dict[str, np.ndarray]] = {}
        for table, pieces in self._pieces.items():
            rows = [len(piece) for piece, _ in pieces]
            out[table] = {name: np.repeat(np.array([keys[name] for _, keys in pieces]), rows) for name in pieces[0][1]}
            out[table].update(type(pieces[0][0]).concat(piece for piece, _ in pieces).flat())
        return out
