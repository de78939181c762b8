"""Run-time switches: settings that staff change while the site runs, effective on every process within seconds."""
