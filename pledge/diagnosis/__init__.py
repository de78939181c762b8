"""Checks of this installation: for `flask doctor`, for /readyz, and for the start of a production process.

The start imports `start` alone; the modules of the doctor are imported by the doctor.
"""
