import numpy as np
import pytest

from watchfloor.physics import filters
from watchfloor.physics.parts import Processing, Waveform

LIMITS = {
    "n_pulses": 1, "pfa": 1e-6, "range_min_m": 1e3, "range_max_m": 1e5, "range_rate_max_mps": 1e3,
    "measures_elevation": False, "measures_range_rate": False,
}  # fmt: skip


def parts(n, doppler="bank", window="none", prf=(1000.0,)):
    waveform = Waveform(frequency_hz=3e9, pulse_width_s=1e-5, bandwidth_hz=1e6, n_coherent=n, prf_hz=prf)
    return waveform, Processing(**LIMITS, doppler=doppler, window=window)


def by_hand(w, phase_step, spread_step=None, mean_step=0.0):
    """Ratio of the quadratic forms of the module docstring, term by term."""
    n = len(w)
    if spread_step is None:
        s = np.exp(2j * np.pi * phase_step * np.arange(n))
        return abs(np.vdot(w, s)) ** 2 / (n * np.vdot(w, w).real)
    j, k = np.mgrid[:n, :n]
    r = np.exp(-0.5 * (2 * np.pi * spread_step * (j - k)) ** 2) * np.exp(2j * np.pi * mean_step * (j - k))
    return np.vdot(w, r @ w).real / np.vdot(w, w).real


@pytest.mark.parametrize(
    ("n", "doppler", "window"), [(8, "bank", "none"), (16, "bank", "chebyshev"), (3, "mti", "none")]
)
def test_responses_are_the_quadratic_forms(n, doppler, window):
    waveform, processing = parts(n, doppler, window)
    weights = filters.weights(waveform, processing)
    steps = np.array([-1.3, -0.4, 0.0, 0.013, 0.25, 0.5, 0.77])
    signal = filters.signal_response(waveform, processing, steps)
    clutter = filters.clutter_response(waveform, processing, 0.02, 0.1)
    for b, w in enumerate(weights):
        np.testing.assert_allclose(signal[:, b], [by_hand(w, step) for step in steps], atol=1e-4)
        np.testing.assert_allclose(clutter[b], by_hand(w, 0.0, 0.02, 0.1), rtol=1e-9, atol=1e-12)


def test_a_bank_without_window_passes_everything_on_its_centres_and_loses_3_9_db_between_them():
    # Harris 1978, table 1: scalloping loss of the rectangular window 3.92 dB (for many pulses)
    waveform, processing = parts(64)
    response = filters.signal_response(waveform, processing, np.array([5.0, 5.5]) / 64.0)
    np.testing.assert_allclose(response[0, 5], 1.0, rtol=1e-6)
    np.testing.assert_allclose(10.0 * np.log10(response[1].max()), -3.92, atol=0.01)


@pytest.mark.parametrize(
    ("window", "enbw", "scalloping_db"), [("none", 1.00, 3.9224), ("hann", 1.50, 1.4236), ("hamming", 1.3628, 1.7514)]
)
def test_windows_meet_the_published_figures(window, enbw, scalloping_db):
    # Heinzel, Ruediger & Schilling, Spectrum and spectral density estimation by the DFT, 2002, appendix C: equivalent
    # noise bandwidth in bins, scalloping loss (Harris 1978, table 1, prints 1.36 and 1.78 dB for Hamming)
    waveform, processing = parts(512, window=window)
    centre = filters.signal_response(waveform, processing, 0.0).max()
    edge = filters.signal_response(waveform, processing, 0.5 / 512).max()
    np.testing.assert_allclose(1.0 / centre, enbw, rtol=0.01)
    np.testing.assert_allclose(10.0 * np.log10(centre / edge), scalloping_db, atol=0.01)


def test_cancellers_meet_the_published_improvement():
    # Skolnik, Introduction to Radar Systems, 3rd ed., 2001, sec. 3.7: improvement of one and two delays with binomial
    # weights and narrow clutter, 2 (prf / 2 pi s)^2 and 2 (prf / 2 pi s)^4, with mean gain over all Doppler shifts 1
    spread = 0.005
    for n, wanted in ((2, 2.0 * (1.0 / (2.0 * np.pi * spread)) ** 2), (3, 2.0 * (1.0 / (2.0 * np.pi * spread)) ** 4)):
        waveform, processing = parts(n, "mti")
        shifts = np.linspace(0.0, 1.0, 4096, endpoint=False)
        mean_signal = n * filters.signal_response(waveform, processing, shifts).mean()
        improvement = mean_signal / filters.clutter_response(waveform, processing, spread)[0]
        np.testing.assert_allclose(improvement, wanted, rtol=0.01)


def test_blind_speeds_and_steady_clutter_are_nulled():
    waveform, processing = parts(3, "mti")
    np.testing.assert_allclose(filters.signal_response(waveform, processing, [0.0, 1.0, -2.0]), 0.0, atol=1e-20)
    assert filters.clutter_response(waveform, processing, 0.0)[0] < 1e-12


def test_samples_beside_the_peak_lose_what_the_pulse_shape_says():
    np.testing.assert_allclose(filters.range_response("lfm", [0.0, 0.5]), [1.0, (2.0 / np.pi) ** 2])
    np.testing.assert_allclose(filters.range_response("barker", [0.0, 0.5, 1.5]), [1.0, 0.25, 0.0])


def test_an_echo_cut_in_half_by_the_next_pulse_keeps_a_quarter():
    waveform, _ = parts(8)
    cell = 299_792_458.0 / 2.0
    # interval 1 ms, pulse 10 us: half the echo of a delay of 1 ms + 5 us arrives while the next pulse is sent
    delays = np.array([0.5e-3, 1.005e-3, 1.0e-3, 0.9975e-3, 1.5e-3])
    np.testing.assert_allclose(filters.eclipsing(waveform, cell * delays, 0), [1.0, 0.25, 0.0, 0.0625, 1.0], atol=1e-9)


def test_ideal_filters_have_no_weights():
    waveform, _ = parts(8)
    ideal = Processing(**LIMITS)
    for call in (
        lambda: filters.weights(waveform, ideal),
        lambda: filters.signal_response(waveform, ideal, 0.0),
        lambda: filters.clutter_response(waveform, ideal, 0.1),
    ):
        with pytest.raises(ValueError, match="matched"):
            call()
    with pytest.raises(ValueError, match="window must be none, hann"):
        filters.window("kaiser", 8)
