import pytest, time
from tests.support import site as s
from tests.support.browser import assert_accessible, assert_fits
from tests.support.factories import sign_form
import urllib.request, urllib.parse
real=s.Site.get
def get(self, path):
    return real(self, "/ko/" if path=="/healthz" else path)
s.Site.get=get
def test_x(visitor, site):
    print(site.url)
    for lang in ("ko","en"):
        p=visitor.page(lang=lang); p.goto(f"/{lang}/c/blue-skies"); assert_accessible(p); assert_fits(p)
    p.fill("#name","홍길동"); p.fill("#email","hong@example.org"); p.select_option("#country","KR"); p.select_option("#region","KR-11"); p.check("#age_ok"); p.check("#consent_privacy")
    p.click("form button[type=submit]")
    print(p.url); assert "/check/" in p.url
    m=site.wait_for_mail("hong@example.org"); print(m["subject"])
    assert site.count()==0
    q=visitor.page(javascript=False); q.goto("/ko/"); 
def test_pg(make_site):
    t=time.time(); m=make_site("postgresql").start(); print(time.time()-t, m.count()); m.kill_worker(); m.start_worker()
