from __future__ import annotations

import numpy as np
import pytest

from watchfloor.learn.identify import softmax
from watchfloor.learn.modulation import N_NODES, BladeLines
from watchfloor.physics.modulation import PFA_LINES, pd_lines
from watchfloor.physics.radar import Radar
from watchfloor.scenario import catalog

TYPES = ("lo-fighter", "fighter", "airliner", "cruise-missile", "uav")
CARDS = [catalog.types()[name] for name in TYPES]


def radar(**changes):
    given = {
        "frequency_hz": 9.4e9, "peak_power_w": 10e3, "pulse_width_s": 1e-6, "bandwidth_hz": 1e6, "n_coherent": 512,
        "n_pulses": 1, "gain_tx": 3e3, "gain_rx": 3e3, "noise_temperature_k": 900.0, "losses": 4.0,
        "beamwidth_azimuth_rad": 0.03, "beamwidth_elevation_rad": 0.03, "elevation_min_rad": 0.0,
        "elevation_max_rad": 0.5, "period_s": 4.0, "pfa": 1e-6, "range_min_m": 1e3, "range_max_m": 150e3,
        "range_rate_max_mps": 700.0, "measures_elevation": True, "measures_range_rate": True, "prf_hz": (12e3,),
        "doppler": "bank",
    }  # fmt: skip
    return Radar.of(**{**given, **changes})


def looks(n, aspect_deg, snr_db, seen):
    """Sensor, aspect, power and spacing of n looks that all declared one, or none."""
    modulation = np.full(n, 1700.0 if seen else np.nan)
    return np.zeros(n, np.int64), np.full(n, np.radians(aspect_deg)), np.full(n, float(snr_db)), modulation


def one_track(law, *looked):
    return law.log_likelihood(law.evidence(*looked).sum(axis=0, keepdims=True))[0]


def test_what_says_nothing_says_nothing():
    law = BladeLines([radar(), radar(prf_hz=(), doppler="matched"), None], CARDS)
    np.testing.assert_array_equal(law.resolves, [True, False, False])
    nothing = (
        looks(5, 10.0, np.nan, False),  # misses
        (np.ones(5, np.int64), *looks(5, 10.0, 40.0, True)[1:]),  # a radar that cannot
        (np.full(5, 2), *looks(5, 10.0, 40.0, True)[1:]),  # no radar
    )
    for looked in nothing:
        assert np.all(law.evidence(*looked) == 0.0)
    assert law.evidence(*(column[:0] for column in looks(1, 0.0, 0.0, True))).shape == (0, 6, N_NODES)
    weak = one_track(law, *looks(20, 10.0, 8.0, False))  # lines would drown in noise: no argument against any type
    assert np.ptp(weak) < 0.5


def test_lines_speak_against_hidden_blades_and_silence_from_ahead_against_a_fan():
    law = BladeLines([radar()], CARDS)
    seen = dict(zip((*TYPES, "other"), one_track(law, *looks(3, 20.0, 45.0, True)), strict=True))
    assert seen["airliner"] - seen["lo-fighter"] > 10.0
    assert seen["lo-fighter"] == pytest.approx(3.0 * np.log(PFA_LINES))
    silent = dict(zip((*TYPES, "other"), one_track(law, *looks(10, 10.0, 50.0, False)), strict=True))
    assert silent["lo-fighter"] > silent["uav"] + 1.0
    beam = one_track(law, *looks(10, 88.0, 50.0, True))  # from the side only a propeller, or the unknown
    assert set(np.argsort(beam)[-2:]) == {TYPES.index("uav"), 5}


def test_a_hundred_silent_looks_are_not_a_hundred_witnesses():
    law = BladeLines([radar()], CARDS)
    ten, hundred = (one_track(law, *looks(n, 40.0, 40.0, False)) for n in (10, 100))
    fan = TYPES.index("airliner")
    assert hundred[fan] - ten[fan] > -1.5  # weak or hidden lines explain all of them at once
    assert np.exp(hundred[fan] - hundred[0]) > 0.05


def test_waves_that_do_not_enter_the_duct_see_no_fan():
    law = BladeLines([radar(frequency_hz=5e8)], CARDS)
    seen = one_track(law, *looks(1, 10.0, 50.0, True))
    assert seen[TYPES.index("cruise-missile")] == pytest.approx(np.log(PFA_LINES))  # 28 cm: cutoff 627 MHz
    assert seen[TYPES.index("airliner")] > -5.0


def test_the_nodes_of_one_look_are_the_law_of_the_sensor():
    law = BladeLines([radar()], CARDS)
    for snr_db in (15.0, 30.0, 45.0):
        found = law.evidence(*looks(1, 1.0, snr_db, True))[0, TYPES.index("airliner")]
        card = CARDS[TYPES.index("airliner")].modulation
        assert card is not None
        p = pd_lines(10.0 ** (0.1 * snr_db) - 1.0, card.level_db.median, 512) + PFA_LINES
        assert np.abs(found - np.log(p)).min() < 1e-9


def test_identities_by_lines_are_calibrated_over_flights_of_the_catalogue():
    """The probability given to the truth is, on average, the one foretold: sum of p2 (both means over one law)."""
    rng, law, n = np.random.default_rng(8), BladeLines([radar()], CARDS), 3000
    truth = rng.integers(0, 5, n)
    total = np.zeros((n, 6, N_NODES))
    shown = np.zeros((n, 3))
    for t, card in enumerate(CARDS):
        mine = np.flatnonzero(truth == t)
        if card.modulation is None:
            shown[mine] = -90.0, 1e-6, 1.0
            continue
        part = card.modulation
        for i in mine:
            blades, rpm = max(round(part.blades.draw(rng)), 1), part.shaft_rpm.draw(rng)
            shown[i] = part.level_db.draw(rng), np.radians(part.half_angle_deg.draw(rng)), blades * rpm / 60.0
    for _ in range(8):
        aspect, snr_db = np.arccos(rng.uniform(-1.0, 1.0, n)), rng.uniform(15.0, 45.0, n)
        off = np.minimum(aspect, np.pi - aspect)
        there = (off <= shown[:, 1]) & (shown[:, 2] >= 2.0 * 12e3 / 512) & (shown[:, 2] <= 6e3)
        p = np.where(there, pd_lines(10.0 ** (0.1 * snr_db) - 1.0, shown[:, 0], 512), 0.0)
        modulation = np.where(rng.random(n) < np.maximum(p, PFA_LINES), shown[:, 2], np.nan)
        total += law.evidence(np.zeros(n, np.int64), aspect, snr_db, modulation)
    posterior = softmax(law.log_likelihood(total)[:, :5])
    given, foretold = posterior[np.arange(n), truth], (posterior**2).sum(axis=1)
    away = given - foretold
    assert given.mean() > 0.25  # better than one in five
    # three points stand for each spread: 0.02 beside five standard errors
    assert abs(away.mean()) < 0.02 + 5.0 * away.std() / np.sqrt(n)
    for t in range(5):
        assert posterior[:, t].mean() == pytest.approx((truth == t).mean(), abs=0.04)
