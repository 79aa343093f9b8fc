"""The exact sphere against printed values of the Mie series.

Bohren & Huffman, *Absorption and Scattering of Light by Small Particles*, 1983, appendix A: the test run of BHMIE.
Wiscombe, *Mie scattering calculations*, NCAR/TN-140+STR, 1979 (edited 1996), test cases of MIEV0: the amplitude S1 at
180 degrees, from which sigma / (pi a^2) = |2 S1 / x|^2. Their refractive indices have negative imaginary parts, ours
positive ones: the amplitude's conjugate. Knott, Shaeffer & Tuley, *Radar Cross Section*, 2nd ed., 2004, section 3.3:
the conducting sphere's Rayleigh law, first maximum and limit.
"""

import numpy as np
import pytest

from watchfloor.physics import rcs

C = 299_792_458.0


def efficiency(x, index=None):
    """Cross-section over pi a^2 at 1 GHz of the sphere of that size."""
    radius = np.asarray(x) * C / (2.0 * np.pi * 1e9)
    return rcs.mie_sphere_m2(radius, 1e9, refractive_index=index) / (np.pi * radius**2)


def test_bohren_and_huffmans_test_run():
    assert efficiency(2.0 * np.pi * 0.525 / 0.6328, 1.55) == pytest.approx(2.92534, abs=1e-5)


@pytest.mark.parametrize(
    ("x", "index", "s1"),
    [
        (0.099, 0.75, 1.81756e-8 - 1.64810e-4j),  # case 5
        (0.101, 0.75, 2.04875e-8 - 1.74965e-4j),  # case 6
        (10.0, 0.75, -1.07857 - 3.60881e-2j),  # case 7
        (1000.0, 0.75, 1.70578e1 + 4.84251e2j),  # case 8
        (1.0, 1.33 + 1e-5j, 2.243622e-2 + 1.437106e-1j),  # case 9
        (100.0, 1.33 + 1e-5j, -5.659205e1 + 4.650974e1j),  # case 10
        (0.055, 1.5 + 1j, 7.661398e-5 + 8.338145e-5j),  # case 12
        (0.056, 1.5 + 1j, 8.087213e-5 + 8.800976e-5j),  # case 13
        (1.0, 1.5 + 1j, 3.488438e-1 + 1.468286e-1j),  # case 14
        (100.0, 1.5 + 1j, -2.029360e1 + 4.384435j),  # case 15
    ],
)
def test_wiscombes_amplitudes_straight_back(x, index, s1):
    assert efficiency(x, index) == pytest.approx(abs(2.0 * s1 / x) ** 2, rel=2e-5)


def test_a_small_conducting_sphere_goes_with_the_fourth_power():
    x = np.array([1e-4, 1e-3, 1e-2])
    np.testing.assert_allclose(efficiency(x) / x**4, 9.0, rtol=1e-4)


def test_the_first_maximum_of_the_conducting_sphere():
    x = np.linspace(0.9, 1.2, 3001)
    found = efficiency(x)
    assert x[found.argmax()] == pytest.approx(1.03, abs=5e-3)
    assert found.max() == pytest.approx(3.65, abs=6e-3)


def test_a_large_conducting_sphere_shows_its_disc():
    np.testing.assert_allclose(efficiency([100.0, 1e3, 1e4]), 1.0, atol=2e-3)
    # the second term of Luneberg and Kline's series: |1 - i / 2x|^2, once the creeping wave has died away
    np.testing.assert_allclose(efficiency([5e3, 1e4]) - 1.0, 0.25 / np.array([5e3, 1e4]) ** 2, rtol=2e-4)
