"""Physical optics of the NASA almond against a full-wave solution.

Body: Woo, Wang, Schuh & Sanders, *IEEE Antennas and Propagation Magazine* 35(1), 1993, 84-89, equations of the NASA
almond, 9.936 inches. Curves: Austin RCS Benchmark Suite (The University of Texas at Austin, 2023), problem III-A, full-
wave reference, 3.5 to 10.25 GHz, cut through the wide side.
"""

import numpy as np
import pytest

from tests.plain.rcs import almond
from watchfloor.physics.physical_optics import SIGMA_SPECULAR_DB, Facets, rcs_m2

BANDS = {"fx1": 3.5e9, "fx2": 5.12e9, "fx3": 7.0e9, "fx4": 10.25e9}


@pytest.fixture(scope="module")
def errors(shared_data):
    """Level of physical optics over the reference (2 polarisations, 4 frequencies, 361 aspects), and the flags."""
    vertex, corner = almond()
    body = Facets(vertex_m=vertex, corner=corner)
    aspect = np.radians(np.arange(361) * 0.5)
    off, specular = np.empty((2, 4, 361)), np.empty((4, 361), bool)
    for j, (name, frequency_hz) in enumerate(BANDS.items()):
        found = rcs_m2(body, frequency_hz, aspect)
        specular[j] = found.specular
        for i, letter in enumerate("VH"):
            rows = np.loadtxt(shared_data / "austin_rcs" / "almond" / f"ref_rcs.III.A.s1.{name}.{letter}.txt")
            np.testing.assert_allclose(rows[:, 0], frequency_hz)
            off[i, j] = 10.0 * np.log10(found.sigma_m2) - rows[:, 3]
    return off, specular


def test_the_almond_is_a_closed_body_of_its_published_size():
    vertex, corner = almond()
    body = Facets(vertex_m=vertex, corner=corner)
    np.testing.assert_allclose(np.ptp(vertex, axis=0) / (9.936 * 0.0254), [1.0, 0.386666, 0.128888], rtol=1e-3)
    assert body.volume_m3 > 0.0


def test_mean_errors_are_those_known_of_physical_optics(errors):
    off, _ = errors
    vertical, horizontal = np.abs(off).mean(axis=2)
    assert (vertical > 3.5).all()
    assert (vertical < 5.6).all()
    assert (horizontal > 6.3).all()
    assert (horizontal < 10.5).all()


def test_nose_on_physical_optics_is_12_to_25_db_too_low_and_says_so(errors):
    off, specular = errors
    nose = off[:, :, :61].mean(axis=2)  # 0 to 30 degrees
    assert (nose < -11.5).all()
    assert (nose > -26.0).all()
    assert not specular[:, :61].any()


def test_the_stated_spread_is_that_of_the_specular_looks(errors):
    off, specular = errors
    rms = np.sqrt(np.mean(off[:, specular] ** 2, axis=1))
    assert rms[0] == pytest.approx(3.5, abs=0.3)
    assert rms[1] == pytest.approx(6.3, abs=0.3)
    assert np.sqrt(np.mean(rms**2)) == pytest.approx(SIGMA_SPECULAR_DB, abs=0.3)
    assert specular.mean() > 0.7
    assert (off[:, ~specular].mean(axis=1) < -8.0).all()
