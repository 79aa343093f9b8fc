import math

import numpy as np
import pytest
from pydantic import ValidationError

from watchfloor.track.links import SiteLinkConfig, arrivals, even_luck


def test_a_plain_link_delivers_at_once():
    sent = np.array([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(arrivals(SiteLinkConfig(), sent, even_luck(np.arange(3), 0)), sent)


def test_delay_jitter_loss_and_outage():
    link = SiteLinkConfig(delay_s=5.0, jitter_s=10.0, loss=0.3, outages_s=((2.0, 4.0),))
    sent = np.arange(6.0)
    luck = np.array([[0.3, 0.0], [0.29, 0.5], [0.9, 0.5], [0.9, 0.5], [0.9, 0.5], [0.5, 0.999]])
    want = [5.0, math.inf, math.inf, math.inf, 14.0, 19.99]
    np.testing.assert_allclose(arrivals(link, sent, luck), want)


@pytest.mark.parametrize("loss", [0.05, 0.3, 0.75])
@pytest.mark.parametrize("site", [0, 3])
def test_even_luck_meets_the_share_of_losses(loss, site):
    n = 1000
    lost = np.isinf(arrivals(SiteLinkConfig(loss=loss), np.zeros(n), even_luck(np.arange(n), site)))
    assert abs(lost.mean() - loss) < math.log(n) / n + 2.0 / n


def test_even_luck_is_even_in_both_numbers_and_differs_by_site():
    one, two = even_luck(np.arange(2000), 0), even_luck(np.arange(2000), 1)
    assert ((one >= 0.0) & (one < 1.0)).all()
    # 2000 pairs over 10 x 10 boxes: 20 each, far nearer to it than a draw's +- 4.5
    boxes, _, _ = np.histogram2d(one[:, 0], one[:, 1], bins=10, range=[[0, 1], [0, 1]])
    assert np.abs(boxes - 20.0).max() <= 6.0
    assert np.abs(one - two).min() > 1e-6


def test_the_same_luck_loses_more_with_more_loss():
    luck = even_luck(np.arange(500), 2)
    few = np.isinf(arrivals(SiteLinkConfig(loss=0.1), np.zeros(500), luck))
    many = np.isinf(arrivals(SiteLinkConfig(loss=0.4), np.zeros(500), luck))
    assert (few <= many).all()
    assert few.sum() < many.sum()


def test_luck_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="one pair a report"):
        arrivals(SiteLinkConfig(), np.zeros(3), np.zeros((2, 2)))
    with pytest.raises(ValueError, match=r"inside \[0, 1\)"):
        arrivals(SiteLinkConfig(), np.zeros(1), np.array([[1.0, 0.0]]))
    with pytest.raises(ValueError, match=r"inside \[0, 1\)"):
        arrivals(SiteLinkConfig(), np.zeros(1), np.array([[np.nan, 0.0]]))


def test_links_that_cannot_be_are_refused():
    for bad in ({"delay_s": -1.0}, {"loss": 1.5}, {"outages_s": ((5.0, 4.0),)}, {"jitter_s": math.nan}):
        with pytest.raises(ValidationError):
            SiteLinkConfig(**bad)
