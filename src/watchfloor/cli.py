"""The command line: a command parses, calls one public function and prints.

Results go to stdout, everything else to stderr. Exit status: 0 fine; 1 a finding (a mistake in a checked file, a run
that was given up); 2 wrong usage or bad input; 130 stopped by Ctrl-C. Everything heavy is imported inside the commands,
so that asking for help is cheap.

What the commands call, and what they expect of it::

    scenario.load.load(path_or_name) -> LoadedScenario
    run.single.run(loaded, *, out, seed, replicates, workers, traffic, fresh, progress) -> RunSummary
    run.scores.assess_record(folder, *, cutoff_m, progress) -> Assessment; likewise assess_files
    run.recorded.track_file(path, *, radar_deg_m, ..., progress) -> RecordedTracks
    study.play.play(loaded, *, out, workers, replicates, fresh, progress) -> StudySummary
    report.build(folder, out) -> Path

``progress`` is called with (done, total); summaries have ``folder``, ``n_played``, ``n_replicates`` and ``given_up``.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from watchfloor import __version__
from watchfloor.base.errors import NumericsError, ScenarioError, UserError

QUIET_S = 2.0
"""Anything shorter shows no progress. [s]"""
LINE_S = 20.0
"""Time between lines of progress where stderr is no terminal. [s]"""
Progress = Callable[[int, int], None]


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit status."""
    sys.exit(_run(args))


def _run(args: Sequence[str] | None) -> int:
    arguments = sys.argv[1:] if args is None else list(args)
    try:
        status = cli.main(arguments, prog_name="watchfloor", standalone_mode=False)
        sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as err:
        err.show()
        return err.exit_code
    except UserError as err:
        if "--debug" in arguments:
            raise
        click.echo(str(err), err=True)
        return 2
    except NumericsError as err:
        if "--debug" in arguments:
            raise
        click.echo(f"{err}\nThis is a fault of the computation, not of your input; --debug shows where.", err=True)
        return 1
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        return 130
    except OSError as err:
        if err.errno != errno.EPIPE:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on: nothing more to flush
        return 0


class _Laid:
    r"""Keeps the lines under a ``\b`` as they are; docstrings are raw, so click does not know the mark as its own."""

    help: str | None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.help:
            self.help = self.help.replace("\\b\n", "\b\n")


class _Command(_Laid, click.Command):
    pass


