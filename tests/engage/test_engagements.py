"""From a granted order to exactly one effect a round."""

import numpy as np
import pytest

from watchfloor.base.picture import Decision, Orders, Status, Tracks
from watchfloor.base.streams import Streams
from watchfloor.base.truth import Outcome, Truth
from watchfloor.engage.battery import Battery, BatteryConfig, Weapon
from watchfloor.engage.engagements import Engagements
from watchfloor.physics.frames import Place, polar_to_ecef

HOME = Place.from_degrees(40.0, 30.0, 500.0)


def weapon(**changes):
    numbers = {
        "range_min_m": 2e3,
        "range_max_m": 1e5,
        "altitude_min_m": 10.0,
        "altitude_max_m": 27e3,
        "flight_range_m": np.array([0.0, 2e5]),
        "flight_time_s": np.array([0.0, 200.0]),
        "pk": 0.6,
        "n_rounds": 4,
        "reload_s": 300.0,
        "reaction_s": 10.0,
        "channels": 2,
    }
    return Weapon(**{**numbers, **changes})


def engagements(streams=None, **changes):
    battery = Battery(
        BatteryConfig(name="b", card="x", place="home"),
        weapon=weapon(**changes),
        place=HOME,
        streams=streams or Streams(1),
    )
    return Engagements([battery], fire_control=[0], update_age_max_s=20.0)


def target(range_m=5e4, elevation=0.1):
    return polar_to_ecef(np.array([range_m]), np.array([0.5]), np.array([elevation]), HOME)


def tracks(position, *, t_s=0.0, updated_s=0.0, number=7):
    return Tracks(
        number=np.array([number]),
        t_s=np.array([t_s]),
        position_ecef_m=position,
        velocity_ecef_mps=np.zeros((1, 3)),
        cov=np.diag([1e4] * 3 + [1.0] * 3)[None],
        status=np.array([Status.CONFIRMED]),
        existence=np.ones(1),
        n_hits=np.array([5]),
        updated_s=np.array([[updated_s]]),
        address=np.array([-1]),
        label=np.array([-1]),
    )


def truth(position, t0, t1, present=True):
    return Truth(
        mover=np.array([3]),
        t_s=np.array([[t0, t1]]),
        position_ecef_m=np.repeat(position[:, None], 2, axis=1),
        velocity_ecef_mps=np.zeros((1, 2, 3)),
        bank_rad=np.zeros((1, 2)),
        present=np.full((1, 2), present),
    )


def order(*, rounds=1, decided_s=0.0, track=7, number=0, decision=Decision.GRANTED):
    return Orders(
        number=np.array([number]),
        track=np.array([track]),
        launcher=np.array([0]),
        rounds=np.array([rounds]),
        proposed_s=np.array([decided_s]),
        decided_s=np.array([decided_s]),
        decision=np.array([decision]),
        threat=np.array([0.5]),
        p_hostile=np.array([0.9]),
    )


def play(e, position, *, first, until=200.0, tick=10.0, fresh=True, seen=True, flies=True):
    """Return all effects of one order at t=0 against a target at rest."""
    out = [e.step(first, tracks(position), truth(position, -tick, 0.0), until_s=0.0)]
    for now in np.arange(tick, until + tick, tick):
        picture = tracks(position, t_s=now, updated_s=now if fresh else 0.0) if seen else Tracks.empty(1)
        out.append(e.step(Orders.empty(), picture, truth(position, now - tick, now, flies), until_s=now))
    rows = [(o, d, p) for x in out for o, d, p in zip(x.outcome.tolist(), x.draw.tolist(), x.pk.tolist(), strict=True)]
    return rows, out


def test_a_round_arrives_after_reaction_and_time_of_flight():
    _, out = play(engagements(), target(), first=order())
    effect = next(x for x in out if len(x))
    np.testing.assert_allclose(effect.launch_s, 10.0)
    np.testing.assert_allclose(effect.arrival_s, 10.0 + 50.0)  # 50 km at 1000 m/s
    np.testing.assert_allclose(effect.range_m, 5e4, rtol=1e-6)


