"""Jamming by its own laws: the ratio falls with distance, the burn-through range solves its equation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.base.units import BOLTZMANN_JPK
from watchfloor.physics import detection, jamming
from watchfloor.physics.radar import Radar, snr

RADAR = Radar.of(
    frequency_hz=3e9,
    peak_power_w=1e5,
    pulse_width_s=1e-5,
    bandwidth_hz=1e6,
    n_coherent=8,
    n_pulses=1,
    gain_tx=3000.0,
    gain_rx=2500.0,
    noise_temperature_k=600.0,
    losses=10.0,
    beamwidth_azimuth_rad=0.03,
    beamwidth_elevation_rad=0.05,
    elevation_min_rad=0.0,
    elevation_max_rad=0.5,
    period_s=10.0,
    pfa=1e-6,
    range_min_m=1e3,
    range_max_m=3e5,
    range_rate_max_mps=700.0,
    measures_elevation=True,
    measures_range_rate=True,
)


def test_a_jammer_s_power_density_is_collected_by_the_effective_area():
    distance, erp, band = 80e3, 5e3, 20e6
    flux = erp / (4.0 * math.pi * distance**2) / band  # W/m2/Hz
    area = RADAR.antenna.gain_rx * RADAR.wavelength_m**2 / (4.0 * math.pi)
    expected = flux * area / (BOLTZMANN_JPK * 600.0)
    assert jamming.jam_to_noise(RADAR, distance, erp_w=erp, bandwidth_hz=band) == pytest.approx(expected, rel=1e-12)


def test_a_narrow_emitter_s_power_counts_whole():
    spot = jamming.jam_to_noise(RADAR, 1e5, erp_w=100.0, bandwidth_hz=RADAR.bandwidth_hz)
    narrower = jamming.jam_to_noise(RADAR, 1e5, erp_w=100.0, bandwidth_hz=1e4)
    assert narrower == pytest.approx(float(spot), rel=1e-12)


@given(distance=st.floats(1e3, 1e6), pattern=st.floats(1e-6, 1.0))
def test_the_ratio_falls_with_the_square_of_distance_and_with_the_pattern(distance, pattern):
    arguments = {"erp_w": 1e3, "bandwidth_hz": 1e7}
    one = jamming.jam_to_noise(RADAR, distance, **arguments)
    assert jamming.jam_to_noise(RADAR, 2.0 * distance, **arguments) == pytest.approx(one / 4.0, rel=1e-12)
    assert jamming.jam_to_noise(RADAR, distance, pattern=pattern, **arguments) == pytest.approx(
        pattern * one, rel=1e-12
    )


def test_several_emitters_add():
    each = jamming.jam_to_noise(
        RADAR, [80e3, 120e3], erp_w=[1e3, 5e3], bandwidth_hz=[1e7, 5e7], pattern=[1e-3, 1e-4], losses=[1.0, 2.0]
    )
    together = jamming.snr_jammed(100.0, each.sum())
    assert together < np.min(jamming.snr_jammed(100.0, each))
    assert together == pytest.approx(100.0 / (1.0 + each[0] + each[1]), rel=1e-12)


@given(
    sigma=st.floats(1e-3, 100.0),
    needed=st.floats(1.0, 1e3),
    erp=st.floats(0.0, 1e5),
    other=st.floats(0.0, 1e4),
)
def test_at_the_burn_through_range_the_needed_ratio_is_met(sigma, needed, erp, other):
    arguments = {"erp_w": erp, "bandwidth_hz": 30e6}
    reach = jamming.burn_through_range_m(RADAR, sigma, needed, other_jam_to_noise=other, **arguments)
    jam = jamming.jam_to_noise(RADAR, reach, **arguments) + other
    assert jamming.snr_jammed(snr(RADAR, reach, sigma), jam) == pytest.approx(needed, rel=1e-9)


def test_without_an_emitter_it_is_the_detection_range():
    needed = float(detection.required_snr(0.9, 1e-6))
    expected = (RADAR.snr_1m2_1m * 2.0 / needed) ** 0.25
    assert jamming.burn_through_range_m(RADAR, 2.0, needed) == pytest.approx(expected, rel=1e-12)


def test_strong_self_screening_leaves_the_textbook_s_square_root():
    reach = jamming.burn_through_range_m(RADAR, 2.0, 20.0, erp_w=1e6, bandwidth_hz=1e7)
    crossover = jamming.crossover_range_m(RADAR, 2.0, erp_w=1e6, bandwidth_hz=1e7)
    assert reach == pytest.approx(crossover / math.sqrt(20.0), rel=1e-3)


def test_at_the_crossover_range_signal_and_jamming_are_equal():
    crossover = jamming.crossover_range_m(RADAR, 2.0, erp_w=50.0, bandwidth_hz=1e7)
    jam = jamming.jam_to_noise(RADAR, crossover, erp_w=50.0, bandwidth_hz=1e7)
    assert jamming.jam_to_signal(RADAR, crossover, 2.0, jam) == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: jamming.jam_to_noise(RADAR, 0.0, erp_w=1.0, bandwidth_hz=1e6), "range_m"),
        (lambda: jamming.jam_to_noise(RADAR, 1e5, erp_w=-1.0, bandwidth_hz=1e6), "erp_w"),
        (lambda: jamming.jam_to_noise(RADAR, 1e5, erp_w=1.0, bandwidth_hz=math.nan), "bandwidth_hz"),
        (lambda: jamming.jam_to_noise(RADAR, 1e5, erp_w=1.0, bandwidth_hz=1e6, pattern=-30.0), "pattern"),
        (lambda: jamming.jam_to_noise(RADAR, 1e5, erp_w=1.0, bandwidth_hz=1e6, losses=0.5), "losses"),
        (lambda: jamming.snr_jammed(-1.0, 0.0), "snr"),
        (lambda: jamming.burn_through_range_m(RADAR, 1.0, 0.0), "snr_needed"),
        (lambda: jamming.crossover_range_m(RADAR, 1.0, erp_w=0.0, bandwidth_hz=1e6), "erp_w"),
    ],
)
def test_jamming_outside_its_domain_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_radar_s_own_losses_do_not_help_it_against_noise():
    lossier = RADAR.but(losses=100.0)
    arguments = {"erp_w": 1e3, "bandwidth_hz": 1e7}
    assert jamming.jam_to_noise(lossier, 1e5, **arguments) == jamming.jam_to_noise(RADAR, 1e5, **arguments)
