"""The world step by step, against its plain twin and against itself in other steps."""

from __future__ import annotations

import numpy as np
import pytest

from tests.plain import world as plain
from tests.world.helpers import card, kill
from tests.world.test_routes import EVERY_KIND, PLACES, trajectory
from watchfloor.base.truth import Effects, Outcome
from watchfloor.scenario.model import PhaseConfig
from watchfloor.world.base import RouteError
from watchfloor.world.motion import GRAVITY_MPS2
from watchfloor.world.world import World, addresses, build_world

TRAJECTORIES = [trajectory(config) for config in EVERY_KIND.values()]
STARTS_S = [0.0, 33.0, 7.5, 60.0]


def make(knot_s=2.0, starts_s=STARTS_S):
    n = len(TRAJECTORIES)
    return World(
        names=[f"m{i}" for i in range(n)],
        types=["test"] * n,
        trajectories=TRAJECTORIES,
        starts_s=starts_s,
        transponder=[False] * n,
        reflectors=[False] * n,
        knot_s=knot_s,
    )


def phase(movers, **more):
    return PhaseConfig.model_validate({"duration_s": 600.0, "tick_s": 60.0, "movers": movers, **more})


def mover(**more):
    return {"name": "jet", "type": "test", "route": EVERY_KIND["racetrack"].model_dump(), **more}


def test_step_agrees_with_the_plain_twin():
    world, t_s = make(knot_s=7.0), 0.0
    gone = np.full(4, np.inf)
    for until_s in (50.0, 63.0, 4000.0):
        truth = world.step(Effects.empty(), until_s=until_s)
        assert truth.t_s[0, 0] == t_s
        t_s = until_s
        position, velocity, bank, present = plain.move(TRAJECTORIES, STARTS_S, gone, truth.t_s[0])
        np.testing.assert_array_equal(truth.present, present)
        np.testing.assert_allclose(truth.position_ecef_m, position, atol=1e-6)
        np.testing.assert_allclose(truth.velocity_ecef_mps, velocity, atol=1e-8)
        np.testing.assert_allclose(truth.bank_rad, bank, atol=1e-9)
    assert 0 < present.sum() < present.size


def test_knots_hold_both_ends_of_the_tick_and_are_no_further_apart_than_asked():
    world = make(knot_s=2.0)
    ends = [0.1, 10.0, 10.5, 71.3]
    start_s = 0.0
    for until_s in ends:
        truth = world.step(Effects.empty(), until_s=until_s)
        assert truth.t_s.shape == truth.present.shape
        assert np.all(truth.t_s == truth.t_s[0])
        assert truth.t_s[0, 0] == start_s
        assert truth.t_s[0, -1] == until_s == world.t_s
        assert np.diff(truth.t_s[0]).max() <= 2.0 * (1.0 + 1e-9)
        start_s = until_s


def test_ticks_join_without_a_step():
    world = make()
    before = world.step(Effects.empty(), until_s=100.0)
    after = world.step(Effects.empty(), until_s=200.0)
    np.testing.assert_array_equal(before.position_ecef_m[:, -1], after.position_ecef_m[:, 0])
    np.testing.assert_array_equal(before.velocity_ecef_mps[:, -1], after.velocity_ecef_mps[:, 0])


def test_the_size_of_the_tick_changes_nothing():
    coarse, fine = make(), make()
    late = coarse.step(Effects.empty(), until_s=600.0)
    for until_s in np.arange(10.0, 601.0, 10.0):
        last = fine.step(Effects.empty(), until_s=float(until_s))
    np.testing.assert_allclose(last.position_ecef_m[:, -1], late.position_ecef_m[:, -1], atol=1e-6)


def test_a_cubic_between_knots_is_exact_to_centimetres_but_where_a_leg_meets_a_turn():
    coarse, fine = make(knot_s=2.0, starts_s=[0.0] * 4), make(knot_s=0.5, starts_s=[0.0] * 4)
    a, b = (w.step(Effects.empty(), until_s=900.0) for w in (coarse, fine))
    h, p, v = a.t_s[0, 1], a.position_ecef_m, a.velocity_ecef_mps
    middle = 0.5 * (p[:, :-1] + p[:, 1:]) + h / 8.0 * (v[:, :-1] - v[:, 1:])  # cubic Hermite at the middle
    error = np.linalg.norm(middle - b.position_ecef_m[:, 2::4], axis=2)
    joint = np.any(np.diff(np.abs(b.bank_rad) > 0.05, axis=1).reshape(4, 450, 4), axis=2)
    assert 10 < joint.sum() < 60
    assert np.nanmax(error[~joint]) < 0.03
    # a step j of the acceleration in an interval costs at most j h^2 / 64 in its middle; at 3 g the step is sqrt(8) g
    assert np.nanmax(error[joint]) < np.sqrt(8.0) * GRAVITY_MPS2 * h**2 / 64.0 * 1.01


