from __future__ import annotations

import math

import numpy as np
import pytest

from watchfloor.assess.consistency import chi_square_band
from watchfloor.base.errors import DataError, RecordError
from watchfloor.base.picture import Status
from watchfloor.record import Header, Record, write_shard
from watchfloor.run.scores import assess_files, assess_record, score_record


def flights(path, *, north_m: float = 0.0, start_s: float = 0.0, with_velocity: bool = True):
    """One flight along the equator at 200 m/s, a row every 10 s; a degree of latitude is 110,574 m there (WGS-84)."""
    head = "id,t,lat,lon,alt_m" + (",ve,vn,vr_mps" if with_velocity else "")
    rows = [head]
    for i in range(31):
        lon = np.degrees(200.0 * 10.0 * i / (6_378_137.0 + 9000.0))
        rows.append(f"7,{start_s + 10.0 * i},{north_m / 110_574.0},{lon},9000" + (",200,0,0" if with_velocity else ""))
    path.write_text("\n".join(rows) + "\n")
    return path


def figures(found):
    return {key: value for key, _, value, _ in found.rows}


def test_tracks_that_are_the_truth_score_perfectly(tmp_path):
    truth = flights(tmp_path / "truth.csv")
    found = figures(assess_files(truth, truth))
    assert found["gospa_m"] == pytest.approx(0.0, abs=1e-6)
    assert found["completeness"] == 1.0
    assert found["n_false"] == 0.0
    assert found["continuity"] == 1.0


@pytest.mark.parametrize("with_velocity", [True, False])
def test_tracks_beside_the_truth_are_off_by_that_much(tmp_path, with_velocity):
    tracks = flights(tmp_path / "tracks.csv", north_m=300.0, with_velocity=with_velocity)
    found = figures(assess_files(tracks, flights(tmp_path / "truth.csv")))
    height = (6_378_137.0 * (1 - 0.006_694_38) + 9000.0) / (6_378_137.0 * (1 - 0.006_694_38))
    # where a file has no velocity its track stands still between rows; at the rows themselves both are exact
    assert found["rmse_m"] == pytest.approx(300.0 * height, rel=1e-3)
    assert found["n_switches"] == 0


def test_a_track_beyond_the_cutoff_is_one_missed_and_one_false(tmp_path):
    tracks = flights(tmp_path / "tracks.csv", north_m=2000.0)
    found = figures(assess_files(tracks, flights(tmp_path / "truth.csv"), cutoff_m=1000.0))
    assert found["completeness"] == 0.0
    assert found["n_false"] == 1.0
    assert found["gospa_m"] == pytest.approx(1000.0)  # sqrt(c^2 / 2 + c^2 / 2)


def test_two_clocks_are_noticed(tmp_path):
    truth = flights(tmp_path / "truth.csv", start_s=86_400.0)
    with pytest.raises(
        DataError, match=r"truth.csv: flights at 86400 to 86700 s and tracks at 0 to 300 s have no time"
    ):
        assess_files(flights(tmp_path / "tracks.csv"), truth)


@pytest.mark.parametrize("score", [score_record, assess_record])
def test_a_record_of_something_else_is_not_scored(tmp_path, score):
    header = Header(kind="study", scenario="s", digest="d", seed=1, version="0")
    with Record.begin(tmp_path / "r", header) as record:
        with pytest.raises(RecordError, match="holds no finished mission"):
            score(tmp_path / "r")
        record.add(write_shard(tmp_path / "r", "a", {"t": {"x": np.ones(1)}}))
    with pytest.raises(RecordError, match="is the record of a study; `watchfloor report` reads it"):
        score(tmp_path / "r")


def record(folder, *, eager=1.0, missions=2, n=30, ticks=20, period_s=6.0, existence=True):
    """Missions in which every mover has an honest track, but for ``eager``, the factor on its errors.

    Movers turn at 2 deg/s on circles about places 100 km apart. Of the tracks that state 0.3 (numbers from 1000) three
    in ten are where a mover is.
    """
    rng = np.random.default_rng(90)
    header = Header(kind="run", scenario="s", digest="d", seed=1, version="0")
    with Record.begin(folder, header) as made:
        for mission in range(missions):
            made.add(write_shard(folder, f"m{mission}", tables(rng, eager, n, ticks, period_s, existence)))
    return folder


