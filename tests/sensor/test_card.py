from __future__ import annotations

import numpy as np
import pytest

from watchfloor.physics.atmosphere import GasTable
from watchfloor.physics.radar import detection_range
from watchfloor.physics.rcs import band_of
from watchfloor.scenario import catalog
from watchfloor.scenario.spread import Spread
from watchfloor.sensor.card import gas_for, radar_from

# what each card's anchor says: cross-section, apparent elevation of the path, range as read, spread of the reading
ANCHORS = {
    "vhf-early-warning": (2.5, 1.3, 420e3, 320e3, 600e3),  # 20 km altitude
    "s-band-acquisition": (2.0, 1.0, 450e3, 350e3, 550e3),  # 10-30 km altitude
    "x-band-engagement": (1.0, 2.5, 180e3, 115e3, 250e3),  # 10 km altitude
    "x-band-face": (1.0, 2.5, 180e3, 115e3, 250e3),  # 10 km altitude
    "s-band-terminal": (1.0, 2.5, 74e3, 55e3, 110e3),  # 3 km altitude
    "x-band-drone-watch": (0.01, 3.0, 2e3, 1.5e3, 2.8e3),  # 100 m
}


def test_every_card_has_an_anchor_under_test():
    assert set(catalog.radars()) == set(ANCHORS)


@pytest.mark.parametrize("name", ANCHORS)
def test_the_median_card_meets_its_anchor_and_its_spread_stays_inside(name):
    card = catalog.radars()[name]
    sigma_m2, elevation_deg, stated_m, low_m, high_m = ANCHORS[name]
    for figure in (stated_m, low_m, high_m):
        assert f"{figure / 1e3:.3g}" in card.anchor

    def reach(rng):
        radar = radar_from(card, rng)
        gas = gas_for(radar, 850.0)
        return float(detection_range(radar, sigma_m2, 0.5, gas=gas, elevation_rad=np.radians(elevation_deg)))

    assert abs(reach(None) / stated_m - 1.0) < 0.02
    rng = np.random.default_rng(7)
    drawn = np.quantile([reach(rng) for _ in range(200)], [0.1, 0.5, 0.9])
    assert low_m < drawn[0] < 0.93 * drawn[1]
    assert 1.07 * drawn[1] < drawn[2] < high_m


def test_a_large_target_is_within_the_advertised_600_km():
    # "up to 600 km" on a large target (press): 30 m2 must be no obstacle to the acquisition radar's power
    card = catalog.radars()["s-band-acquisition"]
    radar = radar_from(card, None)
    assert detection_range(radar, 30.0, 0.5, gas=gas_for(radar, 850.0), elevation_rad=0.01) > 600e3
    assert card.range_max_km.quantile_range()[2] == 600.0


@pytest.mark.parametrize("name", ANCHORS)
def test_cards_are_consistent_radars(name):
    card = catalog.radars()[name]
    rng = np.random.default_rng(11)
    for radar in [radar_from(card, None), *(radar_from(card, rng) for _ in range(100))]:
        assert band_of(radar.frequency_hz) == card.band
        rate = radar.n_coherent * radar.n_pulses / radar.dwell_s
        assert rate * radar.waveform.pulse_width_s < 0.2  # duty a solid-state or tube transmitter can bear
        if radar.frequency_hz < 8e9 or radar.range_max_m < 10e3:  # the others resolve ambiguous ranges by several rates
            assert 299_792_458.0 / 2.0 / rate > 0.7 * radar.range_max_m
        assert (
            radar.n_cells * radar.pfa < 40.0
        )  # false plots a turn that a tracker can bear, in the worst of a hundred draws
    median = radar_from(card, None)
    gain = 26_000.0 / np.degrees(median.beamwidth_azimuth_rad) / np.degrees(median.beamwidth_elevation_rad)
    assert abs(10.0 * np.log10(median.antenna.gain_rx / gain)) < 1.0  # Skolnik 2001, ch. 9


def test_every_radar_finds_its_band_in_every_type():
    for card in catalog.radars().values():
        for name, kind in catalog.types().items():
            assert card.band in kind.signature, f"{name} has no {card.band} band"


def test_units_are_converted_once_and_rightly():
    card = catalog.radars()["s-band-acquisition"]
    radar = radar_from(card, None)
    assert radar.frequency_hz == pytest.approx(3.1e9)
    assert radar.peak_power_w == pytest.approx(32e3)
    assert radar.waveform.pulse_width_s == pytest.approx(170e-6)
    assert radar.antenna.gain_tx == pytest.approx(10.0**4.1)
    assert radar.noise_temperature_k == pytest.approx(290.0 * 10.0**0.25)
    assert radar.losses == pytest.approx(10.0**0.85)
    assert radar.beamwidth_azimuth_rad == pytest.approx(np.radians(1.1))
    assert radar.range_max_m == pytest.approx(500e3)
    assert radar.period_s == pytest.approx(10.0)


def test_each_spread_takes_one_normal_number_in_the_order_of_fields():
    card = catalog.radars()["vhf-early-warning"]
    names = [field for field in type(card).model_fields if isinstance(getattr(card, field), Spread)]
    used, fresh = np.random.default_rng(3), np.random.default_rng(3)
    radar = radar_from(card, used)
    score = dict(zip(names, fresh.standard_normal(len(names)), strict=True))
    assert used.standard_normal() == fresh.standard_normal()
    for name, value, unit in (
        ("frequency_mhz", radar.frequency_hz, 1e6),
        ("beamwidth_azimuth_deg", radar.beamwidth_azimuth_rad, np.radians(1.0)),
        ("range_max_km", radar.range_max_m, 1e3),
        ("elevation_min_deg", radar.elevation_min_rad, np.radians(1.0)),
        ("range_min_km", radar.range_min_m, 1e3),
        ("range_rate_max_mps", radar.range_rate_max_mps, 1.0),
    ):
        assert value == pytest.approx(unit * getattr(card, name).at_z(score[name])), name


def test_shared_gas_tables_stay_near_the_exact_one():
    radar = radar_from(catalog.radars()["x-band-engagement"], np.random.default_rng(2))
    exact = GasTable(radar.frequency_hz, range_max_m=700e3, height_m=873.0)
    shared = gas_for(radar, 873.0)
    assert gas_for(radar, 872.0) is shared
    slant, elevation = np.meshgrid([50e3, 200e3, 400e3], [-0.002, 0.005, 0.02, 0.3])
    assert np.abs(shared.two_way_db(slant, elevation) - exact.two_way_db(slant, elevation)).max() < 0.3
