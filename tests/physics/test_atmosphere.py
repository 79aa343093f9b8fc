import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from tests.plain import physics as plain
from tests.plain import propagation as plain_propagation
from watchfloor.physics import atmosphere, propagation


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


def test_kernel_of_the_lines_agrees_with_its_plain_twin():
    frequency = np.concatenate((np.linspace(0.1e9, 1000e9, 300), [60.3061e9, 118.750334e9]))
    for state in ((288.15, 100e3, 7.5e-3), (220.0, 20e3, 1e-5), (300.0, 5.0, 0.0)):
        found = atmosphere.oxygen_and_vapour_db_per_m(frequency, *state)
        wanted = [plain_propagation.gas_db_per_m(one, *state) for one in frequency]
        np.testing.assert_allclose(np.transpose(found), wanted, rtol=1e-11, atol=1e-300)


def test_many_states_of_the_air_agree_with_one():
    temperature, dry, vapour = atmosphere.reference_atmosphere([0.0, 5e3, 20e3])
    frequency = np.array([1e9, 22.2e9, 94e9])
    together = atmosphere.specific_attenuation_db_per_m(frequency[:, None], temperature, dry, vapour)
    for column in range(3):
        alone = atmosphere.specific_attenuation_db_per_m(frequency, temperature[column], dry[column], vapour[column])
        np.testing.assert_allclose(together[:, column], alone, rtol=1e-12)


def test_total_pressure_for_dry_costs_what_the_docstring_says():
    total = 101325.0
    dry = atmosphere.dry_pressure_pa(total, 288.15, 7.5e-3)
    frequency = np.linspace(1e9, 100e9, 500)
    wrong, right = (atmosphere.specific_attenuation_db_per_m(frequency, 288.15, p, 7.5e-3) for p in (total, dry))
    assert 0.01 < np.abs(wrong / right - 1.0).max() < 0.021


def test_operators_units_are_the_same_loss():
    found = atmosphere.specific_attenuation_db_per_km([10e9, 60e9], 1013.25, 288.15, 7.5)
    wanted = 1e3 * atmosphere.specific_attenuation_db_per_m([10e9, 60e9], 288.15, 101325.0, 7.5e-3)
    np.testing.assert_allclose(found, wanted, rtol=1e-14)


def test_rain_below_1_ghz_joins_and_fades():
    k, alpha = atmosphere.rain_coefficients(np.array([1e9 * (1 - 1e-12), 1e9, 100e6]))
    np.testing.assert_allclose(k, k[1] * np.array([1.0, 1.0, 0.01]), rtol=1e-9)
    assert alpha[0] == alpha[1] == alpha[2]
    assert atmosphere.rain_attenuation_db_per_km(1e9, 100.0, polarisation="V") < 0.005


@given(
    frequency_hz=st.floats(1e9, 1e12), rain=st.floats(0.0, 150.0), elevation=st.floats(0.0, 1.57), more=st.floats(0, 50)
)
def test_rain_loss_grows_with_rain_and_lies_between_its_polarisations(frequency_hz, rain, elevation, more):
    low, high = atmosphere.rain_attenuation_db_per_km(frequency_hz, [rain, rain + more], elevation)
    assert 0.0 <= low <= high
    circular = atmosphere.rain_coefficients(frequency_hz, tilt_rad=np.pi / 4)[0]
    ends = atmosphere.rain_coefficients(frequency_hz, tilt_rad=[0.0, np.pi / 2])[0]
    assert ends.min() * (1 - 1e-12) <= circular <= ends.max() * (1 + 1e-12)


def test_sky_of_an_opaque_line_has_the_temperature_of_the_ground_air():
    np.testing.assert_allclose(atmosphere.sky_temperature_k(60e9, 0.1), 288.0, atol=1.0)


def test_sky_noise_agrees_with_the_gas_it_comes_from():
    # A thin layer of gas at the effective 0.95 of the ground's temperature (ITU-R P.618-14, section 3: 255 to 280 K)
    loss = atmosphere.path_loss_db(8.4e9, np.linspace(0.0, 60e3, 4001), np.array([np.pi / 2]))[-1]
    own = atmosphere.sky_temperature_k(8.4e9, np.pi / 2) - (
        atmosphere.COSMIC_K + atmosphere.galactic_temperature_k(8.4e9)
    ) * 10 ** (-0.1 * loss)
    assert 250.0 < own / (1.0 - 10 ** (-0.1 * loss)) < 280.0


