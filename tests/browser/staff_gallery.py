"""The pages of the staff area, each with the steps to it, as an administrator sees them."""

from collections.abc import Iterator
from datetime import timedelta

from playwright.sync_api import Page

from pledge.audit.models import COMMAND_LINE
from pledge.campaigns.models import Campaign
from pledge.core import clock
from pledge.endorsements.review import moderation, queries
from pledge.signatures import origins
from tests.browser.gallery import Act, Shown, press, type_and_press, whole_campaign
from tests.support import deliveries, factories, news, paper
from tests.support.factories import SLUG, endorsement, fold_all, signature, version_of

LONG_NAME = {
    "name_ko": "전국기후위기대응시민연대회의추진본부준비위원회" * 2,
    "name_en": "Donaudampfschiff" * 7,
}
SEND = "main form button[type=submit]"


def fill_and_press(fields: dict[str, str], button: str = SEND) -> Act:
    def act(page: Page) -> None:
        for name, text in fields.items():
            page.locator(f"#{name}").fill(text)
        press(button)(page)

    return act


def import_table(content: str) -> Act:
    def act(page: Page) -> None:
        file = {"name": "partners.csv", "mimeType": "text/csv", "buffer": content.encode("cp949")}
        page.locator("#table").set_input_files(file)
        press(SEND)(page)

    return act


def staff_pages(lang: str, blue: Campaign) -> Iterator[Shown]:
    """Needs an application context on the site's database."""
    whole = whole_campaign(f"whole-{lang}")
    signature(whole, updates=True)
    fold_all()
    for path in ("", "numbers?by=week&within=week", "audit", "audit?actor=nobody", "switches", "mail"):
        yield Shown(f"desk, {path}", f"/staff/{path}")
    yield from _campaigns(lang, whole)
    yield from _news_and_paper(whole)
    yield from _deliveries(whole)
    yield from _organizations(blue)
    yield from _signatures(blue)


def _campaigns(lang: str, whole: Campaign) -> Iterator[Shown]:
    empty = factories.draft(f"empty-{lang}", title_en="", body_ko="")
    partner = f"{whole.slug}/partners/{whole.partners[0].id}"
    table = (
        "이름 (한국어),이름 (영어),웹 주소,단체 유형\n맑은하늘회,Clear Sky Society,example.org,시민사회단체\n"
    )
    for name, content in (("preview", table), ("with errors", "이름 (한국어)\n=1+1\n")):
        path = f"/staff/campaigns/{whole.slug}/partners/import"
        yield Shown(f"import, {name}", path, act=import_table(content))
    for rest in (
        *("", f"/{empty}", f"/{empty}/dates"),
        *(f"/{whole.slug}/{part}" for part in ("dates", "settings", "partners", "partners/new")),
        *(f"/{whole.slug}/{part}" for part in ("events/new", "sisters/new", "state/closed")),
        *(f"/{partner}", f"/{partner}/remove", f"/{whole.slug}/events/{whole.events[0].id}"),
    ):
        yield Shown(f"campaigns{rest}", f"/staff/campaigns{rest}")


def _news_and_paper(whole: Campaign) -> Iterator[Shown]:
    desk = f"/staff/campaigns/{whole.slug}"
    yield Shown("news, none", f"{desk}/news")
    yield Shown("news with errors", f"{desk}/news/new", act=press(SEND))
    yield Shown("news, draft", f"{desk}/news/{news.draft(whole)}")
    yield Shown("news, proposed", f"{desk}/news/{news.proposed(whole)}")
    yield Shown("news, approved", f"{desk}/news/{news.begun(whole)}")
    yield Shown("paper, none", f"/staff/paper/{whole.slug}")
    yield Shown("paper with errors", f"/staff/paper/{whole.slug}/new", act=press(SEND))
    yield Shown("paper, entered", f"/staff/paper/{whole.slug}/{paper.entered(whole)}")
    yield Shown("paper, counted", f"/staff/paper/{whole.slug}/{paper.counted(whole)}")


