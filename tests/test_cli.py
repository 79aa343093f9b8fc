from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import numpy as np
import pytest

from tests.plain import asterix
from watchfloor import cli
from watchfloor.base.errors import DataError, NumericsError
from watchfloor.record import Record

ROOT = Path(__file__).resolve().parents[1]
FIRST = ROOT / "examples" / "first-radar.yaml"
SHORT = FIRST.read_text("utf-8").replace("duration_s: 600", "duration_s: 60")


@pytest.fixture
def call(capsys):
    """Call the command line here; return status, stdout and stderr."""

    def inner(*arguments: object) -> tuple[int, str, str]:
        status = cli._run([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return inner


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


# ---- bad input: a clear message with place and remedy, and a status that is not 0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title: One", "titel: One", r"s\.yaml:\d+:1: titel: .*did you mean 'title'"),
        ("mast_m: 20", "mast_km: 20", r"s\.yaml:\d+:\d+: sensors.*mast_km: .*mast_m"),
        ("alt_m: 900", "alt_m: .nan", r"s\.yaml:\d+:\d+: places.*alt_m: .*finite"),
        ("lat_deg: 47.80", "lat_deg: 91", r"s\.yaml:\d+:\d+: places.*lat_deg: .*90.*came 91"),
        ("type: fighter", "type: figter", r"s\.yaml:\d+:\d+: .*type: .*did you mean 'fighter'"),
        ("speed_mps: 235", "speed_mps: -235", r"s\.yaml:\d+:\d+: .*speed_mps: .*came -235"),
        ("speed_mps: 235", "speed_mps: 900", r"s\.yaml:\d+:\d+: .*liner.*(fast|speed|most)"),
    ],
    ids=["wrong key", "wrong unit", "NaN", "latitude 91", "unknown type", "negative speed", "faster than its mover"],
)
def test_check_finds_a_mistake_and_its_place(call, tmp_path, old, new, said):
    assert old in SHORT
    path = write(tmp_path / "s.yaml", SHORT.replace(old, new))
    status, out, err = call("check", path)
    assert status == 1
    assert re.search(said, out), out
    assert err == "1 mistake\n"
    status, out, err = call("run", path, "--out", tmp_path / "r")
    assert (status, out) == (2, "")
    assert re.search(said, err)
    assert not (tmp_path / "r").exists()


def test_check_lists_all_mistakes_and_json_is_for_programs(call, tmp_path):
    path = write(
        tmp_path / "s.yaml", SHORT.replace("lat_deg: 47.80", "lat_deg: 91").replace("mast_m: 20", "mast_m: -1")
    )
    status, out, _ = call("check", path, "--json")
    assert status == 1
    mistakes = json.loads(out)["mistakes"]
    assert [m["key"] for m in mistakes] == ["places.hill.lat_deg", "sensors.radar.mast_m"]
    assert all(m["line"] > 1 for m in mistakes)
    assert call("check", FIRST)[0] == 0
    status, out, _ = call("check", FIRST, "--json")
    assert json.loads(out)["mistakes"] == []


@pytest.mark.parametrize("command", ["check", "cite", "run"])
def test_a_scenario_that_is_not_there_or_empty_is_said(call, tmp_path, command):
    status, out, err = call(command, "working-gruop")
    assert (status, out) == (2, "")
    assert "did you mean 'working-group'" in err
    status, out, err = call(command, tmp_path / "nothing.yaml")
    assert (status, out) == (2, "")
    assert "nothing.yaml" in err
    status, out, err = call(command, write(tmp_path / "empty.yaml", ""))
    assert (status, out) == (2, "")
    assert "empty" in err


def traffic(path: Path, lat: str) -> Path:
    rows = (
        f"SELECT 'a' AS id, 10.0 * range AS t, {lat} AS lat, 2.5 + range / 100 AS lon, 9000.0 AS alt_m FROM range(90)"
    )
    duckdb.execute(f"COPY ({rows}) TO '{path}' (FORMAT parquet)")
    return path


