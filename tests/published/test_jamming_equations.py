"""Textbook jamming equations, whose constants are printed in decibels, against ours from first principles."""

import math

import pytest

from tests.physics.test_jamming import RADAR
from watchfloor.physics import jamming

# one pulse without compression or losses, as the textbooks write it
PLAIN = RADAR.but(pulse_width_s=1e-6, n_coherent=1, losses=1.0, gain_tx=2500.0, measures_range_rate=False)


def db(x):
    return 10.0 * math.log10(float(x))


@pytest.mark.parametrize("range_km", [5.0, 40.0])
@pytest.mark.parametrize("sigma_m2", [1.0, 10.0])
def test_adamy_self_protection(range_km, sigma_m2):
    """Adamy, *EW 101*, 2001, ch. 9: J/S = 71 + ERP_J - ERP_S + 20 lg R(km) - 10 lg sigma, both powers in the band."""
    erp_w = 40.0
    expected = (
        71.0 + db(erp_w) - db(PLAIN.peak_power_w * PLAIN.antenna.gain_tx) + 20.0 * math.log10(range_km) - db(sigma_m2)
    )
    jam = jamming.jam_to_noise(PLAIN, range_km * 1e3, erp_w=erp_w, bandwidth_hz=PLAIN.bandwidth_hz)
    assert db(jamming.jam_to_signal(PLAIN, range_km * 1e3, sigma_m2, jam)) == pytest.approx(expected, abs=0.02)


def test_adamy_stand_off():
    """Adamy, ch. 9: J/S = 71 + ERP_J - ERP_S + 40 lg R_T - 20 lg R_J + G_S - G_M - 10 lg sigma (km, dB)."""
    erp_w, target_km, jammer_km, sidelobe_db, sigma = 5e4, 15.0, 60.0, -30.0, 3.0
    expected = 71.0 + db(erp_w) - db(PLAIN.peak_power_w * PLAIN.antenna.gain_tx) + 40.0 * math.log10(target_km)
    expected += -20.0 * math.log10(jammer_km) + sidelobe_db - db(sigma)
    jam = jamming.jam_to_noise(
        PLAIN,
        jammer_km * 1e3,
        erp_w=erp_w,
        bandwidth_hz=PLAIN.bandwidth_hz,
        pattern=10.0 ** (0.1 * sidelobe_db),
    )
    assert db(jamming.jam_to_signal(PLAIN, target_km * 1e3, sigma, jam)) == pytest.approx(expected, abs=0.02)


def test_mahafza_self_screening_crossover():
    r"""Mahafza, *Radar Systems Analysis and Design Using MATLAB*, section 3.4: R = sqrt(P G sigma B_j / 4 pi ERP B)."""
    erp_w, band_hz, sigma = 60.0, 25e6, 8.0
    expected = math.sqrt(
        PLAIN.peak_power_w * PLAIN.antenna.gain_tx * sigma * band_hz / (4.0 * math.pi * erp_w * PLAIN.bandwidth_hz)
    )
    got = jamming.crossover_range_m(PLAIN, sigma, erp_w=erp_w, bandwidth_hz=band_hz)
    assert got == pytest.approx(expected, rel=1e-9)


def test_mahafza_stand_off_crossover():
    r"""Mahafza, section 3.4: R^4 = P G^2 sigma B_j R_j^2 / (4 pi ERP G' B); the case of his figure for 22.2 km.

    10 kW, 35 dB, 10 m2, 500 kHz; jammer 1 kW, 30 dB, same band, sidelobe gain 10 dB; losses left out.
    """
    radar = PLAIN.but(
        frequency_hz=5.6e9,
        peak_power_w=10e3,
        gain_tx=10.0**3.5,
        gain_rx=10.0**3.5,
        bandwidth_hz=500e3,
        pulse_width_s=2e-6,
    )
    expected = (10e3 * 10.0**7 * 10.0 * 22.2e3**2 / (4.0 * math.pi * 1e3 * 10.0**3 * 10.0)) ** 0.25
    jam = jamming.jam_to_noise(radar, 22.2e3, erp_w=1e6, bandwidth_hz=500e3, pattern=10.0 / radar.antenna.gain_rx)
    assert jamming.jam_to_signal(radar, expected, 10.0, jam) == pytest.approx(1.0, rel=1e-9)
