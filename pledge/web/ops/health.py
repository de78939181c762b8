"""For monitoring: is this process alive, and can people sign now?"""

from flask import Response, jsonify

from pledge.diagnosis.state import readiness
from pledge.web.address_book import AddressBook

blueprint = AddressBook("ops", __name__)

_SHOWN = (
    *("ready", "database", "outbox_age_seconds", "fold_lag_seconds", "problems", "warnings"),
    *("paused", "valve_closed", "breaker_open"),
)


@blueprint.page("/healthz")
def healthz() -> Response:
    """200 as long as the process answers. It does not query the database: restarting the process would not bring that back."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.page("/readyz")
def readyz() -> Response:
    """200 when the database answers and the worker keeps up; else 503, with what is wrong. A pause by staff is not."""
    state = readiness()
    response = jsonify({name: getattr(state, name) for name in _SHOWN})
    response.status_code = 200 if state.ready else 503
    return response