def test_movers_are_absent_before_they_start_and_after_they_end():
    world = make(knot_s=1.0)
    truth = world.step(Effects.empty(), until_s=3600.0)
    for i, (start_s, path) in enumerate(zip(STARTS_S, TRAJECTORIES, strict=True)):
        inside = (truth.t_s[i] >= start_s) & (truth.t_s[i] <= start_s + path.duration_s)
        np.testing.assert_array_equal(truth.present[i], inside)
        assert np.isnan(truth.position_ecef_m[i, ~inside]).all()
        assert np.isnan(truth.velocity_ecef_mps[i, ~inside]).all()
        assert np.isnan(truth.bank_rad[i, ~inside]).all()
        assert np.isfinite(truth.position_ecef_m[i, inside]).all()


def test_a_mover_killed_at_the_end_of_a_tick_is_absent_from_the_whole_of_the_next():
    world = make(knot_s=2.0)
    world.step(Effects.empty(), until_s=100.0)
    assert not world.step(kill(0, 100.0), until_s=110.0).present[0].any()


def test_a_killed_mover_is_gone_from_the_arrival_on():
    world = make(knot_s=2.0)
    world.step(Effects.empty(), until_s=100.0)
    truth = world.step(kill(0, 104.5), until_s=110.0)
    np.testing.assert_array_equal(truth.present[0], truth.t_s[0] < 104.5)
    assert truth.present[1:3].all()
    assert not world.step(Effects.empty(), until_s=120.0).present[0].any()


@pytest.mark.parametrize(("row", "outcome"), [(0, Outcome.MISS), (0, Outcome.TRACK_LOST), (-1, Outcome.KILL)])
def test_what_is_no_kill_of_a_mover_kills_nobody(row, outcome):
    world = make(starts_s=[0.0] * 4)
    world.step(Effects.empty(), until_s=10.0)
    assert world.step(kill(row, 5.0, outcome), until_s=20.0).present.all()


def test_the_first_kill_counts():
    world = make(starts_s=[0.0] * 4)
    world.step(kill(2, 3.0), until_s=2.0)
    truth = world.step(kill(2, 9.0), until_s=10.0)
    np.testing.assert_array_equal(truth.present[2], truth.t_s[2] < 3.0)


def test_time_does_not_run_backward():
    world = make()
    world.step(Effects.empty(), until_s=10.0)
    with pytest.raises(ValueError, match=r"stands at 10\.0 s and cannot step to 10\.0"):
        world.step(Effects.empty(), until_s=10.0)


def test_a_world_without_movers_moves_on():
    world = build_world(phase(()), places=PLACES, cards={}, knot_s=2.0)
    truth = world.step(Effects.empty(), until_s=60.0)
    assert truth.position_ecef_m.shape == (0, 31, 3)
    assert world.address.shape == (0,)


def test_build_takes_everything_from_the_phase():
    config = phase(
        [mover(transponder=True), mover(name="two", reflectors=True, start_s=30.0)],
    )
    world = build_world(config, places=PLACES, cards={"test": card()}, knot_s=2.0)
    assert world.names == ("jet", "two")
    assert world.types == ("test", "test")
    assert world.transponder.tolist() == [True, False]
    assert world.reflectors.tolist() == [False, True]
    truth = world.step(Effects.empty(), until_s=60.0)
    np.testing.assert_allclose(truth.position_ecef_m[1, 15], truth.position_ecef_m[0, 0], atol=1e-6)


@pytest.mark.parametrize(
    ("movers", "limits", "message"),
    [
        ([mover(type="tset")], {}, "mover 'jet': no type 'tset' in this scenario; did you mean 'test'"),
        (
            [mover()],
            {"speed_max_mps": 240.0},
            r"mover 'jet' \(test\): route.speed_mps: test type flies at most 240 m/s",
        ),
        ([mover()], {"load_factor_max": 1.1}, r"mover 'jet' \(test\): route.load_factor: .*turn wider"),
        ([mover(), mover()], {}, "two movers are called 'jet'"),
    ],
)
def test_what_cannot_be_built_is_refused_with_names(movers, limits, message):
    with pytest.raises(RouteError, match=message):
        build_world(phase(movers), places=PLACES, cards={"test": card(**limits)}, knot_s=2.0)


def test_addresses_are_24_bit_and_stable_and_differ():
    names = [f"flight-{i}" for i in range(5000)]
    found = addresses(names)
    assert len(set(found.tolist())) == 5000
    assert found.min() >= 0
    assert found.max() < 2**24
    np.testing.assert_array_equal(addresses(names[:10]), found[:10])


def test_an_address_that_is_taken_gives_way_to_the_next():
    seen: dict[int, str] = {}
    for i in range(100_000):
        name = f"n{i}"
        (address,) = addresses([name]).tolist()
        if address in seen:
            break
        seen[address] = name
    first, second = addresses([seen[address], name]).tolist()
    assert (first, second) == (address, (address + 1) % 2**24)


def test_knots_need_a_spacing():
    with pytest.raises(ValueError, match="knot_s must be above 0"):
        make(knot_s=0.0)
