import numpy as np
import pytest

from watchfloor.physics import rcs


def signature(**changes):
    fields = {
        "name": "toy",
        "bands": ("VHF", "X"),
        "aspect_rad": np.radians([0.0, 90.0, 180.0]),
        "dbsm": np.array([[10.0, 20.0, 0.0], [-30.0, 0.0, -20.0]]),
        "swerling": 1,
        "sigma_db": np.array([1.0, 6.0]),
        "origin": ("measured", "assumed"),
    }
    return rcs.Signature(**{**fields, **changes})


def test_luneburg_meets_the_public_figures():
    # 4 pi^3 a^4 / lambda^2 at 10 and 3 GHz: 0.86 and 0.08 m2 for 5 cm, 13.8 and 1.2 m2 for 10 cm
    np.testing.assert_allclose(rcs.luneburg_m2(0.05, [10e9, 3e9]), [0.86, 0.08], atol=5e-3)
    np.testing.assert_allclose(rcs.luneburg_m2(0.10, [10e9, 3e9]), [13.8, 1.24], atol=5e-2)


def test_luneburg_is_a_disc_seen_along_its_normal():
    area, wavelength = np.pi * 0.07**2, 299_792_458.0 / 9e9
    np.testing.assert_allclose(rcs.luneburg_m2(0.07, 9e9), 4 * np.pi * area**2 / wavelength**2, rtol=1e-13)


@pytest.mark.parametrize(
    ("frequency_hz", "band"),
    # IEEE Std 521-2019, table 1; the lower edge belongs to the band
    [(30e6, "VHF"), (299e6, "VHF"), (300e6, "UHF"), (1e9, "L"), (2e9, "S"), (5.6e9, "C"), (8e9, "X"), (94e9, "W")],
)
def test_bands_are_those_of_the_standard(frequency_hz, band):
    assert rcs.band_of(frequency_hz) == band


def test_no_band_beyond_the_table():
    with pytest.raises(ValueError, match="no radar band"):
        rcs.band_of(1e12)


def test_sigma_is_linear_in_decibels_between_aspects():
    found = rcs.sigma_m2(signature(), "X", np.radians([0.0, 45.0, 90.0, 180.0]))
    np.testing.assert_allclose(10 * np.log10(found), [-30.0, -15.0, 0.0, -20.0], atol=1e-9)


def test_port_and_starboard_are_alike():
    aspect = np.linspace(0.0, np.pi, 17)
    np.testing.assert_array_equal(rcs.sigma_m2(signature(), "VHF", aspect), rcs.sigma_m2(signature(), "VHF", -aspect))


def test_an_unknown_band_is_named_with_those_there_are():
    with pytest.raises(ValueError, match="no band 'S', only VHF, X"):
        rcs.sigma_m2(signature(), "S", 0.0)


def test_a_reflector_adds_to_the_mean():
    # mean over a uniform phase of |sqrt(a) + sqrt(b) exp(i phase)|^2
    phase = 2 * np.pi * (np.arange(1000) + 0.5) / 1000
    mean = np.mean(np.abs(np.sqrt(0.3) + np.sqrt(2.0) * np.exp(1j * phase)) ** 2)
    np.testing.assert_allclose(rcs.add_incoherent(0.3, 2.0), mean, rtol=1e-12)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dbsm": np.zeros((2, 4))}, "need dbsm"),
        ({"bands": ("VHF", "VHF")}, "must differ"),
        ({"bands": ("VHF", "Q")}, "among"),
        ({"origin": ("measured", "guessed")}, "origins are"),
        ({"aspect_rad": np.radians([0.0, 90.0, 170.0])}, "rise from 0 to pi"),
        ({"dbsm": np.full((2, 3), np.nan)}, "finite"),
        ({"sigma_db": np.array([-1.0, 1.0])}, "at least 0"),
        ({"swerling": 7}, "0 to 4"),
    ],
)
def test_a_bad_signature_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        signature(**changes)


def test_a_lens_needs_sense():
    with pytest.raises(ValueError, match="radius_m"):
        rcs.luneburg_m2(-0.1, 1e9)
