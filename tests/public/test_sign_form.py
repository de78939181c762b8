"""The quick reading of the sign form and the form that has the words: always of one mind."""

from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from pledge.public.forms import SignForm, read_entry
from pledge.signatures.addresses import parse

RIGHT = {
    "name": "홍길동",
    "email": "hong@example.org",
    "country": "KR",
    "region": "KR-11",
    "age_ok": "y",
    "consent_privacy": "y",
    "public_name": "y",
    "updates": "y",
    "pledge_version": "1",
    "list_consent": "y",
    "list_terms": "1",
}
ODD = st.sampled_from(
    [
        "",
        " ",
        "y",
        "0",
        "1",
        "01",
        "1000000",
        "٣",
        "KR",
        "JP",
        "kr",
        "KR-11",
        "KR-99",
        "=x",
        "www.x.kr",
        "<b>",
        "a" * 81,
        "한 길",
        "hong@example.org ",
        "Hong@Example.org",
        "홍@example.org",
        "x@localhost",
        "\u202e",
        "\n1",
    ]
)
VALUES = st.one_of(ODD, st.text(max_size=6))
#: A right form with a few fields left out, changed, or sent twice.
FORMS = st.builds(
    lambda changes: [(name, value) for name, right in RIGHT.items() for value in changes.get(name, [right])],
    st.dictionaries(st.sampled_from(sorted(RIGHT)), st.lists(VALUES, max_size=2), max_size=3),
)


@given(FORMS)
def test_it_accepts_what_the_form_accepts_and_reads_the_same(fields):
    sent = MultiDict(fields)
    form, entry = SignForm(sent), read_entry(sent)
    assert (entry is not None) == form.validate()
    if entry is None:
        return
    assert entry.name == form.name.data
    assert entry.address == parse(form.email.data)
    assert entry.country == form.country.data
    assert entry.region == (form.region.data or None)
    assert entry.public_name is form.public_name.data
    assert entry.updates is form.updates.data
    assert entry.version == (int(form.pledge_version.data) if form.pledge_version.data else None)
    agreed = form.list_consent.data and form.list_terms.data
    assert entry.list_terms == (int(form.list_terms.data) if agreed else None)
