"""Printed examples of MATLAB's Radar Toolbox reference, pages radareqsearchpap, radareqsearchsnr, radareqsearchrng."""

import numpy as np
import pytest

from watchfloor.physics import radar


def solid_angle(azimuth_deg, elevation_deg):
    return np.radians(azimuth_deg) * np.sin(np.radians(elevation_deg))  # from the horizon up


TURN = {"search_s": 60.0 / 12.5, "noise_temperature_k": 487.0, "losses": 100.0}


def test_power_aperture_product_of_a_search_to_111_km():
    # page radareqsearchpap, first example: 13 dB, 1 m2, 12.5 turns a minute, 45 degrees of elevation: 2.3689e4 W m2
    found = radar.power_aperture(10.0**1.3, 111e3, 1.0, solid_angle_sr=solid_angle(360.0, 45.0), **TURN)
    np.testing.assert_allclose(found, 2.3689e4, rtol=3e-5)


def test_snr_of_a_search_at_1000_km():
    # page radareqsearchsnr, first example: 3e6 W m2, 10 s, -10 dBsm, 487 K, 6 dB, 30 by 45 degrees: 13.8182 dB
    found = radar.search_snr(
        3e6, 1e6, 0.1, solid_angle_sr=solid_angle(30.0, 45.0), search_s=10.0, noise_temperature_k=487.0, losses=10**0.6
    )
    np.testing.assert_allclose(10.0 * np.log10(found), 13.8182, atol=5e-4)


def test_the_three_search_forms_are_one_equation():
    args = {"solid_angle_sr": 1.5, "search_s": 12.0, "noise_temperature_k": 400.0, "losses": 4.0}
    needed = radar.power_aperture(20.0, 150e3, 0.5, **args)
    np.testing.assert_allclose(radar.search_snr(needed, 150e3, 0.5, **args), 20.0, rtol=1e-12)
    np.testing.assert_allclose(radar.search_range(needed, 20.0, 0.5, **args), 150e3, rtol=1e-12)


def test_search_is_tracking_with_a_gain_that_fills_the_sector():
    # G = 4 pi / beam solid angle; the dwell is the share of the search time that one beam gets
    beam_sr, sector_sr = 1e-3, 0.8
    found = radar.track_snr(1e4, 4.0 * np.pi / beam_sr, 2e5, 1.0, update_s=9.0, n_tracks=sector_sr / beam_sr)
    np.testing.assert_allclose(
        found, radar.search_snr(1e4, 2e5, 1.0, solid_angle_sr=sector_sr, search_s=9.0), rtol=1e-12
    )


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"solid_angle_sr": 13.0}, "solid_angle_sr must be above 0 and at most 12.5664"),
        ({"losses": 0.5}, "losses must be at least 1 and finite, got 0.5 .decibels or a gain"),
        ({"noise_temperature_k": np.nan}, "noise_temperature_k must be above 0 and finite, got nan"),
    ],
)
def test_arguments_outside_their_domain_are_named(change, wanted):
    args = {"solid_angle_sr": 1.0, "search_s": 10.0} | change
    with pytest.raises(ValueError, match=wanted):
        radar.search_snr(1e4, 1e5, 1.0, **args)
