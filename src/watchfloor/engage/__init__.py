"""From orders to effects, at the level of outcomes: envelopes, times of flight, kill probabilities, magazines.

In come granted ``Orders``, the tracks and the truth (used only to say how a shot ended); out go ``Effects``, one row a
shot with its cause. Kinds: ``battery``. Nothing here guides, seeks, fuzes or bursts.
"""

from watchfloor.engage import battery as battery
