"""Models of motion that a mission gives its tracker."""

from watchfloor.run.mission import suited
from watchfloor.scenario import catalog
from watchfloor.track.distributed import DistributedTrackerConfig
from watchfloor.track.gnn import GnnTrackerConfig
from watchfloor.track.motion import MotionConfig, models_for
from watchfloor.track.pmb import PmbTrackerConfig

CARDS = [catalog.types()["fighter"], catalog.types()["airliner"]]
EXPECTED = models_for(
    {
        card.title: {"speed_mps": card.speed_mps.median, "load_factor_max": card.load_factor_max.median}
        for card in CARDS
    },
    interval_s=10.0,
)


def test_a_pmb_tracker_that_asks_gets_the_models_of_the_scenarios_types():
    asked = PmbTrackerConfig(motion_by_class=True)
    assert suited(asked, CARDS, interval_s=10.0).motion == EXPECTED
    assert suited(asked, CARDS[1:], interval_s=10.0).motion != EXPECTED


def test_one_that_does_not_ask_keeps_its_own():
    own = PmbTrackerConfig(motion=MotionConfig())
    assert suited(own, CARDS, interval_s=10.0) is own


def test_sites_of_the_kind_get_them_too_and_other_kinds_have_none():
    sites = suited(DistributedTrackerConfig(site=PmbTrackerConfig(motion_by_class=True)), CARDS, interval_s=10.0)
    assert sites.site.motion == EXPECTED
    gnn = GnnTrackerConfig()
    assert suited(gnn, CARDS, interval_s=10.0) is gnn