class _Group(_Laid, click.Group):
    command_class = _Command

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which they are used, not by alphabet."""
        return list(self.commands)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.option("-v", "--verbose", is_flag=True, help="Say more about what is being done.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error, for a bug report.")
def cli(verbose: bool, debug: bool) -> None:
    r"""Simulate layered air defence whose radars learn, and assess it.

    \b
    Start with:
      watchfloor run examples/first-radar.yaml
      watchfloor study working-group --out out/working-group
      watchfloor report out/working-group
    """
    del debug  # read by main
    logging.basicConfig(format="%(message)s")
    logging.getLogger("watchfloor").setLevel(logging.INFO if verbose else logging.WARNING)


# ---- scenarios

_scenario = click.argument("scenario", metavar="SCENARIO")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for a program to read.")
_out_help = "Folder of the record. A record of the same scenario there is gone on with."
_fresh = click.option("--fresh", is_flag=True, help="Replace the record in --out instead of going on with it.")
_priors = click.option(
    "--priors",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A party's own numbers in place of the catalogue's (YAML).",
)
_workers = click.option(
    "--workers", type=click.IntRange(min=1), help="Processes; all cores by default. Results do not depend on it."
)


@cli.command()
@_scenario
@_json
def check(scenario: str, as_json: bool) -> int:
    r"""Say every mistake in a scenario file, each with its place.

    SCENARIO is a file, or the name of a shipped scenario.

    \b
    Example:
      watchfloor check examples/first-radar.yaml
    """
    from watchfloor.scenario.load import load

    try:
        loaded = load(scenario)
    except ScenarioError as err:
        if any(mistake.line == 0 for mistake in err.mistakes):  # there is no such file, or it cannot be read
            raise
        if as_json:
            _print_json({"mistakes": [vars(mistake) for mistake in err.mistakes]})
        else:
            click.echo(str(err))
            n = len(err.mistakes)
            click.echo(f"{n} {'mistake' if n == 1 else 'mistakes'}", err=True)
        return 1
    if as_json:
        _print_json({"mistakes": [], "name": loaded.scenario.name, "digest": loaded.digest})
    else:
        click.echo(f"{loaded.path}: fine ({loaded.scenario.name}: {loaded.scenario.title})")
    return 0


@cli.command()
@_scenario
@click.option("--traffic", type=click.Path(path_type=Path), metavar="FILE", help="Recorded flights (CSV, Parquet).")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help=_out_help + " Default: out/NAME.")
@click.option("--seed", type=click.IntRange(min=0), help="Instead of the scenario's own seed.")
@click.option("--replicates", type=click.IntRange(min=1), default=1, show_default=True, help="Times to play it.")
@_workers
@_fresh
@_json
def run(
    scenario: str,
    traffic: Path | None,
    out: Path | None,
    seed: int | None,
    replicates: int,
    workers: int | None,
    fresh: bool,
    as_json: bool,
) -> int:
    r"""Play a scenario's mission and say what came of it.

    SCENARIO is a file, or the name of a shipped scenario.

    \b
    Examples:
      watchfloor run examples/first-radar.yaml
      watchfloor run examples/recorded-traffic.yaml --traffic flights.parquet --out out/traffic
    """
    from watchfloor.run.scores import score_record
    from watchfloor.run.single import run as play
    from watchfloor.scenario.load import load

    loaded = load(scenario)
    folder = Path("out") / loaded.scenario.name if out is None else out
    with _progress("run", "missions") as progress, _resumable(folder):
        summary = play(
            loaded,
            out=folder,
            seed=seed,
            replicates=replicates,
            workers=workers,
            traffic=traffic,
            fresh=fresh,
            progress=progress,
        )
    figures = [] if len(summary.given_up) == summary.n_replicates else score_record(folder)
    if as_json:
        _print_json(
            {
                "folder": str(folder),
                "replicates": summary.n_replicates,
                "played": summary.n_played,
                "given_up": summary.given_up,
                "figures": _keyed(figures),
            }
        )
    else:
        _print_figures(figures)
        click.echo(f"record: {folder} ({summary.n_played} played now)", err=True)
    return _given_up(summary.given_up)


@cli.command()
@_scenario
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", required=True, help=_out_help)
@_workers
@click.option("--replicates", type=click.IntRange(min=1), help="Paired runs of each option, instead of the study's.")
@_priors
@_fresh
@_json
def study(
    scenario: str,
    out: Path,
    workers: int | None,
    replicates: int | None,
    priors: Path | None,
    fresh: bool,
    as_json: bool,
) -> int:
    r"""Play a study: every option, many times, paired.

    SCENARIO is a file, or the name of a shipped scenario. A study that is stopped, or killed, goes on where it was
    when the same command is given again, and ends with the same bytes.

    \b
    Examples:
      watchfloor study working-group --out out/working-group --workers 2
      watchfloor study working-group --priors mine.yaml --out out/mine
    """
    from watchfloor.scenario.load import load, with_priors
    from watchfloor.study.play import play

    loaded = load(scenario)
    if priors is not None:
        loaded = with_priors(loaded, priors)
    with _progress("study", "runs") as progress, _resumable(out):
        summary = play(loaded, out=out, workers=workers, replicates=replicates, fresh=fresh, progress=progress)
    if as_json:
        _print_json(
            {
                "folder": str(summary.folder),
                "options": summary.n_options,
                "replicates": summary.n_replicates,
                "played": summary.n_played,
                "given_up": summary.given_up,
            }
        )
    else:
        click.echo(
            f"{summary.folder}: {summary.n_options} options, {summary.n_replicates} paired runs of each "
            f"({summary.n_played} played now)"
        )
        click.echo(f"next: watchfloor report {summary.folder}", err=True)
    return _given_up(summary.given_up)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="DIR/report.html by default.")
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Another party's record of the same study, to be laid beside it.",
)
def report(folder: Path, out: Path | None, against: Path | None) -> int:
    r"""Write the report of a study: one page of HTML.

    The page needs no other file and asks for nothing outside.

    DIR is the folder that `watchfloor study --out` has left.

    \b
    Examples:
      watchfloor report out/working-group
      watchfloor report out/mine --against out/working-group
    """
    from watchfloor.report import build

    with _progress("report", "parts") as progress:
        page = build(folder, out, against=against, progress=progress)
    click.echo(str(page))
    return 0


# ---- recorded plots and tracks


class _Numbers(click.ParamType):
    """Numbers with commas between them."""

    def __init__(self, names: str, least: int) -> None:
        self.name, self._least = names, least

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the names of the numbers."""
        return self.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a tuple of floats."""
        if isinstance(value, tuple):
            return value
        try:
            numbers = tuple(float(part) for part in value.split(","))
        except ValueError:
            self.fail(f"wanted {self.name} (came {value!r})", param, ctx)
        finite = all(-1e12 < number < 1e12 for number in numbers)
        if not finite or not self._least <= len(numbers) <= self.name.count(",") + 1:
            self.fail(f"wanted {self.name} (came {value!r})", param, ctx)
        return numbers


def _svg(ctx: click.Context, param: click.Parameter, value: Path | None) -> Path | None:
    """Refuse a figure whose name promises another format, before anything is worked out."""
    if value is not None and value.suffix.lower() not in ("", ".svg"):
        raise click.BadParameter(f"figures are written as SVG; give a name that ends in .svg (came {value})")
    return value


_cutoff = click.option(
    "--cutoff-m",
    type=click.FloatRange(min=0.0, min_open=True),
    default=1000.0,
    show_default=True,
    help="GOSPA's cutoff: a track farther away does not hold a target. [m]",
)


class _Radar(click.ParamType):
    """A radar's place, with its name where there are several."""

    name = "[SAC/SIC=]LAT,LON,ALT"
    _place = _Numbers("LAT,LON,ALT", 3)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the name, empty for the only one, and a tuple of floats."""
        if isinstance(value, tuple):
            return value
        name, _, place = value.rpartition("=")
        return name.strip(), self._place.convert(place, param, ctx)


@cli.command()
@click.argument("plots", type=click.Path(path_type=Path))
@click.option(
    "--radar",
    "radars",
    type=_Radar(),
    multiple=True,
    help="Where a radar stands; polar plots need it, and recordings that do not say. [deg, deg, m]",
)
@click.option(
    "--source",
    "sources",
    metavar="SAC/SIC",
    multiple=True,
    help="Take only this radar of a recording; may be repeated.",
)
@click.option(
    "--sigma",
    type=_Numbers("RANGE_M,AZIMUTH_DEG,ELEVATION_DEG,RATE_MPS", 2),
    help="1-sigma errors of polar plots, where the file has no sigma_... columns.",
)
@click.option(
    "--sigma-m",
    type=click.FloatRange(min=0.0, min_open=True),
    help="1-sigma error of plots that are positions, where the file has no sigma_m column. [m]",
)
@click.option(
    "--period-s",
    type=click.FloatRange(min=0.1, max=600.0),
    help="Time of one turn or frame of the sensor; worked out from the plots when left out. [s]",
)
@click.option("--tracker", metavar="KIND", help="Kind of tracker: pmb, the default, or gnn, jpda.")
@click.option(
    "--identity/--no-identity",
    default=True,
    show_default=True,
    help="Let cooperative addresses tell targets apart.",
)
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Tracks as .csv, .csv.gz or .parquet.")
@click.option("--truth", type=click.Path(path_type=Path), metavar="FILE", help="Flights to score the tracks against.")
@_cutoff
@click.option(
    "--plot", "picture", type=click.Path(path_type=Path), callback=_svg, metavar="SVG", help="Draw the tracks on a map."
)
@_json
def track(
    plots: Path,
    radars: tuple[tuple[str, tuple[float, ...]], ...],
    sources: tuple[str, ...],
    sigma: tuple[float, ...] | None,
    sigma_m: float | None,
    period_s: float | None,
    tracker: str | None,
    identity: bool,
    out: Path | None,
    truth: Path | None,
    cutoff_m: float,
    picture: Path | None,
    as_json: bool,
) -> int:
    r"""Track recorded plots: an ASTERIX recording, CSV or Parquet.

    PLOTS is a recording of CAT048 and CAT034 (bare .ast or .raw, .pcap, .gps, .ff), which says itself where its radars
    stand and how they turn; `holding` comes with the package. Or it is a table: its columns are t, range_m (or
    range_km, range_nm), azimuth_deg and, where measured, elevation_deg and range_rate_mps; or t, lat, lon and, where
    measured, alt_m. Errors stand in sigma_range_m, sigma_azimuth_deg... or sigma_m, or are given as options.

    \b
    Examples:
      watchfloor track holding --truth holding --out tracks.parquet --plot map.svg
      watchfloor track plots.csv --radar 48.72,2.38,110 --sigma 50,0.1 --out tracks.csv
      watchfloor track plots.parquet --sigma-m 30 --truth flights.parquet --plot tracks.svg
    """
    from watchfloor.run.recorded import track_file

    began = time.process_time()
    with _progress("track", "percent") as progress:
        found = track_file(
            plots,
            radar_deg_m=dict(radars) or None,
            sources=sources,
            sigma_polar=sigma,
            sigma_m=sigma_m,
            period_s=period_s,
            tracker=tracker,
            identity=identity,
            truth=truth,
            cutoff_m=cutoff_m,
            progress=progress,
        )
    spent_s = time.process_time() - began
    if out is not None:
        found.write(out)
        click.echo(f"tracks: {out}", err=True)
    if picture is not None:
        from watchfloor.report.track_map import draw_tracks

        draw_tracks(picture, found, title=plots.name)
        click.echo(f"picture: {picture}", err=True)
    for note in found.notes:
        click.echo(note, err=True)
    duration_s = _keyed(found.figures).get("duration_s", 0.0)
    speed = ("speed", "faster than real time", duration_s / max(spent_s, 1e-3), "times")
    _print_rows([*found.figures, speed], as_json)
    return 0


@cli.command()
@click.argument("what", type=click.Path(path_type=Path), metavar="DIR|TRACKS")
@click.option("--truth", type=click.Path(path_type=Path), metavar="FILE", help="Flights; needed for a file of tracks.")
@_cutoff
@click.option(
    "--plot",
    "picture",
    type=click.Path(path_type=Path),
    callback=_svg,
    metavar="SVG",
    help="GOSPA and its parts over time.",
)
@_json
def assess(what: Path, truth: Path | None, cutoff_m: float, picture: Path | None, as_json: bool) -> int:
    r"""Score tracks against the truth.

    Prints GOSPA moment by moment and over whole trajectories with their parts, what targets and tracks came to (SIAP
    attributes among it), accuracy and, for a record, whether the tracker's covariances and probabilities are honest.
    What each figure means stands in docs/explanation/scores.md.

    DIR is a folder that `watchfloor run --out` has left and knows its own truth; TRACKS is a table of tracks (t, track,
    lat, lon, alt_m), and --truth a table of flights.

    \b
    Examples:
      watchfloor assess out/traffic --plot gospa.svg
      watchfloor assess tracks.csv --truth flights.parquet
    """
    from watchfloor.run.scores import assess_files, assess_record

    with _progress("assess", "percent") as progress:
        if what.is_dir():
            if truth is not None:
                raise click.UsageError("a record knows its own truth: leave --truth out, or name a file of tracks")
            found = assess_record(what, cutoff_m=cutoff_m, progress=progress)
        elif not what.exists():
            raise click.UsageError(
                f"{what}: there is no such folder or file; `watchfloor run --out DIR` leaves a record"
            )
        elif truth is None:
            raise click.UsageError(f"{what}: a file of tracks needs --truth FILE to be scored against")
        else:
            found = assess_files(what, truth, cutoff_m=cutoff_m, progress=progress)
    if picture is not None:
        if found.scores is None:
            click.echo(f"{what}: nothing to score, so nothing to draw", err=True)
        else:
            from watchfloor.report.score_figures import gospa_over_time, write_figure

            title, alt = f"{what.name}: GOSPA of the picture", f"GOSPA and its parts over time, {what.name}"
            drawn = gospa_over_time("gospa", found.scores, cutoff_m=found.cutoff_m, title=title, alt=alt)
            write_figure(picture, drawn)
            click.echo(f"picture: {picture}", err=True)
    if as_json:
        _print_json({"figures": _keyed(found.rows)})
    else:
        _print_sections([(section.title, section.rows) for section in found.sections])
    return 0


_BY = ("flight", "week", "radar", "band", "cell", "label", "type", "configuration", "option", "lever")


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="RUN")
@click.option("--by", type=click.Choice(_BY), default="radar", show_default=True, help="What to sum by.")
@click.option("--type", "type_name", metavar="TYPE", help="Only what was learned of this type of aircraft.")
@click.option("--option", metavar="OPTION", help="Of a study, this option instead of the baseline.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), metavar="FILE", help="Also write the sums as CSV.")
@click.option("--sql", is_flag=True, help="Print the DuckDB query instead of its answer.")
@_json
def ledger(
    folder: Path,
    by: str,
    type_name: str | None,
    option: str | None,
    csv_file: Path | None,
    sql: bool,
    as_json: bool,
) -> int:
    r"""Say who learned what from which flight, and what an hour more would teach.

    RUN is the folder that `watchfloor run --out` or `watchfloor study --out` has left; what stands there is what the
    radars' owner learned. Nats of flights, radars and cells add up, replicate by replicate. Of several replicates the
    medians are printed, of what was learned with the 10 and 90 % points; --csv and --json give these of everything.

    \b
    Examples:
      watchfloor ledger out/first-radar
      watchfloor ledger out/working-group --by cell --type lo-fighter
      watchfloor ledger out/working-group --by lever --type lo-fighter --csv levers.csv
    """
    from watchfloor.assess.ledger import MEASURES, lines, sums

    found = sums(folder, by=by, type_name=type_name, option=option)
    if csv_file is not None:
        _write_csv(csv_file, lines(found))
    if sql:
        click.echo(found.sql)
    elif as_json:
        whole = {"by": by, "type": type_name, "option": found.option, "replicates": found.n_replicates}
        _print_json({**whole, "rows": lines(found), "sql": found.sql})
    else:
        table = [
            [
                row.key or "total",
                *(_spread(row.values[name]) if name == "nats" else _short(row.values[name][1]) for name in MEASURES),
                *([_spread(row.against)] if row.against else []),
            ]
            for row in (*found.rows, *([found.total] if found.total else []))
        ]
        units = [f"{words} [{unit}]" if unit else words for words, unit in MEASURES.values()]
        _print_table([by, *units, *(["against the baseline [nat]"] if found.total is None else [])], table)
        if found.option is not None:
            n = found.n_replicates
            said = f"; medians of {n} replicates (10 to 90 %), which need not add up as each replicate does"
            click.echo(f"option {found.option}{said if n > 1 else ''}", err=True)
    return 0


class _List(click.ParamType):
    """Numbers with commas between them, as many as wanted, within limits."""

    def __init__(self, name: str, low: float, high: float, *, open_low: bool = False) -> None:
        self.name, self._low, self._high, self._open = name, low, high, open_low

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return how it is written."""
        return f"{self.name},..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a tuple of different floats."""
        if isinstance(value, tuple):
            return value
        limit = f"{'above' if self._open else 'at least'} {self._low:g} and at most {self._high:g}"
        wanted = f"wanted numbers {limit} with commas between them (came {value!r})"
        try:
            numbers = tuple(dict.fromkeys(float(part) for part in value.split(",")))
        except ValueError:
            self.fail(wanted, param, ctx)
        if not all(self._low <= n <= self._high and (n > self._low or not self._open) for n in numbers):
            self.fail(wanted, param, ctx)
        return numbers


