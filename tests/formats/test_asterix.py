from __future__ import annotations

import gzip
import json
import re
import runpy
import struct
from pathlib import Path

import numpy as np
import pytest

from tests.plain import asterix as hand
from watchfloor.base.errors import DataError
from watchfloor.formats import read_columns
from watchfloor.formats.asterix import _kernels as kernels
from watchfloor.formats.asterix import looks_like_asterix, read_asterix, sample, sample_flights
from watchfloor.formats.asterix.layout import CAT034, CAT048
from watchfloor.formats.tables import Column

TURNS = 6
CONTAINERS = {
    "raw": lambda blocks: b"".join(blocks),
    "gps": hand.gps,
    "final frame": hand.final_frame,
    "pcap": hand.pcap,
    "pcapng": hand.pcapng,
}


def written(tmp_path, content, name="recording.bin"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


def recording():
    """North markers and two targets, a block each; and a block of another category."""
    blocks = []
    for turn in range(TURNS):
        t = 100.0 + 4.0 * turn
        blocks.append(hand.block(34, hand.north(t, place=(48.5, -2.25, 120))))
        blocks.append(hand.block(48, hand.Report(t + 1.0, 30.0 + turn, 90.0).encode(),
                                 hand.Report(t + 2.0, 20.0, 180.0, address=0x3C0002).encode()))  # fmt: skip
        blocks.append(hand.block(62, b"\x80\x01\x02"))
    return blocks


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("name", ["recording.bin", "recording.ast", "recording.gps"])
def test_every_container_is_known_by_its_bytes(tmp_path, container, name):
    path = written(tmp_path, CONTAINERS[container](recording()), name)
    found = read_asterix(path)
    assert found.container == container
    assert found.damage == ()
    assert found.n_blocks == {34: TURNS, 48: TURNS, 62: TURNS}
    assert found.others == {62: TURNS}
    np.testing.assert_allclose(found.targets.t_s[:3], [101.0, 102.0, 105.0])
    np.testing.assert_allclose(found.targets.range_m[:3], np.array([30.0, 20.0, 31.0]) * 1852.0)
    np.testing.assert_allclose(found.targets.azimuth_rad[:2], [0.5 * np.pi, np.pi])
    np.testing.assert_allclose(found.targets.altitude_m, 100 * 30.48)
    assert found.targets.address[:2].tolist() == [0x3C0001, 0x3C0002]
    assert looks_like_asterix(path)


@pytest.mark.parametrize("how", [{"oradis": True}, {"order": ">"}, {"vlan": True}, {"oradis": True, "vlan": True}])
def test_captures_differ_in_headers_not_in_content(tmp_path, how):
    found = read_asterix(written(tmp_path, hand.pcap(recording(), **how)))
    assert (found.damage, len(found.targets), len(found.services)) == ((), 2 * TURNS, TURNS)


def test_a_north_marker_says_where_the_radar_stands(tmp_path):
    found = read_asterix(written(tmp_path, b"".join(recording()))).services
    half_a_step = 0.5 * 180.0 / 2**23
    np.testing.assert_allclose(np.degrees(found.lat_rad), 48.5, atol=half_a_step)
    np.testing.assert_allclose(np.degrees(found.lon_rad), -2.25, atol=half_a_step)
    assert set(found.alt_m) == {120.0}
    assert set(found.type) == {1}


def test_every_item_is_decoded_by_its_definition(tmp_path):
    """Values put together by the bit diagrams of EUROCONTROL-SPEC-0149-4, edition 1.32, section 5.2."""
    items = hand.Report(1.0, 1.0, 0.0).items() | {
        "020": bytes([0b101_1_0_1_1_1, 0b1000_000_0]),  # Mode S roll-call, SIM, SPI, RAB; TST
        "070": bytes([0b110_0_0111, 0b0111_0111]),  # V, G, 3567 octal
        "090": struct.pack(">H", 0b11_11111111111100),  # V, G, -1 flight level
        "130/SRL": b"\x10", "130/SRR": b"\x05", "130/SAM": b"\xb8", "130/PRL": b"\x20", "130/PAM": b"\x81",
        "130/RPD": b"\xff", "130/APD": b"\x01",
        "240": bytes(6), "250": b"\x02" + bytes(16),
        "161": b"\x0f\xff",
        "042": struct.pack(">hh", -128, 256),
        "200": struct.pack(">HH", 16384, 0x4000),
        "170": bytes([0b1_01_1_0_10_1, 0b1_1_0_0_000_0]),  # CNF..., TRE, GHO
        "210": bytes(4), "030": bytes([0b0000001_1, 0b0001100_0]), "080": bytes(2), "100": bytes(4),
        "110": struct.pack(">H", 40),
        "120/CAL": bytes([0x83, 0xFF]), "120/RDS": b"\x01" + struct.pack(">hHH", -300, 500, 2800),
        "230": bytes(2), "260": bytes(7), "055": b"\x00", "050": bytes(2), "065": b"\x00", "060": bytes(2),
        "SP": b"\x03ab", "RE": b"\x01",
    }  # fmt: skip
    path = written(tmp_path, hand.block(48, hand.record(48, items), hand.Report(2.0, 3.0, 4.0).encode()))
    found = read_asterix(path)
    assert found.damage == ()
    one = {name: column[0] for name, column in found.targets.items()}
    flags = ("simulated", "test", "field_monitor", "special", "ghost", "track_ends", "doppler_doubtful")
    assert all(one[name] for name in flags)
    assert (one["type"], one["mode_3a"], one["mode_3a_flags"], one["altitude_flags"]) == (5, 0o3567, 6, 3)
    assert (one["track"], one["n_replies"]) == (4095, 5)
    assert one["warnings"] == (1 << 1) | (1 << 12)
    wanted = {
        "altitude_m": -30.48, "run_length_rad": np.radians(16 * 360 / 2**13), "reply_dbm": -72.0,
        "primary_run_length_rad": np.radians(32 * 360 / 2**13), "primary_dbm": -127.0,
        "primary_range_offset_m": -1852 / 256, "primary_azimuth_offset_rad": np.radians(360 / 2**14),
        "x_m": -1852.0, "y_m": 2 * 1852.0, "speed_mps": 1852.0, "heading_rad": 0.5 * np.pi, "height_m": 40 * 7.62,
        "doppler_mps": -1.0, "raw_doppler_mps": -300.0, "doppler_ambiguity_mps": 500.0,
    }  # fmt: skip
    for name, value in wanted.items():
        assert one[name] == pytest.approx(value, rel=1e-12), name
    bare = {name: column[1] for name, column in found.targets.items()}
    assert not any(bare[name] for name in flags)
    assert np.isnan([bare[name] for name in wanted if name != "altitude_m"]).all()
    assert (bare["track"], bare["callsign"], bare["warnings"]) == (-1, "", 0)


def test_an_identification_is_eight_letters_of_six_bits(tmp_path):
    code = {chr(64 + i): i for i in range(1, 27)} | {str(i): 48 + i for i in range(10)} | {" ": 32}
    said = "AFR123Z "
    bits = sum(code[letter] << (42 - 6 * i) for i, letter in enumerate(said))
    path = written(tmp_path, hand.block(48, hand.Report(1.0, 1.0, 1.0).encode(**{"240": bits.to_bytes(6, "big")})))
    assert read_asterix(path).targets.callsign.tolist() == ["AFR123Z"]


@pytest.mark.parametrize("profile", [CAT034, CAT048], ids=["034", "048"])
def test_the_walk_finds_what_a_slow_walk_finds(profile):
    rng = np.random.default_rng(48)
    blocks = [[hand.random_record(profile.category, rng) for _ in range(rng.integers(1, 5))] for _ in range(200)]
    data = b"".join(b"".join(one) for one in blocks)
    ends = np.cumsum([sum(map(len, one)) for one in blocks])
    starts = np.concatenate([[0], ends[:-1]])
    array, n = np.frombuffer(data, np.uint8), len(profile.fields)
    counts, wrong, _, _ = kernels.survey(array, starts, ends, profile.items, n)
    assert counts.tolist() == [len(one) for one in blocks]
    assert not wrong.any()
    places = np.full((len(profile.items), counts.sum()), -1, np.int32)
    first = np.empty(counts.sum(), np.int64)
    kernels.walk(array, starts, ends, profile.items, n, places, first)
    at = 0
    for row in range(counts.sum()):
        wanted, after = hand.places(profile, data, at)
        assert first[row] == at
        got = {name: int(places[slot, row]) for name, slot in profile.slots.items() if places[slot, row] >= 0}
        assert got == wanted
        at = after


def test_times_go_on_over_midnight_and_a_late_report_stays_behind(tmp_path):
    times = [86_398.0, 86_399.0, 1.0, 86_399.5, 2.0, 6.0]
    path = written(tmp_path, hand.block(48, *[hand.Report(t, 1.0, 1.0).encode() for t in times]))
    np.testing.assert_allclose(
        read_asterix(path).targets.t_s, [86_398.0, 86_399.0, 86_401.0, 86_399.5, 86_402.0, 86_406.0]
    )


def test_midnight_is_one_for_targets_and_markers(tmp_path):
    blocks = [hand.block(48, hand.Report(86_399.0, 1.0, 1.0).encode()), hand.block(34, hand.north(2.0)),
              hand.block(48, hand.Report(3.0, 1.0, 1.0).encode())]  # fmt: skip
    found = read_asterix(written(tmp_path, b"".join(blocks)))
    np.testing.assert_allclose(found.targets.t_s, [86_399.0, 86_403.0])
    np.testing.assert_allclose(found.services.t_s, [86_402.0])


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (hand.Report(1.0, 1.0, 1.0).encode()[:-1], r"at byte \d+ item 048/220 ends beyond its block"),
        (b"\xff\xff\xff\xff\x80" + bytes(40), r"is not in edition 1\.32|ends beyond"),
        (b"\x00\x00", "a record without any item"),
        (hand.record(48, {"010": b"ab", "SP": b"\x00"}), r"item 048/SP has length 0"),
        (hand.record(48, {"010": b"ab", "250": b"\x05" + bytes(8)}), r"item 048/250 ends beyond its block"),
        (b"\x81\x81\x81", "a field specification ends beyond its block"),
    ],
)
def test_a_bad_block_is_reported_with_its_place_and_the_rest_is_read(tmp_path, bad, said):
    good = hand.block(48, hand.Report(1.0, 2.0, 3.0).encode())
    found = read_asterix(written(tmp_path, good + hand.block(48, bad) + good))
    assert len(found.targets) == 2
    (damage,) = found.damage
    assert (damage.byte, damage.length) == (len(good), len(bad) + 3)
    assert re.search(said, str(damage)), str(damage)