def test_bad_flights_are_refused_before_anything_is_played(call, tmp_path):
    example = ROOT / "examples" / "recorded-traffic.yaml"
    good = traffic(tmp_path / "good.parquet", "49.0")
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(good.read_bytes()[:-20])
    empty = write(tmp_path / "empty.csv", "")
    high = traffic(tmp_path / "high.parquet", "if(range = 7, 91.0, 49.0)")
    nan = traffic(tmp_path / "nan.parquet", "if(range = 7, 'nan'::double, 49.0)")
    plain = write(tmp_path / "plain.csv", "id,t,lat,lon,alt_m\na,0,49,2.5,9000\na,10,fast,2.6,9000\n")
    for file, said in (
        (tmp_path / "none.parquet", "none.parquet: .*no such file"),
        (cut, "cut.parquet: is a Parquet file cut short.*copy or export it again"),
        (empty, "empty.csv: is empty; wanted a table"),
        (high, r"high.parquet: row 8: lat: wanted a number from -90 to 90 .*came '91"),
        (nan, r"nan.parquet: row 8: lat: wanted a number .*came 'nan'"),
        (plain, r"plain.csv:3: lat: wanted a number .*came 'fast'"),
    ):
        status, out, err = call("run", example, "--traffic", file, "--out", tmp_path / "r", "--workers", 1)
        assert (status, out) == (2, "")
        assert re.search(said, err), err
        assert "Traceback" not in err
        assert not (tmp_path / "r").exists(), "a right table would be refused there afterwards"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("chek",), "No such command 'chek'"),
        (("check",), "Missing argument 'SCENARIO'"),
        (("study", "working-group"), "Missing option '--out'"),
        (("run", "x", "--workers", "0"), "0 is not in the range x>=1"),
        (("track", "p.csv", "--radar", "48,2"), "wanted LAT,LON,ALT"),
        (("track", "p.csv", "--radar", "48,2,nan"), "wanted LAT,LON,ALT"),
        (("track", "p.csv", "--cutoff-m", "0"), "0.0 is not in the range x>0"),
        (("assess", str(FIRST)), "needs --truth FILE"),
        (("assess", "nowhere"), "nowhere: there is no such folder or file"),
        (("assess", ".", "--truth", "x.csv"), "a record knows its own truth"),
    ],
)
def test_wrong_usage_ends_with_2_and_a_hint(call, arguments, said):
    status, out, err = call(*arguments)
    assert (status, out) == (2, "")
    assert said in err


def test_a_users_mistake_has_no_traceback_unless_asked_for(call, tmp_path):
    status, _, err = call("assess", tmp_path)
    assert status == 2
    assert "is not a record" in err
    assert "Traceback" not in err
    with pytest.raises(Exception, match="is not a record"):
        cli._run(["--debug", "assess", str(tmp_path)])