class _Formats(click.ParamType):
    """Kinds of files with commas between them."""

    name = "FORMATS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a tuple of names."""
        known = ("png", "svg", "geojson", "tif")
        parts = value if isinstance(value, tuple) else tuple(dict.fromkeys(value.lower().split(",")))
        for part in parts:
            if part not in known:
                self.fail(f"wanted some of {','.join(known)} (came {part!r})", param, ctx)
        return parts


# ---- what neither side will tell


class _AxisType(click.ParamType):
    """An unknown or a key of the scenario, with its values."""

    name = "NAME=V,V,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return (name, values)."""
        if isinstance(value, tuple):
            return value
        name, _, said = value.partition("=")
        try:
            return name.strip(), tuple(float(part) for part in said.split(","))
        except ValueError:
            self.fail(f"wanted NAME=V,V,... with numbers after the sign (came {value!r})", param, ctx)


@cli.command()
@_scenario
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", required=True, help=_out_help)
@click.option(
    "--x",
    type=_AxisType(),
    default="offset_db=-12,-6,0,6,12",
    show_default=True,
    help="First unknown: offset_db or power_db, of one band as offset_db.S, scatter, lens_db, reliability; or a dotted "
    "key of the scenario.",
)
@click.option(
    "--y", type=_AxisType(), default="power_db=-12,-6,0,6,12", show_default=True, help="Second unknown, likewise."
)
@click.option(
    "--ask",
    default="range+5,sd<3,type>0.8,type>0.95,false<0.05",
    show_default=True,
    help="Questions: range+PERCENT, sd<DB, type>P, false<P.",
)
@click.option("--at", "place", type=_Numbers("X,Y", 2), help="Also read the map at your own point.")
@click.option(
    "--replicates", type=click.IntRange(min=1), default=16, show_default=True, help="Campaigns at each point."
)
@click.option(
    "--hours", type=click.FloatRange(0.0, 1e4, min_open=True), default=20.0, show_default=True, help="Horizon. [h]"
)
@_priors
@_workers
@_fresh
@_json
def breakeven(
    scenario: str,
    out: Path,
    x: tuple[str, tuple[float, ...]],
    y: tuple[str, tuple[float, ...]],
    ask: str,
    place: tuple[float, ...] | None,
    replicates: int,
    hours: float,
    priors: Path | None,
    workers: int | None,
    fresh: bool,
    as_json: bool,
) -> int:
    r"""Map the hours until something is known over two unknowns.

    The unknowns are what neither side will tell. Plays many campaigns at each point of a grid, at the level of looks,
    and writes a map for each question into --out. Each party finds its own private point on the map and reads its own
    answer.

    SCENARIO is a study: a file, or the name of a shipped one.

    \b
    Examples:
      watchfloor breakeven working-group --out out/breakeven --at -4,3
      watchfloor breakeven working-group --out out/standoff --ask "type>0.8" \
        --y campaign.movers.jet.route.centre.distance_km=50,100,200,300
    """
    from watchfloor.report.breakeven_figures import break_even_map
    from watchfloor.report.score_figures import write_figure
    from watchfloor.scenario.load import load, with_priors
    from watchfloor.study.breakeven import Axis, at_point, grid_of, play, question

    loaded = load(scenario)
    if priors is not None:
        loaded = with_priors(loaded, priors)
    try:
        axes = Axis(*x), Axis(*y)
        for axis, here in zip(axes, place or (), strict=place is not None):
            if not axis.values[0] <= here <= axis.values[-1]:
                low, high = axis.values[0], axis.values[-1]
                raise ValueError(f"--at: wanted {axis.name} inside the map, {low:g} to {high:g} (came {here:g})")
        asked = tuple(question(one.strip()) for one in ask.split(","))
        with _progress("breakeven", "points") as progress, _resumable(out):
            table = play(
                loaded,
                out=out,
                x=axes[0],
                y=axes[1],
                questions=asked,
                replicates=replicates,
                horizon_h=hours,
                workers=workers,
                fresh=fresh,
                progress=progress,
            )
        own = None if place is None else [at_point(table, *place, question=q, sensor=-1) for q in range(len(asked))]
    except ValueError as err:
        raise click.UsageError(str(err)) from err
    for q, one in enumerate(asked):
        maps = [grid_of(table, column, question=q, sensor=-1)[2] for column in ("p10_h", "p50_h", "p90_h")]
        xs, ys, _ = grid_of(table, "p50_h", question=q, sensor=-1)
        drawn = break_even_map(
            f"breakeven-{q}",
            xs,
            ys,
            *maps,
            horizon_h=hours,
            title=f"Hours until {one.title}",
            x_label=axes[0].label,
            y_label=axes[1].label,
            alt=f"hours until {one.title}, over {axes[0].name} and {axes[1].name}",
        )
        write_figure(out / f"breakeven-{q}.svg", drawn)

    def told(h: tuple[float, float, float]) -> str:
        low, middle, high = (f"{one:.3g}" if math.isfinite(one) else f">{hours:g}" for one in h)
        return f"{middle} ({low} to {high})"

    spans = []
    for q in range(len(asked)):
        median = grid_of(table, "p50_h", question=q, sensor=-1)[2]
        spans.append((float(median.min()), float(median.max())))
    if as_json:
        columns = {name: values.tolist() for name, values in table.flat().items()}
        plain = {
            n: [None if isinstance(v, float) and not math.isfinite(v) else v for v in c] for n, c in columns.items()
        }
        found = None if own is None else [[h if math.isfinite(h) else None for h in one] for one in own]
        _print_json({"folder": str(out), "questions": [one.name for one in asked], "map": plain, "at": found})
        return 0
    for q, one in enumerate(asked):
        low, high = (f"{h:.3g}" if math.isfinite(h) else f">{hours:g}" for h in spans[q])
        click.echo(f"{one.name:<12} {f'{low} to {high} h, median, over the map':<42} {one.title}")
        if own is not None:
            click.echo(f"{'':<12} {told(own[q])} h at your point")
    click.echo(f"maps: {out}/breakeven-*.svg; hours read: median (one campaign in ten to nine in ten)", err=True)
    return 0