@pytest.mark.parametrize("container", ["raw", "gps", "final frame"])
def test_reading_goes_on_after_damage(tmp_path, container):
    blocks = recording()
    whole = CONTAINERS[container](blocks)
    spoilt = bytearray(whole)
    at = whole.index(blocks[4]) + 1
    spoilt[at : at + 2] = b"\xff\xff"  # the block says it were 65,535 bytes long
    found = read_asterix(written(tmp_path, bytes(spoilt)))
    assert found.container == container
    assert len(found.targets) == 2 * TURNS - 2
    assert len(found.damage) >= 1
    assert found.damage[0].byte <= at <= found.damage[0].byte + found.damage[0].length


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_file_cut_anywhere_is_read_up_to_there_or_refused(tmp_path, container):
    whole = CONTAINERS[container](recording())
    last = 0
    for cut in range(len(whole) % 7, len(whole), 7):
        try:
            n = len(read_asterix(written(tmp_path, whole[:cut])).targets)
        except DataError as err:
            assert "recording.bin" in str(err)  # noqa: PT017
            n = 0
        if cut > 2300:
            assert n >= last  # more bytes, never fewer reports
            last = n
    assert read_asterix(written(tmp_path, whole)).damage == ()


@pytest.mark.parametrize("container", [*CONTAINERS, "oradis"])
def test_flipped_bits_never_crash_the_reader(tmp_path, container):
    rng = np.random.default_rng(6)
    blocks = [hand.block(c, *[hand.random_record(c, rng) for _ in range(3)]) for c in (48, 34, 48, 48, 34, 48, 34, 48)]
    whole = hand.pcap(blocks, oradis=True) if container == "oradis" else CONTAINERS[container](blocks)
    path = tmp_path / "flipped.bin"
    n_refused = n_damaged = 0
    for _ in range(1000):
        spoilt = bytearray(whole)
        for bit in rng.integers(0, 8 * len(whole), rng.integers(1, 4)):
            spoilt[bit // 8] ^= 1 << bit % 8
        path.write_bytes(spoilt)
        try:
            found = read_asterix(path)
        except DataError as err:
            assert "flipped.bin" in str(err)  # noqa: PT017
            n_refused += 1
            continue
        n_damaged += bool(found.damage)
        for one in found.damage:
            assert 0 <= one.byte < one.byte + one.length <= len(whole)
        assert (np.diff(found.targets.byte) > 0).all()
    assert n_refused < 100
    assert n_damaged > 0


@pytest.mark.parametrize("seed", range(3))
def test_noise_is_refused_or_counted(tmp_path, seed):
    rng = np.random.default_rng(seed)
    for size in (1, 2, 3, 10, 2200, 2300, 20_000):
        try:
            found = read_asterix(written(tmp_path, rng.bytes(size)))
        except DataError:
            continue
        assert sum(found.n_blocks.values()) > 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\x0a\x0d\x0d\x0a" + bytes(60), r"not one ASTERIX .* a capture block of 0 bytes where 64 are left"),
        (struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 147), "link type 147"),
        (struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1), "not one ASTERIX data block"),
        (b"t,range_m,azimuth_deg\n1,2,3\n" * 3, "not one ASTERIX data block"),
    ],
)
def test_what_is_no_recording_is_refused_in_words(tmp_path, content, said):
    with pytest.raises(DataError, match=said):
        read_asterix(written(tmp_path, content))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no\.ast: cannot be read: No such file"):
        read_asterix(tmp_path / "no.ast")


