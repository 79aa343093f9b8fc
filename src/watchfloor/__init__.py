"""Watchfloor: an open simulator of layered air defence whose radars learn, and its assessment."""

__version__ = "0.1.0"