@cli.command()
@_scenario
@click.option(
    "--answer",
    default="entropy_nats",
    show_default=True,
    help="What is asked: sd_db, entropy_nats, p_type, range_km, hours_to_3_db.",
)
@click.option(
    "--method", type=click.Choice(["morris", "sobol", "tornado"]), default="morris", show_default=True, help="How."
)
@click.option("--n", type=click.IntRange(min=2), help="Trajectories (morris, 10 by default) or rows (sobol, 128).")
@click.option("--plot", "picture", type=click.Path(path_type=Path), callback=_svg, metavar="SVG", help="Also draw it.")
@_priors
@_json
def drivers(
    scenario: str,
    answer: str,
    method: str,
    n: int | None,
    picture: Path | None,
    priors: Path | None,
    as_json: bool,
) -> int:
    r"""Say which unknowns drive an answer: what to measure next.

    The unknowns are the catalogue's spreads, or a party's own (--priors): radars' sensitivity, the jet's curve, labels,
    sorties, stand-off. Indices come with 10 and 90 % points.

    \b
    Example:
      watchfloor drivers working-group --answer sd_db --method sobol
    """
    import textwrap

    import numpy as np

    from watchfloor.report.breakeven_figures import drivers_chart, tornado_chart
    from watchfloor.report.score_figures import write_figure
    from watchfloor.scenario.load import load, with_priors
    from watchfloor.study.drivers import ANSWERS, Study

    loaded = load(scenario)
    if priors is not None:
        loaded = with_priors(loaded, priors)
    if loaded.scenario.study is None or loaded.scenario.campaign is None:
        raise click.UsageError(f"{scenario}: wanted a study, with the headings campaign and study")
    try:
        study = Study(loaded, answer=answer)
    except ValueError as err:
        raise click.UsageError(str(err)) from err
    what = {one.name: one.what for one in study.unknowns}
    title, unit = ANSWERS[answer], "".join(ANSWERS[answer].rpartition("[")[1:])
    above = "\n".join(textwrap.wrap(title, 44))
    with _progress("drivers", "campaigns") as progress:
        if method == "tornado":
            found = study.tornado()
            bars = {name: (float(found.low[i]), float(found.high[i])) for i, name in enumerate(what)}
            rows = [(name, what[name], f"{a:.4g} to {b:.4g}", "") for name, (a, b) in bars.items()]
            rows.sort(key=lambda row: -abs(bars[row[0]][1] - bars[row[0]][0]))
            drawn = tornado_chart(
                "tornado",
                list(what),
                found.low,
                found.high,
                float(found.middle[0]),
                title=above,
                label=f"the answer {unit}",
                alt=title,
            )
            plain: Any = {"middle": float(found.middle[0]), "unknowns": bars}
        else:
            if method == "morris":
                index = study.screen(n or 10, progress=progress)
                value, low, high, other = index.mean_abs, index.mean_abs_p10, index.mean_abs_p90, None
                label = f"mean absolute effect over the whole range {unit}"
            else:
                indices = study.shares(n or 128, progress=progress)
                value, low, high, other = indices.total, indices.total_p10, indices.total_p90, indices.first
                label = "share of the variance: bar total, mark first order"
            order = np.argsort(-value, kind="stable")
            names = list(what)
            rows = [
                (names[i], what[names[i]], (float(low[i]), float(value[i]), float(high[i])), "") for i in order.tolist()
            ]
            drawn = drivers_chart("drivers", names, value, low, high, other=other, title=above, label=label, alt=title)
            plain = {name: parts for name, _, parts, _ in rows}
    if picture is not None:
        write_figure(picture, drawn)
        click.echo(f"picture: {picture}", err=True)
    if as_json:
        _print_json({"answer": answer, "method": method, "unknowns": plain})
    else:
        click.echo(title)
        _print_figures(rows)
        click.echo(_DRIVERS_READ[method], err=True)
    return 0


