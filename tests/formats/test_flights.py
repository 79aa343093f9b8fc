from __future__ import annotations

import numpy as np
import pytest

from watchfloor.base.errors import DataError
from watchfloor.formats import read_flights, write_tracks


def flights(tmp_path, text):
    (tmp_path / "f.csv").write_text(text)
    return read_flights(tmp_path / "f.csv")


def test_rows_come_in_file_order_in_radians(tmp_path):
    found = flights(
        tmp_path,
        "callsign,timestamp,Latitude,Longitude,alt_ft,squawk\nZZ9,10,45,-90,1000,7000\nAA1,5,-45,180,2000,7000\n",
    )
    assert found.names == ("AA1", "ZZ9")
    np.testing.assert_array_equal(found.flight, [1, 0])
    np.testing.assert_array_equal(found.t_s, [10.0, 5.0])
    np.testing.assert_allclose(found.lat_rad, [np.pi / 4, -np.pi / 4], rtol=1e-15)
    np.testing.assert_allclose(found.lon_rad, [-np.pi / 2, np.pi], rtol=1e-15)
    np.testing.assert_allclose(found.alt_m, [304.8, 609.6], rtol=1e-15)  # a foot is 0.3048 m
    assert found.ve_mps is None


def test_dates_are_seconds_since_1970_in_utc(tmp_path):
    found = flights(
        tmp_path,
        "id,time,lat,lon,alt_m\na,2021-10-07T12:00:00Z,1,2,3\na,2021-10-07 12:00:00.5,1,2,3\n"
        "a,2021-10-07T14:00:01+02:00,1,2,3\na,2021-10-07 06:30:02-05:30,1,2,3\n",
    )
    # date -u -d 2021-10-07T12:00:00Z +%s
    np.testing.assert_allclose(found.t_s, 1_633_608_000.0 + np.array([0.0, 0.5, 1.0, 2.0]), atol=1e-6)


def test_speed_and_course_become_east_and_north(tmp_path):
    found = flights(
        tmp_path,
        "id,t,lat,lon,alt_m,groundspeed_kt,course_deg,vertical_rate_fpm\n"
        "a,1,2,3,4,100,90,600\na,2,2,3,4,100,180,\na,3,2,3,4,,,\n",
    )
    knots = 100 * 1852 / 3600
    assert found.ve_mps is not None
    assert found.vn_mps is not None
    assert found.vu_mps is not None
    np.testing.assert_allclose(found.ve_mps, [knots, 0.0, np.nan], atol=1e-12)
    np.testing.assert_allclose(found.vn_mps, [0.0, -knots, np.nan], atol=1e-12)
    np.testing.assert_allclose(found.vu_mps, [600 * 0.3048 / 60, np.nan, np.nan])


def test_rows_without_a_place_are_left_out_and_counted(tmp_path, caplog):
    found = flights(tmp_path, "id,t,lat,lon,alt_m\na,1,2,3,4\nb,1,,3,4\nc,1,2,3,\na,2,2,3,4\n")
    assert found.names == ("a",)
    assert len(found) == 2
    assert "2 of 4 rows have an empty cell in t, lat, lon, alt: left out" in caplog.text


def test_bounds_are_told_in_the_files_own_unit(tmp_path):
    with pytest.raises(DataError, match="alt_ft: wanted a number from -3280.839895 to 328083.9895"):
        flights(tmp_path, "id,t,lat,lon,alt_ft\na,1,2,3,1e9\n")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_tracks_read_back_as_flights(tmp_path, suffix):
    path = tmp_path / f"tracks{suffix}"
    velocity = np.array([[1.0, 2.0, 3.0], [-4.0, 5.0, -6.0]])
    lat, lon = np.array([0.7, -0.7]), np.array([0.5, 3.0])
    write_tracks(
        path,
        t_s=np.array([1.25, 2.5]),
        number=np.array([7, 12]),
        lat_rad=lat,
        lon_rad=lon,
        alt_m=np.array([100.0, -20.0]),
        velocity_enu_mps=velocity,
        sigma_m=np.ones(2),
    )
    found = read_flights(path)
    assert found.names == ("12", "7")
    assert [found.names[code] for code in found.flight] == ["7", "12"]
    np.testing.assert_allclose(found.lat_rad, lat, rtol=1e-15)
    np.testing.assert_allclose(found.lon_rad, lon, rtol=1e-15)
    np.testing.assert_array_equal(np.stack([found.ve_mps, found.vn_mps, found.vu_mps], axis=1), velocity)  # type: ignore


@pytest.mark.parametrize(
    ("name", "rows", "flown"),  # as the data's own README counts them
    [
        ("adsb_paris_tma/truth_2s_3h.parquet", 109_791, 242),
        ("adsb_paris_tma/dense_overlay_30min_2s.parquet", 109_791, 353),
        ("cat062_vilnius/truth_5s_30min.csv.gz", 33_610, 168),
    ],
)
def test_real_recordings_are_read_whole(shared_data, name, rows, flown):
    found = read_flights(shared_data / name)
    assert len(found) == rows
    assert len(found.names) == flown
    assert found.ve_mps is not None
    assert np.hypot(found.ve_mps, found.vn_mps).max() < 450.0  # m/s, not knots


def test_a_real_recording_with_gaps_loses_only_the_rows_without_altitude(shared_data):
    # the data's README: 34,636 rows, altitude missing in 784
    assert len(read_flights(shared_data / "cat062_vilnius" / "tracks_5s_30min.parquet")) == 34_636 - 784
