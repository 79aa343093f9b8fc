"""ITU-R P.676-13 (2022): the validation examples of Study Group 3, CG-3M3J-13-ValEx-Rev8.3.0, sheet P.676-13 SpAtt."""

import numpy as np

from watchfloor.physics.atmosphere import oxygen_and_vapour_db_per_m, specific_attenuation_db_per_km

# 1013.25 hPa of dry air, 288.15 K, 7.5 g/m3; frequency [GHz], oxygen and water vapour [dB/km]
SHEET = np.array(
    [
        [12.0, 0.00869826406877357, 0.00953538822024593],
        [20.0, 0.0118835504778076, 0.0970473048151117],
        [60.0, 14.6234747964861, 0.15484184100000],
        [90.0, 0.0388697110724235, 0.34197339400000],
        [130.0, 0.0415090835995228, 0.75184470400000],
    ]
)


def test_oxygen_and_vapour_meet_the_sheet_apart():
    found = oxygen_and_vapour_db_per_m(1e9 * SHEET[:, 0], 288.15, 101325.0, 7.5e-3)
    np.testing.assert_allclose(1e3 * found[0], SHEET[:, 1], rtol=1e-8)
    np.testing.assert_allclose(1e3 * found[1], SHEET[:, 2], rtol=1e-8)


def test_their_sum_meets_the_sheet_in_operators_units():
    found = specific_attenuation_db_per_km(1e9 * SHEET[:, 0], 1013.25, 288.15, 7.5)
    np.testing.assert_allclose(found, SHEET[:, 1:].sum(axis=1), rtol=1e-8)
