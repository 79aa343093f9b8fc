from __future__ import annotations

import numpy as np
import pytest

from watchfloor.base.errors import DataError, RecordError
from watchfloor.record import Header, Record, write_shard
from watchfloor.run.recorded import score_files, score_record, track_file


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


def test_tracks_that_are_the_truth_score_perfectly(tmp_path):
    truth = flights(tmp_path / "truth.csv")
    found = figures(score_files(truth, truth))
    assert found["gospa_m"] == pytest.approx(0.0, abs=1e-6)
    assert found["completeness"] == 1.0
    assert found["n_false"] == 0.0
    assert found["continuity"] == 1.0


@pytest.mark.parametrize("with_velocity", [True, False])
def test_tracks_beside_the_truth_are_off_by_that_much(tmp_path, with_velocity):
    tracks = flights(tmp_path / "tracks.csv", north_m=300.0, with_velocity=with_velocity)
    found = figures(score_files(tracks, flights(tmp_path / "truth.csv")))
    height = (6_378_137.0 * (1 - 0.006_694_38) + 9000.0) / (6_378_137.0 * (1 - 0.006_694_38))
    # where a file has no velocity its track stands still between rows; at the rows themselves both are exact
    assert found["rmse_m"] == pytest.approx(300.0 * height, rel=1e-3)
    assert found["n_switches"] == 0


def test_a_track_beyond_the_cutoff_is_one_missed_and_one_false(tmp_path):
    tracks = flights(tmp_path / "tracks.csv", north_m=2000.0)
    found = figures(score_files(tracks, flights(tmp_path / "truth.csv"), cutoff_m=1000.0))
    assert found["completeness"] == 0.0
    assert found["n_false"] == 1.0
    assert found["gospa_m"] == pytest.approx(1000.0)  # sqrt(c^2 / 2 + c^2 / 2)


def test_two_clocks_are_noticed(tmp_path):
    truth = flights(tmp_path / "truth.csv", start_s=86_400.0)
    with pytest.raises(
        DataError, match=r"truth.csv: flights at 86400 to 86700 s and tracks at 0 to 300 s have no time"
    ):
        score_files(flights(tmp_path / "tracks.csv"), truth)


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


def test_a_record_of_something_else_is_not_scored(tmp_path):
    header = Header(kind="study", scenario="s", digest="d", seed=1, version="0")
    with Record.begin(tmp_path / "r", header) as record:
        with pytest.raises(RecordError, match="holds no finished mission"):
            score_record(tmp_path / "r")
        record.add(write_shard(tmp_path / "r", "a", {"t": {"x": np.ones(1)}}))
    with pytest.raises(RecordError, match="is the record of a study; `watchfloor report` reads it"):
        score_record(tmp_path / "r")
