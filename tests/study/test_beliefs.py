"""What an owner believes, beside what is true."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.learn.scene import radar
from watchfloor.base.picture import SIGMA_GRID_DBSM
from watchfloor.learn.levels import broad
from watchfloor.physics import cfar, detection
from watchfloor.physics.radar import snr
from watchfloor.sensor.card import gas_for
from watchfloor.study import beliefs


@pytest.mark.parametrize("law", [None, cfar.Cfar(kind="ca", n_reference=16)])
def test_a_gates_range_is_where_the_radars_own_detector_sees_half(law):
    plain = radar()
    model = replace(plain, processing=replace(plain.processing, cfar=law))
    gas, sigma_dbsm = gas_for(model, 0.0), np.array([-5.0, 0.0])
    known = np.tile(broad(0.0, 0.5), (2, 1))
    assert known.shape == (2, len(SIGMA_GRID_DBSM))
    found = beliefs._gated_range_m(model, gas, known, sigma_dbsm, 1, (), 0.02, 0.005, error_db=0.0)
    assert np.all(found < model.range_max_m)
    level = snr(model, found, 1.0, gas_loss_db=gas.two_way_db(found, np.full(2, 0.03))) * 10.0 ** (0.1 * sigma_dbsm)
    n, pfa = model.n_pulses, model.pfa
    seen = detection.pd(level, pfa, n_pulses=n) if law is None else cfar.pd(law, level, pfa, n_pulses=n)
    np.testing.assert_allclose(seen, 0.5, atol=0.01)  # between points of range
