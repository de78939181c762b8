"""Links to pages of this site as mails contain them, its name, and the sender (PLEDGE_MAIL_FROM)."""

from typing import Any

from flask import url_for

from config import current_config


def public_url(endpoint: str, **values: Any) -> str:
    """The address of a page as everybody reaches it: it begins with PLEDGE_BASE_URL, whatever host a request named."""
    return current_config().base_url + url_for(endpoint, _external=False, **values)


def confirm_link(lang: str, token: str) -> str:
    return public_url("public.signature_confirm", lang=lang, token=token)


def not_me_link(lang: str, token: str) -> str:
    return public_url("public.signature_not_mine", lang=lang, token=token)


def manage_link(lang: str, token: str) -> str:
    return public_url("public.signature_me", lang=lang, token=token)


def stop_erasure_link(lang: str, token: str) -> str:
    return public_url("public.signature_me_keep", lang=lang, token=token)


def receipt_link(lang: str, token: str) -> str:
    return public_url("public.signature_me_receipt", lang=lang, token=token)


def unsubscribe_link(lang: str, token: str) -> str:
    return public_url("public.signature_unsubscribe", lang=lang, token=token)


def campaign_link(lang: str, slug: str) -> str:
    return public_url("public.campaign", lang=lang, slug=slug)


def news_link(lang: str, slug: str, news_id: int) -> str:
    return public_url("public.news_item", lang=lang, slug=slug, news_id=news_id)


def organization_link(lang: str, slug: str, endorsement_id: int) -> str:
    return public_url("public.organization", lang=lang, slug=slug, endorsement_id=endorsement_id)


def endorse_confirm_link(lang: str, token: str) -> str:
    return public_url("public.endorsement_confirm", lang=lang, token=token)


def endorse_contact_link(lang: str, token: str) -> str:
    return public_url("public.endorsement_take_over", lang=lang, token=token)


def endorse_manage_link(lang: str, token: str) -> str:
    return public_url("public.endorsement_me", lang=lang, token=token)


def staff_link() -> str:
    return public_url("staff.inbox")


def staff_watch_link() -> str:
    return public_url("staff.watch")


def staff_news_link(slug: str, news_id: int) -> str:
    return public_url("staff.news_item", slug=slug, news_id=news_id)


def staff_account_link() -> str:
    return public_url("staff.account")


def staff_invitation_link(token: str) -> str:
    return public_url("staff.invitation", token=token)


def contact() -> str:
    """Where people write to with questions."""
    return current_config().contact


def host() -> str:
    """The host name of this site (PLEDGE_BASE_URL)."""
    return current_config().base_host


def site_name(lang: str) -> str:
    """What this site is called."""
    return current_config().site_name_in(lang)


def imprint(lang: str) -> str:
    """The foot of every mail: the site, and where it is reached by letter, telephone and e-mail."""
    found = current_config().contact_in(lang)
    return " · ".join((site_name(lang), found.email, found.telephone, found.postal_address))


def sender() -> str:
    """The From header of our mails (PLEDGE_MAIL_FROM), with or without a name."""
    return current_config().mail_from
