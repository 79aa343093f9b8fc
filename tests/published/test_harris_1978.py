"""Harris, "On the use of windows for harmonic analysis with the DFT", *Proc. IEEE* 66 (1), 1978, table I.

Columns used: coherent gain, equivalent noise bandwidth [bins], scalloping loss [dB], worst-case process loss [dB], as
printed there to two digits after the point. The Hamming row is met by the exact weight 25/46 that the text gives; with
the usual 0.54 the scalloping loss is 1.75 in place of the printed 1.78.
"""

import math

import numpy as np
import pytest
from scipy.signal import get_window

from watchfloor.physics import waveform

ROWS = [
    ("boxcar", 1.00, 1.00, 3.92, 3.92),
    ("triang", 0.50, 1.33, 1.82, 3.07),
    ("hann", 0.50, 1.50, 1.42, 3.18),
    (("general_hamming", 25.0 / 46.0), 0.54, 1.36, 1.78, 3.10),
    (("tukey", 0.50), 0.75, 1.22, 2.24, 3.11),
    ("cosine", 0.64, 1.23, 2.10, 3.01),
    ("bohman", 0.41, 1.79, 1.02, 3.54),
    (("kaiser", 2.0 * math.pi), 0.49, 1.50, 1.46, 3.20),
    (("kaiser", 2.5 * math.pi), 0.44, 1.65, 1.20, 3.38),
    (("kaiser", 3.0 * math.pi), 0.40, 1.80, 1.02, 3.56),
    ("blackman", 0.42, 1.73, 1.10, 3.47),
    ("blackmanharris", 0.36, 2.00, 0.83, 3.85),
]


@pytest.mark.parametrize(("name", "gain", "bandwidth", "scalloping", "worst"), ROWS)
def test_figures_of_a_window(name, gain, bandwidth, scalloping, worst):
    w = get_window(name, 4096)  # periodic, as Harris weights an FFT
    assert waveform.window_gain(w) == pytest.approx(gain, abs=0.0051)
    assert waveform.noise_bandwidth_bins(w) == pytest.approx(bandwidth, abs=0.0101)
    assert waveform.scalloping_loss_db(w) == pytest.approx(scalloping, abs=0.0101)
    assert waveform.scalloping_loss_db(w) + waveform.window_loss_db(w) == pytest.approx(worst, abs=0.0151)


def test_the_loss_of_a_window_is_its_noise_bandwidth():
    assert waveform.window_loss_db(get_window("hann", 512)) == pytest.approx(10.0 * np.log10(1.5), rel=1e-12)
