"""Deliveries: totals that are handed over, in which formats, with no cell that could point at a person."""
