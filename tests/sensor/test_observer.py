"""People with binoculars: what they see, how well they place it, and what they call it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.sensor.flights import consistent, errors, spots, straight
from watchfloor.base.picture import LabelSource, Tasks
from watchfloor.base.registry import kinds
from watchfloor.base.streams import Streams
from watchfloor.base.truth import Truth
from watchfloor.physics.frames import Place
from watchfloor.sensor.card import environment_for
from watchfloor.sensor.observer import Observer, ObserverConfig, identify_probability, sighting_rate

PLACE = Place.from_degrees(40.0, 32.5, 853.0)
KNOTS = np.arange(0.0, 61.0, 2.0)
AREA = 0.08 * 15.0**2


def people(n, *, seed=1, n_types=3, types=None, length_m=15.0, **config) -> Observer:
    return kinds("sensor").make(
        ObserverConfig(name="eyes", place="site", **config),
        environment=environment_for(None, PLACE, 2.0),
        address=5000 + np.arange(n),
        label=np.full(n, 1),
        types=np.arange(n) % n_types if types is None else np.asarray(types),
        n_types=n_types,
        lengths_m=[length_m] * n,
        streams=Streams(seed),
        row=3,
    )


def ring(n, distance_m=5e3, alt_m=3e3, speed_mps=30.0, knots=KNOTS) -> Truth:
    position, frame = spots(PLACE, np.arange(n) * 360.0 / n + 1.0, distance_m, alt_m)
    return straight(position, speed_mps * frame[:, 0], knots)


def watch(one, truth, until_s=60.0):
    return one.observe(truth, Tasks.empty(), until_s=until_s)


def test_they_find_aircraft_as_often_as_the_law_of_search_says():
    n, runs, distance, alt = 200, 3, 6e3, 853.0 + 2e3
    truth = ring(n, distance, alt, 0.0)
    slant = np.linalg.norm(truth.position_ecef_m[:, 0] - PLACE.ecef_m, axis=1)
    p = -np.expm1(-20.0 * sighting_rate(slant, AREA, visibility_m=20e3, search_per_sr_s=140e3))
    looks = 3 * runs
    seen = sum(len(watch(people(n, seed=s), truth)[0]) for s in range(runs))
    assert 0.2 < p.mean() < 0.8
    assert abs(seen - looks * p.sum()) < 4.0 * np.sqrt(looks * (p * (1.0 - p)).sum())


def test_the_rate_of_sightings_falls_with_range_and_haze():
    near, far = sighting_rate([2e3, 4e3], 10.0, visibility_m=10e3, search_per_sr_s=1e5)
    np.testing.assert_allclose(far / near, 0.25 * np.exp(-2.9957 * 0.2), rtol=1e-4)
    clear = sighting_rate(10e3, 10.0, visibility_m=1e9, search_per_sr_s=1e5)
    hazy = sighting_rate(10e3, 10.0, visibility_m=10e3, search_per_sr_s=1e5)
    np.testing.assert_allclose(hazy / clear, 0.05, rtol=1e-4)  # what is left at the meteorological visibility


def test_errors_are_as_large_as_the_covariance_says():
    truth = ring(300, 4e3, 2.5e3)
    one = people(300, search_per_sr_s=1e8, visibility_km=300.0)
    plots, origins = watch(one, truth)
    assert len(plots) > 800
    gap, cov, _ = errors(plots, origins, truth, one.environment)
    consistent(gap[:, 1:], cov[:, 1:, 1:])
    # a guessed range is off by a share: the square of its error is as large as said on average, with a longer tail
    ratio = gap[:, 0] ** 2 / cov[:, 0, 0]
    assert abs(ratio.mean() - 1.0) < 5.0 * ratio.std() / np.sqrt(len(ratio))
    bias = gap[:, 0] / np.sqrt(cov[:, 0, 0])
    assert abs(bias.mean()) < 0.2  # unbiased given the guess, nearly so given the range
    assert np.all(np.isnan(cov[:, 3]))
    assert np.all(np.linalg.eigvalsh(cov[:, :3, :3]) > 0.0)


def test_labels_are_visual_named_once_for_a_flight_and_wrong_as_often_as_said():
    n, runs = 100, 12
    truth, wrong, named = ring(n, 1.5e3, 853.0 + 400.0, 0.0), 0, 0
    for run in range(runs):
        plots, origins = watch(people(n, seed=run, wrong_label=0.2, search_per_sr_s=1e8), truth)
        assert (plots.label_source[plots.label >= 0] == LabelSource.VISUAL).all()
        assert (plots.label_source[plots.label < 0] == LabelSource.NONE).all()
        assert (plots.address == -1).all()
        said = np.full(n, -1)
        said[origins.mover] = plots.label
        np.testing.assert_array_equal(plots.label, said[origins.mover])  # the same in every report
        has = said >= 0
        named += has.sum()
        wrong += (said[has] != (np.arange(n) % 3)[has]).sum()
    assert named > 0.95 * n * runs  # so near, everybody can tell
    assert abs(wrong - 0.2 * named) < 4.0 * np.sqrt(named * 0.16)


def test_far_away_they_see_something_and_cannot_say_what():
    counts = {}
    for distance in (3e3, 8e3, 14e3):
        n_named = n_seen = 0
        for run in range(4):
            one = people(200, seed=run, search_per_sr_s=1e8, visibility_km=300.0)
            plots, _ = watch(one, ring(200, distance, 853.0 + 1.5e3, 0.0))
            n_seen, n_named = n_seen + len(plots), n_named + np.count_nonzero(plots.label >= 0)
        counts[distance] = n_named / n_seen
        cycles = np.sqrt(AREA) * 8.0 / (2.0 * np.pi / 10_800.0) / np.hypot(distance, 1.5e3)
        expected = identify_probability(cycles)
        # one draw a mover, shared by its reports
        assert abs(counts[distance] - expected) < 4.0 * np.sqrt(expected * (1.0 - expected) / 800) + 0.02
    assert counts[3e3] > 0.9 > counts[8e3] > counts[14e3]


def test_nobody_sees_in_the_dark_beyond_the_range_or_behind_the_trees():
    keen = {"search_per_sr_s": 1e8, "visibility_km": 300.0}
    day = people(10, light_since_s=30.0, light_until_s=50.0, period_s=10.0, **keen)
    plots, _ = watch(day, ring(10))
    assert sorted(set(plots.t_s.tolist())) == [30.0, 40.0, 50.0]
    assert len(watch(people(10, range_max_km=4.0, **keen), ring(10, speed_mps=0.0))[0]) == 0
    low = ring(10, 5e3, 853.0 + 100.0, 0.0)  # about one degree up
    assert len(watch(people(10, **keen), low)[0]) == 0
    assert len(watch(people(10, elevation_min_deg=0.5, **keen), low)[0]) == 30


def test_reports_come_on_time_whatever_the_ticks():
    keen = {"search_per_sr_s": 1e8, "visibility_km": 300.0, "period_s": 15.0}
    whole, _ = watch(people(4, **keen), ring(4))
    parts, one = [], people(4, **keen)
    for a in np.arange(0.0, 60.0, 6.0):
        truth = ring(4, speed_mps=0.0, knots=np.array([a, a + 6.0]))
        parts += one.observe(truth, Tasks.empty(), until_s=a + 6.0)[0].t_s.tolist()
    assert sorted(set(whole.t_s.tolist())) == [15.0, 30.0, 45.0, 60.0]
    np.testing.assert_allclose(parts, whole.t_s, atol=1e-9)


def test_rows_are_sorted_and_a_mover_less_changes_no_other():
    truth = ring(8)
    full, who = watch(people(8, search_per_sr_s=1e8), truth)
    keys = list(zip(full.t_s.tolist(), full.measurement[:, 0].tolist(), strict=True))
    assert keys == sorted(keys)
    present = truth.present.copy()
    present[2] = False
    gone = Truth(**{**dict(truth.items()), "present": present})
    part, left = watch(people(8, search_per_sr_s=1e8), gone)
    np.testing.assert_array_equal(full.measurement[who.mover != 2], part.measurement)
    assert 2 not in left.mover


def test_an_empty_sky_gives_an_empty_table():
    nobody = straight(np.empty((0, 3)), np.empty((0, 3)), KNOTS)
    plots, origins = watch(people(0), nobody)
    assert len(plots) == len(origins) == 0


def test_a_day_that_ends_before_it_begins_is_refused():
    with pytest.raises(ValueError, match="light_until_s must be after light_since_s, 50"):
        ObserverConfig(name="eyes", place="site", light_since_s=50.0, light_until_s=40.0)
