import numpy as np
import pytest
from scipy import integrate

from tests.plain import physics as plain
from watchfloor.physics import atmosphere, propagation

# ITU-R Study Group 3 validation examples, CG-3M3J-13-ValEx-Rev8.3.0, sheet P.676-13 SpAtt: 1013.25 hPa dry, 288.15 K,
# 7.5 g/m3; frequency [GHz], oxygen and water vapour [dB/km]
SHEET = np.array(
    [
        [12.0, 0.00869826406877357, 0.00953538822024593],
        [20.0, 0.0118835504778076, 0.0970473048151117],
        [60.0, 14.6234747964861, 0.15484184100000],
        [90.0, 0.0388697110724235, 0.34197339400000],
        [130.0, 0.0415090835995228, 0.75184470400000],
    ]
)


def test_specific_attenuation_meets_the_validation_sheet():
    found = atmosphere.specific_attenuation_db_per_m(SHEET[:, 0] * 1e9, 288.15, 101325.0, 7.5e-3)
    np.testing.assert_allclose(1e3 * found, SHEET[:, 1] + SHEET[:, 2], rtol=1e-8)


def test_reference_atmosphere_meets_its_levels():
    # ITU-R P.835-6, annex 1, table of layers, as geometric heights; total pressure = dry + vapour.
    # The Recommendation rounds 34.1632 and its base pressures: its own layers meet to 1.2e-5.
    geopotential = np.array([0.0, 11.0, 20.0, 32.0, 47.0, 51.0, 71.0])
    geometric = 6356.766 * geopotential / (6356.766 - geopotential)
    temperature, dry, vapour = atmosphere.reference_atmosphere(1e3 * geometric)
    np.testing.assert_allclose(temperature, [288.15, 216.65, 216.65, 228.65, 270.65, 270.65, 214.65], rtol=1e-9)
    total_hpa = 0.01 * dry + 1e3 * vapour * temperature / 216.7
    np.testing.assert_allclose(
        total_hpa, [1013.25, 226.3226, 54.7498, 8.680422, 1.109106, 0.6694167, 0.03956649], rtol=2e-5
    )
    np.testing.assert_allclose(vapour[0], 7.5e-3)


def test_reference_atmosphere_has_no_steps():
    heights = np.linspace(-500.0, 85e3, 3001)
    temperature, dry, _ = atmosphere.reference_atmosphere(heights)
    assert np.abs(np.diff(temperature)).max() < 0.2
    assert np.all(np.diff(dry) < 0.0)


def test_path_loss_agrees_with_quadrature():
    radius = 4 / 3 * propagation.MEAN_RADIUS_M

    def per_metre(s, elevation):
        h = np.sqrt(radius**2 + s * s + 2 * radius * s * np.sin(elevation)) - radius
        return float(atmosphere.specific_attenuation_db_per_m(10e9, *atmosphere.reference_atmosphere(max(h, 0.0))))

    for elevation, reach in ((0.0, 300e3), (0.05, 200e3), (np.pi / 2, 60e3)):
        wanted, _ = integrate.quad(per_metre, 0.0, reach, args=(elevation,), limit=300, epsrel=1e-6)
        steps = np.linspace(0.0, reach, 2001)
        np.testing.assert_allclose(atmosphere.path_loss_db(10e9, steps, elevation)[-1], wanted, rtol=1e-3)


@pytest.mark.parametrize("frequency_hz", [170e6, 3e9, 10e9])
def test_gas_table_is_as_close_to_the_integral_as_it_says(frequency_hz):
    table = atmosphere.GasTable(frequency_hz, range_max_m=500e3, height_m=900.0)
    rng = np.random.default_rng(5)
    steps = np.linspace(0.0, 500e3, 4001)
    for elevation in np.concatenate((rng.uniform(-0.01, 0.1, 30), rng.uniform(0.1, 1.5, 15))):
        exact = 2.0 * atmosphere.path_loss_db(frequency_hz, steps, elevation, height_m=900.0)
        found = table.two_way_db(steps, elevation)
        assert np.all(np.abs(found - exact) <= 0.01 * exact + 0.01)


def test_gas_look_up_agrees_with_its_plain_twin():
    table = atmosphere.GasTable(3e9, range_max_m=400e3)
    rng = np.random.default_rng(6)
    slant, elevation = rng.uniform(0, 450e3, 100), rng.uniform(-0.2, 1.6, 100)
    wanted = [plain.two_way_db(table.table_db, table.grid, *row) for row in zip(slant, elevation, strict=True)]
    np.testing.assert_allclose(table.two_way_db(slant, elevation), wanted, rtol=1e-10, atol=1e-12)


def test_loss_grows_with_range_and_falls_with_elevation():
    table = atmosphere.GasTable(3e9)
    loss = table.two_way_db(np.linspace(0, 500e3, 60)[:, None], np.linspace(0.0, 1.5, 40))
    assert loss.shape == (60, 40)
    assert np.all(np.diff(loss, axis=0) >= 0.0)
    assert np.all(np.diff(loss, axis=1) <= 1e-12)


def test_arguments_outside_their_domain_are_refused():
    with pytest.raises(ValueError, match="height_m"):
        atmosphere.reference_atmosphere(90e3)
    with pytest.raises(ValueError, match="dry pressure"):
        atmosphere.specific_attenuation_db_per_m(1e9, 288.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="range_max_m"):
        atmosphere.GasTable(1e9, range_max_m=0.0)
