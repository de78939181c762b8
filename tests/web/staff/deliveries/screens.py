"""What the screens of deliveries send, show and record."""

import re

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


def errors(page):
    return re.findall(r'field__error"[^>]*>([^<]+)', page.text)
