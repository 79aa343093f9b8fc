import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plain import sensor as plain
from tests.sensor.flights import radar, signature, turning
from watchfloor.base.picture import Tasks
from watchfloor.base.streams import Streams
from watchfloor.physics.frames import Place
from watchfloor.sensor import _kernels
from watchfloor.sensor.card import environment_for
from watchfloor.sensor.rotating import RotatingRadar, RotatingRadarConfig

PLACE = Place.from_degrees(60.0, 20.0, 100.0)


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
def test_warming_compiles_what_a_run_needs_and_no_more():
    north = RotatingRadar(
        RotatingRadarConfig(name="north", card="none", place="site"),
        environment=environment_for(radar(), PLACE, 10.0),
        radar=radar(), signatures=[signature()], streams=Streams(1), row=0,
    )  # fmt: skip
    truth = turning(PLACE, [5e4], [0.01], [1.0], 5e3, np.arange(0.0, 20.1, 2.0))
    truth = type(truth)(**{name: np.array(column) for name, column in truth.items()})
    gate = Tasks(
        track=np.zeros(1, np.int64), sensor=np.zeros(1, np.int64), t_s=np.zeros(1), pfa=np.full(1, 1e-3),
        position_ecef_m=truth.position_ecef_m[:, 0].copy(), velocity_ecef_mps=truth.velocity_ecef_mps[:, 0].copy(),
        radius_m=np.full(1, 1e3), pd=np.ones(1),
    )  # fmt: skip
    kernels = (_kernels.passes, _kernels.level_db, _kernels.fade, _kernels.gate_pfa, _kernels.merge)
    _kernels.warm()
    warmed = [len(kernel.signatures) for kernel in kernels]
    north.observe(truth, gate, until_s=20.0)
    assert [len(kernel.signatures) for kernel in kernels] == warmed


def _passes(truth, period_s, phase_rad, place=PLACE):
    return _kernels.passes(
        np.ascontiguousarray(truth.t_s[0]),
        truth.position_ecef_m,
        truth.velocity_ecef_mps,
        truth.bank_rad,
        truth.present,
        place.ecef_m,
        place.rotation,
        1.0 / period_s,
        phase_rad / (2.0 * np.pi),
    )


@pytest.mark.parametrize(("period_s", "phase_rad"), [(10.0, 0.0), (4.0, 5.0)])
def test_the_beam_passes_when_brute_force_says(period_s, phase_rad):
    rng = np.random.default_rng(3)
    n = 6
    truth = turning(
        PLACE,
        rng.uniform(3e3, 2e4, n),
        rng.uniform(-0.05, 0.05, n),
        rng.uniform(0.0, 2.0 * np.pi, n),
        5e3,
        np.arange(0.0, 40.1, 1.6),
        offset_m=4e3,
    )
    mover, _, t, position, _, _ = _passes(truth, period_s, phase_rad)
    expected = plain.passes(
        truth.t_s[0], truth.position_ecef_m, truth.velocity_ecef_mps, truth.present, PLACE, period_s, phase_rad
    )
    assert len(expected) >= 4 * n  # at least one a turn
    np.testing.assert_array_equal(mover, [row[0] for row in expected])
    np.testing.assert_allclose(t, [row[1] for row in expected], rtol=0.0, atol=1e-9)
    np.testing.assert_allclose(position, [row[2] for row in expected], rtol=0.0, atol=1e-6)


def test_velocity_and_bank_belong_to_the_instant_of_the_pass():
    truth = turning(PLACE, [2e4], [0.02], [1.0], 5e3, np.arange(0.0, 60.1, 2.0))
    bank = truth.bank_rad + 0.01 * truth.t_s
    truth = type(truth)(**(dict(truth.items()) | {"bank_rad": bank}))
    _, ordinal, t, _, velocity, roll = _passes(truth, 10.0, 0.0)
    exact = turning(PLACE, [2e4], [0.02], [1.0], 5e3, t)
    np.testing.assert_allclose(velocity, exact.velocity_ecef_mps[0], atol=0.02)  # the cubic's own error: w^3 r h^3
    np.testing.assert_allclose(roll, 0.01 * t, atol=1e-9)
    np.testing.assert_array_equal(ordinal, np.arange(len(t)))


