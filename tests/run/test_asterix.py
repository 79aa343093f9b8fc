from __future__ import annotations

import numpy as np
import pytest

from tests.plain import asterix as hand
from watchfloor.base.errors import DataError
from watchfloor.formats import read_columns
from watchfloor.formats.asterix import read_asterix
from watchfloor.formats.tables import Column
from watchfloor.physics.frames import Place, ecef_to_polar, geodesic, geodetic_to_ecef
from watchfloor.run.asterix import geodetic, radar_plots
from watchfloor.run.recorded import track_file

SITE = (48.5, -2.25, 120)


def recording(path, reports, *, place=SITE, period_s=4.0, turns=10, sac=1, sic=2):
    """Write north markers, the first with the radar's place, and the reports."""
    markers = [
        hand.block(34, hand.north(100.0 + period_s * i, sac=sac, sic=sic, place=place if i == 0 else None))
        for i in range(turns)
    ]
    path.write_bytes(b"".join(markers) + hand.block(48, *reports))
    return path


def on_beam(turn, azimuth_deg, **more):
    """A report at the time when the beam passes its azimuth."""
    return hand.Report(100.0 + 4.0 * (turn + azimuth_deg / 360.0), more.pop("range_nm", 40.0), azimuth_deg, **more)


def straight(n, address=0x3C0001):
    """Reports of one aircraft that flies east past the radar, 30 NM north of it."""
    return [
        on_beam(i, float(np.degrees(np.arctan2(x, 30.0))) % 360.0, range_nm=float(np.hypot(30.0, x)), address=address)
        for i, x in ((i, -10.0 + 0.25 * i) for i in range(n))
    ]


def test_place_and_turn_come_from_the_recording(tmp_path):
    path = recording(tmp_path / "r.ast", [one.encode() for one in straight(10)])
    found = radar_plots(path, read_asterix(path))
    assert found.names == ("1/2",)
    assert found.placed == (True,)
    assert np.degrees(found.places[0].lat_rad) == pytest.approx(48.5, abs=2e-5)
    assert found.places[0].alt_m == 120.0
    assert found.periods_s[0] == pytest.approx(4.0, abs=1e-9)
    assert np.angle(np.exp(1j * found.phases_rad[0])) == pytest.approx(0.0, abs=1e-9)  # north at 100 s, 25 turns


def test_a_missing_north_marker_does_not_shift_the_beam(tmp_path):
    markers = [hand.block(34, hand.north(100.0 + 4.0 * i, place=SITE)) for i in range(12) if i not in (3, 4, 8)]
    path = tmp_path / "r.ast"
    path.write_bytes(b"".join(markers) + hand.block(48, *[one.encode() for one in straight(10)]))
    assert radar_plots(path, read_asterix(path)).periods_s[0] == pytest.approx(4.0, abs=1e-9)


def test_markers_that_contradict_the_plots_are_not_used(tmp_path):
    reports = [hand.Report(100.0 + 4.0 * i + 2.0, 40.0, 1.0).encode() for i in range(10)]  # half a turn late
    path = recording(tmp_path / "r.ast", reports)
    assert radar_plots(path, read_asterix(path)).periods_s == (None,)


def test_what_is_no_plot_to_track_is_left_out_with_its_reason(tmp_path):
    good = [one.encode() for one in straight(5)]
    one = straight(1)[0]
    others = {
        "without a position": hand.record(48, {k: v for k, v in one.items().items() if k != "040"}),
        "without a time": hand.record(48, {k: v for k, v in on_beam(1, 9.0).items().items() if k != "140"}),
        "simulated or test targets": on_beam(1, 10.0).encode(**{"020": bytes([0xB0])}),
        "fixed transponders": on_beam(1, 11.0).encode(**{"020": bytes([0xA2])}),
        "predicted, not detected": on_beam(1, 12.0, kind=0).encode(),
        "ghosts by the radar's own word": on_beam(1, 13.0).encode(**{"030": bytes([1 << 1])}),
        "received twice": good[0],
    }
    path = recording(tmp_path / "r.ast", [*good, *others.values()])
    found = radar_plots(path, read_asterix(path))
    assert found.rejected == dict.fromkeys(others, 1)
    assert (found.n_read, len(found.plots)) == (5 + len(others), 5)


@pytest.mark.parametrize(
    "told",
    [
        {"090": None},
        {"090": b"\x81\x90"},  # not validated
        {"090": b"\x41\x90"},  # garbled
        {"030": bytes([12 << 1])},  # abnormal
        {"090": b"\x1f\x40"},  # flight level 2000
    ],
)
def test_a_height_that_cannot_be_trusted_gives_no_elevation(tmp_path, told):
    items = {k: v for k, v in (straight(1)[0].items() | told).items() if v is not None}
    path = recording(tmp_path / "r.ast", [hand.record(48, items), straight(2)[1].encode()])
    z = radar_plots(path, read_asterix(path)).plots.measurement
    assert np.isnan(z[:, 2]).tolist() == [True, False]
    assert np.isfinite(z[:, :2]).all()


