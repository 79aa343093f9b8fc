"""What every test may rely on: one repeatable Hypothesis profile, fresh compiled kernels, and the shared data."""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: the same bits on any number of cores
os.environ.setdefault("MPLBACKEND", "agg")

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]

settings.register_profile(
    "house",
    deadline=None,  # a first call may compile
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("house")


def _drop_stale_kernels(src: Path) -> None:
    """Remove compiled kernels that call a kernel file changed after they were compiled.

    numba looks only at the file a kernel stands in; a kernel that calls another file's keeps the old code inside.
    """
    kernels = {
        ".".join(path.relative_to(src.parent).with_suffix("").parts): path
        for path in (*src.glob("*/_kernels.py"), *src.glob("*/_kernels/*.py"))
    }
    calls = {
        name: {
            module + ending
            for module in re.findall(r"^from (watchfloor\.\w+\._kernels[.\w]*) import", path.read_text("utf-8"), re.M)
            for ending in ("", ".__init__")
        }
        for name, path in kernels.items()
    }
    for name, path in kernels.items():
        reached, ahead = set(), calls[name]
        while ahead:
            reached |= ahead
            ahead = {callee for one in ahead for callee in calls.get(one, ())} - reached
        newest = max((kernels[one].stat().st_mtime for one in reached if one in kernels), default=0.0)
        for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.nb[ic]"):
            if compiled.stat().st_mtime < newest:
                compiled.unlink(missing_ok=True)


_drop_stale_kernels(ROOT / "src" / "watchfloor")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the shared public data; tests that need it skip where it is absent."""
    path = Path(os.environ.get("WATCHFLOOR_SHARED_DATA") or ROOT.parent / "shared" / "data")
    if not path.is_dir():
        pytest.skip("the shared data is not here (set WATCHFLOOR_SHARED_DATA to its folder)")
    return path
