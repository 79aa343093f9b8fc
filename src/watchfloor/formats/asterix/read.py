"""Reading an ASTERIX recording whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from watchfloor.base.errors import DataError, reason
from watchfloor.base.units import IntArray
from watchfloor.formats.asterix import _kernels as k
from watchfloor.formats.asterix.containers import Damage, find_blocks
from watchfloor.formats.asterix.layout import CAT034, CAT048, Profile
from watchfloor.formats.asterix.records import (
    ServiceMessages,
    TargetReports,
    over_midnight,
    service_messages,
    target_reports,
)

_MOST = 2**31 - 16
_SAID = {
    k.OVERRUN: "{} ends beyond its block",
    k.UNKNOWN: "{} is not in edition {}",
    k.EMPTY: "a record without any item",
    k.NO_LENGTH: "{} has length 0",
}


@dataclass(frozen=True, eq=False)
class Recording:
    """What an ASTERIX file holds."""

    container: str
    """``raw``, ``pcap``, ``pcapng``, ``gps`` or ``final frame``."""
    targets: TargetReports
    """Records of CAT048."""
    services: ServiceMessages
    """Records of CAT034."""
    n_blocks: dict[int, int]
    """Blocks by category, read or not."""
    damage: tuple[Damage, ...]
    """What could not be read, in the order of the file; no record of a damaged block is used."""
    passed: dict[str, int]
    """Packets of something else, by what they are."""

    @property
    def others(self) -> dict[int, int]:
        """Blocks of categories that are not read."""
        return {category: n for category, n in self.n_blocks.items() if category not in (34, 48)}


def read_asterix(path: Path) -> Recording:
    """Read the target reports and service messages of an ASTERIX recording.

    Parameters
    ----------
    path : Path
        Bare data blocks (``.ast``, ``.raw``), captured UDP packets (``.pcap``, ``.pcapng``, with or without ORADIS
        headers), a GPS recording (``.gps``) or an IOSS final-format file (``.ff``); the bytes decide, not the name.

    Returns
    -------
    Recording
        CAT048 and CAT034 as columns; blocks of other categories are counted.

    Raises
    ------
    DataError
        If the file cannot be opened, exceeds 2 GB or holds no data block at all. Damage inside is reported, not raised.

    Notes
    -----
    A block whose records do not fill it exactly is damage as a whole: records of another edition look plausible until
    they do not end where they should. Items come in SI units and radians; times go on over midnight.

    References
    ----------
    EUROCONTROL-SPEC-0149 (ASTERIX), part 1, edition 3.1, 2021: data blocks, field specification, kinds of items; part
    4 (CAT048), edition 1.32; part 2b (CAT034), edition 1.29.
    """
    try:
        size = path.stat().st_size
        if size > _MOST:
            raise DataError(f"{path}: {size / 1e9:.1f} GB; at most 2 GB can be read at once: split it")
        content = path.read_bytes()
    except OSError as err:
        raise DataError(f"{path}: cannot be read: {reason(err)}") from err
    blocks = find_blocks(path, content)
    data = np.frombuffer(content + bytes(8), np.uint8)
    category, start, end = blocks.arrays()
    damage = list(blocks.damage)
    targets = target_reports(data, *_walk(data, start[category == 48], end[category == 48], CAT048, damage))
    services = service_messages(data, *_walk(data, start[category == 34], end[category == 34], CAT034, damage))
    # one clock: midnight is sought in both together
    order = np.argsort(np.concatenate([targets.byte, services.byte]), kind="stable")
    times = np.concatenate([targets.t_s, services.t_s])
    times[order] = over_midnight(times[order])
    return Recording(
        container=blocks.container,
        targets=replace(targets, t_s=times[: len(targets)]),
        services=replace(services, t_s=times[len(targets) :]),
        n_blocks=dict(sorted(Counter(blocks.category).items())),
        damage=tuple(sorted(damage, key=lambda one: one.byte)),
        passed=blocks.passed,
    )


def warm() -> None:
    """Compile or load the kernels."""
    k.warm(CAT048.items)


def _walk(
    data: NDArray[np.uint8], start: IntArray, end: IntArray, profile: Profile, damage: list[Damage]
) -> tuple[NDArray[np.int32], IntArray]:
    """Return where each item of each record begins, (slots, n), and each record's byte; add what is damaged."""
    items, n_fields = profile.items, len(profile.fields)
    counts, wrong, field, byte = k.survey(data, start, end, items, n_fields)
    for i in np.flatnonzero(wrong):
        name = profile.fields[field[i]].name if 0 <= field[i] < n_fields else f"field {field[i] + 1}"
        item = f"item {profile.category:03d}/{name}" if field[i] >= 0 else "a field specification"
        said = _SAID[int(wrong[i])].format(item, profile.edition)
        where = int(start[i]) - 3
        damage.append(
            Damage(where, int(end[i]) - where, f"block of category {profile.category:03d}: at byte {byte[i]} {said}")
        )
    good = wrong == 0
    places = np.full((int(items[:, k.SLOT].max()) + 1, int(counts.sum())), -1, np.int32)
    record = np.empty(places.shape[1], np.int64)
    k.walk(data, start[good], end[good], items, n_fields, places, record)
    return places, record