def test_a_bug_keeps_its_traceback_and_a_numerical_fault_says_so(call, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("watchfloor.scenario.load.load", broken)
    with pytest.raises(ZeroDivisionError):
        cli._run(["check", "x"])

    def diverged(*_, **__):
        raise NumericsError("covariance of track row 3 is not positive definite")

    monkeypatch.setattr("watchfloor.scenario.load.load", diverged)
    status, _, err = call("check", "x")
    assert status == 1
    assert "track row 3" in err
    assert "--debug" in err


# ---- what commands do


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    folder = tmp_path_factory.mktemp("played")
    path = write(folder / "s.yaml", SHORT.replace("duration_s: 60", "duration_s: 200"))
    assert cli._run(["run", str(path), "--out", str(folder / "r"), "--json"]) == 0
    return folder


def test_run_leaves_a_record_and_says_what_came_of_it(call, played):
    record = Record.open(played / "r")
    assert record.finished
    assert {"truth", "plots", "tracks"} <= set(record.table_names)
    status, out, err = call("run", played / "s.yaml", "--out", played / "r", "--json")
    told = json.loads(out)
    assert status == 0
    assert told["played"] == 0
    assert told["figures"]["n_movers"] == 2
    assert told["figures"]["n_plots"] == record.rows("plots") > 0
    status, out, err = call("run", played / "s.yaml", "--out", played / "r")
    assert status == 0
    assert re.search(r"^movers +2$", out, re.MULTILINE)
    assert "(0 played now)" in err


def test_assess_reads_the_record_alone(call, played):
    status, out, _ = call("assess", played / "r", "--json", "--cutoff-m", 500)
    figures = json.loads(out)["figures"]
    assert status == 0
    assert figures["cutoff_m"] == 500.0
    assert 0.0 < figures["completeness"] <= 1.0
    assert figures["gospa_m"] <= np.sqrt(500.0**2 / 2 * 20)  # at most ten missed and ten false at once
    assert figures["tgospa_m"] > 0.0
    assert 0.0 < figures["anees"][1] < 100.0


def test_assess_prints_its_figures_under_headings_and_draws_them(call, played, tmp_path):
    picture = tmp_path / "gospa.svg"
    status, out, err = call("assess", played / "r", "--plot", picture)
    assert status == 0
    headings = re.findall(r"^(\S.*)$", out, re.MULTILINE)
    assert headings[:3] == ["Missions", "Moment by moment", "Whole trajectories"]
    assert re.search(r"^  completeness \(1 is best\) +[\d.]+$", out, re.MULTILINE)
    assert re.search(r"^  solved exactly, not in windows +yes$", out, re.MULTILINE)
    assert f"picture: {picture}" in err
    first = picture.read_bytes()
    assert first.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns=')
    call("assess", played / "r", "--plot", picture)
    assert picture.read_bytes() == first


def test_another_seed_never_mixes_with_a_record(call, played):
    before = (played / "r" / "manifest.jsonl").read_bytes()
    status, out, err = call("run", played / "s.yaml", "--out", played / "r", "--seed", 99)
    assert (status, out) == (2, "")
    assert re.search(r"seed 1 \(here 99\).*--fresh", err)
    assert (played / "r" / "manifest.jsonl").read_bytes() == before


def polar_plots(path: Path, n_scans: int = 12) -> Path:
    """Two aircraft that pass a radar which turns once in 10 s, one plot a scan each, exact."""
    lines = ["t,range_m,azimuth_deg,elevation_deg"]
    for scan in range(n_scans):
        for x0, y0, u, v in [(-20e3, 30e3, 200.0, 0.0), (15e3, -25e3, 0.0, 180.0)]:
            t = 10.0 * scan
            for _ in range(9):  # when the beam meets the aircraft
                x, y, z = x0 + u * t, y0 + v * t, 6000.0
                azimuth = np.degrees(np.arctan2(x, y)) % 360.0
                t = 10.0 * (scan + azimuth / 360.0)
            lines.append(f"{t},{np.hypot(np.hypot(x, y), z)},{azimuth},{np.degrees(np.arctan2(z, np.hypot(x, y)))}")
    return write(path, "\n".join(lines) + "\n")


def test_track_follows_plots_and_its_tracks_can_be_assessed(call, tmp_path):
    plots = polar_plots(tmp_path / "plots.csv")
    tracks, picture = tmp_path / "tracks.csv", tmp_path / "map.svg"
    arguments = ("track", plots, "--radar", "48,2,100", "--out", tracks, "--plot", picture, "--json")
    status, out, err = call(*arguments)
    assert status == 0
    figures = json.loads(out)["figures"]
    assert figures["n_plots"] == 24
    assert figures["n_tracks"] == 2
    assert "no error of the azimuth in the file: taking 1-sigma 0.15 deg" in err
    first = picture.read_bytes()
    assert b"<svg" in first
    call(*arguments)
    assert picture.read_bytes() == first
    status, out, err = call("assess", tracks, "--truth", tracks, "--json")
    figures = json.loads(out)["figures"]
    assert status == 0
    assert figures["n_switches"] == 0
    assert figures["n_false"] <= 2.0


def test_track_needs_the_radars_place_for_polar_plots_and_only_for_these(call, tmp_path):
    status, _, err = call("track", polar_plots(tmp_path / "p.csv"))
    assert status == 2
    assert "polar plots need the radar's place: --radar LAT,LON,ALT" in err
    status, _, err = call("track", tmp_path / "p.csv", "--radar", "91,2,3")
    assert status == 2
    assert "--radar: latitude must lie in -90 to 90 degrees, got 91.0" in err
    points = write(tmp_path / "q.csv", "t,lat,lon\n1,48,2\n")
    status, _, err = call("track", points, "--radar", "48,2,3")
    assert status == 2
    assert "its plots are positions; leave --radar and --sigma out" in err


def test_track_scores_real_plots_against_the_flights_behind_them(call, shared_data):
    status, out, _ = call(
        "track",
        shared_data / "asterix_from_adsb" / "paris_cat048_truth.parquet",
        *("--radar", "48.7233,2.3794,110", "--sigma", "20,0.05,0.1", "--json"),
        *("--truth", shared_data / "adsb_paris_tma" / "truth_2s_3h.parquet"),
    )
    figures = json.loads(out)["figures"]
    assert status == 0
    assert figures["n_plots"] == 9067  # as the data's own README counts them
    assert figures["completeness"] > 0.8  # some flights are beyond the radar's 80 NM or below its horizon
    assert figures["rmse_m"] < 100.0  # plots are exact to half a bit; what is left is prediction between scans


def test_schema_and_cite_print_what_programs_read(call):
    status, out, _ = call("schema")
    assert status == 0
    assert json.loads(out)["$schema"].startswith("https://json-schema.org/")
    status, out, _ = call("cite", FIRST, "--json")
    assert status == 0
    rows = json.loads(out)
    assert {"parameter", "value", "key", "text", "standing"} == set(rows[0])
    status, out, _ = call("cite", FIRST)
    assert "radars.s-band-acquisition.peak_power_kw = " in out
    assert "10 % | 50 % | 90 %" in out


def test_report_of_no_study_says_what_it_wanted(call, tmp_path, played):
    status, out, err = call("report", tmp_path)
    assert (status, out) == (2, "")
    assert "is not a record" in err
    status, out, err = call("report", played / "r")
    assert (status, out) == (2, "")
    assert "study" in err


def test_nan_becomes_null_in_json(call, monkeypatch):
    from watchfloor.run.scores import Assessment, Section

    found = Assessment((Section("s", (("rmse_m", "error", float("nan"), "m"),)),), None, 1.0)
    monkeypatch.setattr("watchfloor.run.scores.assess_record", lambda *_, **__: found)
    status, out, _ = call("assess", ".", "--json")
    assert status == 0
    assert json.loads(out) == {"figures": {"rmse_m": None}}


def test_runs_that_were_given_up_are_a_finding(call, monkeypatch, tmp_path):
    from watchfloor.study.play import StudySummary

    summary = StudySummary(tmp_path, 2, 3, 5, {"open.00002": "its worker was killed 2 times"})
    monkeypatch.setattr("watchfloor.study.play.play", lambda *_, **__: summary)
    status, out, err = call("study", FIRST, "--out", tmp_path)
    assert status == 1
    assert "2 options, 3 paired runs of each" in out
    assert "open.00002: given up: its worker was killed 2 times" in err
    assert "the same command tries them again" in err


# ---- progress, pipes, signals and full disks


def test_progress_is_silent_when_quick_and_says_a_line_now_and_then(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with cli._progress("study", "runs") as show:
        for done, at in enumerate([0.0, 1.0, 3.0, 4.0, 30.0, 31.0]):
            now[0] = at
            show(done, 9)
    assert capsys.readouterr().err.splitlines() == ["study: 2 of 9 runs", "study: 4 of 9 runs"]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def test_a_reader_who_leaves_early_is_no_error():
    shell = f"{sys.executable} -m watchfloor schema | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", shell], capture_output=True, text=True, env=environment(), cwd=ROOT, timeout=120, check=False
    )
    assert done.stdout == "{\n"
    assert done.stderr == ""


