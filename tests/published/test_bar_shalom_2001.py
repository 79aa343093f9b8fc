"""Motion models against Bar-Shalom, Li & Kirubarajan, *Estimation with Applications to Tracking and Navigation*, 2001.

Section 6.2.2 (white acceleration), 6.2.3 (white jerk), 8.2.3 (Singer's model and its limits), 11.7.1 (turn at a known
rate). The matrices are written out here by hand from the book's formulas, one coordinate or the plane at a time.
"""

import numpy as np
import pytest

from watchfloor.track.motion import CaConfig, CtConfig, CvConfig, SingerConfig, transition

T = 3.0


def axis(q, a=0):
    return q[0, a::3, a::3]


def test_white_acceleration_section_6_2_2():
    sigma, tau = 2.0, 4.0
    f, q = transition(CvConfig(manoeuvre_mps2=sigma, manoeuvre_time_s=tau), T, np.zeros((1, 6)), flat=True)
    intensity = 2.0 * sigma**2 * tau
    np.testing.assert_allclose(axis(f), [[1.0, T], [0.0, 1.0]])
    np.testing.assert_allclose(axis(q), intensity * np.array([[T**3 / 3, T**2 / 2], [T**2 / 2, T]]), rtol=1e-13)


def test_white_jerk_section_6_2_3():
    change, within = 5.0, 10.0
    f, q = transition(CaConfig(manoeuvre_mps2=change, manoeuvre_time_s=within), T, np.zeros((1, 9)), flat=True)
    want = [[T**5 / 20, T**4 / 8, T**3 / 6], [T**4 / 8, T**3 / 3, T**2 / 2], [T**3 / 6, T**2 / 2, T]]
    np.testing.assert_allclose(axis(f), [[1.0, T, T**2 / 2], [0.0, 1.0, T], [0.0, 0.0, 1.0]])
    np.testing.assert_allclose(axis(q), change**2 / within * np.array(want), rtol=1e-13)


@pytest.mark.parametrize("tau", [0.5, 2.0, 3.0, 20.0, 600.0])
def test_singer_section_8_2_3(tau):
    a = 1.0 / tau
    f, q = transition(SingerConfig(manoeuvre_mps2=4.0, manoeuvre_time_s=tau), T, np.zeros((1, 9)), flat=True)
    e = np.exp(-a * T)
    want = [[1.0, T, (a * T - 1.0 + e) / a**2], [0.0, 1.0, (1.0 - e) / a], [0.0, 0.0, e]]
    np.testing.assert_allclose(axis(f), want, rtol=1e-9)
    # Singer 1970, eqs. 9 to 15: q = 2 a sigma^2 times these; they cancel for small a T, hence the wider tolerance
    q11 = (1 - e**2 + 2 * a * T + 2 * (a * T) ** 3 / 3 - 2 * (a * T) ** 2 - 4 * a * T * e) / (2 * a**5)
    q12 = (e**2 + 1 - 2 * e + 2 * a * T * e - 2 * a * T + (a * T) ** 2) / (2 * a**4)
    q13 = (1 - e**2 - 2 * a * T * e) / (2 * a**3)
    q22 = (4 * e - 3 - e**2 + 2 * a * T) / (2 * a**3)
    q23 = (e**2 + 1 - 2 * e) / (2 * a**2)
    q33 = (1 - e**2) / (2 * a)
    closed = 2.0 * a * 16.0 * np.array([[q11, q12, q13], [q12, q22, q23], [q13, q23, q33]])
    np.testing.assert_allclose(axis(q), closed, rtol=1e-9 + 1e-14 / (a * T) ** 5)


def test_singer_tends_to_white_jerk_for_long_and_to_white_acceleration_for_short_manoeuvres():
    _, q = transition(SingerConfig(manoeuvre_mps2=1.0, manoeuvre_time_s=3600.0), 1.0, np.zeros((1, 9)), flat=True)
    jerk = np.array([[1 / 20, 1 / 8, 1 / 6], [1 / 8, 1 / 3, 1 / 2], [1 / 6, 1 / 2, 1.0]]) * 2.0 / 3600.0
    np.testing.assert_allclose(axis(q), jerk, rtol=2.0 / 3600.0)  # first order in T / tau
    tau = 0.01
    _, q = transition(SingerConfig(manoeuvre_mps2=1.0, manoeuvre_time_s=tau), 10.0, np.zeros((1, 9)), flat=True)
    white = 2.0 * tau * np.array([[1000.0 / 3.0, 50.0], [50.0, 10.0]])
    np.testing.assert_allclose(axis(q)[:2, :2], white, rtol=3.0 * tau / 10.0)


@pytest.mark.parametrize("degps", [-3.0, 1.0, 12.0])
def test_turn_at_a_known_rate_section_11_7_1(degps):
    w = -np.radians(degps)  # the book counts counter-clockwise
    f, _ = transition(CtConfig(turn_rate_degps=degps), T, np.zeros((1, 6)), flat=True)
    s, c = np.sin(w * T), np.cos(w * T)
    want = [  # x, x', y, y'
        [1.0, s / w, 0.0, -(1.0 - c) / w],
        [0.0, c, 0.0, -s],
        [0.0, (1.0 - c) / w, 1.0, s / w],
        [0.0, s, 0.0, c],
    ]
    order = [0, 3, 1, 4]
    np.testing.assert_allclose(f[0][np.ix_(order, order)], want, atol=1e-13)
    np.testing.assert_allclose(axis(f, 2), [[1.0, T], [0.0, 1.0]], atol=1e-13)


def test_noise_of_a_turn_is_that_of_white_acceleration_turned_along():
    # integral of F G q G' F': 2 (wT - sin wT) / w^3 and so on, plane coordinates as above
    w, q0 = -np.radians(6.0), 2.0 * 1.5**2 * 10.0
    _, q = transition(CtConfig(turn_rate_degps=6.0, manoeuvre_mps2=1.5), T, np.zeros((1, 6)), flat=True)
    s, c = np.sin(w * T), np.cos(w * T)
    a, b, d = 2.0 * (w * T - s) / w**3, (1.0 - c) / w**2, (w * T - s) / w**2
    order = [0, 3, 1, 4]
    want = q0 * np.array([[a, b, 0.0, d], [b, T, -d, 0.0], [0.0, -d, a, b], [d, 0.0, b, T]])
    np.testing.assert_allclose(q[0][np.ix_(order, order)], want, atol=1e-11)
