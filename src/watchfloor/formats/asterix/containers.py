"""Where the data blocks lie in a file: bare, in captured UDP packets, in recorder files.

A block is a category (1 byte), a length that counts the whole block (2 bytes), records. Where the chain of blocks is
broken, the next place from which it holds again is sought, and what lies between is reported.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from watchfloor.base.errors import DataError
from watchfloor.base.units import IntArray

GPS_HEADER, GPS_STAMP = 2200, 10
"""Bytes before the first block and after each block of a ``.gps`` recording."""
FINAL = b"\xa5\xa5\xa5\xa5"
"""End of a frame of an IOSS final-format file."""
_FRAME_HEAD = 8
Order = Literal["little", "big"]
_PCAP: dict[bytes, Order] = {b"\xd4\xc3\xb2\xa1": "little", b"\xa1\xb2\xc3\xd4": "big", b"\x4d\x3c\xb2\xa1": "little",
         b"\xa1\xb2\x3c\x4d": "big"}  # fmt: skip
_PCAP_HEADER, _PACKET_HEADER = 24, 16
_LINKS: dict[int, tuple[int, int | None]] = {0: (4, None), 1: (14, 12), 101: (0, None), 113: (16, 14), 276: (20, 0)}
"""Bytes before the IP header and place of the ethertype, by link type: loopback, Ethernet, raw IP, Linux cooked."""
_PCAPNG, _PCAPNG_ORDER = b"\x0a\x0d\x0d\x0a", 0x1A2B3C4D
_INTERFACE, _SIMPLE_PACKET, _PACKET = 1, 3, 6
_ETHERTYPE_IP, _VLAN, _UDP = 0x0800, (0x8100, 0x88A8), 17
_ORADIS = 6
_CHAINED = (("raw", 0, 0), ("gps", GPS_HEADER, GPS_STAMP))
"""Containers of one chain of blocks: where it begins, bytes between blocks."""
_CHAIN = 3
"""Blocks in a row that show where the chain holds again."""
_CATEGORIES = frozenset(
    (*range(1, 13), *range(15, 22), 23, 24, 25, *range(30, 35), 48, 62, 63, 65, 150, 153, 204, 205, 240, 241, 247, 252)
)
"""Categories in use: a broken chain is not taken up again in the midst of a record that looks like another."""


@dataclass(frozen=True)
class Damage:
    """A part of a file that could not be read."""

    byte: int
    """Where it begins."""
    length: int
    """How many bytes were left out."""
    reason: str
    """What was wrong."""

    def __str__(self) -> str:
        """Return the place and the reason."""
        return f"byte {self.byte}: {self.reason}"


@dataclass
class Blocks:
    """Data blocks of a file and what was left out."""

    container: str
    """``raw``, ``pcap``, ``pcapng``, ``gps`` or ``final frame``."""
    category: array[int] = field(default_factory=lambda: array("B"))
    """Category of each block."""
    start: array[int] = field(default_factory=lambda: array("q"))
    """First byte after each block's length."""
    end: array[int] = field(default_factory=lambda: array("q"))
    """Byte after each block."""
    damage: list[Damage] = field(default_factory=list)
    """What could not be read."""
    passed: dict[str, int] = field(default_factory=dict)
    """Packets of something else, by what they are."""

    @property
    def n_bytes(self) -> int:
        """Bytes in blocks, their heads counted."""
        return sum(self.end) - sum(self.start) + 3 * len(self.start)

    def arrays(self) -> tuple[NDArray[np.uint8], IntArray, IntArray]:
        """Return category, start and end."""
        return (
            np.frombuffer(self.category, np.uint8),
            np.frombuffer(self.start, np.int64),
            np.frombuffer(self.end, np.int64),
        )


def find_blocks(path: Path, data: bytes) -> Blocks:
    """Find the data blocks of a file, whatever holds them.

    Parameters
    ----------
    path : Path
        The file's name: for messages, and to choose between containers where the bytes leave it open.
    data : bytes
        Its content.

    Returns
    -------
    Blocks
        At least one block.

    Raises
    ------
    DataError
        If the file holds no data block, or is a capture of a kind that cannot be read.
    """
    if not data:
        raise DataError(f"{path}: is empty; wanted an ASTERIX recording")
    if data[:4] in _PCAP:
        found = _pcap(path, data)
    elif data[:4] == _PCAPNG:
        found = _pcapng(path, data)
    else:
        found = _recorded(path, data)
    if not found.start:
        said = f" ({found.damage[0]})" if found.damage else ""
        other = "".join(f"; it holds {n} packets of {what}" for what, n in found.passed.items())
        raise DataError(f"{path}: not one ASTERIX data block in {len(data)} bytes{said}{other}")
    return found


