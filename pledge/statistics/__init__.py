"""Numbers that are shown: breakdowns, history, charts, the integrity report."""
