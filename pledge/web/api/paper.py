"""The paper signatures of a campaign, for programs."""

from flask import Response, abort, jsonify, url_for

from config import current_config
from pledge.campaigns import queries as campaigns
from pledge.core.clock import iso_utc
from pledge.paper import queries as paper_signatures
from pledge.web.api import documents
from pledge.web.api.blueprint import DATA_CACHE, answers, api
from pledge.web.caching import kept


@api.get("/campaigns/<slug>/paper")
@answers(documents.PaperDocument)
@kept(DATA_CACHE)
def paper(slug: str) -> Response:
    """The batches of signatures on paper that two people counted, the newest first; never part of the other numbers."""
    campaign_id = campaigns.public_id(slug)
    if campaign_id is None:
        abort(404)
    found = paper_signatures.public_record(campaign_id)
    batches = found.batches if found else []
    return jsonify(
        signatures=found.signatures if found else 0,
        sheets=found.sheets if found else 0,
        batches=[
            {
                "number": batch.number,
                "place": dict(batch.place),
                "collected": batch.collected_on.isoformat(),
                "sheets": batch.sheets,
                "signatures": batch.signatures,
                "scan_sha256": batch.scan_sha256,
            }
            for batch in batches
        ],
        signed_at=iso_utc(found.signed_at) if found else None,
        record=current_config().base_url + url_for("log.paper", slug=slug),
    )