def looks_like_asterix(path: Path) -> bool:
    """Say whether a file's name or first bytes are those of an ASTERIX recording."""
    if path.suffix.lower() in (".ast", ".raw", ".gps", ".ff", ".pcap", ".pcapng", ".asterix"):
        return True
    try:
        with path.open("rb") as file:
            head = file.read(GPS_HEADER + 4096)
    except OSError:
        return False
    if head[:4] in _PCAP or head[:4] == _PCAPNG:
        return True
    return any(_holds(head, start, gap, _CHAIN) for _, start, gap in _CHAINED) or _framed(head)


def _recorded(path: Path, data: bytes) -> Blocks:
    """Choose between bare blocks, GPS recording and final frame: by the bytes, by what is read so, by the name."""
    by_name = {".gps": "gps", ".ff": "final frame", ".raw": "raw", ".ast": "raw"}.get(path.suffix.lower())
    read: dict[str, Callable[[], Blocks]] = {
        "raw": lambda: _chained("raw", data, 0, 0),
        "gps": lambda: _chained("gps", data, GPS_HEADER, GPS_STAMP),
        "final frame": lambda: _frames(data),
    }
    if _framed(data):
        return read["final frame"]()
    held = [name for name, start, gap in _CHAINED if _holds(data, start, gap, 8)]
    if len(held) == 1:
        return read[held[0]]()
    found = [read[name]() for name in held or read]  # chance makes long chains too: the one that covers more
    return max(found, key=lambda one: (one.n_bytes, one.container == by_name))


def _length(data: bytes, at: int, end: int) -> int:
    """Return the length of the block at a place, 0 where there can be none."""
    if at + 4 > end or data[at] == 0:
        return 0
    length = data[at + 1] << 8 | data[at + 2]
    return length if length > 3 and at + length <= end else 0


def _holds(data: bytes, at: int, gap: int, n: int) -> bool:
    """Say whether n blocks, or all that there are up to the end, follow each other from a place."""
    end = len(data)
    for i in range(n):
        if i and at in (end, end + gap):  # the last stamp may be missing
            return True
        length = _length(data, at, end)
        if not length:
            return False
        at += length + gap
    return at <= end or at == end + gap


def _chained(name: str, data: bytes, at: int, gap: int) -> Blocks:
    found, end = Blocks(name), len(data)
    while at < end:
        length = _length(data, at, end)
        if length:
            found.category.append(data[at])
            found.start.append(at + 3)
            found.end.append(at + length)
            at += length + gap
            continue
        again = at + 1
        while again < end and not (data[again] in _CATEGORIES and _holds(data, again, gap, _CHAIN)):
            again += 1
        found.damage.append(Damage(at, again - at, _why(data, at, end)))
        at = again
    return found


def _why(data: bytes, at: int, end: int) -> str:
    if at + 3 > end:
        return f"the file ends inside the head of a block ({end - at} of 3 bytes)"
    length = data[at + 1] << 8 | data[at + 2]
    if data[at] == 0 or length <= 3:
        return f"no block: category {data[at]}, length {length}"
    return f"a block of category {data[at]} wants {length} bytes, {end - at} are left"


def _payload(found: Blocks, data: bytes, at: int, end: int) -> None:
    """Add the blocks of one packet or frame."""
    while at < end:
        length = _length(data, at, end)
        if not length:
            found.damage.append(Damage(at, end - at, _why(data, at, end)))
            return
        found.category.append(data[at])
        found.start.append(at + 3)
        found.end.append(at + length)
        at += length


def _framed(data: bytes) -> bool:
    """Say whether the first frame of a final-format file is there whole."""
    length = int.from_bytes(data[:2], "big")
    return length > _FRAME_HEAD + 7 and data[length - 4 : length] == FINAL


def _frames(data: bytes) -> Blocks:
    found, at, end = Blocks("final frame"), 0, len(data)
    while at < end:
        length = int.from_bytes(data[at : at + 2], "big")
        if length > _FRAME_HEAD + 4 and at + length <= end and data[at + length - 4 : at + length] == FINAL:
            _payload(found, data, at + _FRAME_HEAD, at + length - 4)
            at += length
            continue
        mark = data.find(FINAL, at)
        again = end if mark < 0 else mark + 4
        found.damage.append(Damage(at, again - at, f"no frame of {length} bytes that ends in A5A5A5A5"))
        at = again
    return found