@pytest.mark.parametrize(
    ("how", "outcome"),
    [
        ({"fresh": False}, Outcome.TRACK_LOST),
        ({"seen": False}, Outcome.TRACK_LOST),
        ({"flies": False}, Outcome.NO_TARGET),
    ],
)
def test_a_shot_without_track_or_target_says_so(how, outcome):
    rows, _ = play(engagements(), target(), first=order(), **how)
    assert [o for o, _, _ in rows] == [outcome]


def test_a_target_outside_the_envelope_at_arrival_is_out_of_reach():
    rows, _ = play(engagements(range_max_m=4e4), target(), first=order())
    assert [o for o, _, _ in rows] == [Outcome.OUT_OF_REACH]
    rows, _ = play(engagements(altitude_max_m=3e3), target(), first=order())
    assert [o for o, _, _ in rows] == [Outcome.OUT_OF_REACH]


def test_every_round_ends_in_exactly_one_effect_and_the_magazine_never_goes_negative():
    e = engagements()
    rows, _ = play(e, target(), first=order(rounds=6))
    assert len(rows) == 6
    assert sum(o == Outcome.NOT_FIRED for o, _, _ in rows) == 2, "four rounds were ready"
    assert e.readiness().rounds[0] == 0


def test_an_empty_magazine_is_refilled_after_the_reload_time_and_not_before():
    e = engagements()
    play(e, target(), first=order(rounds=4), until=300.0)
    assert e.readiness().rounds[0] == 0
    e.step(Orders.empty(), Tracks.empty(1), truth(target(), 309.0, 310.0), until_s=310.0)
    assert e.readiness().rounds[0] == 4


def test_channels_are_busy_until_arrival():
    e = engagements(channels=1)
    e.step(order(), tracks(target()), truth(target(), -10.0, 0.0), until_s=0.0)
    assert e.readiness().channels_free[0] == 0
    late = e.step(order(number=1, decided_s=5.0), tracks(target()), truth(target(), 0.0, 5.0), until_s=5.0)
    assert late.outcome.tolist() == [Outcome.NOT_FIRED]
    e.step(Orders.empty(), tracks(target(), t_s=61.0, updated_s=61.0), truth(target(), 51.0, 61.0), until_s=61.0)
    assert e.readiness().channels_free[0] == 1


def test_only_granted_orders_fire():
    for decision in (Decision.REFUSED, Decision.HELD, Decision.PENDING):
        rows, _ = play(engagements(), target(), first=order(decision=decision))
        assert rows == []


def test_a_kill_is_a_draw_below_pk_and_kills_once():
    killed = 0
    for seed in range(40):
        rows, out = play(engagements(Streams(seed)), target(), first=order(rounds=2))
        outcomes = [o for o, _, _ in rows]
        for outcome, draw, pk in rows:
            if outcome in (Outcome.KILL, Outcome.MISS):
                assert (outcome == Outcome.KILL) == (draw < pk)
        if outcomes[0] == Outcome.KILL:
            assert outcomes[1] == Outcome.NO_TARGET
            killed += 1
        assert all(m in (-1, 3) for x in out for m in x.mover.tolist())
    assert killed


def test_kills_are_as_frequent_as_pk_says():
    n, pk = 2000, 0.6
    battery = Battery(
        BatteryConfig(name="b", card="x", place="h"), weapon=weapon(n_rounds=n), place=HOME, streams=Streams(3)
    )
    hits = sum(battery.fire(launch_s=0.0) < pk for _ in range(n))
    assert abs(hits - n * pk) < 4.0 * np.sqrt(n * pk * (1.0 - pk))


def test_the_kth_shot_of_a_battery_meets_the_same_number_in_paired_runs():
    one, _ = play(engagements(Streams(5)), target(), first=order(rounds=2))
    two, _ = play(engagements(Streams(5)), target(4e4), first=order(rounds=2))
    assert [d for _, d, _ in one] == [d for _, d, _ in two]
