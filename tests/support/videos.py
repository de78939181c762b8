"""Videos made in code: the structure of MP4 and WebM files around pictures that nobody decodes."""

import io

CAPTIONS = "WEBVTT\n\n00:00.000 --> 00:02.000\nOne <b>sky</b> &amp; all\n\n2\n00:02.000 --> 00:04.000 line:0\nTwo\nlines\n"


def box(name: str, content: bytes = b"") -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + name.encode() + content


def mp4(codec: str = "avc1", *, brand: str = "isom", media: int = 100) -> bytes:
    entries = bytes(4) + (1).to_bytes(4, "big") + box(codec, bytes(70))
    table = box("stbl", box("stsd", entries))
    track = box("trak", box("tkhd", bytes(80)) + box("mdia", box("minf", table)))
    return box("ftyp", brand.encode() + bytes(4)) + box("moov", track) + box("mdat", bytes(media))


def element(number: str, content: bytes = b"", *, is_endless: bool = False) -> bytes:
    """An element of EBML; an endless one says that its size is not known."""
    size = b"\xff" if is_endless else (0x4000 | len(content)).to_bytes(2, "big")
    return bytes.fromhex(number) + size + content


def webm(codec: str = "V_VP9", *, kind: bytes = b"webm", is_endless: bool = False) -> bytes:
    tracks = element("1654ae6b", element("ae", element("86", codec.encode())))
    clusters = element("1f43b675", bytes(50), is_endless=is_endless)
    head = element("1a45dfa3", element("4282", kind))
    return head + element("18538067", tracks + clusters, is_endless=is_endless)


def opened(data: bytes) -> io.BytesIO:
    return io.BytesIO(data)
