"""ASTERIX recordings: what surveillance radars send, as columns.

``read_asterix`` takes bare blocks, captures and recorder files and returns target reports (CAT048) and service messages
(CAT034). Other categories are counted and skipped, damage is reported with its byte.
"""

from watchfloor.formats.asterix.containers import Damage, looks_like_asterix
from watchfloor.formats.asterix.read import Recording, read_asterix, warm
from watchfloor.formats.asterix.records import ServiceMessages, TargetReports
from watchfloor.formats.asterix.samples import sample, sample_flights

__all__ = [
    "Damage",
    "Recording",
    "ServiceMessages",
    "TargetReports",
    "looks_like_asterix",
    "read_asterix",
    "sample",
    "sample_flights",
    "warm",
]
