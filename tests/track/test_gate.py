import numpy as np
import pytest

from watchfloor.track.gate import gate_limits


def test_gate_limits_meet_the_published_quantiles():
    # Bar-Shalom, Li & Kirubarajan 2001, table 1.5.4-1: chi-square points for 1 to 4 degrees of freedom
    np.testing.assert_allclose(gate_limits(0.95)[1:], [3.84, 5.99, 7.81, 9.49], atol=0.01)
    np.testing.assert_allclose(gate_limits(0.99)[1:], [6.63, 9.21, 11.3, 13.3], atol=0.05)


@pytest.mark.parametrize("probability", [0.0, 1.0, -1.0, float("nan")])
def test_a_gate_needs_a_probability(probability):
    with pytest.raises(ValueError, match=r"inside \(0, 1\)"):
        gate_limits(probability)
