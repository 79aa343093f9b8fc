"""Reports: one page that can be read, printed and defended, made from a record alone.

``build`` writes the page of a study. ``gather`` reads the record, ``answers`` turns it into tables and sentences,
``learning`` lays what was learned beside knowing nothing and all, ``unspoken`` shows what neither side will tell,
``figures`` draws, ``coverage`` computes what the radars reach, ``document`` puts the page together out of ``blocks``,
``wording`` writes every figure the same way; ``track_map`` draws tracks and ``score_figures`` their scores for the
command line.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def build(
    folder: Path,
    out: Path | None = None,
    *,
    against: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write the report of a study as one HTML file that needs nothing else.

    Parameters
    ----------
    folder : Path
        A finished record that ``watchfloor study --out`` has left.
    out : Path, optional
        The file to write; ``folder/report.html`` when left out.
    against : Path, optional
        Another party's record of the same study, to be laid beside it.
    progress : callable, optional
        Called with (parts done, parts in all).

    Returns
    -------
    Path
        The file written. The same record gives the same bytes.

    Raises
    ------
    RecordError
        If the folder is no record of a study, the record is not finished (the message says which runs are missing and
        the command that plays them), or the file cannot be written.
    """
    from watchfloor.report.document import page  # jinja2 and matplotlib are wanted only here
    from watchfloor.report.gather import gather
    from watchfloor.report.output import write

    target = Path(out) if out is not None else Path(folder) / "report.html"
    other = None if against is None else gather(Path(against))
    return write(target, page(gather(Path(folder)), progress, other=other))
