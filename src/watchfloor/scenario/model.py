"""The shape of a scenario file.

One file says what there is (places, sensors, tracker, learner, command, launchers), what happens (``mission``; and, for
a study, the ``campaign`` of peacetime sorties that comes before it) and what is asked (``study``).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from watchfloor.base.config import Config
from watchfloor.base.registry import AnyKind
from watchfloor.scenario.cards import Source

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=64)]


class PlaceConfig(Config):
    """A point on the ground."""

    name: Name
    """What the rest of the file calls it."""
    lat_deg: float = Field(ge=-90.0, le=90.0)
    """Latitude, WGS-84, north positive. [deg]"""
    lon_deg: float = Field(ge=-180.0, le=180.0)
    """Longitude, WGS-84, east positive. [deg]"""
    alt_m: float = Field(ge=-500.0, le=9000.0)
    """Height of the ground above the ellipsoid. [m]"""
    source: str = "scenario"
    """Key of the source of the position, or ``scenario`` for the author's own choice."""


class MoverConfig(Config):
    """Something that flies."""

    name: Name
    """What records call it."""
    type: str
    """A type of the catalogue."""
    route: Annotated[Any, AnyKind("world.route")]
    """Where it flies."""
    start_s: float = Field(default=0.0, ge=0.0)
    """When it appears. [s]"""
    transponder: bool = False
    """Whether its transponder answers and its flight plan declares its type."""
    reflectors: bool = False
    """Whether it wears its reflectors."""


class PhaseConfig(Config):
    """Something that happens: movers, for a time."""

    duration_s: float = Field(gt=0.0, le=30 * 86_400.0)
    """How long it lasts. [s]"""
    tick_s: float = Field(gt=0.0, le=600.0)
    """Step of the loop; feedback (tasks, orders, effects) is one step late. [s]"""
    sensors: tuple[str, ...] | None = None
    """Names of the sensors that are switched on; all when left out."""
    movers: tuple[MoverConfig, ...] = ()
    """Who flies."""
    traffic: Annotated[Any, AnyKind("world.traffic")] | None = None
    """Recorded flights."""
    weapons_free: bool = True
    """False in peacetime: nothing is engaged."""


class CampaignConfig(PhaseConfig):
    """Months of sorties whose knowledge carries over; each sortie is one play of this phase."""

    months: int = Field(ge=1, le=240)
    """How long the site and the flights are neighbours. [months]"""
    sorties_per_month: int = Field(ge=1, le=100)
    """Sorties played a month."""
    delay_months: int = Field(default=0, ge=0)
    """Months that the site's activation is delayed: sorties before it teach nothing. [months]"""


class LinkConfig(Config):
    """Knowledge passed from one owner to another."""

    name: Name
    """What the rest of the file calls it."""
    sender: Name
    """Owner whose sensors learn."""
    receiver: Name
    """Owner who gets the evidence."""
    enabled: bool = True
    """False cuts the link."""
    delay_months: float = Field(ge=0.0)
    """Time from a sortie to its evidence at the receiver. [months]"""
    loss: float = Field(ge=0.0, le=1.0)
    """Chance that a sortie's evidence never arrives. [1]"""


class OptionConfig(Config):
    """One way the working group could decide."""

    name: Name
    """Short name, used in records."""
    title: str
    """What a decision maker reads."""
    curve: bool = False
    """Whether the owner's knowledge is also tried at every checkpoint, for a learning curve."""
    set: dict[str, Any] = Field(default_factory=dict)
    """Changes to this scenario: dotted key, new value; list items by name, as in ``campaign.movers.jet.reflectors``."""


class StudyConfig(Config):
    """Options to compare, by paired runs."""

    title: str
    """What is asked."""
    replicates: int = Field(ge=2, le=100_000)
    """Paired runs of each option."""
    subject: str
    """Name of the mover whose exposure is assessed; it flies in campaign and mission."""
    defender: Name
    """Owner whose knowledge the test mission is fought with."""
    checkpoints_h: tuple[Annotated[float, Field(gt=0.0)], ...] = (0.5, 1.0, 2.0, 4.0, 8.0)
    """Exposure hours at which learning curves are read. [h]"""
    baseline: Name
    """Option the others are compared with."""
    options: tuple[OptionConfig, ...] = Field(min_length=1)
    """What could be decided."""


class Scenario(Config):
    """A scenario file."""

    watchfloor: Literal[1]
    """Version of the file format."""
    name: Name
    """Short name."""
    title: str
    """One line."""
    description: str = ""
    """What it shows and what it rests on."""
    seed: int = Field(ge=0, lt=2**63)
    """Seed of every random stream."""
    owner: Name = "host"
    """Who owns the sensors during the campaign."""
    types: tuple[str, ...] = Field(min_length=1)
    """Types of the catalogue that can occur; the learner's list of known types."""
    hostile: tuple[str, ...] = ()
    """Types that the rules of engagement call hostile."""
    sources: dict[Name, Source] = Field(default_factory=dict)
    """Where this file's own numbers come from, by key; ``source`` names one of these or one of the catalogue's."""
    places: tuple[PlaceConfig, ...] = Field(min_length=1)
    """Named points."""
    sensors: tuple[Annotated[Any, AnyKind("sensor")], ...] = Field(min_length=1)
    """Radars and receivers; their order is the ``sensor`` number of records."""
    tracker: Annotated[Any, AnyKind("track")]
    """From plots to tracks."""
    learner: Annotated[Any, AnyKind("learn")]
    """From tracks to knowledge and identity."""
    command: Annotated[Any, AnyKind("command")]
    """From the picture to orders."""
    launchers: tuple[Annotated[Any, AnyKind("engage")], ...] = ()
    """Batteries."""
    sharing: tuple[LinkConfig, ...] = ()
    """Who passes knowledge to whom."""
    mission: PhaseConfig
    """What ``watchfloor run`` plays; in a study, the test that knowledge is tried on."""
    campaign: CampaignConfig | None = None
    """Peacetime before the mission."""
    study: StudyConfig | None = None
    """What is asked."""
