"""The paper signatures of a campaign, for programs."""

from flask import Response, abort, jsonify

from pledge.campaigns import queries as campaigns
from pledge.paper import queries as paper_signatures
from pledge.web.api import documents
from pledge.web.api.blueprint import DATA_CACHE, answers, api
from pledge.web.caching import kept


@api.get("/campaigns/<slug>/paper")
@answers(documents.PaperDocument)
@kept(DATA_CACHE)
def paper(slug: str) -> Response:
    """The batches of signatures on paper that the public log counts, the newest first; never part of the other numbers."""
    campaign_id = campaigns.public_id(slug)
    if campaign_id is None:
        abort(404)
    found = paper_signatures.public(campaign_id)
    return jsonify(
        signatures=found.signatures,
        sheets=found.sheets,
        batches=[
            {
                "number": batch.number,
                "entry": batch.entry,
                "place": dict(batch.place),
                "collected": batch.collected_on.isoformat(),
                "sheets": batch.sheets,
                "signatures": batch.signatures,
                "scan_sha256": batch.scan_sha256,
            }
            for batch in found.batches
        ],
    )