def tables(rng, eager, n, ticks, period_s, existence):
    rate, speed = np.radians(2.0), 200.0
    radius = speed / rate
    phase, centre = rng.uniform(0.0, 6.0, n), 1e5 * np.arange(n)

    def motion(t, who):
        turn = phase[who] + rate * t
        zero = np.zeros_like(t)
        where = np.stack([centre[who] + radius * np.cos(turn), radius * np.sin(turn), zero + 6.4e6], axis=-1)
        return np.concatenate([where, np.stack([-speed * np.sin(turn), speed * np.cos(turn), zero], axis=-1)], axis=-1)

    tick, who = np.repeat(period_s * np.arange(1.0, ticks + 1), n), np.tile(np.arange(n), ticks)
    state = motion(tick, who)
    # estimates of some time in the tick, from the second on; the mover's own covariance
    late = tick > period_s
    t, mine = tick[late] - rng.uniform(0.0, period_s, late.sum()), who[late]
    root = rng.normal(size=(n, 6, 6)) * np.array([60.0, 60.0, 60.0, 4.0, 4.0, 4.0])[:, None] + np.diag(
        [90.0] * 3 + [6.0] * 3
    )
    error = eager * np.einsum("nij,nj->ni", root[mine], rng.normal(size=(len(t), 6)))
    cov = (root @ root.swapaxes(1, 2))[mine]
    estimate = motion(t, mine) + error
    # tracks that state 0.3, one a mover and tick: on the mover three times in ten, else far off; never confirmed
    guess = motion(tick, who)
    guess[:, 1] += np.where(rng.random(len(tick)) < 0.3, 0.0, 5e4)
    there = {
        "tick_s": np.concatenate([tick[late], tick]),
        "t_s": np.concatenate([t, tick]),
        "number": np.concatenate([mine, 1000 + who]),
        "status": np.repeat([Status.CONFIRMED, Status.TENTATIVE], [len(t), len(tick)]),
        "existence": np.concatenate([np.full(len(t), np.nan), np.full(len(tick), 0.3 if existence else np.nan)]),
    }
    both, covs = np.concatenate([estimate, guess]), np.concatenate([cov, np.tile(np.eye(6), (len(tick), 1, 1))])
    names = [f"position_ecef_m_{i}" for i in range(3)] + [f"velocity_ecef_mps_{i}" for i in range(3)]
    return {
        "truth": {"tick_s": tick, "mover": who, **{name: state[:, i] for i, name in enumerate(names)}},
        "tracks": {
            **there,
            **{name: both[:, i] for i, name in enumerate(names)},
            **{f"cov_{i}": covs.reshape(-1, 36)[:, i] for i in range(36)},
        },
        "plots": {"t_s": t},
        "effects": {"outcome": np.zeros(0, np.int64)},
    }


def test_a_record_is_assessed_and_its_tracker_is_honest(tmp_path):
    told = []
    found = assess_record(record(tmp_path / "r"), cutoff_m=2e3, progress=lambda done, of: told.append((done, of)))
    said = figures(found)
    assert (said["n_missions"], said["n_movers"], said["n_targets"]) == (2, 30, 30)
    assert said["completeness"] == pytest.approx(19 / 20)
    assert said["latency_s"] == pytest.approx(6.0)
    assert said["n_switches"] == 0
    assert said["tgospa_switch_m2"] == 0.0
    assert said["tgospa_exact"] is True
    low, middle, high = said["anees"]
    n = 2 * 30 * 19
    assert middle == pytest.approx(1.0, abs=4.0 * math.sqrt(2.0 / (6 * n)))
    assert low <= 1.0 <= high
    assert said["nees_inside"] == pytest.approx(0.95, abs=4.0 * math.sqrt(0.95 * 0.05 / n))
    assert found.nees is not None
    assert found.nees.full.n == n
    assert found.nees.full.n_trajectories == 60
    # 0.3 was stated of tracks that had a target three times in ten
    assert found.existence is not None
    assert found.existence.n == 2 * 30 * 20
    assert said["existence_ece"] < 4.0 * math.sqrt(0.3 * 0.7 / found.existence.n)
    assert [section.title for section in found.sections][-1] == "Honesty"
    assert found.scores is not None
    assert len(found.scores) == 20
    assert told[-1] == (100, 100)
    assert told == sorted(told)


