import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.plain import motion as plain
from watchfloor.physics.frames import Place
from watchfloor.scenario.catalog import types
from watchfloor.track._kernels import measure
from watchfloor.track._kernels import motion as k
from watchfloor.track.motion import (
    CaConfig,
    CtConfig,
    CtUnknownConfig,
    CvConfig,
    MotionConfig,
    SingerConfig,
    initial_shares,
    model_table,
    models_for,
    singer_sigma_mps2,
    sojourns_s,
    switching,
    transition,
    turn_rate_radps,
)
from watchfloor.track.smooth import smooth

ECEF = np.asarray(Place.from_degrees(48.0, 12.0, 9000.0).ecef_m, float)
FIGHTER = {"speed_mps": 260.0, "load_factor_max": 5.0}
AIRLINER = {"speed_mps": 240.0, "load_factor_max": 1.15}
MISSILE = {"speed_mps": 240.0, "load_factor_max": 3.0}
DRONE = {"speed_mps": 65.0, "load_factor_max": 1.6}


@pytest.mark.parametrize(
    "config",
    [CvConfig(), CtConfig(turn_rate_degps=-3.0), CaConfig(), SingerConfig(), CtUnknownConfig()],
    ids=lambda c: c.kind,
)
@pytest.mark.parametrize("flat", [True, False])
def test_transitions_equal_the_plain_twin_state_by_state(config, flat):
    rng = np.random.default_rng(1)
    table, n_state = model_table(MotionConfig(models=(config,)))
    n = 5
    state = rng.normal(size=(n, n_state)) * np.array([1e4] * 3 + [150.0] * 3 + [5.0] * 3 + [0.02])[:n_state]
    state[:, :3] += 0.0 if flat else ECEF
    dt = np.array([0.5, 2.0, 10.0, -1.0, 4.0])
    f, q = transition(config, dt, state, flat=flat)
    for i in range(n):
        if config.kind == "ct_unknown":
            known = table[0].copy()
            known[k.KIND], known[k.RATE] = k.CT, state[i, 9]
            a, noise = plain.continuous(known, 6, plain.vertical_of(state[i], flat))
            want_f, want_q = plain.van_loan(a, noise, dt[i])
            up = plain.vertical_of(state[i], flat)
            carried = np.sign(dt[i]) * plain.turn_noise(state[i], dt[i], up, table[0][k.Q_RATE])
            sd = np.sqrt(np.diag(carried)[[0, 1, 2, 3, 4, 5]] + np.diag(want_q))
            angle = abs(state[i, 9] * dt[i])
            np.testing.assert_allclose(f[i, :6, :6], want_f, atol=1e-9)
            off = (q[i, :6, :6] - want_q - carried[:6, :6]) / np.outer(sd, sd)
            assert np.abs(off).max() < 2.0 * angle**2 + 1e-3
            continue
        a, noise = plain.continuous(table[0], n_state, plain.vertical_of(state[i], flat))
        want_f, want_q = plain.van_loan(a, noise, dt[i])
        np.testing.assert_allclose(f[i], want_f, atol=1e-9)
        np.testing.assert_allclose(q[i], want_q, rtol=1e-7, atol=1e-7)


def test_one_time_serves_all_states():
    state = np.zeros((3, 6))
    f, q = transition(CvConfig(), 2.0, state, flat=True)
    g, r = transition(CvConfig(), np.full(3, 2.0), state, flat=True)
    np.testing.assert_array_equal(f, g)
    np.testing.assert_array_equal(q, r)
    empty, _ = transition(CvConfig(), 2.0, np.empty((0, 6)), flat=True)
    assert empty.shape == (0, 6, 6)


def test_the_table_holds_si_units():
    config = MotionConfig(
        models=(
            CvConfig(manoeuvre_mps2=3.0, climb_manoeuvre_mps2=1.0, manoeuvre_time_s=10.0),
            CtConfig(load_factor=2.0, speed_mps=200.0, to="left"),
            CaConfig(manoeuvre_mps2=6.0, manoeuvre_time_s=4.0),
            SingerConfig(manoeuvre_mps2=5.0, manoeuvre_time_s=20.0),
            CtUnknownConfig(turn_rate_change_degps=2.0, turn_rate_time_s=8.0),
        ),
        acceleration_sd_mps2=7.0,
        turn_rate_sd_degps=4.0,
    )
    table, n_state = model_table(config)
    assert n_state == 10
    assert list(table[:, k.KIND]) == [k.CV, k.CT, k.CA, k.SINGER, k.CT_UNKNOWN]
    np.testing.assert_allclose(table[:, k.Q_H], [180.0, 20.0, 9.0, 2.5, 20.0])
    np.testing.assert_allclose(table[0, k.Q_V], 20.0)
    np.testing.assert_allclose(table[1, k.RATE], -turn_rate_radps(2.0, 200.0))
    assert table[3, k.TAU] == 20.0
    np.testing.assert_allclose(table[:, k.ACC_SD], [7.0, 7.0, 7.0, 5.0, 7.0])
    np.testing.assert_allclose(table[4, k.Q_RATE], np.radians(2.0) ** 2 / 8.0)
    np.testing.assert_allclose(table[:, k.RATE_SD], np.radians(4.0))
    assert model_table(MotionConfig(models=(CvConfig(), SingerConfig())))[1] == 9
    np.testing.assert_array_equal(sojourns_s(config), [60.0, 20.0, 20.0, 20.0, 20.0])


