"""Columns of target reports (CAT048) and service messages (CAT034), decoded all records at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from watchfloor.base.columns import Columns
from watchfloor.base.units import FOOT_M, BoolArray, FloatArray, IntArray
from watchfloor.formats.asterix.layout import CAT034, CAT048, Profile

NM_M = 1852.0
_TURN = 2.0 * np.pi
_ICAO = " ABCDEFGHIJKLMNOPQRSTUVWXYZ                     0123456789      "
"""Characters of an identification by their six bits (ICAO Annex 10, vol. IV, table 3-8); a blank for those not set."""
_WORDS = np.array(list(_ICAO))
_DAY_S = 86_400.0


@dataclass(frozen=True, kw_only=True, eq=False)
class TargetReports(Columns):
    """CAT048: what radars declare of targets; one row a record, in the order of the file.

    Absent items are NaN, -1 or empty. Angles clockwise from north.
    """

    byte: IntArray
    """(n,) place of the record in the file."""
    sac: IntArray
    """(n,) system area code, I048/010."""
    sic: IntArray
    """(n,) system identification code."""
    t_s: FloatArray
    """(n,) time of day, I048/140, going on over midnight. [s]"""
    type: IntArray
    """(n,) I048/020: 0 none, 1 primary, 2 secondary, 3 both, 4 Mode S all-call, 5 roll-call, 6 and 7 with primary."""
    simulated: BoolArray
    """(n,) a simulated target, I048/020 SIM."""
    test: BoolArray
    """(n,) a test target, I048/020 TST."""
    field_monitor: BoolArray
    """(n,) a fixed transponder, I048/020 RAB."""
    special: BoolArray
    """(n,) special position identification, I048/020 SPI."""
    range_m: FloatArray
    """(n,) slant range, I048/040. [m]"""
    azimuth_rad: FloatArray
    """(n,) azimuth, I048/040. [rad]"""
    x_m: FloatArray
    """(n,) the radar's own Cartesian position east, I048/042. [m]"""
    y_m: FloatArray
    """(n,) north. [m]"""
    mode_3a: IntArray
    """(n,) Mode 3/A code, I048/070; its octal digits are what is read out."""
    mode_3a_flags: IntArray
    """(n,) bits 4 garbled or not validated, 2 garbled, 1 smoothed (V, G, L)."""
    altitude_m: FloatArray
    """(n,) pressure altitude, I048/090. [m]"""
    altitude_flags: IntArray
    """(n,) bits 2 not validated, 1 garbled (V, G)."""
    height_m: FloatArray
    """(n,) height measured by a 3-D radar, I048/110, above mean sea level. [m]"""
    run_length_rad: FloatArray
    """(n,) width in azimuth of the replies, I048/130 SRL. [rad]"""
    n_replies: IntArray
    """(n,) replies, SRR."""
    reply_dbm: FloatArray
    """(n,) amplitude of the replies, SAM. [dBm]"""
    primary_run_length_rad: FloatArray
    """(n,) width in azimuth of the primary plot, PRL. [rad]"""
    primary_dbm: FloatArray
    """(n,) amplitude of the primary plot, PAM. [dBm]"""
    primary_range_offset_m: FloatArray
    """(n,) range of the primary plot less that of the secondary, RPD. [m]"""
    primary_azimuth_offset_rad: FloatArray
    """(n,) azimuth likewise, APD. [rad]"""
    doppler_mps: FloatArray
    """(n,) calculated Doppler speed, I048/120 CAL, as sent. [m/s]"""
    doppler_doubtful: BoolArray
    """(n,) it is marked doubtful."""
    raw_doppler_mps: FloatArray
    """(n,) first raw Doppler speed, I048/120 RDS. [m/s]"""
    doppler_ambiguity_mps: FloatArray
    """(n,) its ambiguity. [m/s]"""
    address: IntArray
    """(n,) 24-bit address, I048/220."""
    callsign: NDArray[np.str_]
    """(n,) aircraft identification, I048/240, trailing blanks removed."""
    track: IntArray
    """(n,) the radar's own track number, I048/161."""
    speed_mps: FloatArray
    """(n,) ground speed of that track, I048/200. [m/s]"""
    heading_rad: FloatArray
    """(n,) its course, I048/200. [rad]"""
    track_status: IntArray
    """(n,) first byte of I048/170."""
    ghost: BoolArray
    """(n,) the radar takes its track for a ghost, I048/170 GHO."""
    track_ends: BoolArray
    """(n,) last report of its track, I048/170 TRE."""
    warnings: IntArray
    """(n,) warnings of I048/030: bit k is set for code k, 1 to 62."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ServiceMessages(Columns):
    """CAT034: what radars say of themselves; one row a record, in the order of the file."""

    byte: IntArray
    """(n,) place of the record in the file."""
    sac: IntArray
    """(n,) system area code, I034/010."""
    sic: IntArray
    """(n,) system identification code."""
    t_s: FloatArray
    """(n,) time of day, I034/030, going on over midnight. [s]"""
    type: IntArray
    """(n,) I034/000: 1 north marker, 2 sector crossing, 3 geographical filtering, 4 jamming strobe, 5 solar storm..."""
    azimuth_rad: FloatArray
    """(n,) azimuth of the beam, I034/020. [rad]"""
    period_s: FloatArray
    """(n,) time of one turn, I034/041. [s]"""
    common: IntArray
    """(n,) state of the whole radar, I034/050 COM; 64: not to be used operationally (NOGO)."""
    primary: IntArray
    """(n,) I034/050 PSR."""
    secondary: IntArray
    """(n,) I034/050 SSR."""
    mode_s: IntArray
    """(n,) I034/050 MDS."""
    lat_rad: FloatArray
    """(n,) where the radar stands, I034/120, WGS-84. [rad]"""
    lon_rad: FloatArray
    """(n,) longitude. [rad]"""
    alt_m: FloatArray
    """(n,) height, as sent. [m]"""
    range_bias_m: FloatArray
    """(n,) collimation error in range, I034/090. [m]"""
    azimuth_bias_rad: FloatArray
    """(n,) in azimuth. [rad]"""


class Cells:
    """Values of items, read for all records at once."""

    def __init__(self, data: NDArray[np.uint8], places: NDArray[np.int32], profile: Profile) -> None:
        self._data, self._places, self._slots = data, places, profile.slots
        self._n = places.shape[1]

    def _raw(self, name: str, first: int, n_bytes: int) -> tuple[IntArray, IntArray]:
        """Rows that have an item, and the number in ``n_bytes`` of it from byte ``first``."""
        places = self._places[self._slots[name]]
        rows = np.flatnonzero(places >= 0)
        at = places[rows].astype(np.int64) + first
        value = np.zeros(len(rows), np.int64)
        for i in range(n_bytes):
            value = (value << 8) | self._data[at + i]
        return rows, value

    def whole(self, name: str, first: int, n_bytes: int, *, shift: int = 0, bits: int = 64) -> IntArray:
        """Return an unsigned number, -1 where the item is absent: ``bits`` of it, after ``shift`` bits to the right."""
        rows, value = self._raw(name, first, n_bytes)
        out = np.full(self._n, -1, np.int64)
        out[rows] = (value >> shift) & ((1 << min(bits, 62)) - 1)
        return out

    def number(self, name: str, first: int, n_bytes: int, unit: float, *, signed_bits: int = 0) -> FloatArray:
        """Return a number times its unit, NaN where absent; two's complement in ``signed_bits`` where above 0."""
        rows, value = self._raw(name, first, n_bytes)
        if signed_bits:
            half = 1 << (signed_bits - 1)
            value = ((value & (2 * half - 1)) ^ half) - half
        out = np.full(self._n, np.nan)
        out[rows] = value * unit
        return out

    def flag(self, name: str, first: int, bit: int) -> BoolArray:
        """Return a bit of an extended item; False where the item, or that part of it, is absent."""
        places = self._places[self._slots[name]]
        rows = np.flatnonzero(places >= 0)
        at = places[rows].astype(np.int64)
        for i in range(first):
            more = (self._data[at + i] & 1).astype(bool)
            rows, at = rows[more], at[more]
        out = np.zeros(self._n, bool)
        out[rows] = (self._data[at + first] >> bit) & 1
        return out

    def codes(self, name: str) -> IntArray:
        """Return the 7-bit codes of an extended item as a set: bit k for code k, 1 to 62."""
        places = self._places[self._slots[name]]
        rows = np.flatnonzero(places >= 0)
        at = places[rows].astype(np.int64)
        out = np.zeros(self._n, np.int64)
        while len(rows):
            octet = self._data[at]
            code = (octet >> 1).astype(np.int64)
            known = (code > 0) & (code < 63)
            out[rows[known]] |= np.int64(1) << code[known]
            more = (octet & 1).astype(bool)
            rows, at = rows[more], at[more] + 1
        return out

    def text(self, name: str) -> NDArray[np.str_]:
        """Return eight characters of six bits each."""
        rows, value = self._raw(name, 0, 6)
        out = np.full(self._n, "", "<U8")
        letters = _WORDS[(value[:, None] >> np.arange(42, -1, -6)) & 63]
        joined = np.ascontiguousarray(letters).view("<U8").ravel() if len(rows) else np.empty(0, "<U8")
        out[rows] = np.char.rstrip(joined)
        return out


