"""`flask doctor`: what is wrong with this installation, and what to do about it."""

import click
from flask.cli import with_appcontext

from config import current_config
from pledge.diagnosis.doctor import diagnose, diagnose_stored
from pledge.diagnosis.findings import Severity

_COLOURS = {Severity.OK: "green", Severity.WARNING: "yellow", Severity.PROBLEM: "red"}


@click.command("doctor")
@click.option(
    "--stored", is_flag=True, help="Only what is stored: for a copy that was restored from a backup."
)
@with_appcontext
def doctor(stored: bool) -> None:
    """Check the settings and everything around them, one line each; exit with 1 if there is a problem.

    Settings that forbid a start in production are listed by every command, this one included, before it begins.
    """
    config = current_config()
    problems = warnings = 0
    for finding in diagnose_stored() if stored else diagnose(config):
        problems += finding.level is Severity.PROBLEM
        warnings += finding.level is Severity.WARNING
        level = click.style(f"{finding.level.value:8}", fg=_COLOURS[finding.level])
        click.echo(f"{level} {finding.subject:14} {finding.text}")
    click.echo(f"{problems} problems, {warnings} warnings")
    if problems:
        raise SystemExit(1)