def test_a_table_is_not_taken_for_a_recording(tmp_path):
    assert not looks_like_asterix(written(tmp_path, b"t,range_m,azimuth_deg\n1,2,3\n" * 300, "plots.csv"))
    assert not looks_like_asterix(tmp_path / "missing.csv")


# ---- real recordings

FILES = (
    "cat034.raw", "cat048.raw", "cat062cat065.raw", "cat_001_002.pcap", "cat_034_048.pcap", "parsegps.gps",
    "spain_network_6s.gps", "spain_ssr_part1_35min.gps",
)  # fmt: skip
NUMBERS = {  # column, item, sub-item, units of the item in one of ours
    "range_m": ("040", "RHO", 1852.0),
    "azimuth_rad": ("040", "THETA", np.pi / 180),
    "x_m": ("042", "X", 1852.0),
    "y_m": ("042", "Y", 1852.0),
    "altitude_m": ("090", "FL", 30.48),
    "run_length_rad": ("130", "SRL", np.pi / 180),
    "reply_dbm": ("130", "SAM", 1.0),
    "primary_dbm": ("130", "PAM", 1.0),
    "primary_range_offset_m": ("130", "RPD", 1852.0),
    "primary_azimuth_offset_rad": ("130", "APD", np.pi / 180),
    "speed_mps": ("200", "GSP", 1852.0),
    "heading_rad": ("200", "HDG", np.pi / 180),
    "t_s": ("140", None, 1.0),
    "height_m": ("110", "3DH", 0.3048),
}
WHOLE = {
    "sac": ("010", "SAC"),
    "sic": ("010", "SIC"),
    "type": ("020", "TYP"),
    "n_replies": ("130", "SRR"),
    "track": ("161", "TRN"),
    "address": ("220", None),
}
FLAGS = {
    "simulated": ("020", "SIM"),
    "test": ("020", "TST"),
    "field_monitor": ("020", "RAB"),
    "special": ("020", "SPI"),
    "ghost": ("170", "GHO"),
    "track_ends": ("170", "TRE"),
}
SERVICES = {
    "t_s": ("030", None, 1.0),
    "azimuth_rad": ("020", None, np.pi / 180),
    "period_s": ("041", None, 1.0),
    "lat_rad": ("120", "LAT", np.pi / 180),
    "lon_rad": ("120", "LON", np.pi / 180),
    "alt_m": ("120", "HGT", 1.0),
}


