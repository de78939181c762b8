"""Signatures: a person signs, confirms, changes optional choices, withdraws, erases."""