_DRIVERS_READ = {
    "morris": "read: mean absolute change of the answer from one end of the unknown's range to the other (10 to 90 %)",
    "sobol": "read: share of the answer's variance that the unknown has a part in, total order (10 to 90 %)",
    "tornado": "read: the answer with the unknown at its 10 and at its 90 % point, all others at their medians",
}
"""What the figures of each method are."""


@cli.command()
@click.argument("a", type=click.Path(path_type=Path), metavar="A")
@click.argument("b", type=click.Path(path_type=Path), metavar="B")
@_json
def differ(a: Path, b: Path, as_json: bool) -> int:
    r"""Say where two parties' studies differ.

    First the numbers they started from, then what came of them. A and B are folders that `watchfloor study --out` has
    left, each under a party's own --priors. Outcomes are paired, replicate by replicate, where both used the same seed.

    \b
    Example:
      watchfloor differ out/working-group out/mine
    """
    from watchfloor.study.differ import differ as lay_side_by_side

    found = lay_side_by_side(a, b)
    if as_json:
        outcomes = [
            {
                "option": one.option,
                "measure": one.measure.name,
                "unit": one.measure.unit,
                "a": vars(one.a),
                "b": vars(one.b),
                "difference": None if one.difference is None else vars(one.difference),
                "differs": one.differs,
            }
            for one in found.outcomes
        ]
        numbers = [one._asdict() for one in found.numbers]
        _print_json({"a": found.a, "b": found.b, "paired": found.n_paired, "numbers": numbers, "outcomes": outcomes})
        return 0
    sections = [
        (
            f"Numbers: {found.a} against {found.b}",
            [
                (n.parameter, n.parameter, f"{_said(n.a) if n.a else '-'}  ->  {_said(n.b) if n.b else '-'}", n.unit)
                for n in found.numbers
            ]
            or [("same", "the same in both", "", "")],
        )
    ]
    for option in dict.fromkeys(one.option for one in found.outcomes):
        rows = []
        for one in (o for o in found.outcomes if o.option == option):
            change = one.difference
            said = "" if change is None else f"  {change.mean:+.3g} ({change.mean_low:+.3g} to {change.mean_high:+.3g})"
            mark = " *" if one.differs else ""
            rows.append(
                (
                    one.measure.name,
                    one.measure.what,
                    f"{one.a.p50:.4g} -> {one.b.p50:.4g}{said}{mark}",
                    one.measure.unit,
                )
            )
        sections.append((option, rows))
    _print_sections(sections)
    for measure, first, second in found.ranking:
        click.echo(f"{measure}: {found.a} orders {', '.join(first)}; {found.b} orders {', '.join(second)}", err=True)
    click.echo(
        f"medians of {found.a} -> {found.b}; mean difference of {found.n_paired} paired replicates with its 95 % "
        "interval; * told from 0",
        err=True,
    )
    return 0


