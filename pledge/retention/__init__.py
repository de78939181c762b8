"""Retention: what is no longer needed goes, on the clocks that the privacy notice promises."""
