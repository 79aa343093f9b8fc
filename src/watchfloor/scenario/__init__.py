"""What a scenario file may say: in comes YAML, out comes a checked ``Scenario`` or every mistake with its place.

``model`` is the file's shape, ``spread`` a number with its source, ``cards`` the shape of the catalogue, ``load`` the way
in (and all its error messages), ``schema`` the JSON Schema. Kinds of sensors, routes, trackers... are found through
``base.registry``; this room imports none of the rooms above it.
"""
