"""Derive the catalogue's VHF signature from the measured PRIME aircraft model of the Austin RCS Benchmark Suite.

Usage: python tools/derive_prime.py FOLDER > src/watchfloor/scenario/catalog/prime_vhf.csv

FOLDER holds the suite's files of Problem IVA (closed-duct PRIME, perfectly conducting, 9.19 inch scale model), as
``meas.m1_rcs.IV.A.s1.fx3.H.txt`` and ``meas.m2_...``: frequency, theta, phi, cross-section in dBsm of the model.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

MODEL_M = 9.19 * 0.0254
"""Length of the scale model. [m]"""
FULL_M = 15.0
"""Length of the aircraft it stands for, as the suite gives it. [m]"""
SCALE = FULL_M / MODEL_M
FILES = ("meas.m1_rcs.IV.A.s1.fx3.H.txt", "meas.m2_rcs.IV.A.s1.fx3.H.txt")
"""Two measurements at 10.25 GHz, HH: 159.5 MHz at full size."""
STEP_DEG = 2.5

HEADER = """\
# Radar cross-section of a 15 m aircraft at 159.5 MHz, HH, level flight, against the angle off the nose.
# Derived from the Austin RCS Benchmark Suite (github.com/UTAustinCEMGroup/AustinCEMBenchmarks), Problem IVA: perfectly
# conducting closed-duct PRIME aircraft, 9.19 inch scale model measured at 10.25 GHz, horizontal polarisation.
# Copyright 2023 The University of Texas at Austin; see PRIME-LICENSE.txt beside this file.
# Made by tools/derive_prime.py: both measurements averaged in square metres, over 2.5 degrees centred on each angle;
# scaled from the model to 15 m: frequency divided by the scale of 64.260, cross-section times its square, +36.159 dB.
# The suite's phi is taken as the angle off the nose; its data alone do not tell nose from tail (see types.yaml).
aspect_deg,sigma_dbsm
"""


def read_model(path: Path) -> tuple[np.ndarray, np.ndarray, float]:
    """Return phi [deg], cross-section of the model [m2], and frequency [Hz] of one file of the suite."""
    rows = np.loadtxt(path)
    if not (np.all(rows[:, 0] == rows[0, 0]) and np.all(rows[:, 1] == 90.0)):
        raise ValueError(f"{path}: wanted one frequency in the yaw plane (theta 90)")
    return rows[:, 2], 10.0 ** (0.1 * rows[:, 3]), float(rows[0, 0])


def derive(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return aspect [deg] and cross-section at full size [dBsm]."""
    fine = np.arange(-STEP_DEG, 180.0 + 1.5 * STEP_DEG, 0.25)  # beyond nose and tail the model is its mirror image
    mirrored = np.where(fine > 180.0, 360.0 - fine, np.abs(fine))
    curves = []
    for name in FILES:
        phi, sigma, _ = read_model(folder / name)
        curves.append(np.interp(mirrored, phi, sigma))
    mean = np.mean(curves, axis=0)
    aspect = np.arange(0.0, 180.0 + 0.5 * STEP_DEG, STEP_DEG)
    near = np.abs(fine - aspect[:, None])
    weight = np.where(near < 0.5 * STEP_DEG - 1e-9, 1.0, np.where(near < 0.5 * STEP_DEG + 1e-9, 0.5, 0.0))
    level = (weight @ mean) / weight.sum(axis=1)
    return aspect, 10.0 * np.log10(level) + 20.0 * np.log10(SCALE)


def main() -> None:
    """Print the table."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    aspect, dbsm = derive(Path(sys.argv[1]))
    sys.stdout.write(HEADER)
    for angle, level in zip(aspect, dbsm, strict=True):
        sys.stdout.write(f"{angle:.1f},{level:.2f}\n")


if __name__ == "__main__":
    main()
