"""ITU-R P.838-3 (2005): its table 5, and the validation examples of Study Group 3."""

import numpy as np
import pytest

from watchfloor.physics.atmosphere import rain_attenuation_db_per_km, rain_coefficients

# P.838-3, table 5: frequency [GHz], kH, alphaH, kV, alphaV
TABLE_5 = [
    (1.0, 0.0000259, 0.9691, 0.0000308, 0.8592),
    (2.0, 0.0000847, 1.0664, 0.0000998, 0.9490),
    (4.0, 0.0001071, 1.6009, 0.0002461, 1.2476),
    (10.0, 0.01217, 1.2571, 0.01129, 1.2156),
    (20.0, 0.09164, 1.0568, 0.09611, 0.9847),
    (30.0, 0.2403, 0.9485, 0.2291, 0.9129),
    (40.0, 0.4431, 0.8673, 0.4274, 0.8421),
    (100.0, 1.3671, 0.6815, 1.3680, 0.6765),
]


@pytest.mark.parametrize("row", TABLE_5, ids=lambda row: f"{row[0]:g} GHz")
def test_coefficients_meet_table_5(row):
    frequency_ghz, *wanted = row
    k, alpha = rain_coefficients(1e9 * frequency_ghz, tilt_rad=[0.0, np.pi / 2])
    found = [k[0], alpha[0], k[1], alpha[1]]
    for value, printed in zip(found, wanted, strict=True):
        last_digit = 10.0 ** -len(f"{printed:.7f}".rstrip("0").split(".")[1])
        assert abs(value - printed) <= 0.51 * last_digit


# CG-3M3J-13-ValEx-Rev5.1, sheet P.838-3:
# elevation [deg], frequency [GHz], rain [mm/h], tilt [deg], k, alpha, loss [dB/km]
EXAMPLES = np.array(
    [
        [31.07699124, 14.25, 26.48052, 0.0, 0.03975488, 1.12418043, 1.58130839],
        [40.232036, 14.25, 33.936232, 0.0, 0.04007624, 1.11804138, 2.06173213],
        [46.35969261, 29.0, 27.13586832, 0.0, 0.21978097, 0.9484851, 5.03135479],
        [52.67898486, 29.0, 78.2994993, 0.0, 0.21923716, 0.9464763, 13.59290086],
        [48.24117054, 14.25, 63.62668149, 90.0, 0.04226474, 1.07871664, 3.72901264],
        [85.80459566, 14.25, 99.13558978, 90.0, 0.04133039, 1.09499629, 6.34064598],
        [20.14335809, 29.0, 42.91007183, 90.0, 0.21298877, 0.92265917, 6.83364556],
    ]
)


def test_the_validation_examples_are_met():
    elevation, frequency, rain, tilt, wanted_k, wanted_alpha, wanted = EXAMPLES.T
    where = {"elevation_rad": np.radians(elevation), "tilt_rad": np.radians(tilt)}
    k, alpha = rain_coefficients(1e9 * frequency, **where)
    np.testing.assert_allclose(k, wanted_k, atol=6e-9)
    np.testing.assert_allclose(alpha, wanted_alpha, atol=6e-9)
    np.testing.assert_allclose(rain_attenuation_db_per_km(1e9 * frequency, rain, **where), wanted, atol=6e-8)


def test_named_polarisations_are_their_tilts():
    for name, tilt in (("H", 0.0), ("V", np.pi / 2), ("circular", np.pi / 4)):
        assert rain_attenuation_db_per_km(9e9, 12.0, polarisation=name) == rain_attenuation_db_per_km(
            9e9, 12.0, 0.0, tilt
        )