def test_a_tracker_that_believes_itself_too_much_is_found_out(tmp_path):
    found = assess_record(record(tmp_path / "r", eager=1.3, missions=1, existence=False), cutoff_m=2e3)
    low, middle, _ = figures(found)["anees_position"]
    assert middle == pytest.approx(1.69, rel=0.15)
    assert low > 1.0
    assert found.nees is not None
    band = chi_square_band(6, n=30)
    over = found.nees.over_time
    assert (over.low[0], over.high[0]) == pytest.approx(band)
    assert np.mean(over.mean > over.high) > 0.5
    assert found.existence is None


def test_the_brief_scores_are_the_same_figures(tmp_path):
    folder = record(tmp_path / "r")
    brief, full = {key: value for key, _, value, _ in score_record(folder)}, figures(assess_record(folder))
    assert brief.items() <= full.items()


def test_velocities_and_lives_of_files_are_scored(tmp_path):
    found = figures(assess_files(flights(tmp_path / "tracks.csv", north_m=300.0), flights(tmp_path / "truth.csv")))
    assert found["velocity_accuracy_mps"] == pytest.approx(0.0, abs=0.1)
    assert found["life_s"] == pytest.approx(300.0)
    assert found["longest_segment"] == pytest.approx(1.0)
    assert found["tgospa_m"] == pytest.approx(found["gospa_m"])
    assert found["ospa2_m"] == pytest.approx(found["rmse_m"], rel=1e-3)
    bare = flights(tmp_path / "bare.csv", with_velocity=False)
    assert math.isnan(figures(assess_files(bare, bare))["velocity_accuracy_mps"])


def identities(folder, *, right=0.7):
    """A record whose identities say that each mover is of its own type with probability ``right``, 7 in 10 truly."""
    rng, n, ticks, period_s = np.random.default_rng(91), 30, 20, 6.0
    header = Header(kind="run", scenario="s", digest="d", seed=1, version="0")
    with Record.begin(folder, header) as made:
        made.attach("scenario.yaml", b"types: [fighter, airliner]\n")
        for mission in range(4):
            one = tables(rng, 1.0, n, ticks, period_s, True)
            truth = np.arange(n) % 3  # every third of a type that is not listed
            named = np.where(rng.random(n) < 0.7, truth, (truth + 1) % 3)
            mine = one["tracks"]["number"] < 1000
            track, tick = one["tracks"]["number"][mine], one["tracks"]["tick_s"][mine]
            p = np.full((len(track), 3), 0.5 * (1.0 - right))
            p[np.arange(len(track)), named[track]] = right
            one["movers"] = {
                "mover": np.arange(n),
                "type": np.array(["fighter", "airliner", "balloon"], object)[truth],
            }
            one["identities"] = {"tick_s": tick, "track": track, **{f"probability_{i}": p[:, i] for i in range(3)}}
            made.add(write_shard(folder, f"m{mission}", one))
    return folder


def test_identities_of_a_record_are_scored_flight_by_flight(tmp_path):
    found = assess_record(identities(tmp_path / "r"), cutoff_m=2e3)
    said = figures(found)
    assert [section.title for section in found.sections][-1] == "Identity"
    assert said["identity_n"] == 4 * 30
    five_sigma = 5.0 * math.sqrt(0.7 * 0.3 / 120)
    low, middle, high = said["identity_right"]
    assert low < middle < high
    assert middle == pytest.approx(0.7, abs=five_sigma)
    assert said["identity_ece"] == pytest.approx(abs(middle - 0.7), abs=1e-9)
    assert said["identity_named"][1] == 0.0
    assert said["identity_rejected"][1] == 1.0
    assert said["identity_brier"][1] == pytest.approx(
        middle * (0.3**2 + 2 * 0.15**2) + (1 - middle) * (0.7**2 + 0.85**2 + 0.15**2)
    )
    assert found.identity is not None
    assert found.identity.reliability.honest
    sure = figures(assess_record(identities(tmp_path / "s", right=0.98), cutoff_m=2e3))
    assert sure["identity_ece"] > 0.15 > 3.0 * sure["identity_ece_honest"]
    assert sure["identity_rejected"][1] < 1.0
