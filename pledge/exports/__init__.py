"""Exports: rows as files for staff, made by the worker."""
