"""Defences against abuse: signals, proof of work, origins that staff hold or allow, alerts to staff."""