def test_ctrl_c_says_what_is_kept_and_the_same_command_goes_on(tmp_path):
    path = write(tmp_path / "s.yaml", SHORT)
    command = [sys.executable, "-m", "watchfloor", "run", str(path), "--out", str(tmp_path / "r")]
    command += ["--replicates", "400", "--workers", "1"]
    child = subprocess.Popen(
        command, env=environment(), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    manifest = tmp_path / "r" / "manifest.jsonl"
    for _ in range(6000):
        if manifest.exists() and manifest.read_bytes().count(b"\n") >= 3:
            break
        assert child.poll() is None, child.communicate()
        time.sleep(0.01)
    os.killpg(child.pid, signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert out == ""
    assert f"what is finished is kept in {tmp_path / 'r'}; the same command goes on from there" in err
    assert "Traceback" not in err
    assert len(Record.open(tmp_path / "r").done) >= 2


def test_ctrl_c_while_workers_still_start_is_as_quiet(tmp_path):
    path = write(tmp_path / "s.yaml", SHORT)
    command = [sys.executable, "-m", "watchfloor", "run", str(path), "--out", str(tmp_path / "r")]
    command += ["--replicates", "400", "--workers", "2"]
    child = subprocess.Popen(
        command, env=environment(), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    for _ in range(6000):
        if (tmp_path / "r" / "scenario.yaml").exists():  # written just before the workers are called for
            break
        assert child.poll() is None, child.communicate()
        time.sleep(0.002)
    os.killpg(child.pid, signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out) == (130, "")
    assert "the same command goes on from there" in err
    assert "Traceback" not in err


def test_a_full_disk_is_said_and_what_was_finished_stays(tmp_path):
    """A limit on the size of a file stands in for a full disk: the plots of a mission do not fit, its manifest does."""
    path = write(tmp_path / "s.yaml", SHORT)
    command = [sys.executable, "-m", "watchfloor", "run", str(path), "--out", str(tmp_path / "r"), "--workers", "1"]

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))

    done = subprocess.run(
        command, env=environment(), preexec_fn=small_disk, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 2
    assert re.search(r"tables/\w+/run\.00000\.parquet: cannot be written \(.*make room there or choose", done.stderr)
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "r").rglob("*.tmp"))
    assert Record.open(tmp_path / "r").done == frozenset()
    assert cli._run(command[3:]) == 0
    assert len(Record.open(tmp_path / "r").done) == 1


