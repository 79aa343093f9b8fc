"""ASTERIX by hand: records written item by item, containers around them, and a slow walk through a record."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from watchfloor.formats.asterix import _kernels as k
from watchfloor.formats.asterix.layout import CAT034, CAT048, Item, Profile

NM_M = 1852.0
PROFILES = {34: CAT034, 48: CAT048}


def record(category: int, items: Mapping[str, bytes]) -> bytes:
    """Write a record from the bytes of its items; parts of compound items as ``item/part``."""
    fields = PROFILES[category].fields
    body = {}
    for item in fields:
        if item.parts:
            parts = [items.get(part.name) for part in item.parts]
            if any(part is not None for part in parts):
                body[item.name] = bit_map([part is not None for part in parts]) + b"".join(p for p in parts if p)
        elif item.name in items:
            body[item.name] = items[item.name]
    return bit_map([item.name in body for item in fields]) + b"".join(body[i.name] for i in fields if i.name in body)


def bit_map(there: Sequence[bool]) -> bytes:
    """Write which of a row of items are there: seven a byte, the last bit says that another byte follows."""
    last = max((i for i, one in enumerate(there) if one), default=0)
    octets = [0] * (last // 7 + 1)
    for i, one in enumerate(there):
        if one:
            octets[i // 7] |= 0x80 >> (i % 7)
    return bytes(octet | (1 if i < len(octets) - 1 else 0) for i, octet in enumerate(octets))


def block(category: int, *records: bytes) -> bytes:
    """Put records into a data block."""
    body = b"".join(records)
    return struct.pack(">BH", category, len(body) + 3) + body


def gps(blocks: Sequence[bytes]) -> bytes:
    """Put blocks into a GPS recording."""
    return b" " * 2200 + b"".join(
        one + bytes([0, i % 7, 0, 0, 0, 0]) + b"\x3a\x9f\xce\x00" for i, one in enumerate(blocks)
    )


def final_frame(blocks: Sequence[bytes]) -> bytes:
    """Put each block into a frame of an IOSS final-format file."""
    return b"".join(
        struct.pack(">HBBBI", len(one) + 12, 0, 0, 0, 1234)[:5] + b"\x00\x04\xd2" + one + b"\xa5" * 4 for one in blocks
    )


def packet(one: bytes, i: int, *, oradis: bool = False, vlan: bool = False) -> bytes:
    """Put a block into a UDP packet, padded as Ethernet pads."""
    payload = struct.pack(">HI", len(one) + 6, 1000 + i) + one if oradis else one
    udp = struct.pack(">HHHH", 20000, 8600, len(payload) + 8, 0) + payload
    ip = struct.pack(">BBHHHBBHII", 0x45, 0, len(udp) + 20, i, 0x4000, 64, 17, 0, 0x0A000001, 0xE0000001) + udp
    return bytes(12) + (b"\x81\x00\x00\x07" if vlan else b"") + b"\x08\x00" + ip + bytes(6)


def pcap(blocks: Sequence[bytes], *, order: str = "<", **how: bool) -> bytes:
    """Put each block into a captured packet."""
    out = [struct.pack(order + "IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)]
    for i, one in enumerate(blocks):
        ethernet = packet(one, i, **how)
        out.append(struct.pack(order + "IIII", 1_500_000_000 + i, 0, len(ethernet), len(ethernet)) + ethernet)
    return b"".join(out)


def pcapng(blocks: Sequence[bytes], *, order: str = "<") -> bytes:
    """The same in the newer format: a section, an interface, a packet each, one of them a simple one."""

    def block(kind: int, body: bytes) -> bytes:
        body += bytes(-len(body) % 4)
        return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)

    out = [block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)),
           block(1, struct.pack(order + "HHI", 1, 0, 0))]  # fmt: skip
    for i, one in enumerate(blocks):
        ethernet = packet(one, i)
        if i == 1:
            out.append(block(3, struct.pack(order + "I", len(ethernet)) + ethernet))
        else:
            out.append(block(6, struct.pack(order + "IIIII", 0, 0, i, len(ethernet), len(ethernet)) + ethernet))
    return b"".join(out)


@dataclass(frozen=True)
class Report:
    """What one target report says, in the units of the item."""

    t_s: float
    range_nm: float
    azimuth_deg: float
    flight_level: float = 100.0
    address: int = 0x3C0001
    mode_3a: int = 0o1234
    kind: int = 5
    sac: int = 1
    sic: int = 2

    def items(self) -> dict[str, bytes]:
        """Write its items."""
        return {
            "010": bytes([self.sac, self.sic]),
            "140": round(self.t_s * 128).to_bytes(3, "big"),
            "020": bytes([self.kind << 5]),
            "040": struct.pack(">HH", round(self.range_nm * 256), round(self.azimuth_deg / 360 * 65536) % 65536),
            "070": struct.pack(">H", self.mode_3a),
            "090": struct.pack(">H", round(self.flight_level * 4) & 0x3FFF),
            "220": self.address.to_bytes(3, "big"),
        }

    def encode(self, **more: bytes) -> bytes:
        """Write it as a record of CAT048."""
        return record(48, self.items() | more)


def north(t_s: float, *, sac: int = 1, sic: int = 2, place: tuple[float, float, int] | None = None) -> bytes:
    """Write a north marker, with the radar's place where given (degrees, degrees, metres)."""
    items = {"010": bytes([sac, sic]), "000": b"\x01", "030": round(t_s * 128).to_bytes(3, "big")}
    if place is not None:
        lat, lon = (round(angle / 180 * 2**23).to_bytes(3, "big", signed=True) for angle in place[:2])
        items["120"] = struct.pack(">h", place[2]) + lat + lon
    return record(34, items)