def test_a_mover_is_passed_only_where_both_ends_are_present():
    truth = turning(PLACE, [2e4, 3e4], [0.001, 0.001], [1.0, 4.0], 5e3, np.arange(0.0, 60.1, 2.0))
    present = truth.present.copy()
    present[0, 15:] = False  # gone at 30 s
    position = np.where(present[..., None], truth.position_ecef_m, np.nan)
    truth = type(truth)(**(dict(truth.items()) | {"present": present, "position_ecef_m": position}))
    mover, _, t, _, _, _ = _passes(truth, 10.0, 0.0)
    assert (mover == 0).sum() == 3
    assert t[mover == 0].max() < 28.0
    assert (mover == 1).sum() == 6


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_cross_section_is_interpolated_in_each_movers_own_table(seed):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 9, 4)
    first = np.concatenate(([0], np.cumsum(sizes)))
    grids = [np.concatenate(([0.0], np.sort(rng.uniform(0.01, 3.1, size - 2)), [np.pi])) for size in sizes]
    grid, level = np.concatenate(grids), rng.normal(0.0, 20.0, first[-1])
    table_of, mover = rng.integers(0, 4, 7), rng.integers(0, 7, 50)
    aspect = rng.uniform(-np.pi, np.pi, 50)
    aspect[:2] = 0.0, np.pi
    np.testing.assert_allclose(
        _kernels.level_db(aspect, table_of, mover, first, grid, level),
        plain.level_db(aspect, table_of, mover, first, grid, level),
        atol=1e-9,
    )


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_the_loosest_gate_that_holds_a_point_counts(seed):
    rng = np.random.default_rng(seed)
    n, g = 40, int(rng.integers(0, 8))
    t, position = rng.uniform(0.0, 60.0, n), rng.normal(0.0, 5e3, (n, 3))
    gates = (rng.uniform(0.0, 60.0, g), rng.normal(0.0, 5e3, (g, 3)), rng.normal(0.0, 100.0, (g, 3)))
    radius, pfa = rng.uniform(1e3, 2e4, g), 10.0 ** rng.uniform(-8.0, -2.0, g)
    np.testing.assert_array_equal(
        _kernels.gate_pfa(t, position, *gates, radius, pfa, 1e-6),
        plain.gate_pfa(t, position, *gates, radius, pfa, 1e-6),
    )


@given(seed=st.integers(0, 2**32 - 1), flat=st.booleans(), by_rate=st.booleans())
@settings(max_examples=60)
def test_merging_does_what_the_plain_twin_does(seed, flat, by_rate):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(0, 60))
    t = rng.uniform(0.0, 20.0, n)
    polar = np.stack(
        (
            1e5 + 100.0 * rng.uniform(0.0, 12.0, n),
            rng.normal(0.0, 0.02, n) % (2.0 * np.pi),  # around north, so that the wrap matters
            np.full(n, np.nan) if flat else rng.uniform(0.0, 0.1, n),
            rng.normal(0.0, 200.0, n),
        ),
        axis=1,
    )
    power, mover = rng.uniform(1.0, 100.0, n), rng.integers(-4, 20, n)
    cell = np.array([150.0, 0.02, np.inf if flat else 0.03, 100.0 if by_rate else np.inf])
    head, when, centre, total, who, size, spread = _kernels.merge(t, polar, power, mover, cell, 10.0)
    expected = plain.merge(t, polar, power, mover, cell, 10.0)
    np.testing.assert_array_equal(head, [rows[0] for rows, *_ in expected])
    np.testing.assert_allclose(when, [row[1] for row in expected], atol=1e-9)
    np.testing.assert_allclose(centre, np.reshape([row[2] for row in expected], (-1, 4)), atol=1e-7)
    np.testing.assert_allclose(total, [row[3] for row in expected], atol=1e-9)
    np.testing.assert_array_equal(who, [row[4] for row in expected])
    np.testing.assert_array_equal(size, [row[5] for row in expected])
    alone = np.array([len(rows) == 1 for rows, *_ in expected], bool)
    np.testing.assert_array_equal(spread[alone], 0.0)
    wanted = np.reshape([row[6] for row in expected], (-1, 4, 4))[~alone]
    np.testing.assert_allclose(spread[~alone], wanted, rtol=1e-7, atol=1e-6)
    assert sum((mover[rows] != -1).sum() for rows, *_ in expected) == (mover != -1).sum()


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_fades_are_held_as_the_plain_twin_holds_them(seed):
    rng = np.random.default_rng(seed)
    n, movers = 60, 5
    t, mover = np.sort(rng.uniform(0.0, 30.0, n)), rng.integers(0, movers, n)
    azimuth = rng.uniform(-np.pi, np.pi, movers)[mover] + rng.normal(0.0, 0.02, n)
    elevation = rng.uniform(-1.5, 1.5, movers)[mover] + rng.normal(0.0, 0.02, n)
    fresh, length = rng.standard_normal((n, 4)), rng.uniform(3.0, 60.0, movers)
    last, amplitude = np.full((movers, 4), np.nan), np.zeros((movers, 4))
    found = [
        _kernels.fade(
            fresh[i], t[i], azimuth[i], elevation[i], mover[i], 0.5 * 1.5 / length, 0.005, 1.0, last, amplitude
        )
        for i in (slice(0, 25), slice(25, n))  # two ticks
    ]
    wanted = plain.fade(fresh, t, azimuth, elevation, mover, 1.5, length, 0.005, 1.0)
    np.testing.assert_allclose(np.concatenate(found), wanted, rtol=1e-9, atol=1e-12)


def test_movers_stand_between_knots_where_a_cubic_puts_them():
    rng = np.random.default_rng(5)
    t = np.array([0.0, 2.0, 3.0, 7.0])
    position, velocity = rng.normal(0.0, 1e4, (3, 4, 3)), rng.normal(0.0, 300.0, (3, 4, 3))
    bank, present = rng.normal(0.0, 0.5, (3, 4)), np.ones((3, 4), bool)
    present[1, 2] = False
    row, when = np.array([0, 1, 1, 2, 2, 0]), np.array([0.0, 1.3, 2.5, 6.9, 8.0, -1.5])
    where, speed, roll, here = _kernels.states(t, position, velocity, bank, present, row, when)
    expected = plain.states(t, position, velocity, bank, present, row, when)
    for found, wanted in zip((where, speed, roll), expected[:3], strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-9)
    np.testing.assert_array_equal(here, expected[3])
    assert here.tolist() == [True, True, False, True, True, True]
