"""Importing partners from a table, with their logos: planned first, then done as planned or not at all."""
