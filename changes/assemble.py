"""Gather the change notes of this folder into a section of ``CHANGELOG.md``, and remove them.

Usage: python changes/assemble.py VERSION DATE
"""

from __future__ import annotations

import argparse
from pathlib import Path

HEADINGS = {
    "added": "Added",
    "changed": "Changed",
    "fixed": "Fixed",
    "removed": "Removed",
    "results": "Results that move",
}


def main() -> None:
    """Write the section above the newest one and delete the notes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("version", help="for example 0.2.0")
    parser.add_argument("date", help="day of the release, YYYY-MM-DD")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[1], help="top of the repository")
    options = parser.parse_args()

    section, used = [f"## {options.version} ({options.date})", ""], []
    for kind, heading in HEADINGS.items():
        notes = sorted((options.root / "changes").glob(f"*.{kind}.md"))
        if notes:
            texts = (note.read_text("utf-8").strip().replace("\n", "\n  ") for note in notes)
            section += [f"### {heading}", "", *(f"- {text}" for text in texts), ""]
            used += notes
    if not used:
        parser.error("no change notes to gather")

    changelog = options.root / "CHANGELOG.md"
    head, mark, rest = changelog.read_text("utf-8").partition("\n## ")
    changelog.write_text("\n".join([head, *section]) + (mark + rest if mark else ""), "utf-8")
    for note in used:
        note.unlink()
    print(f"{changelog.name}: {len(used)} notes under {options.version}; read it, then commit")


if __name__ == "__main__":
    main()