def target_reports(data: NDArray[np.uint8], places: NDArray[np.int32], byte: IntArray) -> TargetReports:
    """Decode the records of CAT048.

    data (b,) the file's bytes, eight zeros added; places (slots, n) where each item begins; byte (n,) each record.
    """
    c = Cells(data, places, CAT048)
    rds = c.whole("120/RDS", 0, 1) > 0
    kind = c.whole("020", 0, 1)
    mode_c = c.whole("090", 0, 2)
    return TargetReports(
        byte=byte,
        sac=c.whole("010", 0, 1),
        sic=c.whole("010", 1, 1),
        t_s=c.number("140", 0, 3, 1.0 / 128.0),
        type=np.where(kind < 0, -1, kind >> 5),
        simulated=c.flag("020", 0, 4),
        test=c.flag("020", 1, 7),
        field_monitor=c.flag("020", 0, 1),
        special=c.flag("020", 0, 2),
        range_m=c.number("040", 0, 2, NM_M / 256.0),
        azimuth_rad=c.number("040", 2, 2, _TURN / 65_536.0),
        x_m=c.number("042", 0, 2, NM_M / 128.0, signed_bits=16),
        y_m=c.number("042", 2, 2, NM_M / 128.0, signed_bits=16),
        mode_3a=c.whole("070", 0, 2, bits=12),
        mode_3a_flags=c.whole("070", 0, 2, shift=13, bits=3),
        altitude_m=c.number("090", 0, 2, 25.0 * FOOT_M, signed_bits=14),
        altitude_flags=np.where(mode_c < 0, -1, mode_c >> 14),
        height_m=c.number("110", 0, 2, 25.0 * FOOT_M, signed_bits=14),
        run_length_rad=c.number("130/SRL", 0, 1, _TURN / 8192.0),
        n_replies=c.whole("130/SRR", 0, 1),
        reply_dbm=c.number("130/SAM", 0, 1, 1.0, signed_bits=8),
        primary_run_length_rad=c.number("130/PRL", 0, 1, _TURN / 8192.0),
        primary_dbm=c.number("130/PAM", 0, 1, 1.0, signed_bits=8),
        primary_range_offset_m=c.number("130/RPD", 0, 1, NM_M / 256.0, signed_bits=8),
        primary_azimuth_offset_rad=c.number("130/APD", 0, 1, _TURN / 16_384.0, signed_bits=8),
        doppler_mps=c.number("120/CAL", 0, 2, 1.0, signed_bits=10),
        doppler_doubtful=c.whole("120/CAL", 0, 1, shift=7) == 1,
        raw_doppler_mps=np.where(rds, c.number("120/RDS", 1, 2, 1.0, signed_bits=16), np.nan),
        doppler_ambiguity_mps=np.where(rds, c.number("120/RDS", 3, 2, 1.0), np.nan),
        address=c.whole("220", 0, 3),
        callsign=c.text("240"),
        track=c.whole("161", 0, 2, bits=12),
        speed_mps=c.number("200", 0, 2, NM_M / 16_384.0),
        heading_rad=c.number("200", 2, 2, _TURN / 65_536.0),
        track_status=c.whole("170", 0, 1),
        ghost=c.flag("170", 1, 6),
        track_ends=c.flag("170", 1, 7),
        warnings=c.codes("030"),
    )


