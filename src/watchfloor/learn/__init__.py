"""What the radar learns: from tracks and looks to knowledge, identity and tasks.

What comes in, each tick: `Tracks` and `Looks` (every time a primary radar's beam passed a track, and what came back).
What goes out: `Identities` (posterior over types of each track), `Knowledge` (posterior on mean radar cross-section
for each sensor, type and aspect cell), and on request `Tasks` (expected Pd, and gates with a lower threshold). After a
flight, `Evidence` for other owners and the ledger of what the flight taught.

Kinds (family ``learn``): ``grid``, a censored Bayesian update on a grid of levels. `docs/explanation/learning.md` has
the model and its limits.

============  =====================================================================================
`library`     prior from the public catalogue, state of knowledge, to and from the table
`update`      likelihood tables of the detector; which looks count, and how much
`identify`    posterior over types and "other" from looks, kinematics and label
`exploit`     expected Pd and the gate's threshold
`tasking`     which dwell of a steered radar is worth its energy
`ledger`      information gained, flight by flight
`share`       evidence passed on, with delay and loss
`curves`      summaries of a posterior: level, detection range
============  =====================================================================================

A new kind: a file with its ``Config``, a class that meets `base.Learner`, the decorator ``@learners.register``, and an
import line here. Nothing here sees the truth or draws a random number (the loss of a link uses the generator it is
given).
"""

from watchfloor.learn import grid as grid
from watchfloor.learn._kernels_tasking import warm as warm
