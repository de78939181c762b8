"""Is this installation sound? For `flask doctor`, for /readyz, and for the start of a production process.

The start takes `start` alone: what the doctor examines stands in modules of its own, which are loaded to examine it.
"""
