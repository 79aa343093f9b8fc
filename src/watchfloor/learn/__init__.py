"""What the radar learns: from tracks and looks to knowledge, identity and tasks.

What comes in, each tick: `Tracks` and `Looks` (every time a primary radar's beam passed a track, and what came back).
What goes out: `Identities` (posterior over types of each track), `Knowledge` (posterior on mean radar cross-section
for each sensor, type, configuration and aspect cell), and on request `Tasks` (expected Pd, gates with a lower
threshold, dwells). After a flight, `Evidence` for other owners and the ledger of what the flight taught.

Kinds (family ``learn``): ``grid``, exact evidence of hits and misses on a grid of levels, under a Gaussian field over
aspects, bands and radars. `docs/explanation/learning.md` has the model and its limits.

============  =====================================================================================
`levels`      the grid of levels; a catalogue's curve averaged over cells
`field`       what the catalogue says as a field; posterior, chain rule
`update`      likelihood tables of the detector
`library`     state of knowledge of one owner, and what it predicts of a track
`grid`        the learner: which looks count, what tracks teach
`identify`    posterior over types and "other": how a track flies, its blades, what it declares
`habits`      how each type flies, learned
`modulation`  lines of turning blades, and their absence
`labels`      what a declared type is worth, by source
`exploit`     expected Pd and the gate's threshold
`tasking`     which dwell of a steered radar is worth its energy
`ledger`      information gained, flight by flight
`share`       plots, evidence or posteriors passed on, with delay, loss and redaction
`drift`       knowledge that ages; changes found
`memory`      what an owner keeps from flight to flight
`clutter`     level and shape of clutter by place, learned from false plots
`curves`      summaries of a posterior: level, detection range
============  =====================================================================================

A new kind: a file with its ``Config``, a class that meets `base.Learner`, the decorator ``@learners.register``, and an
import line here. Nothing here sees the truth or draws a random number (the loss of a link uses the generator it is
given).
"""

from watchfloor.learn import grid as grid
from watchfloor.learn._kernels_tasking import warm as warm