def random_item(item: Item, rng: np.random.Generator) -> bytes:
    """Write an item of random content that has the right form."""
    if item.kind == k.FIXED:
        return rng.bytes(item.length)
    if item.kind == k.EXTENDED:
        octets = bytearray(rng.bytes(int(rng.integers(1, 5))))
        return bytes(o | 1 for o in octets[:-1]) + bytes([octets[-1] & 0xFE])
    if item.kind == k.REPETITIVE:
        n = int(rng.integers(0, 4))
        return bytes([n]) + rng.bytes(n * item.length)
    n = int(rng.integers(1, 9))
    return bytes([n]) + rng.bytes(n - 1)


def random_record(category: int, rng: np.random.Generator) -> bytes:
    """Write a record of random items and content."""
    items: dict[str, bytes] = {"010": rng.bytes(2)}
    for item in PROFILES[category].fields:
        for one in item.parts or (item,):
            if one.kind != k.NONE and rng.random() < 0.5:
                items[one.name] = random_item(one, rng)
    return record(category, items)


def places(profile: Profile, data: bytes, at: int) -> tuple[dict[str, int], int]:
    """Walk one record, item by item; where each begins, and where the record ends."""
    there, at = _mapped(data, at, len(profile.fields))
    out = {}
    for item, one in zip(profile.fields, there, strict=True):
        if not one:
            continue
        out[item.name] = at
        if item.parts:
            inner, at = _mapped(data, at, len(item.parts))
            for part, other in zip(item.parts, inner, strict=True):
                if other:
                    out[part.name] = at
                    at = _after(part, data, at)
        else:
            at = _after(item, data, at)
    return out, at


def _mapped(data: bytes, at: int, n: int) -> tuple[list[bool], int]:
    there: list[bool] = []
    while True:
        there += [bool(data[at] >> bit & 1) for bit in range(7, 0, -1)]
        at += 1
        if not data[at - 1] & 1:
            break
    return (there + [False] * n)[:n], at


def _after(item: Item, data: bytes, at: int) -> int:
    if item.kind == k.FIXED:
        return at + item.length
    if item.kind == k.EXTENDED:
        while data[at] & 1:
            at += 1
        return at + 1
    return at + 1 + data[at] * item.length if item.kind == k.REPETITIVE else at + data[at]
