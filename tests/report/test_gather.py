from __future__ import annotations

import shutil

import numpy as np
import pytest

from watchfloor import cli
from watchfloor.base.errors import RecordError
from watchfloor.record import Record
from watchfloor.report import build
from watchfloor.report.gather import gather


def test_a_record_that_was_cut_off_names_the_missing_runs_and_the_command(record, tmp_path, capsys):
    folder = tmp_path / "cut"
    shutil.copytree(record, folder)
    manifest = folder / "manifest.jsonl"
    lines = manifest.read_text("utf-8").splitlines(keepends=True)
    manifest.write_text("".join(line for line in lines[:-1] if '"quiet.00001"' not in line), "utf-8")
    assert cli._run(["report", str(folder)]) == 2
    said = capsys.readouterr().err
    assert "1 of 10 runs are missing (quiet.00001)" in said
    assert f"watchfloor study {folder}/scenario.yaml --out {folder} --replicates 2" in said
    assert not (folder / "report.html").exists()


def test_a_truncated_shard_is_noticed(record, tmp_path):
    folder = tmp_path / "short"
    shutil.copytree(record, folder)
    shard = folder / "tables" / "trials" / "open.00000.parquet"
    shard.write_bytes(shard.read_bytes()[:-10])
    with pytest.raises(RecordError, match=r"open\.00000 is missing or truncated"):
        build(folder)


def test_a_record_without_its_scenario_says_so(record, tmp_path):
    folder = tmp_path / "bare"
    shutil.copytree(record, folder)
    (folder / "scenario.yaml").unlink()
    with pytest.raises(RecordError, match=r"scenario\.yaml: no such file"):
        build(folder)


def test_a_page_that_cannot_be_written_leaves_nothing(record, tmp_path):
    (tmp_path / "report.html").mkdir()
    with pytest.raises(RecordError, match="cannot be written"):
        build(record, tmp_path / "report.html")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_tables_come_by_option_and_replicate(record):
    study = gather(record)
    rows = Record.open(record).query(
        "SELECT replicate, identified_m FROM trials WHERE option = 'late' AND who = 1 ORDER BY replicate"
    )
    np.testing.assert_array_equal(study.values("trials", "identified_m", "late", who=1), rows["identified_m"])
    assert study.options[0] == "open"
    assert list(study.radars.values()) == ["VHF radar (ew)", "S radar (acq)", "X radar (fc)"]
    assert list(study.learners.values()) == ["VHF radar (ew)", "S radar (acq)"]


def test_a_replicate_that_is_not_there_is_an_error(record):
    with pytest.raises(RecordError, match="one a replicate"):
        gather(record).values("trials", "identified_m", "open")  # several trials a replicate: which is meant?


def test_the_naive_engagement_is_the_one_before_any_flight(record):
    assert gather(record).naive == ("open", {"who": 0.0, "hours": 0.0})


def test_the_world_drawn_again_is_the_world_that_was_played(record):
    study = gather(record)
    rows = study.of("beliefs", "open", hours=0.0, sensor=1)
    centres = rows["aspect_rad"][rows["replicate"] == 0]
    signature = study.drawn(0).signatures["lo-fighter"]
    inside = (np.arange(16) + 0.5) / 16.0 - 0.5
    at = centres[:, None] + np.pi / len(centres) * inside
    level = np.interp(at, signature.aspect_rad, signature.dbsm[signature.row("S")])
    drawn = study.drawn(0)
    expected = level.mean(axis=1) + drawn.calibration_db[study.scenario.sensors[1].name]
    np.testing.assert_allclose(rows["true_dbsm"][rows["replicate"] == 0], expected, atol=1e-9)


def test_trials_of_single_radars_and_of_an_oracle_stay_apart_from_the_learning_curve(record):
    study = gather(record)
    usual = study.of("trials", "open", who=0)
    assert len(usual["hours"]) == 3 * study.n  # before any flight and at two checkpoints
    assert set(usual["only_radar"]) == set(usual["left_out"]) == {-1}
    alone = study.of("trials", "open", who=0, only_radar=1)
    assert set(alone["only_radar"]) == {1}
    whole = study.tables["beliefs"]
    mine = (whole["option"] == "open") & (whole["who"] == 0)
    assert len(study.of("beliefs", "open")["who"]) == mine.sum() < (whole["option"] == "open").sum()
