"""Motion models against the worked examples of MathWorks' Sensor Fusion and Tracking Toolbox documentation.

Pages ``singerProcessNoise``, ``singerjac`` and ``constturn`` (mathworks.com/help/fusion/ref), printed to four places.
Defaults there: manoeuvre time constant 20 s, 1-sigma acceleration 1 m/s2. Its turn rate counts counter-clockwise.
"""

import numpy as np
import pytest

from watchfloor.track._kernels import motion as k
from watchfloor.track.motion import CtConfig, MotionConfig, SingerConfig, model_table, transition

SINGER = SingerConfig(manoeuvre_mps2=1.0, climb_manoeuvre_mps2=1.0, manoeuvre_time_s=20.0)


def test_singer_process_noise_over_one_second():
    _, q = transition(SINGER, 1.0, np.arange(1.0, 10.0)[None], flat=True)
    want = [[0.0049, 0.0121, 0.0159], [0.0121, 0.0321, 0.0476], [0.0159, 0.0476, 0.0952]]
    for axis in range(3):
        np.testing.assert_allclose(q[0, axis::3, axis::3], want, atol=6e-5)
    np.testing.assert_array_equal(q[0, 0::3, 1::3], 0.0)


@pytest.mark.parametrize(
    ("dt", "want"),
    [
        (1.0, [[1.0, 1.0, 0.4918], [0.0, 1.0, 0.9754], [0.0, 0.0, 0.9512]]),
        (0.1, [[1.0, 0.1, 0.0050], [0.0, 1.0, 0.0998], [0.0, 0.0, 0.9950]]),
    ],
)
def test_singer_transition(dt, want):
    f, _ = transition(SINGER, dt, np.array([[1.0, 2.0, 3.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]]), flat=True)
    for axis in range(3):
        np.testing.assert_allclose(f[0, axis::3, axis::3], want, atol=6e-5)


@pytest.mark.parametrize(
    ("dt", "want"),
    [(1.0, [489.5662, 99.2705, -20.7912, 97.8148]), (0.1, [499.8953, 9.9993, -2.0942, 99.9781])],
)
@pytest.mark.parametrize("kind", ["known", "unknown"])
def test_constant_turn_of_12_degrees_a_second_to_the_left(dt, want, kind):
    x, p = np.array([500.0, 0.0, 0.0, 0.0, 100.0, 0.0, 0.0, 0.0, 0.0, -np.radians(12.0)]), np.eye(10)
    table, _ = model_table(MotionConfig(models=(CtConfig(turn_rate_degps=-12.0),)))
    if kind == "unknown":
        table[0, k.KIND] = k.CT_UNKNOWN
    k.move(table[0], dt, True, x, p)
    np.testing.assert_allclose(x[[0, 1, 3, 4]], want, atol=6e-5)
