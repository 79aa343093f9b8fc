"""The shape of a scenario file.

One file says what there is (places, sensors, tracker, learner, command, launchers), what happens (``mission``; and, for
a study, the ``campaign`` of peacetime sorties that comes before it) and what is asked (``study``).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from watchfloor.base.config import Config
from watchfloor.base.registry import AnyKind
from watchfloor.scenario.cards import Band, Source

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


class TerrainConfig(Config):
    """Elevation model about the sensors; antennas then stand on it, mast and all."""

    folder: str | None = None
    """Folder of tiles (SRTM .hgt, DTED, GeoTIFF), from this file's own folder."""
    sample: str | None = None
    """Terrain that comes with the package, instead of a folder: ``garraf``, hills behind Barcelona."""
    missing: Literal["error", "sea", "unknown"] = "error"
    """What voids and land without a tile are: refused, sea level, or unknown, behind which nothing is seen."""
    undulation_m: float = Field(default=0.0, ge=-120.0, le=100.0)
    """Height of the geoid, which elevation models count from, above the ellipsoid. [m]"""
    azimuths: int = Field(default=1440, ge=4, le=36_000)
    """Rays round each sensor; what stands between two of them is interpolated."""
    step_m: float = Field(default=250.0, ge=10.0, le=10_000.0)
    """Step in range along each ray. [m]"""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.folder is None) == (self.sample is None):
            raise ValueError("give either folder or sample")
        return self


class ClutterConfig(Config):
    """Echo of the ground or the sea; needs radars whose cards state ``prf_hz`` and ``doppler``."""

    kind: Literal["land", "sea"]
    """Constant-gamma land, or the NRL sea model."""
    gamma_db: float = Field(default=-15.0, ge=-60.0, le=10.0)
    """Land: normalised reflectivity gamma; -29 for flat desert to -5 for a town or mountains. [dB]"""
    sea_state: float = Field(default=3.0, ge=0.0, le=6.0)
    """Sea: its state."""
    spread_mps: float = Field(default=0.3, gt=0.0, lt=20.0)
    """Standard deviation of its velocity; wind in trees 0.1 to 0.5, sea about 1. [m/s]"""
    shape: float | None = Field(default=None, gt=0.05, le=1e4)
    """Shape of K-distributed power; the smaller the spikier. Left out, it is smooth (Rayleigh). [1]"""


class RainConfig(Config):
    """Rain of one rate all round."""

    rate_mmph: float = Field(gt=0.0, le=250.0)
    """Rain rate; 1 is drizzle, 4 moderate, 16 heavy. [mm/h]"""
    top_m: float = Field(default=4000.0, gt=0.0, le=20_000.0)
    """Height of its top above the ground. [m]"""
    spread_mps: float = Field(default=3.0, gt=0.0, lt=30.0)
    """Standard deviation of its velocity along the beam. [m/s]"""
    wind_mps: float = Field(default=0.0, ge=0.0, le=100.0)
    """Speed of the wind that carries it. [m/s]"""
    wind_to_deg: float = Field(default=0.0, ge=-360.0, le=360.0)
    """Where the wind blows to, clockwise from true north. [deg]"""


class SurfaceConfig(Config):
    """Surface that mirrors beams: lobes."""

    kind: Literal["sea", "land"]
    """Sea water, or loam."""
    rms_height_m: float = Field(default=0.0, ge=0.0, le=100.0)
    """Standard deviation of its height; a quarter of the significant wave height. [m]"""


class EnvironmentConfig(Config):
    """What surrounds every sensor; each heading that is left out has no effect."""

    terrain: TerrainConfig | None = None
    """Elevation model; a smooth earth when left out."""
    ground_alt_m: float | None = Field(default=None, ge=-500.0, le=9000.0)
    """Height above the ellipsoid of the smooth ground that horizon, lobing and clutter are reckoned from: a plain below
    a hill. The place's own, or the lowest of the terrain, when left out. [m]"""
    k: float = Field(default=4.0 / 3.0, ge=0.5, le=10.0)
    """Ratio of effective to true earth radius. [1]"""
    clutter: ClutterConfig | None = None
    """Echo of the surface."""
    rain: RainConfig | None = None
    """Rain."""
    surface: SurfaceConfig | None = None
    """Mirroring surface."""


class JammerConfig(Config):
    """A noise jammer on board, at the level of power: so much noise, in such a band, the same in all directions."""

    erp_dbw: float = Field(ge=-60.0, le=90.0)
    """Effective radiated power: power times gain. [dBW]"""
    centre_mhz: float = Field(gt=0.0, le=1e6)
    """Middle of its band; a radar whose own band lies inside is jammed. [MHz]"""
    bandwidth_mhz: float = Field(gt=0.0, le=1e5)
    """Width of its band, over which the power is spread evenly. [MHz]"""
    since_s: float = Field(default=0.0, ge=0.0)
    """When it is switched on. [s]"""
    until_s: float | None = Field(default=None, gt=0.0)
    """When it is switched off; never when left out. [s]"""


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
    declares: str | None = None
    """Type that its transponder or flight plan declares, where that is not its own: a wrong label on purpose."""
    reflectors: bool = False
    """Whether it wears its reflectors."""
    jammers: tuple[JammerConfig, ...] = ()
    """Noise jammers that it carries."""


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


class SignatureChangeConfig(Config):
    """A change of what is true of a type's signature while a campaign lasts. Learners are not told."""

    type: str
    """Type that changes."""
    month: float = Field(default=0.0, ge=0.0, le=240.0)
    """When, since the campaign's beginning. [months]"""
    redraw: bool = False
    """Whether its curves are drawn anew from its card: another coat, another shape."""
    offset_db: dict[Band, float] = Field(default_factory=dict)
    """By band, how far its curve moves; after a redraw, from there. [dB]"""
    drift_db_per_year: float = Field(default=0.0, ge=0.0, le=40.0)
    """Random walk of its curves from then on, one standard deviation over a year. [dB]"""


