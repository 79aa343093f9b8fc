"""Slow plain twins of the kernels of gas and lobing, and of the look-up of refraction: one scalar at a time."""

from __future__ import annotations

import math

from watchfloor.physics._p676_lines import OXYGEN, WATER


def gas_db_per_m(frequency_hz, temperature_k, dry_pressure_pa, vapour_kgpm3):
    """Loss in oxygen and in water vapour, equation by equation of ITU-R P.676-13, annex 1, section 1."""
    f, theta, p = frequency_hz * 1e-9, 300.0 / temperature_k, dry_pressure_pa * 0.01
    e = 1e3 * vapour_kgpm3 * temperature_k / 216.7  # eq. (4)

    def shape(f0, width, mixing):  # eq. (5)
        return f / f0 * sum((width - mixing * gap) / (gap * gap + width * width) for gap in (f0 - f, f0 + f))

    oxygen = vapour = 0.0
    for f0, a1, a2, a3, a4, a5, a6 in OXYGEN:
        strength = a1 * 1e-7 * p * theta**3 * math.exp(a2 * (1.0 - theta))
        width = math.sqrt((a3 * 1e-4 * (p * theta ** (0.8 - a4) + 1.1 * e * theta)) ** 2 + 2.25e-6)
        oxygen += strength * shape(f0, width, (a5 + a6 * theta) * 1e-4 * (p + e) * theta**0.8)
    for f0, b1, b2, b3, b4, b5, b6 in WATER:
        strength = b1 * 1e-1 * e * theta**3.5 * math.exp(b2 * (1.0 - theta))
        width = b3 * 1e-4 * (p * theta**b4 + b5 * e * theta**b6)
        width = 0.535 * width + math.sqrt(0.217 * width**2 + 2.1316e-12 * f0**2 / theta)
        vapour += strength * shape(f0, width, 0.0)
    debye = 5.6e-4 * (p + e) * theta**0.8  # eq. (8) and (9)
    oxygen += (
        f
        * p
        * theta**2
        * (6.14e-5 / (debye * (1 + (f / debye) ** 2)) + 1.4e-12 * p * theta**1.5 / (1 + 1.9e-5 * f**1.5))
    )
    return 0.182e-3 * f * oxygen, 0.182e-3 * f * vapour
