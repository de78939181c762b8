"""A member of staff who hands deliveries over, and a campaign that was signed."""

import pytest

from pledge.ledger import log_queries
from tests.support.factories import crowd, endorsement, fold_all, the_campaign


@pytest.fixture
def signed(app):
    """Six people and an organisation, counted; the number of the checkpoint."""
    crowd(6)
    endorsement(name_en="Sky Union")
    fold_all()
    return log_queries.newest(the_campaign().id).id
