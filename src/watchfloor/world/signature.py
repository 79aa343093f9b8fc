"""From a type card to the radar cross-section that is true in one replicate.

Nobody outside its makers knows an aircraft's signature: a card gives a median curve by band, how far the whole curve
may be off, and how much a real curve departs from it at one aspect. A replicate draws one truth from that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from watchfloor.base.units import FloatArray, db, from_db
from watchfloor.physics.rcs import Signature, add_incoherent
from watchfloor.physics.reflectors import lens_pattern, lens_sigma_m2
from watchfloor.scenario import catalog
from watchfloor.scenario.cards import Band, BandSignature, TypeCard
from watchfloor.world import modulation

BANDS: tuple[Band, ...] = ("VHF", "UHF", "L", "S", "C", "X")
"""Bands that a card may have, in the order in which random numbers are used."""
CELL_RAD = np.deg2rad(15.0)
"""Width of an aspect cell. [rad]"""
N_CELLS = 12
"""Cells from nose to tail."""
ASPECT_RAD: FloatArray = np.deg2rad(np.linspace(0.0, 180.0, 73))
"""Aspects at which curves are held: every 2.5 degrees. [rad]"""
ASPECT_RAD.setflags(write=False)
_N_CURVES = 2 + len(BANDS) * (1 + N_CELLS)
N_DRAWS = _N_CURVES + modulation.N_DRAWS
"""Normal numbers that one draw uses, whatever the card."""
_Q90 = 1.281_551_565_544_600_4


def median_signature(card: TypeCard) -> Signature:
    """Return the card's median curves: what the public believes. See `draw_signature`."""
    return draw_signature(card, None)


def draw_signature(card: TypeCard, rng: np.random.Generator | None) -> Signature:
    """Draw what is true of a type in one replicate.

    Parameters
    ----------
    card : TypeCard
        Median curves with their spread.
    rng : Generator or None
        Source of `N_DRAWS` standard normal numbers, whatever the card, so that a change of one card disturbs no other
        draw; None for the medians.

    Returns
    -------
    Signature
        Mean cross-section on `ASPECT_RAD` in each band of the card.

    Notes
    -----
    In decibels: median curve + offset of the whole curve + departure at the aspect.

    * Offset: bands whose curve is assumed share one score, times their own spread, because one wrong guess of the shape
      shifts them all; measured and computed bands have their own.
    * Departure: a normal number for each band and 15 degree cell, held at the cell's middle; between two middles they
      blend with weights cos and sin of the share of the way, so the spread is the same at every aspect.
    """
    z = np.zeros(_N_CURVES) if rng is None else rng.standard_normal(_N_CURVES)
    common, spread, own = z[0], card.cell_sigma_db.at_z(float(z[1])), z[2:].reshape(len(BANDS), 1 + N_CELLS)
    bands: tuple[Band, ...] = tuple(band for band in BANDS if band in card.signature)
    curves = []
    for band in bands:
        part, scores = card.signature[band], own[BANDS.index(band)]
        offset = part.offset_db.at_z(float(common if part.origin == "assumed" else scores[0]))
        curves.append(_curve_dbsm(part) + offset + spread * (_BLEND @ scores[1:]))
    return Signature(
        name=card.title,
        bands=bands,
        aspect_rad=ASPECT_RAD,
        dbsm=np.array(curves),
        swerling=card.swerling,
        sigma_db=np.array([prior_sigma_db(card, band) for band in bands]),
        origin=tuple(card.signature[band].origin for band in bands),
        modulation=modulation.draw_modulation(card, rng),
    )


def prior_sigma_db(card: TypeCard, band: str) -> float:
    """Return how far the truth may be off the card's median at one aspect, one standard deviation. [dB]

    Parameters
    ----------
    card : TypeCard
        The card.
    band : str
        One of its bands.

    Returns
    -------
    float
        Root of the sum of the squared spreads of offset and cell. A spread given by its 10 and 90 % points counts with
        their distance over 2.56: exact if they lie alike about the median. [dB]

    Raises
    ------
    ValueError
        If the card has no such band.
    """
    parts: Mapping[str, BandSignature] = {**card.signature}
    if band not in parts:
        raise ValueError(f"{card.title} has no band {band!r}, only {', '.join(parts)}")
    low, _, high = parts[band].offset_db.quantile_range()
    return float(np.hypot((high - low) / (2.0 * _Q90), card.cell_sigma_db.median))


def with_reflectors(
    signature: Signature, card: TypeCard, rng: np.random.Generator | None, frequencies_hz: Mapping[str, float]
) -> Signature:
    """Add the type's removable reflectors.

    Parameters
    ----------
    signature : Signature
        The clean aircraft.
    card : TypeCard
        Its card, with a reflector.
    rng : Generator or None
        Source of two standard normal numbers (lens radius, then width of its pattern); None for the medians.
    frequencies_hz : mapping of str to float
        Carrier frequency by band; bands of the signature that are not named stay clean: nobody looks there. [Hz]

    Returns
    -------
    Signature
        Mean cross-section with the lenses added to the airframe's own: reflectors mask, they remove nothing.

    Raises
    ------
    ValueError
        If the type has no reflector, or its lenses do not share out evenly over their directions.
    """
    reflector = card.reflector
    if reflector is None:
        raise ValueError(f"{card.title} has no reflector card")
    radius_m = 1e-2 * reflector.radius_cm.draw(rng)
    half_rad = float(np.deg2rad(reflector.half_angle_deg.draw(rng)))
    pattern = lens_pattern(reflector.axes_deg, reflector.n_lenses, half_rad, signature.aspect_rad)
    dbsm = signature.dbsm.copy()
    for row, band in enumerate(signature.bands):
        if band in frequencies_hz:
            lens_m2 = lens_sigma_m2(radius_m, frequencies_hz[band]) * pattern
            dbsm[row] = db(add_incoherent(from_db(dbsm[row]), lens_m2))
    return replace(signature, dbsm=dbsm)


def _curve_dbsm(part: BandSignature) -> FloatArray:
    """Median curve of a band on `ASPECT_RAD`. [dBsm]"""
    if part.table is None:
        aspect_deg, dbsm = np.array(part.aspect_deg), np.array(part.sigma_dbsm)
    else:
        columns = catalog.table(part.table)
        aspect_deg, dbsm = columns["aspect_deg"], columns["sigma_dbsm"]
    return np.interp(ASPECT_RAD, np.deg2rad(aspect_deg), dbsm)


def _blend() -> FloatArray:
    """Weights of the cells' numbers at each aspect; squares of a row sum to one. (73, 12)"""
    place = np.clip(ASPECT_RAD / CELL_RAD - 0.5, 0.0, N_CELLS - 1.0)
    lower = np.minimum(place.astype(int), N_CELLS - 2)
    angle = 0.5 * np.pi * (place - lower)
    out = np.zeros((len(ASPECT_RAD), N_CELLS))
    rows = np.arange(len(ASPECT_RAD))
    out[rows, lower], out[rows, lower + 1] = np.cos(angle), np.sin(angle)
    return out


_BLEND = _blend()