def test_the_long_run_share_is_that_of_the_markov_chain():
    config = MotionConfig(
        models=(CvConfig(sojourn_s=50.0), CtConfig(turn_rate_degps=3.0, sojourn_s=20.0), CaConfig(sojourn_s=5.0))
    )
    np.testing.assert_allclose(switching(config, 1e6), np.tile(initial_shares(config), (3, 1)), atol=1e-9)
    given_shares = MotionConfig(models=config.models, shares=(0.2, 0.3, 0.5))
    np.testing.assert_allclose(initial_shares(given_shares), [0.2, 0.3, 0.5])


def test_for_short_times_a_model_stays_with_one_less_time_over_sojourn():
    # Bar-Shalom, Li & Kirubarajan, 2001, section 11.6: p_ii = 1 - T / tau_i, to first order in T / tau
    config = MotionConfig(models=(CvConfig(sojourn_s=100.0), CaConfig(sojourn_s=50.0), SingerConfig(sojourn_s=25.0)))
    stay = np.diag(switching(config, 0.5))
    np.testing.assert_allclose(stay, 1.0 - 0.5 / np.array([100.0, 50.0, 25.0]), atol=0.02**2)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: CtConfig(), "turn_rate_degps"),
        (lambda: CtConfig(turn_rate_degps=3.0, load_factor=2.0, speed_mps=100.0), "turn_rate_degps"),
        (lambda: CtConfig(load_factor=2.0), "load_factor and speed_mps together"),
        (lambda: CvConfig(manoeuvre_mps2=float("nan")), "manoeuvre_mps2"),
        (lambda: MotionConfig(models=()), "models"),
        (lambda: MotionConfig(models=(CvConfig(),), shares=(0.5, 0.5)), "1 models but 2 shares"),
        (lambda: MotionConfig(models=(CvConfig(), CaConfig()), shares=(0.5, 0.6)), "add up to 1"),
        (lambda: MotionConfig.model_validate({"models": [{"kind": "cb"}]}), "cv"),
    ],
)
def test_a_bad_configuration_is_refused_and_says_why(make, says):
    with pytest.raises(ValidationError, match=says):
        make()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: transition(CaConfig(), 1.0, np.zeros((2, 6))), "at least 9"),
        (lambda: transition(CvConfig(), 1.0, np.zeros(6)), r"\(n, 6\)"),
        (lambda: transition(CvConfig(), np.nan, np.zeros((1, 6))), "finite"),
        (lambda: transition(CvConfig(), 1.0, np.full((1, 6), np.inf)), "finite"),
        (lambda: transition(MotionConfig(models=(CvConfig(), CaConfig())), 1.0, np.zeros((1, 9))), "one model"),
        (lambda: switching(MotionConfig(), np.inf), "dt_s"),
        (lambda: turn_rate_radps(0.9, 100.0), "load_factor"),
        (lambda: turn_rate_radps(np.nan, 100.0), "load_factor"),
        (lambda: turn_rate_radps(2.0, 0.0), "speed_mps"),
        (lambda: singer_sigma_mps2(-1.0, 0.1, 0.1), "acceleration_max_mps2"),
        (lambda: singer_sigma_mps2(10.0, 0.5, 0.1), "p_max"),
        (lambda: models_for({}), "classes"),
        (lambda: models_for({"ghost": {"speed_mps": 100.0}}), "'ghost' lacks load_factor_max"),
        (lambda: models_for({"ghost": {"speed_mps": 100.0, "load_factor_max": 0.5}}), "'ghost': load_factor"),
        (lambda: models_for({"f": FIGHTER}, interval_s=0.0), "interval_s"),
        (lambda: models_for({"f": FIGHTER}, turns_max=0), "turns_max"),
    ],
)
def test_bad_arguments_are_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_classes_give_the_turn_rates_their_load_factors_allow():
    fighter, airliner = models_for({"f": FIGHTER}), models_for({"a": AIRLINER})
    rates = [[m.turn_rate_degps for m in config.models if isinstance(m, CtConfig)] for config in (fighter, airliner)]
    # g sqrt(n^2 - 1) / v: 10.587 and 1.3297 deg/s, by hand with g = 9.80665
    levels = np.array([1.0, -1.0, 2.25, -2.25]) / 3.0
    np.testing.assert_allclose(rates[0], levels * 10.587, rtol=1e-3)
    np.testing.assert_allclose(rates[1], levels * 1.3297, rtol=1e-3)
    # half-width of a quarter of the largest acceleration g sqrt(n^2 - 1), uniform
    assert fighter.models[1].manoeuvre_mps2 == pytest.approx(0.25 * 9.80665 * np.sqrt(24.0) / np.sqrt(3.0))
    assert fighter.models[-1].manoeuvre_mps2 == pytest.approx(0.5 * 9.80665 * np.sqrt(24.0))
    assert fighter.models[-1].climb_manoeuvre_mps2 == pytest.approx(9.80665)
    assert airliner.models[-1].manoeuvre_mps2 < 3.0
    assert [m.kind for m in models_for({"f": FIGHTER}, catch_all=False).models] == ["cv", "ct", "ct", "ct", "ct"]


