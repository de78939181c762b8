"""Rows that staff take out, made by the worker."""