@cli.command()
@_scenario
@click.option("--sigma", type=_List("M2", 0.0, 1e6, open_low=True), required=True, help="Mean cross-sections. [m2]")
@click.option("--height", type=_List("M", 0.0, 1e5), required=True, help="Heights of the targets. [m]")
@click.option(
    "--above",
    type=click.Choice(["ground", "sea"]),
    default="ground",
    show_default=True,
    help="What heights are counted from.",
)
@click.option(
    "--pd",
    type=click.FloatRange(0.0, 1.0, min_open=True, max_open=True),
    default=0.5,
    show_default=True,
    help="Probability that one scan detects, at the edge.",
)
@click.option("--swerling", type=click.IntRange(0, 4), default=1, show_default=True, help="How the targets fluctuate.")
@click.option("--radar", "radars", multiple=True, metavar="NAME", help="This radar; may be repeated. All by default.")
@click.option("--network", is_flag=True, help="Also the radars together: any of them may detect.")
@click.option(
    "--range",
    "range_km",
    type=click.FloatRange(min=1.0, max=1500.0),
    metavar="KM",
    help="How far to look; just beyond the farthest edge by default.",
)
@click.option(
    "--azimuth",
    type=click.FloatRange(-360.0, 360.0),
    default=0.0,
    show_default=True,
    metavar="DEG",
    help="Where the range-height chart looks, from north.",
)
@click.option(
    "--speed",
    type=click.FloatRange(-3000.0, 3000.0),
    default=250.0,
    show_default=True,
    metavar="M/S",
    help="How fast the targets close; it matters to radars with Doppler filters.",
)
@click.option(
    "--terrain",
    metavar="DIR",
    default="",
    help="Folder of tiles (.hgt, .dt0-2, .tif), or the name of shipped terrain; the antenna then stands on it.",
)
@click.option(
    "--missing",
    type=click.Choice(["unknown", "sea", "error"]),
    default="unknown",
    show_default=True,
    help="What voids and land without a tile are.",
)
@click.option(
    "--undulation",
    type=click.FloatRange(-150.0, 150.0),
    default=0.0,
    show_default=True,
    metavar="M",
    help="Sea level (the geoid) above the ellipsoid; with --terrain.",
)
@click.option(
    "--format", "formats", type=_Formats(), default="png,svg,geojson,tif", show_default=True, help="What to write."
)
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Folder. Default: out/NAME-coverage.")
@_json
def coverage(
    scenario: str,
    sigma: tuple[float, ...],
    height: tuple[float, ...],
    above: Any,
    pd: float,
    swerling: int,
    radars: tuple[str, ...],
    network: bool,
    range_km: float | None,
    azimuth: float,
    speed: float,
    terrain: str,
    missing: Any,
    undulation: float,
    formats: tuple[str, ...],
    out: Path | None,
    as_json: bool,
) -> int:
    r"""Map where the radars of a scenario detect.

    For each radar, at the medians of its card: a map of contours for every height and cross-section, a range-height
    chart along one azimuth, GeoJSON and GeoTIFF. Distances are along the ground, from the radar.

    SCENARIO is a file, or the name of a shipped scenario.

    \b
    Examples:
      watchfloor coverage working-group --sigma 0.01,1 --height 100,1000,5000 --pd 0.5
      watchfloor coverage site.yaml --radar north --sigma 1 --height 300 --terrain tiles --missing sea
    """
    import math

    from watchfloor.report.coverage_product import Wish, make
    from watchfloor.scenario.load import load

    loaded = load(scenario)
    folder = Path("out") / f"{loaded.scenario.name}-coverage" if out is None else out
    with _progress("coverage", "percent") as progress:
        made = make(
            loaded.scenario,
            folder,
            wish=Wish(
                sigma_m2=sigma,
                height_m=height,
                level=pd,
                swerling=swerling,
                above=above,
                closing_mps=speed,
                range_m=None if range_km is None else 1e3 * range_km,
                azimuth_rad=math.radians(azimuth),
                terrain=terrain,
                missing=missing,
                undulation_m=undulation,
            ),
            radars=radars,
            network=network,
            folder=loaded.path.parent,
            formats=formats,
            progress=progress,
        )
    if as_json:
        _print_json({"coverage": made.rows, "files": [str(file) for file in made.files], "notes": made.notes})
        return 0
    wide = max(len(row["radar"]) for row in made.rows)
    click.echo(f"{'radar':<{wide}}  height [m]  sigma [m2]  farthest [km]  nearest edge [km]  area [km2]")
    for row in made.rows:
        nearest = "-" if math.isnan(row["nearest_km"]) else f"{row['nearest_km']:.1f}"
        click.echo(
            f"{row['radar']:<{wide}}  {row['height_m']:>10g}  {row['sigma_m2']:>10g}  {row['farthest_km']:>13.1f}  "
            f"{nearest:>17}  {row['area_km2']:>10.0f}"
        )
    for note in made.notes:
        click.echo(note, err=True)
    for file in made.files:
        click.echo(str(file), err=True)
    return 0


