"""What a scenario file may say: in comes YAML, out comes a checked ``Scenario`` or every mistake with its place.

``model`` is the file's shape, ``spread`` a number with its source, ``cards`` the shape of the catalogue and ``catalog``
its contents. ``load`` is the way in: ``text`` reads YAML and remembers places, ``faults`` says in words what does not
fit the shape, ``check`` what cannot be meant. ``schema`` gives the JSON Schema, ``cite`` what a scenario rests on.
Kinds of sensors, routes, trackers... are found through ``base.registry``; this room imports none of the rooms above it.
"""
