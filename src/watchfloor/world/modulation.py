"""From a type card to the lines that its blades put about its echo in one replicate."""

from __future__ import annotations

import numpy as np

from watchfloor.physics.modulation import Modulation, make_modulation
from watchfloor.scenario.cards import TypeCard

N_DRAWS = 6
"""Normal numbers that one draw uses, whatever the card."""


def draw_modulation(card: TypeCard, rng: np.random.Generator | None) -> Modulation | None:
    """Draw what is true of a type's blades in one replicate.

    Parameters
    ----------
    card : TypeCard
        The card.
    rng : Generator or None
        Source of `N_DRAWS` standard normal numbers, whatever the card; None for the medians.

    Returns
    -------
    Modulation or None
        None for a type whose blades are hidden.

    Notes
    -----
    All engines of one type are alike in a replicate: blades, usual shaft rate, level, half-angle and duct are the
    type's; what differs between its flights is drawn per mover, by the sensors.
    """
    z = np.zeros(N_DRAWS) if rng is None else rng.standard_normal(N_DRAWS)
    part = card.modulation
    if part is None:
        return None
    return make_modulation(
        n_blades=max(round(part.blades.at_z(float(z[0]))), 1),
        shaft_rpm=part.shaft_rpm.at_z(float(z[1])),
        between_flights=part.between_flights.at_z(float(z[2])),
        level_db=part.level_db.at_z(float(z[3])),
        half_angle_rad=float(np.deg2rad(part.half_angle_deg.at_z(float(z[4])))),
        duct_m=None if part.duct_cm is None else 1e-2 * part.duct_cm.at_z(float(z[5])),
    )
