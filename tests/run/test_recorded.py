from __future__ import annotations

import numpy as np
import pytest

from watchfloor.base.errors import DataError
from watchfloor.run.recorded import track_file


def flights(path, *, north_m: float = 0.0, start_s: float = 0.0, with_velocity: bool = True):
    """One flight along the equator at 200 m/s, a row every 10 s; a degree of latitude is 110,574 m there (WGS-84)."""
    head = "id,t,lat,lon,alt_m" + (",ve,vn,vr_mps" if with_velocity else "")
    rows = [head]
    for i in range(31):
        lon = np.degrees(200.0 * 10.0 * i / (6_378_137.0 + 9000.0))
        rows.append(f"7,{start_s + 10.0 * i},{north_m / 110_574.0},{lon},9000" + (",200,0,0" if with_velocity else ""))
    path.write_text("\n".join(rows) + "\n")
    return path


def figures(rows):
    return {key: value for key, _, value, _ in rows}


def test_errors_of_plots_come_from_the_file_then_the_user_then_an_assumption_that_is_said(tmp_path):
    path = tmp_path / "p.csv"
    lines = ["t,range_m,azimuth_deg,sigma_range_m"]
    lines += [f"{10 * i + 2.5},{50e3 - 2000 * i},90,{'' if i == 3 else 40}" for i in range(8)]
    path.write_text("\n".join(lines) + "\n")
    found = track_file(path, radar_deg_m=(48.0, 2.0, 0.0))
    assert found.notes == (
        "no error of the range in the file: taking 1-sigma 100 m",
        "no error of the azimuth in the file: taking 1-sigma 0.15 deg",
    )
    assert track_file(path, radar_deg_m=(48.0, 2.0, 0.0), sigma_polar=(60.0, 0.2)).notes == ()
    with pytest.raises(DataError, match="--sigma: errors are above 0, got 60, 0"):
        track_file(path, radar_deg_m=(48.0, 2.0, 0.0), sigma_polar=(60.0, 0.0))


def test_positions_are_tracked_and_their_assumed_error_is_said(tmp_path):
    found = track_file(flights(tmp_path / "points.csv"), truth=flights(tmp_path / "truth.csv"), period_s=10.0)
    assert found.notes == ("no errors in the file: taking 1-sigma 50 m along each axis (--sigma-m gives another)",)
    scored = figures(found.figures)
    assert scored["n_tracks"] == 1
    assert scored["rmse_m"] < 50.0  # the plots are exact
    assert np.ptp(found.alt_m) < 500.0