def test_sky_is_colder_higher_up():
    noise = atmosphere.sky_temperature_k(np.array([[1e9], [10e9]]), np.linspace(0.0, np.pi / 2, 30))
    assert noise.shape == (2, 30)
    assert np.all(np.diff(noise, axis=1) < 0.0)
    assert atmosphere.sky_temperature_k(10e9, 0.1, height_m=5e3) < atmosphere.sky_temperature_k(10e9, 0.1)


def test_system_noise_is_the_sum_of_its_parts():
    np.testing.assert_allclose(atmosphere.system_noise_temperature_k(50.0, 0.0), 50.0)
    hot = atmosphere.antenna_temperature_k(290.0)
    np.testing.assert_allclose(hot, 290.0)
    np.testing.assert_allclose(atmosphere.antenna_temperature_k(0.0, ohmic_loss=1e12), 290.0)


def test_arguments_outside_their_domain_are_refused():
    with pytest.raises(ValueError, match="height_m"):
        atmosphere.reference_atmosphere(90e3)
    with pytest.raises(ValueError, match="dry_pressure_pa"):
        atmosphere.specific_attenuation_db_per_m(1e9, 288.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="range_max_m"):
        atmosphere.GasTable(1e9, range_max_m=0.0)
    with pytest.raises(ValueError, match="pascal"):
        atmosphere.specific_attenuation_db_per_km(1e9, 101325.0)
    with pytest.raises(ValueError, match="temperature_k"):
        atmosphere.specific_attenuation_db_per_m(1e9, np.nan, 1e5, 0.0)
    with pytest.raises(ValueError, match="vapour_kgpm3"):
        atmosphere.dry_pressure_pa(1e5, 288.0, 7.5)
    with pytest.raises(ValueError, match="rain_mmph"):
        atmosphere.rain_attenuation_db_per_km(1e9, -1.0)
    with pytest.raises(ValueError, match="polarisation"):
        atmosphere.rain_attenuation_db_per_km(1e9, 1.0, polarisation="LHC")
    with pytest.raises(ValueError, match="line_loss"):
        atmosphere.system_noise_temperature_k(50.0, 3.0, line_loss=0.5)


def test_path_loss_of_one_range_is_that_of_its_own_steps():
    steps = np.linspace(0.0, 100e3, 2049)
    elevation = np.array([0.0, 0.1, 0.5 * np.pi])
    many = atmosphere.path_loss_db(10e9, steps, elevation[:, None])
    one = atmosphere.path_loss_db(10e9, 100e3, elevation)
    assert one.shape == (3,)
    np.testing.assert_array_equal(one, many[:, -1])
    assert atmosphere.path_loss_db(10e9, 100e3, 0.1).shape == ()
    assert atmosphere.path_loss_db(10e9, 0.0, 0.1) == 0.0
    np.testing.assert_array_equal(atmosphere.path_loss_db(10e9, steps.tolist(), 0.1), many[1])


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((0.0, 1e3, 0.1), "frequency_hz"),
        ((np.nan, 1e3, 0.1), "frequency_hz"),
        ((1e10, -1.0, 0.1), "range_m"),
        ((1e10, np.nan, 0.1), "range_m"),
        ((1e10, [1e3, 2e3], 0.1), "range_m"),
        ((1e10, [0.0, 2e3, 1e3], 0.1), "range_m"),
        ((1e10, [], 0.1), "range_m"),
        ((1e10, 1e3, 45.0), "elevation_rad"),
        ((1e10, [0.0, 1e3], [0.1, 0.2]), "elevation_rad"),
    ],
)
def test_path_loss_names_what_is_outside_its_domain(arguments, name):
    with pytest.raises(ValueError, match=name):
        atmosphere.path_loss_db(*arguments)
    with pytest.raises(ValueError, match="height_m"):
        atmosphere.path_loss_db(1e10, 1e3, 0.1, height_m=-1.0)