def test_several_classes_share_models_and_never_exceed_the_limit():
    config = models_for({"f": FIGHTER, "a": AIRLINER, "m": MISSILE, "d": DRONE}, turns_max=2)
    assert [m.kind for m in config.models] == ["cv", "ct", "ct", "ct", "ct", "cv"]
    right = [m.turn_rate_degps for m in config.models if isinstance(m, CtConfig)][::2]
    assert right[0] < 1.0 < 4.0 < right[1] < 8.0
    assert len(models_for({"f": FIGHTER, "a": AIRLINER}, turns_max=1).models) == 4
    assert len(models_for({"f": FIGHTER, "a": AIRLINER}, turns_max=9).models) == 10


def test_a_drone_that_turns_too_fast_to_follow_gets_the_catch_all_only():
    config = models_for({"slow": {"speed_mps": 5.0, "load_factor_max": 3.0}}, interval_s=4.0, catch_all=False)
    assert [m.kind for m in config.models] == ["cv", "cv"]


def test_the_catalogues_cards_say_enough():
    cards = types()
    numbers = {
        name: {
            "speed_mps": card.speed_mps.quantile_range()[1],
            "load_factor_max": card.load_factor_max.quantile_range()[2],
        }
        for name, card in cards.items()
    }
    for name, one in numbers.items():
        config = models_for({name: one})
        assert len(config.models) in (2, 4, 6)
    assert len(models_for(numbers).models) == 6


def turning(rng, n, dt, speed_mps, rate_radps):
    """A level flight of straight legs (30 s) and turns (12 s) at rates up to the largest; (n, 6), flat."""
    at = np.array([rng.uniform(-30e3, 30e3), rng.uniform(15e3, 45e3), rng.uniform(3e3, 9e3)])
    heading, rate, left, out = rng.uniform(0.0, 2.0 * np.pi), 0.0, rng.exponential(30.0), []
    for i in range(8 * n):
        if i % 8 == 0:
            out.append([*at, speed_mps * np.sin(heading), speed_mps * np.cos(heading), 0.0])
        left -= dt / 8.0
        if left < 0.0:
            rate = 0.0 if rate else rng.choice([-1.0, 1.0]) * rng.uniform(0.2, 1.0) * rate_radps
            left = rng.exponential(12.0 if rate else 30.0)
        middle = heading + 0.5 * rate * dt / 8.0
        at = at + speed_mps * dt / 8.0 * np.array([np.sin(middle), np.cos(middle), 0.0])
        heading += rate * dt / 8.0
    return np.array(out)