def _pcap(path: Path, data: bytes) -> Blocks:
    order = _PCAP[data[:4]]
    if len(data) < _PCAP_HEADER:
        raise DataError(f"{path}: the capture ends inside its header ({len(data)} of {_PCAP_HEADER} bytes)")
    link = int.from_bytes(data[20:24], order) & 0x0FFFFFFF
    if link not in _LINKS:
        raise DataError(
            f"{path}: captured on link type {link}; wanted Ethernet (1), cooked (113, 276), raw IP (101) or 0"
        )
    found, at, end = Blocks("pcap"), _PCAP_HEADER, len(data)
    while at < end:
        length = int.from_bytes(data[at + 8 : at + 12], order)
        first = at + _PACKET_HEADER
        if first + length > end:
            found.damage.append(
                Damage(at, end - at, f"a packet of {length} bytes where {max(end - first, 0)} are left")
            )
            break
        _packet(found, data, first, first + length, link)
        at = first + length
    return found


def _pcapng(path: Path, data: bytes) -> Blocks:
    found, at, end = Blocks("pcapng"), 0, len(data)
    order: Order = "little"
    links: list[int] = []
    while at < end:
        if data[at : at + 4] == _PCAPNG:
            order = "little" if int.from_bytes(data[at + 8 : at + 12], "little") == _PCAPNG_ORDER else "big"
            links = []
        kind, length = (int.from_bytes(data[at + i : at + i + 4], order) for i in (0, 4))
        if length < 12 or length % 4 or at + length > end:
            found.damage.append(Damage(at, end - at, f"a capture block of {length} bytes where {end - at} are left"))
            break
        if kind == _INTERFACE:
            links.append(int.from_bytes(data[at + 8 : at + 10], order))
        elif kind in (_PACKET, _SIMPLE_PACKET):
            which = int.from_bytes(data[at + 8 : at + 12], order) if kind == _PACKET else 0
            first = at + (28 if kind == _PACKET else 12)
            taken = int.from_bytes(data[at + 20 : at + 24], order) if kind == _PACKET else at + length - 4 - first
            link = links[which] if which < len(links) else -1
            if link not in _LINKS:
                what = f"link type {link}"
                found.passed[what] = found.passed.get(what, 0) + 1
            elif first + taken > at + length - 4:
                found.damage.append(Damage(at, length, f"a packet of {taken} bytes in a block of {length}"))
            else:
                _packet(found, data, first, first + taken, link)
        at += length
    return found


def _packet(found: Blocks, data: bytes, at: int, end: int, link: int) -> None:
    start = at
    head, typed = _LINKS[link]
    kind = _ETHERTYPE_IP if typed is None else int.from_bytes(data[at + typed : at + typed + 2], "big")
    at += head
    while kind in _VLAN and at + 4 <= end:
        kind = int.from_bytes(data[at + 2 : at + 4], "big")
        at += 4
    if kind != _ETHERTYPE_IP:
        found.passed["no IPv4"] = found.passed.get("no IPv4", 0) + 1
        return
    head = 4 * (data[at] & 15) if at < end else 0
    if at + head + 8 > end or head < 20 or data[at] >> 4 != 4:
        found.damage.append(Damage(start, end - start, "a packet without a whole IPv4 header"))
        return
    if data[at + 9] != _UDP:
        found.passed["no UDP"] = found.passed.get("no UDP", 0) + 1
        return
    if int.from_bytes(data[at + 6 : at + 8], "big") & 0x3FFF:
        found.passed["fragments"] = found.passed.get("fragments", 0) + 1
        return
    udp = at + head
    last = udp + int.from_bytes(data[udp + 4 : udp + 6], "big")
    if not udp + 8 <= last <= end:
        found.damage.append(
            Damage(start, end - start, f"a UDP packet of {last - udp} bytes where {end - udp} are left")
        )
        return
    first = udp + 8
    plain = _chain(data, first, last, 0)
    headed = None if plain else _chain(data, first, last, _ORADIS)
    for block, after in plain or headed or ():
        found.category.append(data[block])
        found.start.append(block + 3)
        found.end.append(after)
    if not plain and not headed and first < last:
        _payload(found, data, first, last)


def _chain(data: bytes, at: int, end: int, head: int) -> list[tuple[int, int]] | None:
    """Return the blocks that fill a packet, each after a header of its own, or None if they do not."""
    edges = [at]
    while at < end:
        length = _length(data, at + head, end)
        if not length or (head and int.from_bytes(data[at : at + 2], "big") != head + length):
            return None
        at += head + length
        edges.append(at)
    return [(first + head, after) for first, after in pairwise(edges)]
