"""All checks, in the order in which one would repair their findings."""

from collections.abc import Callable, Iterable, Iterator

from sqlalchemy.exc import SQLAlchemyError

from config import Config
from pledge.core.db.failures import advise
from pledge.diagnosis import Finding, Severity, contents, database, environment, problem, staff
from pledge.diagnosis.state import readiness


def diagnose(config: Config) -> Iterator[Finding]:
    """Run all checks. Those that need the database are skipped if it does not answer or is not migrated."""
    is_broken = False
    for check in (
        environment.settings_findings,
        environment.address_findings,
        environment.encryption_findings,
        database.database_findings,
        environment.redis_findings,
        environment.smtp_findings,
        environment.bounce_findings,
        environment.storage_findings,
    ):
        for finding in _findings_of(check, config):
            if finding.level is Severity.PROBLEM and finding.subject in ("database", "migrations"):
                is_broken = True
            yield finding
    if is_broken:
        return
    yield from _findings_of(database.guard_findings, config)
    yield from _findings_of(contents.sample_findings, config)
    yield from _findings_of(environment.worker_findings, readiness())
    yield from _findings_of(environment.clock_findings)
    yield from diagnose_stored()


def diagnose_stored() -> Iterator[Finding]:
    """Check the stored data only."""
    checks = (
        contents.key_findings,
        contents.campaign_findings,
        contents.ledger_findings,
        contents.witness_findings,
        staff.staff_findings,
    )
    for check in checks:
        yield from _findings_of(check)


def _findings_of(check: Callable[..., Iterable[Finding]], *arguments: object) -> Iterator[Finding]:
    """The findings of a check. A check that fails is a finding itself and does not stop the others."""
    try:
        yield from check(*arguments)
    except (SQLAlchemyError, OSError, ValueError) as error:
        # Other errors are reported without their text, which may quote a setting.
        what = advise(error) if isinstance(error, SQLAlchemyError) else type(error).__name__
        name = getattr(check, "__name__", "check").strip("_").removesuffix("_findings")
        yield problem(name, f"could not be checked ({what})")
