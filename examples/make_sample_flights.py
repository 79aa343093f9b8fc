"""Make ``sample-flights.csv``: synthetic flights over Paris in the shape of an ADS-B recording.

Run ``python examples/make_sample_flights.py`` to write the file again. Nothing in it is a real flight: arrivals,
departures and overflights are strung together from straight legs, turns and climbs on a sphere.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import asin, atan2, cos, degrees, radians, sin
from pathlib import Path

EARTH_M = 6_371_008.8
"""Mean radius of the Earth (WGS-84). [m]"""
STEP_S = 10
"""Time between two rows of a flight. [s]"""

# name, first row [s], latitude, longitude [deg], altitude [m], course [deg], speed [m/s],
# parts: duration [s], turn [deg/s, right positive], climb [m/s], acceleration [m/s2]
FLIGHTS = [
    ("ARR01", 0, 50.10, 3.10, 6000, 205, 200, [(300, 0, -6, -0.1), (60, 1.0, -4, -0.2), (360, 0, -6, -0.1)]),
    ("ARR02", 90, 48.20, 4.00, 7000, 295, 210, [(420, 0, -7, -0.1), (45, -1.2, -4, -0.2), (300, 0, -6, -0.15)]),
    ("ARR03", 240, 49.90, 1.20, 6500, 130, 205, [(360, 0, -6, -0.1), (80, -0.9, -4, -0.2), (300, 0, -7, -0.1)]),
    ("ARR04", 400, 48.00, 1.60, 7500, 40, 210, [(400, 0, -7, -0.1), (60, 0.8, -5, -0.2), (280, 0, -7, -0.1)]),
    ("DEP01", 0, 49.01, 2.62, 300, 85, 90, [(120, 0, 10, 0.5), (60, 1.2, 9, 0.4), (700, 0, 8, 0.1)]),
    ("DEP02", 180, 49.02, 2.50, 300, 265, 90, [(110, 0, 10, 0.5), (90, -1.1, 9, 0.4), (700, 0, 8, 0.1)]),
    ("DEP03", 360, 48.73, 2.40, 300, 245, 90, [(130, 0, 10, 0.5), (70, 1.0, 9, 0.4), (600, 0, 8, 0.1)]),
    ("DEP04", 600, 49.01, 2.62, 300, 85, 90, [(100, 0, 10, 0.5), (80, -1.2, 9, 0.4), (420, 0, 9, 0.1)]),
    ("OVR01", 0, 50.30, 0.40, 10668, 140, 235, [(1190, 0, 0, 0)]),
    ("OVR02", 0, 47.60, 3.90, 11278, 330, 240, [(600, 0, 0, 0), (30, 0.5, 0, 0), (560, 0, 0, 0)]),
    ("OVR03", 60, 48.90, 5.00, 10058, 268, 228, [(1100, 0, 0, 0)]),
    ("OVR04", 300, 47.50, 2.10, 11887, 10, 245, [(880, 0, 0, 0)]),
]


def fly(
    start_s: int, lat: float, lon: float, alt_m: float, course: float, speed: float, parts: list
) -> Iterator[tuple]:
    """Yield (time, latitude, longitude, altitude, speed east, north, up) every ``STEP_S``; angles in rad."""
    second = 0
    for duration_s, turn_dps, climb_mps, acceleration in parts:
        for _ in range(duration_s):
            if second % STEP_S == 0:
                yield start_s + second, lat, lon, alt_m, speed * sin(course), speed * cos(course), climb_mps
            arc = speed / EARTH_M
            new = asin(sin(lat) * cos(arc) + cos(lat) * sin(arc) * cos(course))
            lon += atan2(sin(course) * sin(arc) * cos(lat), cos(arc) - sin(lat) * sin(new))
            lat = new
            alt_m, speed = max(alt_m + climb_mps, 300.0), min(max(speed + acceleration, 70.0), 250.0)
            course += radians(turn_dps)
            second += 1


def rows() -> Iterator[str]:
    """Yield the lines of the file."""
    yield "id,t,lat,lon,alt_m,ve,vn,vr_mps"
    for name, start_s, lat, lon, alt_m, course, speed, parts in FLIGHTS:
        for t, la, lo, alt, east, north, up in fly(
            start_s, radians(lat), radians(lon), alt_m, radians(course), speed, parts
        ):
            yield f"{name},{t},{degrees(la):.5f},{degrees(lo):.5f},{alt:.1f},{east:.2f},{north:.2f},{up:.2f}"


def text() -> str:
    """Return the whole file."""
    return "\n".join(rows()) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("sample-flights.csv").write_text(text(), encoding="utf-8", newline="\n")