def _deliveries(whole: Campaign) -> Iterator[Shown]:
    new = f"/staff/deliveries/new/{whole.slug}?anew=1"
    draft = {
        "recipient_ko": "환경부 장관",
        "recipient_en": "The Minister of Environment",
        "occasion_ko": "푸른 하늘의 날",
        "occasion_en": "Blue Skies Day",
    }
    yield Shown("delivery with errors", new, act=press(SEND))
    yield Shown("delivery, draft", new, act=fill_and_press(draft))
    frozen = f"/staff/deliveries/{deliveries.frozen(whole)}"
    yield Shown("delivery, frozen", frozen)
    yield Shown("handing over with errors", frozen, act=press("form[action$='/hand-over'] button"))
    yield Shown("delivery, answered", f"/staff/deliveries/{deliveries.answered(whole)}")
    yield Shown("deliveries", "/staff/deliveries")


def _organizations(blue: Campaign) -> Iterator[Shown]:
    desk = "/staff/organizations"
    row = endorsement(blue, level="staff", interim_year=2030, interim_percent=40, **LONG_NAME)
    waits = endorsement(blue, state="review", **LONG_NAME)
    corrected = endorsement(blue)
    version_of(corrected, target_year=2040, statement_en="Other words.")
    asked = endorsement(blue, state="review")
    moderation.ask_for_changes(COMMAND_LINE, asked.id, queries.find(asked.id).seen, "logo-unclear")
    declined = endorsement(blue, state="review")
    moderation.decline(COMMAND_LINE, declined.id, queries.find(declined.id).seen, "authority-unclear")
    twice = endorsement(blue)
    moderation.merge(COMMAND_LINE, twice.id, queries.find(twice.id).seen, row.id, "the same")
    removed = endorsement(blue, state="removed")
    for tab in ("review", "changes", "published", "ended"):
        yield Shown(f"organisations, {tab}", f"{desk}?tab={tab}")
    for case in (row, waits, corrected, asked, declined, twice, removed):
        yield Shown(f"organisation, {case.state}", f"{desk}/{case.id}")
    yield Shown("removing with errors", f"{desk}/{row.id}", act=open_and_press("#remove"))
    yield Shown("reasons", f"{desk}?reason=closed-down")
    yield Shown("reasons with errors", desk, act=open_and_press("#reasons"))


def open_and_press(part: str) -> Act:
    def act(page: Page) -> None:
        page.locator(f"{part} summary").click()
        press(f"{part} button")(page)

    return act


def _signatures(blue: Campaign) -> Iterator[Shown]:
    yield Shown("signatures", "/staff/signatures")
    yield Shown("signatures, none", "/staff/signatures", act=type_and_press("#email", "nobody"))
    person = f"/staff/signatures/{signature(blue, public_name=True).id}"
    yield Shown("signature", person)
    yield Shown("signature, name hidden", person, act=press("button[formaction$='/hide-name']"))

    def press_proposal(page: Page) -> None:
        page.locator("#propose summary").click()
        press("#propose button[type=submit]")(page)

    wave, decided = (origins.domain_hash(SLUG, domain) for domain in ("robots.example", "decided.example"))
    for state in ("proposed", "discarded", "applied"):
        by = {"discarded": "ended", "applied": "decided"}.get(state)
        end = {f"{by}_at": clock.now(), f"{by}_name": "berta@example.org"} if by else {}
        act = factories.invalidation(state=state, campaign_id=blue.id, domain_hash=decided, **end)
        yield Shown(f"invalidation, {state}", f"/staff/invalidations/{act.id}")

    facts = {"domain_hash": wave, "at": clock.now() - timedelta(minutes=5)}
    for _ in range(30):
        signature(blue, email=f"user{factories.next_number()}@robots.example", **facts)
    for state in ("held", "pending"):
        signature(blue, state=state, email=f"user{factories.next_number()}@robots.example", **facts)
    cluster = f"a[href*='{wave.hex()}'] >> nth=0"
    yield Shown("watch", f"/staff/watch?campaign={SLUG}")
    yield Shown("invalidation with errors", "/staff/watch", act=press_proposal)
    yield Shown("cluster", f"/staff/watch?campaign={SLUG}", act=press(cluster))

    def allow_without_a_reason(page: Page) -> None:
        press(cluster)(page)
        press("button[formaction$='/list/allow']")(page)

    yield Shown("allowing with errors", f"/staff/watch?campaign={SLUG}", act=allow_without_a_reason)
