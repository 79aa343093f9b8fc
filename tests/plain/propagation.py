"""Slow plain twins of the kernels of gas and lobing, and of the look-up of refraction: one scalar at a time."""

from __future__ import annotations

import math

import mpmath

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


def mirror(height1_m, height2_m, ground_m, radius_m):
    """Excess path, grazing angle and divergence over a sphere, from Fermat's principle and a tube of rays.

    The mirror point makes the path shortest; the divergence compares the cross-section of a tube of rays after the
    mirror with that of a free tube as long.
    """
    with mpmath.workdps(30):  # a least value is flat: it takes twice the digits
        phi = mpmath.mpf(ground_m) / radius_m
        top1, top2 = mpmath.mpf(radius_m) + height1_m, mpmath.mpf(radius_m) + height2_m

        def side(top, angle):
            return mpmath.sqrt((top - radius_m) ** 2 + 4 * top * radius_m * mpmath.sin(angle / 2) ** 2)

        low, high = mpmath.mpf(0), phi
        for _ in range(70):  # golden section
            left, right = high - (high - low) / mpmath.phi, low + (high - low) / mpmath.phi
            if side(top1, left) + side(top2, phi - left) < side(top1, right) + side(top2, phi - right):
                high = right
            else:
                low = left
        middle = (low + high) / 2
        r1, r2 = side(top1, middle), side(top2, phi - middle)
        direct = mpmath.sqrt((top1 - top2) ** 2 + 4 * top1 * top2 * mpmath.sin(phi / 2) ** 2)
        excess, at, r1, r2, top1 = float(r1 + r2 - direct), float(middle), float(r1), float(r2), float(top1)
    grazing = math.atan2(top1 * math.cos(at) - radius_m, top1 * math.sin(at))

    def land(down):  # where a ray leaving 1 at an angle below the horizontal is r1 + r2 later, in the plane
        length1 = top1 * math.sin(down) - math.sqrt(radius_m**2 - (top1 * math.cos(down)) ** 2)
        x, y = length1 * math.cos(down), top1 - length1 * math.sin(down)
        tilt = math.atan2(x, y)  # of the vertical at the mirror point
        angle = down - 2 * tilt  # above the first horizontal, after the mirror
        return x + r2 * math.cos(angle), y + r2 * math.sin(angle), angle

    down = grazing + at
    step = 1e-7
    (xa, ya, _), (xb, yb, angle), (xc, yc, _) = (land(down + d) for d in (-step, 0.0, step))
    in_plane = abs((xc - xa) * -math.sin(angle) + (yc - ya) * math.cos(angle)) / (2 * step)
    across = xb / math.cos(down)
    return excess, grazing, (r1 + r2) / math.sqrt(in_plane * across)


def refraction(table, grid, ground_m, height_m):
    """Both corrections by `watchfloor.physics._kernels.refraction.lookup`, bilinear, one number at a time."""

    def blend(values, where):
        where = min(max(where, 0.0), len(values) - 1.0)
        low = min(int(where), len(values) - 2)
        return values[low] + (where - low) * (values[low + 1] - values[low])

    across = math.sqrt(ground_m) * grid[0]
    upward = (math.asinh((height_m - grid[1]) / grid[2]) - grid[4]) * grid[3]
    return tuple(blend([blend(list(row), upward) for row in layer], across) for layer in table)
