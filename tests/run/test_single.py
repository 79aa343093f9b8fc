"""``run``: one record whatever the workers and the kills; recorded flights fly as they were recorded."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from watchfloor.base.errors import DataError, RecordError
from watchfloor.formats.flights import read_flights
from watchfloor.physics.frames import geodetic_to_ecef
from watchfloor.record import Record
from watchfloor.run.scores import score_record
from watchfloor.run.single import run
from watchfloor.scenario.load import load

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FIRST, TRAFFIC = EXAMPLES / "first-radar.yaml", EXAMPLES / "recorded-traffic.yaml"
N = 12


def fingerprint(folder):
    """Return the digest of every file of a record."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """Return a record of missions played by one worker."""
    folder = tmp_path_factory.mktemp("run") / "one"
    summary = run(load(FIRST), out=folder, replicates=N, workers=1)
    assert (summary.n_replicates, summary.n_played, summary.given_up) == (N, N, {})
    return folder


def test_two_workers_leave_the_same_bytes(one, tmp_path):
    run(load(FIRST), out=tmp_path / "two", replicates=N, workers=2)
    assert fingerprint(tmp_path / "two") == fingerprint(one)


def test_a_run_killed_on_the_way_resumes_to_the_same_bytes(one, tmp_path):
    folder = tmp_path / "killed"
    code = (
        "from pathlib import Path\nfrom watchfloor.scenario.load import load\nfrom watchfloor.run.single import run\n"
        f"run(load({str(FIRST)!r}), out=Path({str(folder)!r}), replicates={N}, workers=1)"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    manifest = folder / "manifest.jsonl"
    while process.poll() is None and not (manifest.exists() and manifest.read_bytes().count(b"\n") >= 3):
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "the run must still have been at work"
    summary = run(load(FIRST), out=folder, replicates=N, workers=1)
    assert 0 < summary.n_played < N, "finished missions are kept"
    assert fingerprint(folder) == fingerprint(one)


def test_a_truncated_shard_is_noticed_and_redone(one, tmp_path):
    import shutil

    folder = tmp_path / "cut"
    shutil.copytree(one, folder)
    shard = folder / "tables" / "tracks" / "run.00003.parquet"
    shard.write_bytes(shard.read_bytes()[:100])
    assert run(load(FIRST), out=folder, replicates=N, workers=1).n_played == 1
    assert fingerprint(folder) == fingerprint(one)


def test_replicates_differ_in_dice_and_in_what_is_uncertain(one):
    record = Record.open(one)
    plots = record.table("plots", columns=["replicate", "snr_db", "origin_mover"])
    counts = np.bincount(plots["replicate"])
    assert len(counts) == N
    assert len(set(counts.tolist())) > N // 2
    own = plots["origin_mover"] >= 0
    level = [plots["snr_db"][own & (plots["replicate"] == i)].mean() for i in range(N)]
    # dice alone move a mean over some 110 looks by 5.6 dB / sqrt(110); cards are uncertain by several dB
    assert np.std(level) > 2.0 * 5.6 / np.sqrt(110)


def test_every_table_of_a_mission_is_there_and_knows_its_replicate(one):
    record = Record.open(one)
    assert set(record.table_names) == {
        *("movers", "truth", "plots", "tracks", "identities", "orders", "effects", "ledger")
    }
    movers = record.table("movers")
    np.testing.assert_array_equal(movers["replicate"], np.repeat(np.arange(N), 2))
    assert movers["name"].tolist() == ["liner", "patrol"] * N
    assert (one / "scenario.yaml").read_bytes() == FIRST.read_bytes()


def test_a_record_of_another_number_of_missions_or_seed_is_not_continued(one):
    with pytest.raises(RecordError, match="replicates"):
        run(load(FIRST), out=one, replicates=N + 1, workers=1)
    with pytest.raises(RecordError, match="seed"):
        run(load(FIRST), out=one, replicates=N, seed=9, workers=1)


def flown_as_recorded(folder: Path, file: Path, *, within_m: float) -> tuple[int, float]:
    """Return the rows of the file that fall on the end of a tick, and the share of them at which a mover is."""
    flights = read_flights(file)
    truth = Record.open(folder).table("truth")
    at_m = np.stack([truth[f"position_ecef_m_{i}"] for i in range(3)], axis=1)
    n = n_met = 0
    since_s = flights.t_s - flights.t_s.min()
    for tick_s in np.unique(truth["tick_s"]):
        rows = np.flatnonzero(since_s == tick_s)
        recorded_m = geodetic_to_ecef(flights.lat_rad[rows], flights.lon_rad[rows], flights.alt_m[rows])
        there = at_m[truth["tick_s"] == tick_s]
        for point_m in recorded_m:
            n_met += int(np.linalg.norm(there - point_m, axis=1).min() < within_m)
        n += len(rows)
    return n, n_met / n


def test_the_shipped_recording_flies_as_recorded_and_is_tracked(tmp_path):
    run(load(TRAFFIC), out=tmp_path / "r", workers=1)
    n, met = flown_as_recorded(tmp_path / "r", EXAMPLES / "sample-flights.csv", within_m=1.0)
    assert n > 100
    assert met == 1.0
    figures = {key: value for key, _, value, _ in score_record(tmp_path / "r")}
    assert figures["n_movers"] >= 5
    assert figures["n_shots"] == 0


@pytest.mark.parametrize(
    ("name", "movers", "completeness"),
    [("truth_2s_3h.parquet", 30, 0.9), ("dense_overlay_30min_2s.parquet", 200, 0.9)],
)
def test_real_flights_fly_as_recorded_and_are_tracked(tmp_path, shared_data, name, movers, completeness):
    file = shared_data / "adsb_paris_tma" / name
    run(load(TRAFFIC), out=tmp_path / "r", workers=1, traffic=file)
    figures = {key: value for key, _, value, _ in score_record(tmp_path / "r")}
    assert figures["n_movers"] >= movers
    assert figures["completeness"] > completeness
    assert figures["rmse_m"] < 300.0
    truth = Record.open(tmp_path / "r").table("truth", columns=["tick_s"])
    at_once = np.unique(truth["tick_s"], return_counts=True)[1]
    if "dense" in name:
        assert 100 <= at_once.min() <= at_once.max() <= 137  # the data's README: 107 to 135 at once
    n, met = flown_as_recorded(tmp_path / "r", file, within_m=1.0)
    assert n > 500
    assert met > 0.99  # rows without a neighbour within the longest silence are no flight


def test_a_recording_is_part_of_a_records_name(tmp_path):
    short = tmp_path / "s.yaml"
    short.write_text(
        TRAFFIC.read_text("utf-8")
        .replace("duration_s: 1200", "duration_s: 20")
        .replace("sample-flights.csv", str(EXAMPLES / "sample-flights.csv"))
    )
    run(load(short), out=tmp_path / "r", workers=1)
    other = tmp_path / "other.csv"
    lines = (EXAMPLES / "sample-flights.csv").read_text("utf-8").splitlines(keepends=True)
    other.write_text("".join(lines[:-1]), "utf-8")
    with pytest.raises(RecordError, match="traffic"):
        run(load(short), out=tmp_path / "r", workers=1, traffic=other)
    with pytest.raises(DataError, match="flies no recorded traffic"):
        run(load(FIRST), out=tmp_path / "x", workers=1, traffic=other)
    assert not (tmp_path / "x").exists()
