"""What the screens of deliveries send, show and record."""

import re

from sqlalchemy import select

from pledge.audit.models import AuditEntry
from pledge.core.db import db
from pledge.core.i18n import SEOUL

FORM = {
    "recipient_ko": "환경부 장관",
    "recipient_en": "The Minister of Environment",
    "occasion_ko": "푸른 하늘의 날",
    "occasion_en": "Blue Skies Day",
    "letter_ko": "안녕하십니까.\r\n\r\n전해 드립니다.",
    "letter_en": "Dear Minister,\r\n\r\nhere it is.",
}

NEW = "/staff/deliveries/new/blue-skies"


def typed(moment):
    return moment.astimezone(SEOUL).strftime("%Y-%m-%dT%H:%M")


def acts():
    db.session.rollback()
    return [row.action for row in db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))]


def errors(page):
    return re.findall(r'field__error"[^>]*>([^<]+)', page.text)