def service_messages(data: NDArray[np.uint8], places: NDArray[np.int32], byte: IntArray) -> ServiceMessages:
    """Decode the records of CAT034; arguments as in ``target_reports``."""
    c = Cells(data, places, CAT034)
    return ServiceMessages(
        byte=byte,
        sac=c.whole("010", 0, 1),
        sic=c.whole("010", 1, 1),
        t_s=c.number("030", 0, 3, 1.0 / 128.0),
        type=c.whole("000", 0, 1),
        azimuth_rad=c.number("020", 0, 1, _TURN / 256.0),
        period_s=c.number("041", 0, 2, 1.0 / 128.0),
        common=c.whole("050/COM", 0, 1),
        primary=c.whole("050/PSR", 0, 1),
        secondary=c.whole("050/SSR", 0, 1),
        mode_s=c.whole("050/MDS", 0, 2),
        lat_rad=c.number("120", 2, 3, np.pi / 2**23, signed_bits=24),
        lon_rad=c.number("120", 5, 3, np.pi / 2**23, signed_bits=24),
        alt_m=c.number("120", 0, 2, 1.0, signed_bits=16),
        range_bias_m=c.number("090", 0, 1, NM_M / 128.0, signed_bits=8),
        azimuth_bias_rad=c.number("090", 1, 1, _TURN / 16_384.0, signed_bits=8),
    )


def over_midnight(t_s: FloatArray) -> FloatArray:
    """Return times of day, in the order in which they were recorded, as times that go on over midnight.

    A step back by more than half a day is the next day; one forward by as much is a late report of the day before.
    """
    out = t_s.copy()
    known = np.flatnonzero(np.isfinite(t_s))
    step = np.diff(t_s[known])
    day = np.cumsum((step < -0.5 * _DAY_S).astype(np.int64) - (step > 0.5 * _DAY_S))
    out[known[1:]] += _DAY_S * day
    return out
