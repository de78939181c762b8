"""Run-time switches: what staff can turn while the site runs, effective on every process within seconds."""
