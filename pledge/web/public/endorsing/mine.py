"""What the browser that sent an organisation's form, or pressed its link, is told besides the pages that are the same for everybody.

As for people (signing/mine.py): the ticket tells the two digits, the key the way to the organisation's page.
"""

from contextlib import suppress

from flask import Response, jsonify, render_template, request

from pledge.core import i18n
from pledge.core.tokens import BadToken, Purpose
from pledge.endorsements.applicants import own_endorsement
from pledge.web.public.endorsing.subject import ENDORSEMENT, match_number, own_token
from pledge.web.public.mailed_links.journey import route
from pledge.web.public.mailed_links.subject import Subject


@route("/c/<slug>/endorse/mine", of=[ENDORSEMENT], methods=["POST"])
def mine(subject: Subject, slug: str) -> Response:
    """JSON as that for people."""
    digits, html, key = "", None, request.form.get("key", "")
    with suppress(BadToken):
        digits = match_number(slug, request.form.get("ticket", ""))
    with suppress(BadToken):
        endorsement = own_endorsement(key, i18n.language(), Purpose.ENDORSE_PRESSED)
        if endorsement.campaign.slug == slug:
            html = render_template(
                "public/endorsing/mine.html", subject=subject, own_token=own_token(endorsement)
            )
    return jsonify(html=html, again=False, digits=digits, key=key if html else None)
