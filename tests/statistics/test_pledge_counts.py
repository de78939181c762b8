"""Who is bound to which words."""

from pledge.statistics.pledge_counts import SignedVersion, signed_versions
from tests.support.factories import campaign, endorsement, fold_all, plant_entry, signature


def test_people_and_organizations_are_counted_under_the_version_they_signed(app):
    of = campaign()
    signature(of)
    signature(of, state="withdrawn")
    endorsement(of)
    fold_all()
    assert signed_versions(of.id) == [SignedVersion(version=1, people=1, organizations=1)]


def test_an_entry_that_is_set_aside_binds_nobody(app):
    of = campaign()
    signature(of)
    plant_entry()
    fold_all()
    assert signed_versions(of.id) == [SignedVersion(version=1, people=1, organizations=0)]