@pytest.mark.parametrize("numbers", [FIGHTER, AIRLINER, MISSILE], ids=["fighter", "airliner", "missile"])
def test_the_models_of_a_class_follow_it_better_than_any_one_filter(numbers):
    # 40 flights, paired by flight: mean gain in squared position error over its standard error
    rng, dt, n = np.random.default_rng(9), 4.0, 40
    sd = np.array([30.0, np.radians(0.2), np.radians(0.3), 1.0])
    sensor = np.zeros((1, measure.N_COLUMNS))
    sensor[0, 3:12], sensor[0, measure.FLAT] = np.eye(3).ravel(), 1.0
    rate = turn_rate_radps(numbers["load_factor_max"], numbers["speed_mps"])
    most = rate * numbers["speed_mps"]
    straight = [
        MotionConfig(models=(CvConfig(manoeuvre_mps2=share * most, climb_manoeuvre_mps2=0.5, manoeuvre_time_s=2.0),))
        for share in (0.15, 0.3, 0.6, 1.0)
    ]
    several = models_for({"one": numbers}, interval_s=dt)
    error, nees = np.zeros((5, 40)), []
    for i in range(40):
        x = turning(rng, n, dt, numbers["speed_mps"], rate)
        r = np.linalg.norm(x[:, :3], axis=1)
        z = np.stack([
            r,
            np.arctan2(x[:, 0], x[:, 1]),
            np.arcsin(x[:, 2] / r),
            np.sum(x[:, :3] * x[:, 3:], axis=1) / r,
        ], axis=1) + sd * rng.normal(size=(n, 4))  # fmt: skip
        z[:, 1] %= 2.0 * np.pi
        for j, motion in enumerate([several, *straight]):
            got = smooth(
                dt * np.arange(n), np.zeros(n, int), z, np.broadcast_to(np.diag(sd**2), (n, 4, 4)), sensors=sensor,
                motion=motion, flat=True,
            )  # fmt: skip
            off = (got.filtered - x)[5:, :3]
            error[j, i] = np.mean(np.sum(off**2, axis=1))
            if j == 0:
                cov = got.filtered_cov[5:, :3, :3]
                nees.append(np.mean(np.einsum("ni,ni->n", off, np.linalg.solve(cov, off[..., None])[..., 0])))
    for single in error[1:]:
        gain = single - error[0]
        assert gain.mean() > 3.0 * gain.std(ddof=1) / np.sqrt(40)
    # not matched: rates are drawn, turns are sharp; still no claim beyond what is known, nor far below it
    assert 2.0 < np.mean(nees) < 3.6


@given(
    numbers=st.dictionaries(
        st.text(min_size=1, max_size=4),
        st.fixed_dictionaries({"speed_mps": st.floats(5.0, 3000.0), "load_factor_max": st.floats(1.0, 15.0)}),
        min_size=1,
        max_size=8,
    ),
    interval_s=st.floats(0.05, 20.0),
)
@settings(max_examples=60, deadline=None)
def test_any_classes_give_models_that_are_in_their_domain_and_alike_to_both_sides(numbers, interval_s):
    config = models_for(numbers, interval_s=interval_s)
    table, n_state = model_table(config)
    assert n_state == 6
    assert len(table) in (2, 4, 6)
    assert np.isfinite(table).all()
    assert table[:, k.RATE].sum() == pytest.approx(0.0, abs=1e-12)
    largest = max(turn_rate_radps(n["load_factor_max"], n["speed_mps"]) for n in numbers.values())
    assert np.abs(table[:, k.RATE]).max() <= largest
    assert np.all(table[0, k.Q_H] <= table[1:, k.Q_H])


def test_singers_sigma_is_the_spread_of_his_density():
    # half pulls of the largest acceleration A to either side, none, or uniform: variance by hand
    a, p, p0 = 30.0, 0.15, 0.2
    variance = 2.0 * p * a**2 + (1.0 - 2.0 * p - p0) * a**2 / 3.0
    assert singer_sigma_mps2(a, p, p0) == pytest.approx(np.sqrt(variance), rel=1e-12)


def test_acceleration_held_from_update_to_update_is_the_book_s_discrete_model():
    # Bar-Shalom, Li & Kirubarajan, 2001, eq. 6.3.2-4: sigma^2 [[T^4/4, T^3/2], [T^3/2, T^2]]
    config = CvConfig(manoeuvre_mps2=5.0, climb_manoeuvre_mps2=2.0, noise="held")
    for dt in (0.5, 1.0, 4.0):
        f, q = transition(config, dt, np.zeros((1, 6)), flat=True)
        want = np.array([[dt**4 / 4.0, dt**3 / 2.0], [dt**3 / 2.0, dt**2]])
        for axis, sigma in enumerate((5.0, 5.0, 2.0)):
            np.testing.assert_allclose(q[0][np.ix_([axis, axis + 3], [axis, axis + 3])], sigma**2 * want, rtol=1e-12)
        np.testing.assert_allclose(f[0], np.eye(6) + dt * np.eye(6, k=3), rtol=1e-12)
