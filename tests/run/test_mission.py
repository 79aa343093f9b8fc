"""The rooms in a chain: a known aircraft is followed, and nothing of the truth leaks into the picture."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from watchfloor.assess.tracking import score_tracks
from watchfloor.base.picture import Status, Tasks
from watchfloor.base.streams import Streams
from watchfloor.run.loop import play
from watchfloor.run.mission import Mission, build, draw, places_of
from watchfloor.run.recorder import History, Recorder
from watchfloor.scenario.load import load
from watchfloor.scenario.model import Scenario
from watchfloor.track import DistributedTracker

ROOT = Path(__file__).resolve().parents[2]
SMALL = ROOT / "tests" / "study" / "small.yaml"
EXAMPLE = (ROOT / "examples" / "first-radar.yaml").read_text("utf-8")
LINER, PATROL = EXAMPLE.index("    - name: liner"), EXAMPLE.index("    - name: patrol")


def scenario(folder: Path, text: str) -> Scenario:
    path = folder / "s.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path).scenario


def mission(said: Scenario, *, spread: bool = False, run: str = "a") -> Mission:
    streams = Streams(said.seed, run)
    return build(said, said.mission, drawn=draw(said, streams if spread else None), streams=streams)


def history(said: Mission) -> History:
    log = Recorder()
    play(said, log)
    return log.history()


def assert_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray], *, but: tuple[str, ...] = ()) -> None:
    assert one.keys() == other.keys()
    for name in set(one) - set(but):
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_a_lone_airliner_is_tracked_better_than_by_joining_its_last_two_plots(tmp_path):
    """The bound: a straight line through two plots misses the next by sqrt(4 + 1) plot errors, root mean square."""
    said = mission(scenario(tmp_path, EXAMPLE[:PATROL]))
    happened = history(said)
    own = happened.origins.mover == 0
    z, cov = happened.plots.measurement[own], happened.plots.cov[own]
    plot_m2 = cov[:, 0, 0] + z[:, 0] ** 2 * (np.cos(z[:, 2]) ** 2 * cov[:, 1, 1] + cov[:, 2, 2])
    bound_m = np.sqrt(5.0 * plot_m2.mean())
    tracks, held = happened.tracks, happened.tracks.status == Status.CONFIRMED
    carried_s = (happened.track_tick_s - tracks.t_s)[:, None]
    at_m = tracks.position_ecef_m + carried_s * tracks.velocity_ecef_mps
    first_s = happened.track_tick_s[held].min()
    assert first_s <= 5 * said.tick_s, "two plots of three turns are enough to start a track"
    flown = happened.flown.take(np.flatnonzero(happened.flown.tick_s >= first_s))
    scores, summary = score_tracks(
        flown.tick_s,
        flown.mover,
        flown.position_ecef_m,
        happened.track_tick_s[held],
        tracks.number[held],
        at_m[held],
        cutoff_m=5000.0,
    )
    assert summary.gospa_m < bound_m < 300.0
    assert scores.gospa_m.max() < 5.0 * bound_m
    assert (summary.completeness, summary.n_switches, summary.n_breaks) == (1.0, 0, 0)


def test_plots_scatter_about_the_truth_as_their_errors_say(tmp_path):
    """Mean squared error over its stated variance, of range and azimuth, inside five sigmas of a chi-square's mean."""
    said = mission(scenario(tmp_path, EXAMPLE[:PATROL]))
    place, happened = said.sensors.sensors[0].environment.place, history(said)
    own = (happened.origins.mover == 0) & (happened.plots.t_s <= happened.flown.tick_s.max())
    own &= happened.plots.t_s >= happened.flown.tick_s.min()
    t_s = happened.plots.t_s[own]
    flown = happened.flown
    true_m = np.stack([np.interp(t_s, flown.tick_s, flown.position_ecef_m[:, i]) for i in range(3)], axis=1)
    east, north, up = place.rotation @ (true_m - place.ecef_m).T
    range_m, azimuth = np.sqrt(east**2 + north**2 + up**2), np.arctan2(east, north)
    z, cov = happened.plots.measurement[own], happened.plots.cov[own]
    turn = np.angle(np.exp(1j * (z[:, 1] - azimuth)))
    n = len(t_s)
    assert n > 50
    for error, variance in ((z[:, 0] - range_m, cov[:, 0, 0]), (turn, cov[:, 1, 1])):
        assert np.mean(error**2 / variance) == pytest.approx(1.0, abs=5.0 * np.sqrt(2.0 / n))


def test_the_order_of_movers_in_the_file_changes_nothing(tmp_path):
    swapped = EXAMPLE[:LINER] + EXAMPLE[PATROL:].rstrip("\n") + "\n" + EXAMPLE[LINER:PATROL]
    one = history(mission(scenario(tmp_path, EXAMPLE), spread=True))
    other = history(mission(scenario(tmp_path, swapped), spread=True))
    assert len(one.tracks) > 100
    for name, table in one.tables().items():
        assert_same(table, other.tables()[name])


class Shuffled:
    """A world that lists its movers in another order every tick; each keeps its number."""

    def __init__(self, world) -> None:
        self._world, self._rng = world, np.random.default_rng(4)
        self.names, self.types = world.names, world.types

    def step(self, effects, *, until_s):
        truth = self._world.step(effects, until_s=until_s)
        return truth.take(self._rng.permutation(len(truth)))


