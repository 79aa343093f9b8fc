"""Make the recording that ships with the package: what a synthetic secondary radar sends of synthetic aircraft.

Usage: python tools/make_recording.py src/watchfloor/formats/data

Writes holding.ast (CAT048 and CAT034) and holding-flights.csv (where the aircraft truly were). Two aircraft fly a hold,
one above the other, a third joins them from the west, one climbs out through them, one passes overhead. The radar is
invented: 5 s a turn, errors of 50 m and 0.05 degrees; it misses 3 % of its plots and loses aircraft that bank away
from it for up to 35 s; a test target, reflections and repeated records go with it. Nothing in it is real.
"""

from __future__ import annotations

import struct
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from watchfloor.physics.frames import Place, destination, ecef_to_polar, geodetic_to_ecef

RADAR = Place.from_degrees(41.29, 2.03, 180.0)
SAC, SIC = 0, 17
START_S, TURN_S, TURNS = 36_000.0, 5.0, 216
FIX_KM = (-20.0, 95.0)
"""East and north of the radar. [km]"""
FLEET = (  # name, address, code, first second, east and north of the fix [km], course [deg], altitude [ft], legs
    ("HOLD1", 0x3400A1, 0o4321, 0, (6.0, -5.0), 310.0, 11_000, [(60, 0, 0), (60, 3, 0)] * 9),
    ("HOLD2", 0x3400A2, 0o4322, 0, (-2.0, 2.0), 310.0, 12_000, [(20, 0, 0), (60, 3, 0)] + [(60, 0, 0), (60, 3, 0)] * 9),
    ("JOIN3", 0x3400A3, 0o4323, 60, (-58.0, -18.0), 72.0, 20_000, [(300, 0, -6.0), (120, 0, -2.0), (41, -3, 0)]
     + [(60, 0, 0), (60, 3, 0)] * 5),
    ("CLIMB", 0x3400A4, 0o4324, 200, (16.0, -70.0), 345.0, 4_000, [(540, 0, 11.0), (200, 0, 0)]),
    ("OVER5", 0x3400A5, 0o4325, 100, (60.0, 22.0), 250.0, 35_000, [(700, 0, 0)]),
)  # fmt: skip
"""Legs: seconds, turn [deg/s], climb [m/s]."""
SPEED = {"HOLD1": 118.0, "HOLD2": 123.0, "JOIN3": 140.0, "CLIMB": 165.0, "OVER5": 235.0}
"""[m/s]"""


@dataclass
class Flight:
    """A flight, second by second."""

    name: str
    address: int
    code: int
    t_s: np.ndarray
    lat_rad: np.ndarray
    lon_rad: np.ndarray
    alt_m: np.ndarray
    east_mps: np.ndarray
    north_mps: np.ndarray
    climb_mps: np.ndarray
    turn_dps: np.ndarray


def fly() -> list[Flight]:
    """Fly the fleet on the plane about the radar."""
    out = []
    for name, address, code, first_s, (east_km, north_km), course_deg, alt_ft, legs in FLEET:
        turn = np.concatenate([np.full(s, rate, float) for s, rate, _ in legs])
        climb = np.concatenate([np.full(s, up, float) for s, _, up in legs])
        keep = min(len(turn), int(TURN_S * TURNS) - first_s)
        turn, climb = turn[:keep], climb[:keep]
        course = np.radians(course_deg + np.concatenate([[0.0], np.cumsum(turn)[:-1]]))
        east_mps, north_mps = SPEED[name] * np.sin(course), SPEED[name] * np.cos(course)
        east = 1e3 * (FIX_KM[0] + east_km) + np.concatenate([[0.0], np.cumsum(east_mps)[:-1]])
        north = 1e3 * (FIX_KM[1] + north_km) + np.concatenate([[0.0], np.cumsum(north_mps)[:-1]])
        lat, lon = destination(RADAR.lat_rad, RADAR.lon_rad, np.arctan2(east, north), np.hypot(east, north))
        alt = 0.3048 * alt_ft + np.concatenate([[0.0], np.cumsum(climb)[:-1]])
        t = START_S + first_s + np.arange(len(turn), dtype=float)
        out.append(Flight(name, address, code, t, lat, lon, alt, east_mps, north_mps, climb, turn))
    return out


def record(items: list[bytes | None]) -> bytes:
    """Put items into a record: a map of seven a byte, then what is there."""
    there = [item is not None for item in items]
    n = (max(i for i, one in enumerate(there) if one)) // 7 + 1
    octets = [sum(0x80 >> i for i in range(7) if k * 7 + i < len(there) and there[k * 7 + i]) for k in range(n)]
    return bytes(o | (k < n - 1) for k, o in enumerate(octets)) + b"".join(item for item in items if item is not None)


def block(category: int, *records: bytes) -> bytes:
    """Put records into a data block."""
    body = b"".join(records)
    return struct.pack(">BH", category, len(body) + 3) + body


