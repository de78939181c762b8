"""Alarms that administrators get by mail: that mails to new addresses are held back."""

from sqlalchemy import select

from pledge.accounts.mails import enqueue_valve
from pledge.accounts.models import StaffMember, StaffRole
from pledge.accounts.roles import Role
from pledge.core.db import transaction
from pledge.core.logs import log
from pledge.mail import queries, valve


def watch_valve() -> bool:
    """Record whether mails to new addresses are held back; tell the administrators once for each closing of the valve.

    True when the valve has just closed. Of any number of workers only one tells, once.
    """
    if not queries.is_first_due() or valve.is_recorded():
        return False
    with transaction() as session:
        if not valve.record_held_back(session):
            return False
        administrators = select(StaffMember).where(
            StaffMember.active,
            StaffMember.password.is_not(None),
            StaffMember.id.in_(select(StaffRole.staff_id).where(StaffRole.role == Role.ADMIN)),
        )
        for person in session.scalars(administrators):
            enqueue_valve(session, person)
    log.warning("valve closed")
    return True