class CampaignConfig(PhaseConfig):
    """Months of sorties whose knowledge carries over; each sortie is one play of this phase."""

    months: int = Field(ge=1, le=240)
    """How long the site and the flights are neighbours. [months]"""
    sorties_per_month: int = Field(ge=1, le=100)
    """Sorties played a month."""
    delay_months: int = Field(default=0, ge=0)
    """Months that the site's activation is delayed: sorties before it teach nothing. [months]"""
    fidelity: Literal["tracked", "looks"] = "tracked"
    """Sorties played plot by plot through the tracker, or look by look, with tracks that a rule keeps and that are
    wrong as the tracker's were measured to be: several times as fast; see ``watchfloor.run.direct``."""
    signature_changes: tuple[SignatureChangeConfig, ...] = ()
    """What happens to signatures meanwhile."""

    @model_validator(mode="after")
    def _within(self) -> Self:
        late = [change.month for change in self.signature_changes if change.month > self.months]
        if late:
            raise ValueError(
                f"signature_changes after the campaign's end change nothing (came month {late[0]:g} of {self.months})"
            )
        return self


class LinkConfig(Config):
    """Knowledge passed from one owner to another."""

    name: Name
    """What the rest of the file calls it."""
    sender: Name
    """Owner whose sensors learn, or who has been given something to pass on."""
    receiver: Name
    """Owner who gets it."""
    enabled: bool = True
    """False cuts the link."""
    passes: Literal["plots", "evidence", "posterior", "nothing"] = "evidence"
    """What goes over it. Plots: tracks and looks, of which the receiver makes its own evidence. Evidence: what each
    flight said of each cell, without what anybody believed. Posterior: what the sender believes in the end."""
    delay_months: float = Field(ge=0.0)
    """Time from a sortie, or from its arrival at the sender, to the receiver. [months]"""
    loss: float = Field(ge=0.0, le=1.0)
    """Chance that a sortie's parcel never arrives; of plots, that a look does not. [1]"""
    without_bands: tuple[Band, ...] = ()
    """Bands of radars that the link leaves out."""
    without_types: tuple[str, ...] = ()
    """Types that it leaves out; of plots, those declared to be such a type."""
    without_labels: bool = False
    """Plots only: whether declared types and addresses are left out."""
    coarsen_deg: float | None = Field(default=None, ge=1.0, le=180.0)
    """Evidence only: width of sectors of azimuth that hide the aspect cell of each row; none when left out. [deg]"""
    declares_prior: bool = True
    """Posterior only: whether the sender says that it started from the public catalogue, to be taken out."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.without_labels and self.passes != "plots":
            raise ValueError("without_labels needs passes: plots (evidence is of a type already; see without_types)")
        if self.coarsen_deg is not None and self.passes != "evidence":
            raise ValueError(f"coarsen_deg needs passes: evidence (came passes: {self.passes})")
        if not self.declares_prior and self.passes != "posterior":
            raise ValueError(f"declares_prior: false needs passes: posterior (came passes: {self.passes})")
        return self


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


class AxisConfig(Config):
    """One axis of a break-even map."""

    unknown: str
    """What neither side will tell: offset_db or power_db, of one band as in ``offset_db.S``, scatter, lens_db,
    reliability; or a dotted key of the scenario."""
    values: tuple[float, ...] = Field(min_length=2)
    """Its values, rising."""


class MapConfig(Config):
    """A break-even map: hours of exposure until something comes true, over two unknowns, at the level of looks."""

    name: Name
    """Short name, used in records."""
    x: AxisConfig
    """The first unknown."""
    y: AxisConfig
    """The second."""
    ask: tuple[str, ...] = Field(default=("range+5", "sd<3", "type>0.8", "type>0.95", "false<0.05"), min_length=1)
    """Questions: range+PERCENT, sd<DB, type>P, false<P."""
    replicates: int = Field(default=8, ge=1, le=100_000)
    """Campaigns at each point."""
    hours: float = Field(default=20.0, gt=0.0, le=1e4)
    """Exposure after which a campaign ends. [h]"""


class DriversConfig(Config):
    """An answer whose drivers are ranked among the unknowns, at the level of looks."""

    answer: str
    """sd_db, entropy_nats, p_type, range_km or hours_to_3_db."""
    trajectories: int = Field(default=10, ge=0, le=10_000)
    """Trajectories of the screening (Morris); 0 leaves it out."""
    rows: int = Field(default=64, ge=0, le=100_000)
    """Rows of the design for shares of the variance (Sobol); 0 leaves them out."""


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
    maps: tuple[MapConfig, ...] = ()
    """Break-even maps that belong to the study."""
    drivers: tuple[DriversConfig, ...] = ()
    """Answers whose drivers are ranked."""


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
    priors: dict[str, Any] = Field(default_factory=dict)
    """Numbers held true in place of the catalogue's: dotted key of a card, number or spread, as in
    ``types.lo-fighter.signature.S.offset_db``."""
    believed: dict[str, Any] = Field(default_factory=dict)
    """Numbers of types that the learner starts from, where they are not those held true."""
    places: tuple[PlaceConfig, ...] = Field(min_length=1)
    """Named points."""
    environment: EnvironmentConfig = EnvironmentConfig()
    """What surrounds the sensors: terrain, clutter, rain, a mirroring surface."""
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