def test_a_height_beyond_the_range_gives_no_elevation(tmp_path):
    path = recording(tmp_path / "r.ast", [on_beam(i, 10.0, range_nm=3.0, flight_level=300.0).encode() for i in (0, 1)])
    assert np.isnan(radar_plots(path, read_asterix(path)).plots.measurement[:, 2]).all()


def test_errors_of_range_and_elevation_are_those_that_the_covariance_says(tmp_path):
    """Normalised squares of errors of what is measured with noise: chi-square with 3 degrees of freedom in the mean."""
    rng = np.random.default_rng(4)
    place, n = Place.from_degrees(*SITE), 3000
    lat, lon = np.deg2rad(48.5 + rng.uniform(-0.5, 0.5, n)), np.deg2rad(-2.25 + rng.uniform(-0.7, 0.7, n))
    height = rng.uniform(3e3, 12e3, n)
    true = np.stack(ecef_to_polar(geodetic_to_ecef(lat, lon, height), place), axis=1)
    keep = (true[:, 0] > 20e3) & (true[:, 0] < 400e3)
    true, height = true[keep], height[keep]
    noisy_m = true[:, 0] + rng.normal(0.0, 70.0, len(true))
    noisy_deg = np.degrees(true[:, 1]) + rng.normal(0.0, 0.08, len(true))
    reports = [
        hand.Report(1.0 + i / 16, m / 1852.0, deg % 360.0, flight_level=h / 30.48).encode()
        for i, (m, deg, h) in enumerate(zip(noisy_m, noisy_deg, height, strict=True))
    ]
    blocks = [hand.block(48, *reports[i : i + 500]) for i in range(0, len(reports), 500)]
    path = tmp_path / "r.ast"
    path.write_bytes(hand.block(34, hand.north(0.5, place=SITE)) + b"".join(blocks))
    plots = radar_plots(path, read_asterix(path)).plots
    # sorted by time, as written
    error = plots.measurement[:, :3] - true
    error[:, 1] = np.angle(np.exp(1j * error[:, 1]))
    cov = plots.cov[:, :3, :3]
    assert np.isfinite(error).all()
    d2 = np.einsum("ni,nij,nj->n", error, np.linalg.inv(cov), error)
    assert d2.mean() == pytest.approx(3.0, abs=4.0 * np.sqrt(6.0 / len(d2)))
    correlation = cov[:, 0, 2] / np.sqrt(cov[:, 0, 0] * cov[:, 2, 2])
    assert correlation.min() < -0.5  # near the radar the range error dominates
    assert np.abs(error[:, 2]).max() > 1e-4


def test_radars_without_a_place_ask_for_one_by_name(tmp_path):
    reports = [one.encode() for one in straight(8)]
    others = [hand.Report(100.0 + 4 * i, 20.0, 0.5, sac=1, sic=3).encode() for i in range(8)]
    path = recording(tmp_path / "r.ast", reports + others, place=None)
    read = read_asterix(path)
    with pytest.raises(
        DataError, match=r"none of the radars 1/2, 1/3 says where it stands; .*--radar SAC/SIC=.*--source"
    ):
        radar_plots(path, read)
    with pytest.raises(DataError, match="say which, --radar SAC/SIC=LAT,LON,ALT, of 1/2, 1/3"):
        radar_plots(path, read, radars_deg_m={"": (48.0, 2.0, 0.0)})
    found = radar_plots(path, read, radars_deg_m={"1/3": (48.0, 2.0, 0.0)})
    assert found.names == ("1/3",)
    assert found.rejected == {"of radars that nobody places": 8}
    both = radar_plots(path, read, radars_deg_m={"1/3": (48.0, 2.0, 0.0), "1/2": (49.0, 2.0, 0.0)})
    assert both.names == ("1/2", "1/3")
    assert np.bincount(both.plots.sensor).tolist() == [8, 8]
    alone = radar_plots(path, read, sources=["1/2"])
    assert alone.placed == (False,)
    assert "as if at 0 N 0 E" in alone.notes[0]
    for names, said in ((["7/7"], "no report of radar 7/7; there are 1/2, 1/3"), (["x"], "'x' is no radar")):
        with pytest.raises(DataError, match=said):
            radar_plots(path, read, sources=names)
    with pytest.raises(DataError, match="latitude must lie in -90 to 90"):
        radar_plots(path, read, radars_deg_m={"1/3": (98.0, 2.0, 0.0)})
    with pytest.raises(DataError, match="no plot of radar 9/9"):
        radar_plots(path, read, radars_deg_m={"9/9": (48.0, 2.0, 0.0)})


