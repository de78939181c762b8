"""Watches recent sign-ups for clusters that look made by programs, and whether our mails arrive."""
