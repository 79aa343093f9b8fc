from __future__ import annotations

import numpy as np
import pytest

from watchfloor.scenario import catalog
from watchfloor.world.modulation import N_DRAWS, draw_modulation

CARDS = catalog.types()


@pytest.mark.parametrize("name", sorted(CARDS))
def test_every_draw_of_every_card_stands_and_uses_the_same_numbers(name):
    for seed in range(100):
        rng, other = np.random.default_rng(seed), np.random.default_rng(seed)
        found = draw_modulation(CARDS[name], rng)
        other.standard_normal(N_DRAWS)
        assert rng.random() == other.random()
        assert (found is None) == (CARDS[name].modulation is None)
        if found is not None:
            assert found.level_db < 0.0 < found.spacing_hz


def test_medians_are_the_card_s():
    fan = draw_modulation(CARDS["airliner"], None)
    assert fan is not None
    assert fan.spacing_hz == pytest.approx(24 * 4300 / 60)
    assert fan.level_db == -20.0
    assert fan.cutoff_hz == pytest.approx(103e6, rel=0.01)  # 1.7 m: an open duct for every radar band but HF
    propeller = draw_modulation(CARDS["uav"], None)
    assert propeller is not None
    assert propeller.cutoff_hz == 0.0
    assert propeller.spacing_hz == pytest.approx(85.0)
