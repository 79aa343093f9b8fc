"""Which items a record of a category may hold and how long each is: the user application profiles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from watchfloor.base.units import IntArray
from watchfloor.formats.asterix import _kernels as k


@dataclass(frozen=True)
class Item:
    """One item of a profile, or one part of a compound item."""

    name: str
    """Number of the item, such as ``040``; of a part, its item's and its own, such as ``130/SAM``."""
    kind: int
    """How its length is found; see ``_kernels``."""
    length: int = 0
    """Bytes of a fixed item, of the first part of an extended one, of one repetition."""
    parts: tuple[Item, ...] = ()
    """Parts of a compound item, in the order of its map; a spare has kind ``NONE``."""


def fixed(name: str, length: int) -> Item:
    """Return an item of so many bytes."""
    return Item(name, k.FIXED, length)


def extended(name: str) -> Item:
    """Return an item of one byte, and another while the last bit is set."""
    return Item(name, k.EXTENDED, 1)


def repetitive(name: str, length: int) -> Item:
    """Return an item of a count and so many times ``length`` bytes."""
    return Item(name, k.REPETITIVE, length)


def explicit(name: str) -> Item:
    """Return an item whose first byte says its length."""
    return Item(name, k.EXPLICIT)


def compound(name: str, *parts: Item) -> Item:
    """Return an item of a map and the parts it names."""
    return Item(name, k.COMPOUND, parts=parts)


SPARE = Item("spare", k.NONE)
"""A place in a profile that holds nothing."""


@dataclass(frozen=True)
class Profile:
    """User application profile of one edition of one category."""

    category: int
    """The category."""
    edition: str
    """The edition."""
    fields: tuple[Item, ...]
    """Items in the order of the field specification."""

    @cached_property
    def items(self) -> IntArray:
        """Table of the kernels: one row a field, then one a part."""
        rows: list[list[int]] = []
        parts: list[list[int]] = []
        slot = 0
        for item in self.fields:
            rows.append([item.kind, item.length, len(self.fields) + len(parts), len(item.parts), slot])
            slot += 1
            for part in item.parts:
                parts.append([part.kind, part.length, 0, 0, slot])
                slot += 1
        table = np.array(rows + parts, np.int64)
        table.setflags(write=False)
        return table

    @cached_property
    def slots(self) -> dict[str, int]:
        """Row of each item and part in the table of places."""
        names = [name for item in self.fields for name in (item.name, *(part.name for part in item.parts))]
        return {name: slot for slot, name in enumerate(names) if name != SPARE.name}


CAT034 = Profile(
    34,
    "1.29",
    (
        fixed("010", 2),
        fixed("000", 1),
        fixed("030", 3),
        fixed("020", 1),
        fixed("041", 2),
        compound(
            "050", fixed("050/COM", 1), SPARE, SPARE, fixed("050/PSR", 1), fixed("050/SSR", 1), fixed("050/MDS", 2)
        ),
        compound(
            "060", fixed("060/COM", 1), SPARE, SPARE, fixed("060/PSR", 1), fixed("060/SSR", 1), fixed("060/MDS", 1)
        ),
        repetitive("070", 2),
        fixed("100", 8),
        fixed("110", 1),
        fixed("120", 8),
        fixed("090", 2),
        explicit("RE"),
        explicit("SP"),
    ),
)
"""Monoradar service messages: EUROCONTROL-SPEC-0149-2b, edition 1.29."""

CAT048 = Profile(
    48,
    "1.32",
    (
        fixed("010", 2),
        fixed("140", 3),
        extended("020"),
        fixed("040", 4),
        fixed("070", 2),
        fixed("090", 2),
        compound("130", *(fixed(f"130/{part}", 1) for part in ("SRL", "SRR", "SAM", "PRL", "PAM", "RPD", "APD"))),
        fixed("220", 3),
        fixed("240", 6),
        repetitive("250", 8),
        fixed("161", 2),
        fixed("042", 4),
        fixed("200", 4),
        extended("170"),
        fixed("210", 4),
        extended("030"),
        fixed("080", 2),
        fixed("100", 4),
        fixed("110", 2),
        compound("120", fixed("120/CAL", 2), repetitive("120/RDS", 6)),
        fixed("230", 2),
        fixed("260", 7),
        fixed("055", 1),
        fixed("050", 2),
        fixed("065", 1),
        fixed("060", 2),
        explicit("SP"),
        explicit("RE"),
    ),
)
"""Monoradar target reports: EUROCONTROL-SPEC-0149-4, edition 1.32."""
