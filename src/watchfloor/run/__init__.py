"""The conductor: from a scenario to objects (``mission``), and from objects to what happened (``loop``).

``loop.play`` is the whole story on one page: read it first. ``mission`` builds the rooms' objects from a scenario,
``recorder`` keeps what happened, ``single`` is ``watchfloor run``, ``executor`` spreads runs over processes.
"""
