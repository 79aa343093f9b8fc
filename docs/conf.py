"""Settings of the documentation builder."""

project = "Watchfloor"
author = "The Watchfloor authors"
copyright = author
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "Watchfloor"
exclude_patterns = ["_build"]
nitpicky = True
myst_heading_anchors = 3