def part(items, item, name):
    value = items.get(item)
    return value.get(name) if name is not None and isinstance(value, dict) else value


@pytest.mark.parametrize("name", FILES)
def test_every_record_of_a_real_file_is_decoded_as_the_reference_does(shared_data, name):
    """Expected values: libasterix 0.36.3, cross-checked with asterix-decoder 0.7.11 (the data's own README)."""
    found = read_asterix(shared_data / "asterix" / name)
    with gzip.open(shared_data / "asterix" / f"{name}.expected.jsonl.gz", "rt") as file:
        wanted = [json.loads(line) for line in file]
    assert found.damage == ()
    for category, table, numbers in ((48, found.targets, NUMBERS), (34, found.services, SERVICES)):
        items = [one["items"] for one in wanted if one["cat"] == category]
        assert len(table) == len(items)
        for column, (item, sub, unit) in numbers.items():
            values = [part(one, item, sub) for one in items]
            expected = np.array([np.nan if v is None else v * unit for v in values], float)
            np.testing.assert_allclose(getattr(table, column), expected, rtol=1e-9, atol=1e-9, err_msg=column)
    items = [one["items"] for one in wanted if one["cat"] == 48]
    for column, (item, sub) in WHOLE.items():
        expected = [-1 if (v := part(one, item, sub)) is None else v for one in items]
        assert getattr(found.targets, column).tolist() == expected, column
    for column, (item, sub) in FLAGS.items():
        assert getattr(found.targets, column).tolist() == [bool(part(one, item, sub)) for one in items], column
    assert found.targets.mode_3a.tolist() == [int(one["070"]["MODE3A"], 8) if "070" in one else -1 for one in items]
    assert found.targets.warnings.tolist() == [sum(1 << c for c in one.get("030", []) if c) for one in items]
    for got, one in zip(found.targets.callsign, items, strict=True):  # others than letters and digits are undefined
        assert "".join(filter(str.isalnum, got)) == "".join(filter(str.isalnum, one.get("240") or ""))