def test_the_order_of_truths_rows_leaks_into_no_plot_track_identity_or_order(tmp_path):
    plain = mission(scenario(tmp_path, EXAMPLE), spread=True)
    shuffled = mission(scenario(tmp_path, EXAMPLE), spread=True)
    object.__setattr__(shuffled, "world", Shuffled(shuffled.world))
    one, other = history(plain).tables(), history(shuffled).tables()
    assert not np.array_equal(one["truth"]["mover"], other["truth"]["mover"]), "the truth itself must be shuffled"
    for name in ("plots", "tracks", "identities", "orders", "effects"):
        assert_same(one[name], other[name])


def test_the_picture_follows_from_plots_alone(tmp_path):
    """Tracker and learner, given the recorded plots and nothing else, say what they said in the mission."""
    said = scenario(tmp_path, EXAMPLE)
    first = mission(said, spread=True)
    happened = history(first)
    again = mission(said, spread=True)
    tasks = Tasks.empty()
    rows, edges = [], np.searchsorted(happened.plots.t_s, [0.0, *first.ticks()], "right")
    for i, until_s in enumerate(first.ticks()):
        plots = happened.plots.take(np.arange(edges[i], edges[i + 1]))
        tracks, looks = again.tracker.step(plots, tasks, until_s=until_s)
        identities, _ = again.learner.step(tracks, looks)
        tasks = again.learner.task(tracks, identities, until_s=until_s)
        rows.append((tracks, identities))
    assert_same(type(happened.tracks).concat(t for t, _ in rows).flat(), happened.tracks.flat())
    assert_same(type(happened.identities).concat(i for _, i in rows).flat(), happened.identities.flat())


def test_a_replicate_draws_its_world_by_name_and_the_median_world_draws_nothing():
    said = load(SMALL).scenario
    one, again, other = (draw(said, Streams(said.seed, run)) for run in ("a", "a", "b"))
    median = draw(said, None)
    assert one.radars == again.radars
    assert one.radars["ew"] != other.radars["ew"]
    assert one.radars["ew"] != median.radars["ew"]
    assert set(one.radars) == {"ew", "acq", "fc"}, "an interrogator has no card to draw from"
    assert set(one.reflecting) == {"lo-fighter"}, "only this type can wear reflectors"
    assert one.weapons["battery"].pk == again.weapons["battery"].pk != other.weapons["battery"].pk
    fewer = said.model_copy(update={"sensors": said.sensors[1:]})
    assert draw(fewer, Streams(said.seed, "a")).radars["acq"] == one.radars["acq"], "a radar less disturbs no other"


def test_ticks_end_with_the_mission_whatever_the_tick(tmp_path):
    text = EXAMPLE.replace("duration_s: 600", "duration_s: 25")
    assert list(mission(scenario(tmp_path, text)).ticks()) == [10.0, 20.0, 25.0]


def test_sensors_stand_on_their_masts(tmp_path):
    said = scenario(tmp_path, EXAMPLE)
    hill = places_of(said)["hill"]
    above_m = mission(said).sensors.sensors[0].environment.place.ecef_m - hill.ecef_m
    np.testing.assert_allclose(above_m, 20.0 * hill.rotation[2], atol=1e-6)


def test_a_quiet_recorder_keeps_knowledge_and_presence_only(tmp_path):
    text = EXAMPLE.replace("duration_s: 600", "duration_s: 60").replace(
        "      type: fighter", "      type: fighter\n      start_s: 30"
    )
    quiet = Recorder(quiet=True)
    play(mission(scenario(tmp_path, text)), quiet)
    assert quiet.knowledge is not None
    np.testing.assert_allclose(quiet.present_s, [60.0, 30.0], atol=2.0)  # to a knot
    with pytest.raises(ValueError, match="quiet recorder"):
        quiet.history()


def test_links_of_sites_have_luck_of_their_own(tmp_path):
    """The same run loses the same reports, another run loses others."""
    kind = "tracker: {kind: distributed, sites: [{sensors: [%s]}], link: {loss: %s, jitter_s: 5}}"
    name = scenario(tmp_path, EXAMPLE).sensors[0].name

    def pictures(loss: float, run: str) -> dict[str, np.ndarray]:
        text = re.sub(r"^tracker:.*$", kind % (name, loss), EXAMPLE, flags=re.MULTILINE)
        return history(mission(scenario(tmp_path, text), run=run)).tables()["tracks"]

    one = pictures(0.5, "a")
    assert_same(one, pictures(0.5, "a"))
    assert len(one["number"]) < len(pictures(0.0, "a")["number"])
    said = scenario(tmp_path, re.sub(r"^tracker:.*$", kind % (name, 0.5), EXAMPLE, flags=re.MULTILINE))
    luck = {}
    for run in ("a", "b"):
        tracker = mission(said, run=run).tracker
        assert isinstance(tracker, DistributedTracker)
        luck[run] = tracker.luck[0]
    assert luck["a"].shape == luck["b"].shape
    assert (luck["a"] != luck["b"]).mean() > 0.99
