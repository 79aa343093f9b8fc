from __future__ import annotations

import importlib

from watchfloor.run._warm import ROOMS, warm


def test_every_room_with_kernels_is_warmed():
    with_kernels = {room for room in ROOMS if importlib.util.find_spec(f"watchfloor.{room}._kernels")}
    assert with_kernels
    assert with_kernels <= set(warm())
