"""Published figures of tapers, arrays and scanning beams."""

import math

import numpy as np
import pytest

from watchfloor.physics import antenna
from watchfloor.physics.antenna import taper_figures


def test_skolnik_table_of_aperture_distributions():
    """Skolnik, *Introduction to Radar Systems*, 2nd ed., 1980, table 7.1: beamwidth in lambda / D degrees, sidelobe."""
    uniform, cosine = taper_figures("uniform"), taper_figures("cosine")
    assert math.degrees(uniform.beamwidth_factor) == pytest.approx(51.0, abs=0.5)
    assert math.degrees(cosine.beamwidth_factor) == pytest.approx(69.0, abs=1.0)
    assert uniform.peak_sidelobe_db == pytest.approx(-13.2, abs=0.1)
    assert cosine.peak_sidelobe_db == pytest.approx(-23.0, abs=0.1)
    assert cosine.efficiency == pytest.approx(0.810, abs=1e-3)


@pytest.mark.parametrize(
    ("sidelobe_db", "ideal_deg", "n_bar", "sigma"),
    [
        (-20.0, 51.1, 2, 1.12549),
        (-20.0, 51.1, 3, 1.12133),
        (-20.0, 51.1, 4, 1.10273),
        (-20.0, 51.1, 5, 1.08701),
        (-25.0, 56.0, 5, 1.07728),
        (-30.0, 60.6, 6, 1.05693),
    ],
)
def test_taylor_beamwidths(sidelobe_db, ideal_deg, n_bar, sigma):
    """Taylor 1955, table of A, beta0 (ideal beamwidth, degrees) and the dilation sigma: beamwidth is sigma beta0.

    The rule is Taylor's own approximation, off by a few per mille for the least n_bar.
    """
    found = math.degrees(taper_figures("taylor", sidelobe_db, n_bar=n_bar).beamwidth_factor)
    assert found == pytest.approx(sigma * ideal_deg, rel=0.015)


def test_taylor_taper_loss():
    """Skolnik, *Radar Handbook*, 2nd ed., 1990, ch. 10, weightings: 40 dB Taylor with n-bar 8 loses 1.14 dB."""
    assert -10.0 * math.log10(taper_figures("taylor", -40.0, n_bar=8).efficiency) == pytest.approx(1.14, abs=0.01)


def test_directivity_of_a_quarter_wave_broadside_array():
    """Balanis, *Antenna Theory*, 4th ed., 2016, section 6.4: broadside, D = 2 N d / lambda for long arrays."""
    assert antenna.array_directivity(np.ones(10), 0.25) == pytest.approx(5.0, rel=0.04)  # his example has 5


def test_beam_shape_loss_of_eleven_pulses():
    """Skolnik, 2nd ed., 1980, section 2.12: 11 pulses inside the half-power beamwidth lose 1.66 dB."""
    assert antenna.beam_shape_loss_db(pulses_per_beamwidth=11) == pytest.approx(1.66, abs=0.01)


def test_beam_shape_loss_of_barton():
    """Barton, *Radar Equations for Modern Radar*, 2013, section 5.2: 1.24 dB in one coordinate, 2.48 dB in two."""
    assert antenna.beam_shape_loss_db() == pytest.approx(1.24, abs=0.01)
    assert antenna.beam_shape_loss_db(n_axes=2) == pytest.approx(2.48, abs=0.02)


def test_element_spacings_for_scanning():
    """Mailloux, 2nd ed., 2005, section 1.2: 0.536 wavelengths allow 60 degrees, half a wavelength allows 90."""
    np.testing.assert_allclose(antenna.grating_lobe_spacing(np.radians([60.0, 90.0])), [0.536, 0.5], atol=5e-4)


def test_directivity_rules():
    """Stutzman & Thiele, 26 000; Balanis, section 2.6 (Elliott): 32 400 square degrees of a uniform planar aperture."""
    one = math.radians(1.0)
    assert antenna.directivity_from_beamwidths(one, one) == pytest.approx(26_000.0, rel=1e-12)
    assert antenna.directivity_from_beamwidths(one, one, beam="rectangular") == pytest.approx(32_400.0, rel=1e-3)
