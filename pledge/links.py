"""What a mail says about where it comes from: links that start with PLEDGE_BASE_URL, never with the host that a request
claimed, and the sender of PLEDGE_MAIL_FROM.
"""

from flask import current_app

from pledge.settings import Settings


def campaign_link(lang: str, slug: str) -> str:
    return f"{_settings().base_url}/{lang}/c/{slug}"


def confirm_link(lang: str, token: str) -> str:
    return f"{_settings().base_url}/{lang}/confirm/{token}"


def not_me_link(lang: str, token: str) -> str:
    return f"{confirm_link(lang, token)}/not-me"


def manage_link(lang: str, token: str) -> str:
    return f"{_settings().base_url}/{lang}/me/{token}"


def unsubscribe_link(lang: str, token: str) -> str:
    return f"{_settings().base_url}/{lang}/unsubscribe/{token}"


def host() -> str:
    """The name under which this site is known."""
    return _settings().base_host


def sender() -> str:
    """The From header of our mails."""
    return _settings().mail_from


def _settings() -> Settings:
    found: Settings = current_app.extensions["pledge.settings"]
    return found
