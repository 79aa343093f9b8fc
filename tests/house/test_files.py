"""What is in the repository: no address of a package registry, no path of somebody's machine, everything packed."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import watchfloor

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "watchfloor"
NAMED = re.compile(
    "|".join(
        [
            r"\bpypi\." + r"org\b",
            r"pythonhosted\." + r"org",
            r"registry\." + r"(npmjs|yarnpkg)",
            r"(?:^|[\s\"'`=(:])" + r"/(?:work|root|home|Users|opt)/\w",
            r"file:" + r"///\w",
        ]
    ),
    re.MULTILINE,
)


def committed() -> list[Path]:
    """Files git knows or would take; skips where this is not a working copy."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if listing.returncode != 0:
        pytest.skip("not a git working copy")
    return [path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file()]


@pytest.mark.parametrize(
    "text", ['url = "https://pypi.' + 'org/simple"', "open('/" + "home/me/x.csv')", "see /" + "root/notes"]
)
def test_the_pattern_finds_an_address_or_a_private_path(text):
    assert NAMED.search(text)


def test_no_file_names_a_registry_or_a_private_path():
    found = []
    for path in committed():
        text = path.read_bytes().decode("utf-8", errors="ignore")
        found += [f"{path.relative_to(ROOT)}: {hit.group().strip()}" for hit in NAMED.finditer(text)]
    assert not found


def test_no_file_is_larger_than_a_megabyte():
    assert [path.name for path in committed() if path.stat().st_size > 1_000_000] == []


def test_the_version_is_one_number_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == watchfloor.__version__


def test_the_locks_pin_every_version_with_a_hash():
    for name in ("requirements.lock", "requirements-docs.lock"):
        entries = re.split(r"\n(?=[a-zA-Z0-9])", (ROOT / name).read_text("utf-8"))
        assert len(entries) > 20
        for entry in entries:
            assert re.match(r"[\w.-]+==[\w.]+ ", entry), entry[:80]
            assert "--hash=sha256:" in entry, entry[:80]


def test_the_lock_holds_every_dependency_the_package_declares():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = settings["project"]["dependencies"] + settings["dependency-groups"]["dev"]
    names = {re.split(r"[\[>=<; ]", line)[0].lower() for line in wanted}
    locked = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE))
    assert names <= locked


def test_a_wheel_carries_every_file_of_the_package(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        timeout=120,
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    ours = {p.relative_to(ROOT / "src").as_posix() for p in committed() if SRC in p.parents}
    assert ours - packed == set()
    assert any(name.endswith("licenses/NOTICE") for name in packed)