# ---- about the program


@cli.command()
def schema() -> int:
    r"""Print the JSON Schema of a scenario file, for editors.

    \b
    Example:
      watchfloor schema > scenario.schema.json
    """
    from watchfloor.scenario.schema import json_schema

    _print_json(json_schema())
    return 0


@cli.command()
@_scenario
@_json
def cite(scenario: str, as_json: bool) -> int:
    r"""List what a scenario rests on.

    Every number with its spread and source, and the papers its methods follow.

    \b
    Examples:
      watchfloor cite working-group
      watchfloor cite examples/first-radar.yaml --json
    """
    from watchfloor.scenario.cite import citations
    from watchfloor.scenario.load import load

    found = citations(load(scenario))
    if as_json:
        _print_json([row._asdict() for row in found])
        return 0
    by_source: dict[tuple[str, str], list[str]] = {}
    for row in found:
        spread = "" if row.value is None else " = " + " | ".join(f"{value:.4g}" for value in row.value)
        named = row.key if row.parameter == "method" else f"{row.parameter}{spread}"
        by_source.setdefault((row.standing, row.text), []).append(named)
    click.echo("Numbers stand as 10 % | 50 % | 90 % points, in the unit their name says.")
    for (standing, text), used in by_source.items():
        click.echo(f"\n{text} [{standing}]")
        for name in used:
            click.echo(f"  {name}")
    return 0