def test_files_of_other_categories_are_counted_block_by_block(shared_data):
    summary = json.loads((shared_data / "asterix" / "expected_summary.json").read_text("utf-8"))
    for name, one in summary.items():
        found = read_asterix(shared_data / "asterix" / name)
        assert sum(found.n_blocks.values()) == one["blocks"], name
        records = one["records_per_category"]
        assert (len(found.targets), len(found.services)) == (records.get("048", 0), records.get("034", 0)), name


def test_encoded_flights_are_read_within_half_a_step(shared_data):
    folder = shared_data / "asterix_from_adsb"
    found = read_asterix(folder / "paris_cat034_048.ast")
    columns = [Column(name, {name: 1.0}, name) for name in ("t", "slant_m", "az_deg", "alt_m", "track")]
    columns += [Column(name, {name: 1.0}, name, kind="text") for name in ("icao24", "callsign", "mode3a")]
    truth = read_columns(folder / "paris_cat048_truth.parquet", tuple(columns))
    assert found.damage == ()
    assert (len(found.targets), len(found.services)) == (9067, 14_850)
    one = found.targets
    assert np.abs(one.t_s - truth["t"] % 86_400.0).max() <= 0.5 / 128
    assert np.abs(one.range_m - truth["slant_m"]).max() <= 0.5 * 1852 / 256
    off = np.angle(np.exp(1j * (one.azimuth_rad - np.deg2rad(truth["az_deg"]))))
    assert np.abs(off).max() <= 0.5 * 2 * np.pi / 65_536 * (1 + 1e-6)
    assert np.abs(one.altitude_m - truth["alt_m"]).max() <= 0.5 * 7.62
    assert one.track.tolist() == truth["track"].tolist()
    assert one.address.tolist() == [int(code, 16) for code in truth["icao24"]]
    assert one.mode_3a.tolist() == [int(code, 8) for code in truth["mode3a"]]
    assert one.callsign.tolist() == [name.strip() for name in truth["callsign"]]


def test_the_only_recording_in_the_repository_is_the_one_it_makes_itself(tmp_path, monkeypatch):
    root = Path(__file__).resolve().parents[2]
    kinds = (".ast", ".gps", ".pcap", ".ff")
    there = [
        p for folder in ("src", "tests", "docs", "examples") for p in (root / folder).rglob("*") if p.suffix in kinds
    ]
    assert there == [sample("holding")]
    monkeypatch.setattr("sys.argv", ["make_recording.py", str(tmp_path)])
    runpy.run_path(str(root / "tools" / "make_recording.py"), run_name="__main__")
    assert (tmp_path / "holding.ast").read_bytes() == sample("holding").read_bytes()
    assert (tmp_path / "holding-flights.csv").read_bytes() == sample_flights("holding").read_bytes()


def test_a_recording_that_does_not_come_with_the_package_is_named():
    with pytest.raises(ValueError, match="no recording 'holdign' in the package; did you mean 'holding'"):
        sample("holdign")
