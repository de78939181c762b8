"""Posters of a campaign to print, with the code that leads to its page."""
