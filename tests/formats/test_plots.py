from __future__ import annotations

import numpy as np
import pytest

from watchfloor.base.errors import DataError
from watchfloor.formats import PointPlots, PolarPlots, read_plots


def plots(tmp_path, text):
    (tmp_path / "p.csv").write_text(text)
    return read_plots(tmp_path / "p.csv")


def test_polar_plots_come_sorted_in_si_and_radians(tmp_path):
    found = plots(
        tmp_path,
        "t,range_km,azimuth_deg,elevation_deg,range_rate_mps,sigma_range_m,sigma_azimuth_deg,snr_db,icao24\n"
        "2,20,-90,5,-100,50,0.1,13,4b1a2c\n1,10,450,,,,,,\n".replace("450", "360"),
    )
    assert isinstance(found, PolarPlots)
    np.testing.assert_array_equal(found.t_s, [1.0, 2.0])
    np.testing.assert_allclose(
        found.measurement,
        [[10e3, 0.0, np.nan, np.nan], [20e3, 1.5 * np.pi, np.deg2rad(5), -100.0]],
    )
    np.testing.assert_allclose(found.sigma, [[np.nan] * 4, [50.0, np.deg2rad(0.1), np.nan, np.nan]])
    np.testing.assert_array_equal(found.address, [-1, 0x4B1A2C])


def test_positions_may_lack_height(tmp_path):
    found = plots(tmp_path, "t,lat,lon,sigma_m\n1,45,9,30\n")
    assert isinstance(found, PointPlots)
    np.testing.assert_allclose(found.lat_rad, np.pi / 4)
    assert np.isnan(found.alt_m[0])
    assert found.sigma_m[0] == 30.0


def test_nautical_miles_are_1852_metres(tmp_path):
    found = plots(tmp_path, "t,rho_nm,theta_deg\n1,10,0\n")
    assert isinstance(found, PolarPlots)
    assert found.measurement[0, 0] == 18_520.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("t,x,y\n1,2,3\n", r"neither polar plots \(range_m.*azimuth_deg.*\) nor positions \(lat"),
        ("t,range,azimuth_deg\n1,2,3\n", "column 'range' does not say its unit; rename it to one of range_m"),
        ("t,range_m\n1,2\n", "no column with the azimuth in degrees"),
        ("t,range_m,azimuth_deg\n1,-2,3\n", r"p.csv:2: range_m: wanted a number from 0"),
        ("t,range_m,azimuth_deg,sigma_range_m\n1,2,3,0\n", r"p.csv:2: sigma_range_m: wanted"),
        ("t,range_m,azimuth_deg,icao24\n1,2,3,xyz\n", "address 'xyz' is not hexadecimal"),
        ("t,range_m,azimuth_deg,icao24\n1,2,3,4b1a2cff\n", "more than 24 bits"),
        ("t,lat,lon\n1,91,3\n", r"p.csv:2: lat: wanted a number from -90 to 90"),
    ],
)
def test_bad_plots_are_refused_with_place_and_remedy(tmp_path, text, said):
    with pytest.raises(DataError, match=said):
        plots(tmp_path, text)


def test_a_real_radars_truth_reads_as_polar_plots(shared_data):
    found = read_plots(shared_data / "asterix_from_adsb" / "paris_cat048_truth.parquet")
    assert isinstance(found, PolarPlots)
    assert len(found) == 9_067  # as the data's own README counts them
    assert found.measurement[:, 0].max() <= 80.5 * 1852.0  # its range is 80 NM
    assert len(np.unique(found.address)) <= 63