@cli.command()
def warmup() -> int:
    r"""Compile every kernel once; later commands start faster.

    \b
    Example:
      watchfloor warmup
    """
    from watchfloor.run._warm import warm

    with _progress("warmup", "rooms") as progress:
        done = warm(progress)
    click.echo(f"kernels ready: {', '.join(done) or 'none'}")
    return 0


# ---- printing


def _print_json(value: Any) -> None:
    import json

    click.echo(json.dumps(_plain(value), indent=2, allow_nan=False, ensure_ascii=False, default=str))


def _plain(value: Any) -> Any:
    """Return what JSON can say: NaN and infinities become null."""
    if isinstance(value, float):
        return value if -float("inf") < value < float("inf") else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under heads that are broken into lines of their columns' widths; the first column stands left."""
    import textwrap

    wide = [max(len(row[i]) for row in rows) if rows else 0 for i in range(len(heads))]
    wide = [max(w, *(len(word) for word in head.split())) for w, head in zip(wide, heads, strict=True)]
    broken = [textwrap.wrap(head, max(w, 12)) for w, head in zip(wide, heads, strict=True)]
    wide = [max(w, *(len(line) for line in lines)) for w, lines in zip(wide, broken, strict=True)]
    deep = max(map(len, broken))
    for cells in (*zip(*([""] * (deep - len(lines)) + lines for lines in broken), strict=True), *rows):
        first, *rest = (f"{cell:>{w}}" for cell, w in zip(cells, wide, strict=True))
        click.echo("  ".join((f"{first.strip():<{wide[0]}}", *rest)).rstrip())


def _write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    import csv

    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    except OSError as err:
        raise UserError(f"{path}: cannot be written ({err.strerror}); choose another file with --csv") from err


def _spread(points: tuple[float, float, float]) -> str:
    low, middle, high = map(_short, points)
    return middle if low == high else f"{middle} ({low} to {high})"


def _short(value: float) -> str:
    """Three figures, without exponents for what is counted."""
    if math.isnan(value):
        return "-"
    return f"{value:.0f}" if 100.0 <= abs(value) < 1e9 else f"{value:.3g}"


def _print_rows(rows: Sequence[tuple[str, str, Any, str]], as_json: bool) -> None:
    if as_json:
        _print_json({"figures": _keyed(rows)})
    else:
        _print_figures(rows)


def _keyed(rows: Sequence[tuple[str, str, Any, str]]) -> dict[str, Any]:
    return {key: value for key, _, value, _ in rows}


def _print_figures(rows: Sequence[tuple[str, str, Any, str]]) -> None:
    """Print (key, name, value, unit) as a table; a value with three parts is 10, 50 and 90 % points."""
    cells = [(name, _said(value), unit) for _, name, value, unit in rows]
    wide = [max((len(row[i]) for row in cells), default=0) for i in range(2)]
    for name, value, unit in cells:
        click.echo(f"{name:<{wide[0]}}  {value:>{wide[1]}}  {unit}".rstrip())


def _print_sections(sections: Sequence[tuple[str, Sequence[tuple[str, str, Any, str]]]]) -> None:
    """Print figures under their headings, all values in one column."""
    names = [len(name) for _, rows in sections for _, name, _, _ in rows]
    values = [len(_said(value)) for _, rows in sections for _, _, value, _ in rows]
    for i, (title, rows) in enumerate(sections):
        click.echo(f"{chr(10) if i else ''}{title}")
        for _, name, value, unit in rows:
            click.echo(f"  {name:<{max(names)}}  {_said(value):>{max(values)}}  {unit}".rstrip())


def _said(value: Any) -> str:
    if isinstance(value, tuple):
        low, middle, high = map(_said, value)
        return f"{middle} ({low} to {high})"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "-" if math.isnan(value) else f"{value:.4g}"
    return str(value)


def _given_up(given_up: Mapping[str, str]) -> int:
    for one, why in given_up.items():
        click.echo(f"{one}: given up: {why}", err=True)
    if given_up:
        click.echo(
            f"{len(given_up)} given up, everything else is kept; the same command tries them again "
            "(fewer --workers need less memory)",
            err=True,
        )
    return 1 if given_up else 0


@contextlib.contextmanager
def _resumable(out: Path) -> Iterator[None]:
    """Say after Ctrl-C what is kept and how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"\nwhat is finished is kept in {out}; the same command goes on from there", err=True)
        raise


@contextlib.contextmanager
def _progress(label: str, unit: str) -> Iterator[Progress]:
    """Yield a function (done, total) that shows a bar on a terminal, or a line now and then elsewhere."""
    began = time.monotonic()
    said = began
    with contextlib.ExitStack() as stack:
        bar: Any = None
        task: Any = None

        def show(done: int, total: int) -> None:
            nonlocal bar, task, said
            now = time.monotonic()
            if now - began < QUIET_S or (bar is None and done >= total):
                return
            if sys.stderr.isatty():
                if bar is None:
                    bar, task = _bar(stack, label, unit, total)
                bar.update(task, completed=done, total=total)
            elif now - said >= LINE_S or said == began:
                said = now
                click.echo(f"{label}: {done} of {total} {unit}", err=True)

        yield show


def _bar(stack: contextlib.ExitStack, label: str, unit: str, total: int) -> tuple[Any, Any]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
    )
    bar = stack.enter_context(Progress(*columns, console=Console(stderr=True), transient=True))
    return bar, bar.add_task(label, total=total)
