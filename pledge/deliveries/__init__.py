"""Handing totals over: what leaves the house, in which formats, with no cell that points at a person."""