def test_a_recording_without_target_reports_says_what_it_holds(tmp_path):
    path = tmp_path / "r.ast"
    path.write_bytes(hand.block(62, b"\x80\x01\x02") * 3)
    with pytest.raises(DataError, match=r"no target report of category 048; it holds 3 blocks of category 062"):
        radar_plots(path, read_asterix(path))


def test_two_radars_of_one_file_track_one_aircraft_together(tmp_path):
    """One aircraft seen by two radars 50 km apart is one track, not two."""
    sites = {2: SITE, 3: (48.5, -1.6, 80)}
    blocks = []
    t = np.arange(0.0, 120.0, 4.0)
    for sic, site in sites.items():
        place = Place.from_degrees(*site)
        blocks += [hand.block(34, hand.north(4.0 * i + 0.7 * sic, sic=sic, place=site)) for i in range(32)]
        seen = t + 0.7 * sic
        for _ in range(8):  # the beam meets the aircraft at the azimuth that it then has
            ecef = geodetic_to_ecef(np.deg2rad(48.9), np.deg2rad(-2.2 + 2e-3 * seen), np.full(len(t), 9000.0))
            slant, azimuth, _ = ecef_to_polar(ecef, place)
            seen = t + 0.7 * sic + 4.0 * azimuth / (2 * np.pi)
        blocks += [
            hand.block(48, hand.Report(a, r / 1852, np.degrees(z), flight_level=9000 / 30.48, sic=sic).encode())
            for a, r, z in zip(seen, slant, azimuth, strict=True)
        ]
    path = tmp_path / "r.ast"
    path.write_bytes(b"".join(blocks))
    found = track_file(path, identity=False)
    figures = {key: value for key, _, value, _ in found.figures}
    assert figures["n_radars"] == 2
    assert figures["n_tracks"] == 1
    assert [site.name for site in found.radars] == ["1/2", "1/3"]
    off, _ = geodesic(np.deg2rad(48.9), np.deg2rad(-2.2 + 2e-3 * found.tracks.t_s), found.lat_rad, found.lon_rad)
    assert np.median(off) < 60.0
    assert np.abs(found.alt_m - 9000.0).max() < 30.0


# ---- real recordings


def truth_of(path, *names):
    return read_columns(path, tuple(Column(name, {name: 1.0}, name) for name in names))


def test_real_flights_are_placed_to_metres(shared_data):
    """Bar: 5 m median, 15 m at 99 %; the reference that came with the data reaches 2.4 and 5.4 m."""
    folder = shared_data / "asterix_from_adsb"
    found = read_asterix(folder / "paris_cat034_048.ast")
    truth = truth_of(folder / "paris_cat048_truth.parquet", "lat", "lon", "alt_m", "el_deg")
    place = radar_plots(folder, found).places[0]
    lat, lon, alt = geodetic(found.targets, place)
    off, _ = geodesic(lat, lon, np.deg2rad(truth["lat"]), np.deg2rad(truth["lon"]))
    assert np.median(off) < 3.0
    assert np.quantile(off, 0.99) < 6.0
    assert np.abs(alt - truth["alt_m"]).max() < 3.82
    plots = radar_plots(folder, found).plots
    assert len(plots) == 9067


def test_two_real_aircraft_in_holds_are_two_tracks_without_identity(shared_data):
    found = track_file(shared_data / "asterix" / "spain_ssr_part1_35min.gps", identity=False)
    figures = {key: value for key, _, value, _ in found.figures}
    assert figures["n_addresses"] == 2
    assert figures["n_tracks"] == 2  # no break, although one falls silent for 55 s in a turn
    assert figures["n_mixed"] == figures["n_split"] == 0  # no swap: the Mode S address is the answer key
    assert figures["n_used"] >= 0.99 * figures["n_plots"]
    assert figures["longest_gap_s"] == pytest.approx(54.9, abs=0.1)
    assert "20/4 does not say where it stands" in found.notes[0]
    assert [site.placed for site in found.radars] == [False]


def test_real_flights_are_tracked_without_identity(shared_data):
    folder = shared_data / "asterix_from_adsb"
    found = track_file(folder / "paris_cat034_048.ast", identity=False, truth=folder / "paris_cat048_truth.parquet")
    figures = {key: value for key, _, value, _ in found.figures}
    assert figures["n_addresses"] == 61
    assert 61 <= figures["n_tracks"] <= 66
    assert figures["completeness"] > 0.98
    assert figures["continuity"] > 0.96
    assert figures["n_mixed"] <= 3
    assert figures["n_split"] <= 5  # two aircraft are silent for 104 and 480 s
    assert figures["n_switches"] <= 4
    assert figures["rmse_m"] < 70.0
    assert figures["gospa_m"] < 500.0
    assert any("brought to the recording's clock" in note for note in found.notes)
