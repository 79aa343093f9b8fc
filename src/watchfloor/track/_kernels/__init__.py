"""Compiled loops of the tracker, one file a subject."""
