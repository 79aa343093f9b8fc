"""Signature tables on the curves of the Austin RCS Benchmark Suite (The University of Texas at Austin, 2023).

Problems III-A (NASA almond) and IV-A (PRIME aircraft model): full-wave reference, two measurements, both polarisations,
four frequencies each, every half degree.
"""

import numpy as np
import pytest

from watchfloor.formats.rcs_table import read_austin_rcs
from watchfloor.physics import rcs

BODIES = {
    "prime": ("IV.A.s1", {"fx1": 2.58e9, "f10": 5.12e9, "fx2": 7.0e9, "fx3": 10.25e9}),
    "almond": ("III.A.s1", {"fx1": 3.5e9, "fx2": 5.12e9, "fx3": 7.0e9, "fx4": 10.25e9}),
}


def table_of(folder, body, *, kind="ref", origin="mom"):
    problem, bands = BODIES[body]
    parts = [
        read_austin_rcs(folder / "austin_rcs" / body / f"{kind}_rcs.{problem}.{band}.{letter}.txt", polarisation=letter)
        for letter in "HV"
        for band in bands
    ]
    columns = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("polarisation", "frequency_hz", "azimuth_rad", "elevation_rad", "dbsm")
    }
    return rcs.table_from_rows(body, origin=origin, **columns)


def thinned(table, step):
    return rcs.replace(
        table,
        azimuth_rad=table.azimuth_rad[::step],
        dbsm=table.dbsm[..., ::step],
        sigma_db=table.sigma_db[..., ::step],
    )


@pytest.fixture(scope="module", params=BODIES)
def table(request, shared_data):
    return table_of(shared_data, request.param)


def test_the_table_holds_the_curves(table):
    assert table.dbsm.shape == (2, 4, 1, 361)
    for i, polarisation in enumerate(table.polarisation):
        found = rcs.table_m2(table, table.frequency_hz[:, None], table.azimuth_rad, polarisation=polarisation)
        np.testing.assert_allclose(10 * np.log10(found), table.dbsm[i, :, 0], rtol=1e-10)
    np.testing.assert_array_equal(rcs.table_sigma_db(table, 5e9, 0.3, polarisation="HH"), 1.0)


# mean error in decibels at points every 2, 5 and 10 degrees, as stated in `rcs.table_m2`
STATED = {"prime": (0.57, 1.85, 2.68), "almond": (0.31, 0.94, 1.68)}


@pytest.mark.parametrize(("which", "step"), [(0, 4), (1, 10), (2, 20)])
def test_amplitude_is_the_right_quantity_between_aspects(table, which, step):
    few = thinned(table, step)
    between = np.arange(361) % step != 0
    azimuth = table.azimuth_rad[between]
    errors = {"amplitude": [], "decibels": [], "power": []}
    for i, polarisation in enumerate(table.polarisation):
        for j, frequency_hz in enumerate(table.frequency_hz):
            truth, points = table.dbsm[i, j, 0, between], few.dbsm[i, j, 0]
            amplitude = 10 * np.log10(rcs.table_m2(few, frequency_hz, azimuth, polarisation=polarisation))
            decibels = np.interp(azimuth, few.azimuth_rad, points)
            power = 10 * np.log10(np.interp(azimuth, few.azimuth_rad, 10 ** (0.1 * points)))
            for name, value in (("amplitude", amplitude), ("decibels", decibels), ("power", power)):
                errors[name].append(np.abs(value - truth).mean())
    mean = {name: np.mean(value) for name, value in errors.items()}
    assert mean["amplitude"] == pytest.approx(STATED[table.name][which], abs=0.01)
    assert mean["amplitude"] < mean["decibels"]
    assert mean["amplitude"] < mean["power"]


def test_lobes_move_between_frequencies_and_the_stated_error_is_theirs(table):
    errors = []
    for i, polarisation in enumerate(table.polarisation):
        for j in (1, 2):
            keep = np.array([j - 1, j + 1])
            few = rcs.replace(
                table,
                frequency_hz=table.frequency_hz[keep],
                dbsm=table.dbsm[:, keep],
                sigma_db=table.sigma_db[:, keep],
                origin=(("mom", "mom"),) * 2,
            )
            found = rcs.table_m2(few, table.frequency_hz[j], table.azimuth_rad, polarisation=polarisation)
            errors.append(np.abs(10 * np.log10(found) - table.dbsm[i, j, 0]).mean())
    assert np.mean(errors) == pytest.approx({"prime": 4.76, "almond": 2.06}[table.name], abs=0.02)


def test_two_ranges_and_a_full_wave_solution_agree_to_the_stated_spread(shared_data, table):
    # the almond's second range measured one of twice the size: levels are scaled in the file, frequencies are not
    problem, bands = BODIES[table.name]
    errors = []
    for band in bands:
        for letter in "HV":
            for path in (shared_data / "austin_rcs" / table.name).glob(f"meas.*_rcs.{problem}.{band}.{letter}.txt"):
                rows = read_austin_rcs(path, polarisation=letter)
                i, j = table.polarisation.index(2 * letter), list(bands).index(band)
                level = np.interp(table.azimuth_rad, rows.azimuth_rad, rows.dbsm)
                errors.append(np.abs(level - table.dbsm[i, j, 0]).mean())
    assert len(errors) in (14, 16)
    assert max(errors) < 1.8
    assert np.mean(errors) == pytest.approx(rcs.SIGMA_DB["measured"], abs=0.15)


def test_the_prime_model_grows_to_its_full_size(table):
    # the 9.19 inch model stands for 15 m: 2.58 to 10.25 GHz become 40 to 160 MHz
    factor = 15.0 / (9.19 * 0.0254)
    full = table.scaled(factor)
    if table.name == "prime":
        np.testing.assert_allclose(full.frequency_hz[[0, -1]] / 1e6, [40.1, 159.5], atol=0.1)
    found = rcs.table_m2(full, table.frequency_hz / factor, 0.7, polarisation="VV")
    np.testing.assert_allclose(found / rcs.table_m2(table, table.frequency_hz, 0.7, polarisation="VV"), factor**2)
