"""Videos made in code: the structure of MP4 and WebM files around pictures that nobody decodes."""

CAPTIONS = "WEBVTT\n\n00:00.000 --> 00:02.000\nOne <b>sky</b> &amp; all\n\n2\n00:02.000 --> 00:04.000 line:0\nTwo\nlines\n"


def box(name: str, content: bytes = b"") -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + name.encode() + content


def mp4(*, brand: str = "isom", media: int = 100) -> bytes:
    return box("ftyp", brand.encode() + bytes(4)) + box("moov") + box("mdat", bytes(media))


def element(number: str, content: bytes = b"") -> bytes:
    """An element of EBML."""
    return bytes.fromhex(number) + (0x4000 | len(content)).to_bytes(2, "big") + content


def webm(*, kind: bytes = b"webm") -> bytes:
    return element("1a45dfa3", element("4282", kind)) + element("18538067", element("1f43b675", bytes(50)))
