"""What templates call the members of an enum."""

import pytest

from pledge.abuse.models import AlertKind, OriginKind
from pledge.accounts.roles import Role
from pledge.core.organization_types import OrganizationType
from pledge.deliveries.models import Channel, DeliveryState
from pledge.endorsements.models import EndorsementState, VerificationLevel
from pledge.endorsements.review.queries import DuplicateSign, Tab
from pledge.mail.models import MailKind, MailState, Returned
from pledge.news.models import NewsState
from pledge.paper.models import PaperState
from pledge.signatures.invalidation.models import InvalidationAct, InvalidationReason, InvalidationState
from pledge.signatures.models import SignatureState
from pledge.web.templating import LABELS

pytestmark = pytest.mark.sqlite_only

ENUMS = {
    "alert": AlertKind,
    "cluster_kind": OriginKind,
    "delivery_channel": Channel,
    "delivery_state": DeliveryState,
    "duplicate_sign": DuplicateSign,
    "endorsement_own_state": EndorsementState,
    "endorsement_state": EndorsementState,
    "endorsement_tab": Tab,
    "invalidation_done": InvalidationAct,
    "invalidation_reason": InvalidationReason,
    "invalidation_state": InvalidationState,
    "level": VerificationLevel,
    "level_meaning": VerificationLevel,
    "mail_kind": MailKind,
    "mail_returned": Returned,
    "mail_state": MailState,
    "news_state": NewsState,
    "organization_type": OrganizationType,
    "paper_state": PaperState,
    "role": Role,
    "role_duty": Role,
    "signature_state": SignatureState,
}


def test_each_member_has_a_label_of_its_own():
    for name, members in ENUMS.items():
        shown = LABELS[name]
        assert set(shown) - {"marked"} == set(members), name
        for lang in ("ko", "en"):
            assert len({label.in_language(lang) for label in shown.values()}) == len(shown), name
