"""From the picture to orders: who is dangerous, who shoots at whom, and who has to say yes.

In come tracks, identities and the batteries' readiness; out go ``Orders`` with the state each proposal reached. Kinds:
``greedy`` (``greedy.py``). A new kind is one file with its ``Config``, its class with ``step`` and the decorator of
``base.py``. This room never sees the truth and draws no random numbers.
"""

from watchfloor.command import greedy as greedy