def test_a_picture_that_cannot_be_written_says_so(tmp_path):
    from watchfloor.report.track_map import draw_tracks
    from watchfloor.run.recorded import track_file

    found = track_file(polar_plots(tmp_path / "p.csv"), radar_deg_m=(48.0, 2.0, 100.0))
    with pytest.raises(DataError, match=r"map.svg: cannot be written: No such file or directory; is the folder there"):
        draw_tracks(tmp_path / "nowhere" / "map.svg", found, title="x")


def test_a_recording_is_tracked_in_one_line(tmp_path, monkeypatch, capsys):
    """Place, turn and errors come from the recording; what was read, left out and tracked is said."""
    monkeypatch.chdir(tmp_path)
    reports = []
    for i in range(20):
        east, north = -10.0 + 0.25 * i, 30.0
        azimuth = float(np.degrees(np.arctan2(east, north))) % 360.0
        t_s = 100.0 + 4.0 * (i + azimuth / 360.0)
        reports.append(asterix.Report(t_s, float(np.hypot(east, north)), azimuth, flight_level=330.0).encode())
    markers = [asterix.block(34, asterix.north(100.0 + 4.0 * i, place=(48.5, -2.25, 120))) for i in range(20)]
    Path("r.ast").write_bytes(b"".join(markers) + asterix.block(48, *reports, reports[0]))
    assert cli._run(["track", "r.ast", "--no-identity", "--out", "t.parquet", "--plot", "m.svg", "--json"]) == 0
    said = capsys.readouterr()
    figures = json.loads(said.out)["figures"]
    assert figures["n_read"] == 21
    assert figures["n_rejected_received_twice"] == 1
    assert figures["n_plots"] == 20
    assert figures["n_tracks"] == 1
    assert figures["period_1_2_s"] == pytest.approx(4.0)
    assert figures["speed"] > 1.0
    assert "errors taken: secondary plots 70 m, 0.08 deg" in said.err
    assert "radar 1/2 at 48.5000° N, 2.2500° W" in Path("m.svg").read_text("utf-8")
    assert cli._run(["assess", "t.parquet", "--truth", "t.parquet"]) == 0  # the tracks read back
    for options, wrong in (
        (["--sigma-m", "5"], "its plots are polar"),
        (["--sigma", "5,0.1,1"], "elevation comes from the reported altitude"),
        (["--source", "9/9"], "no report of radar 9/9; there are 1/2"),
        (["--tracker", "gnm"], "no tracker 'gnm'; there are"),
        (["--radar", "48.5,200"], "wanted LAT,LON,ALT"),
    ):
        capsys.readouterr()
        assert cli._run(["track", "r.ast", *options]) == 2
        assert wrong in capsys.readouterr().err


@pytest.mark.parametrize("command", [["track", "holding"], ["assess", "nowhere"], ["drivers", "classroom"]])
def test_a_figure_of_another_format_is_refused_before_any_work(command, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main([*command, "--plot", "x.png"])
    assert end.value.code == 2
    assert "name that ends in .svg" in capsys.readouterr().err
