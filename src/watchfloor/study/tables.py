"""What the record of a study holds; each table also carries ``option`` and ``replicate``.

The subject is the mover that the study asks about. ``hours`` is exposure: time the subject was in the air beside the
active site, summed over the sorties played so far.
"""

from __future__ import annotations

from dataclasses import dataclass

from watchfloor.base.columns import Columns, filled
from watchfloor.base.units import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Trials(Columns):
    """Test missions: one row a trial of the knowledge that somebody had at some exposure."""

    who: IntArray
    """(n,) 0: the campaign's owner with its own knowledge; 1: the study's defender with what reached it by the end;
    2: the owner, if it knew every signature."""
    hours: FloatArray
    """(n,) exposure behind the knowledge. [h]"""
    tracked_m: FloatArray
    """(n,) slant range of the first confirmed track that follows the subject, 0 if never. [m]"""
    held_share: FloatArray
    """(n,) share of the time since then in which a track followed it. [1]"""
    identified_m: FloatArray
    """(n,) slant range from which its type is given probability 0.8 or more, 0 if never. [m]"""
    identified_share: FloatArray
    """(n,) share of the time since the first track in which its type is given that probability. [1]"""
    fire_control_m: FloatArray
    """(n,) slant range from which its track is fit to be shot at, 0 if never. [m]"""
    first_shot_m: FloatArray
    """(n,) slant range to the first predicted point of arrival, 0 if nothing was fired. [m]"""
    n_shots: IntArray
    """(n,) rounds fired."""
    n_arrived: IntArray
    """(n,) rounds that met one of the raid, in reach and with a track; the raid is every mover of a hostile type."""
    p_survive: FloatArray
    """(n,) expected share of the raid that survives, before the dice. [1]"""
    n_killed: IntArray
    """(n,) movers of the raid that the dice killed."""
    n_others_killed: IntArray
    """(n,) others killed: friends and bystanders."""
    p_type: FloatArray
    """(n,) probability given to its true type, averaged over the time it was tracked; 0 if never. [1]"""
    energy_j: FloatArray
    """(n,) energy that all radars sent. [J]"""
    n_false_tracks: IntArray
    """(n,) confirmed tracks that never came near anything."""
    only_radar: IntArray = filled(-1)
    """(n,) row of the one primary radar that was switched on, -1 for all."""
    left_out: IntArray = filled(-1)
    """(n,) row of the radar whose evidence was left out of the knowledge, -1 for none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Timeline(Columns):
    """Trials tick by tick; one row a tick in which the subject was present."""

    hours: FloatArray
    """(n,) which trial. [h]"""
    who: IntArray
    """(n,) which trial."""
    tick_s: FloatArray
    """(n,) end of the tick. [s]"""
    range_m: FloatArray
    """(n,) slant range of the subject. [m]"""
    track: IntArray
    """(n,) number of the track that follows it, -1 for none."""
    p_type: FloatArray
    """(n,) probability given to its true type. [1]"""
    fire_control: IntArray
    """(n,) 1 if fit to be shot at."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Verdicts(Columns):
    """What was said of everybody who flew in a trial; one row a mover, quarter of its tracked time, and type."""

    hours: FloatArray
    """(n,) which trial. [h]"""
    who: IntArray
    """(n,) which trial."""
    mover: IntArray
    """(n,) row of the mover in the mission's list."""
    type: IntArray
    """(n,) row of its true type in the run's list; as many as there are types for one that is not in it."""
    quarter: IntArray
    """(n,) 1 to 4: at the end of which quarter of the ticks at which it was tracked; 4 is the last word."""
    candidate: IntArray
    """(n,) row of the type that is given a probability; the last one is "other"."""
    probability: FloatArray
    """(n,) that probability. [1]"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Staleness(Columns):
    """What is left of knowledge of the clean subject if nobody refreshes it; one row a law, radar and month."""

    law: IntArray
    """(n,) what happens to the signature meanwhile: row of ``study.stale.LAWS``."""
    sensor: IntArray
    """(n,) row of the radar."""
    months: FloatArray
    """(n,) since the last flight. [months]"""
    margin_db: FloatArray
    """(n,) margin that the knowledge saves: how much less signal a planner needs to be 90 % sure, mean over the cells
    that were looked at. [dB]"""
    nats: FloatArray
    """(n,) information beyond the catalogue's, summed over those cells; what they share counts each time. [nat]"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Beliefs(Columns):
    """What the owner believes of the subject's type at a checkpoint; one row a radar and aspect cell."""

    hours: FloatArray
    """(n,) exposure. [h]"""
    who: IntArray
    """(n,) whose beliefs, as in ``Trials``."""
    sensor: IntArray
    """(n,) row of the radar."""
    aspect_rad: FloatArray
    """(n,) centre of the cell. [rad]"""
    true_dbsm: FloatArray
    """(n,) mean over the cell of the subject's clean level, in decibels, as this radar would read it, whose calibration
    is a little off. [dBsm]"""
    p10_dbsm: FloatArray
    """(n,) 10 % point of the posterior. [dBsm]"""
    p50_dbsm: FloatArray
    """(n,) median. [dBsm]"""
    p90_dbsm: FloatArray
    """(n,) 90 % point. [dBsm]"""
    sd_db: FloatArray
    """(n,) standard deviation. [dB]"""
    n_looks: FloatArray
    """(n,) effective looks. [1]"""
    range_m: FloatArray
    """(n,) range at which a radial flight at this aspect is detected in one look with probability 0.5, at the threshold
    that this knowledge sets inside a predicted gate. [m]"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Changes(Columns):
    """Changes of a type that the owner noticed; one row a change."""

    type: IntArray
    """(n,) row of the type."""
    configuration: IntArray
    """(n,) 0: clean; 1: with reflectors."""
    since_month: FloatArray
    """(n,) likeliest month of the last flight before it. [months]"""
    found_month: FloatArray
    """(n,) month of the flight that gave it away. [months]"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Exposure(Columns):
    """Summary of the campaign; one row a run."""

    hours: FloatArray
    """(n,) exposure at its end. [h]"""
    n_sorties: IntArray
    """(n,) sorties flown beside the active site."""
    nats: FloatArray
    """(n,) information the owner holds on the subject's type, clean: entropy that its joint belief of all radars and
    cells has lost since the catalogue. Without ageing the ledger's ``chain_nats`` add up to it. [nat]"""
    n_received: IntArray
    """(n,) sorties whose evidence has reached the defender at the time of the test."""
    nats_received: FloatArray
    """(n,) the same of the defender's knowledge at that time. [nat]"""