def clock(t_s: float) -> bytes:
    """Write a time of day in 1/128 s."""
    return round(128.0 * t_s).to_bytes(3, "big")


def report(t_s: float, range_m: float, azimuth_rad: float, alt_m: float, address: int, code: int, *, kind: int = 0xA0,
           warning: int = 0) -> bytes:  # fmt: skip
    """Write a target report: I048/010, 140, 020, 040, 070, 090, 220 and a warning."""
    where = struct.pack(">HH", round(range_m / 1852.0 * 256.0), round(azimuth_rad / (2.0 * np.pi) * 65_536.0) % 65_536)
    height = struct.pack(">H", round(alt_m / 7.62) & 0x3FFF)
    items = [bytes([SAC, SIC]), clock(t_s), bytes([kind]), where, struct.pack(">H", code), height, None,
             address.to_bytes(3, "big"), *[None] * 7, bytes([warning << 1]) if warning else None]  # fmt: skip
    return record(items)


def north_marker(turn: int) -> bytes:
    """Write a north marker: I034/010, 000, 030, 041 and, once a minute, 120."""
    items: list[bytes | None] = [bytes([SAC, SIC]), b"\x01", clock(START_S + TURN_S * turn), None,
                                 struct.pack(">H", round(128.0 * TURN_S))]  # fmt: skip
    if turn % 12 == 0:
        lat, lon = (round(v / np.pi * 2**23).to_bytes(3, "big") for v in (RADAR.lat_rad, RADAR.lon_rad))
        items += [*[None] * 5, struct.pack(">h", round(RADAR.alt_m)) + lat + lon]
    return record(items)


def passes(flight: Flight) -> tuple[np.ndarray, np.ndarray]:
    """Times at which the beam meets an aircraft, and where it then is: range, azimuth, elevation."""
    turn = np.arange(TURNS)
    met = START_S + TURN_S * turn
    for _ in range(8):
        ecef = geodetic_to_ecef(*(np.interp(met, flight.t_s, column)
                                  for column in (flight.lat_rad, flight.lon_rad, flight.alt_m)))  # fmt: skip
        polar = np.stack(ecef_to_polar(ecef, RADAR), axis=1)
        met = START_S + TURN_S * (turn + polar[:, 1] / (2.0 * np.pi))
    there = (met >= flight.t_s[0]) & (met <= flight.t_s[-1])
    return met[there], polar[there]


def main() -> None:
    """Write both files."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder, fleet = Path(sys.argv[1]), fly()
    (folder / "holding.ast").write_bytes(recording(fleet))
    (folder / "holding-flights.csv").write_text(table(fleet), "utf-8", newline="\n")


def recording(fleet: list[Flight]) -> bytes:
    """What the radar sends, in the order of time."""
    rng = np.random.default_rng(17)
    said: list[tuple[float, int, bytes]] = [(START_S + TURN_S * i, 34, north_marker(i)) for i in range(TURNS)]
    for flight in fleet:
        met, polar = passes(flight)
        banked = np.interp(met, flight.t_s, np.abs(flight.turn_dps)) > 1.5
        away = np.interp(met, flight.t_s, flight.north_mps) < -0.5 * SPEED[flight.name]
        silent = banked & away & (flight.name != "HOLD1") & (rng.random(len(met)) < 0.85)
        silent |= rng.random(len(met)) < 0.03
        for t, (slant, azimuth, _), quiet in zip(met, polar, silent, strict=True):
            errors = rng.normal(size=2) * (50.0, np.radians(0.05))
            repeated, reflected = rng.random(2) < (0.02, 0.01)
            if quiet:
                continue
            alt = np.interp(t, flight.t_s, flight.alt_m)
            one = report(t, slant + errors[0], azimuth + errors[1], alt, flight.address, flight.code)
            said += [(t, 48, one)] * (1 + repeated)
            if reflected:
                said.append((t + 1.5, 48, report(t + 1.5, slant + 9e3, azimuth + 1.9, alt, flight.address, flight.code,
                                                 warning=1)))  # fmt: skip
    at = 2.4  # the test target stands on one beam
    said += [(t, 48, report(t, 60e3, at, 3048.0, 0x3400AA, 0o7777, kind=0xB0))
             for t in START_S + TURN_S * (np.arange(TURNS) + at / (2.0 * np.pi))]  # fmt: skip
    said.sort(key=lambda one: (one[0], one[1]))
    return b"".join(block(category, content) for _, category, content in said)


def table(fleet: list[Flight]) -> str:
    """Where the aircraft truly were, every 5 s."""
    lines = ["id,t,lat,lon,alt_m,ve,vn,vr_mps"]
    for f in fleet:
        lines += [
            f"{f.name},{f.t_s[i]:.0f},{np.degrees(f.lat_rad[i]):.6f},{np.degrees(f.lon_rad[i]):.6f},{f.alt_m[i]:.1f},"
            f"{f.east_mps[i]:.1f},{f.north_mps[i]:.1f},{f.climb_mps[i]:.1f}"
            for i in range(0, len(f.t_s), 5)
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
