"""Retention: deleting what is no longer needed, after the periods that the privacy notice states."""
