"""Pictures made in code: bad ones, each with the fault it must be refused for, and good ones. Nothing is downloaded."""

import gzip
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import cache

from PIL import Image, ImageCms, PngImagePlugin

from pledge.files.faults import PictureFault as F

PNG_START = b"\x89PNG\r\n\x1a\n"
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
SCRIPT = b"<script>alert(1)</script>"
GPS_PLACE = "37.5665N 126.9780E City Hall"


# --- Building blocks ---


def picture(mode: str = "RGB", size: tuple[int, int] = (400, 300)) -> Image.Image:
    """Stripes and a block, so that a picture that comes out can be compared."""
    made = Image.linear_gradient("L").resize(size).convert(mode)
    if mode == "LA":
        made.putalpha(90)
    if mode in ("RGB", "RGBA"):
        colour = (200, 30, 60) if mode == "RGB" else (200, 30, 60, 90)
        made.paste(colour, (0, 0, size[0] // 2, size[1] // 2))
    return made


def noise(size: tuple[int, int], mode: str = "RGB") -> Image.Image:
    channels = len(Image.new(mode, (1, 1)).getbands())
    data = random.Random(1).randbytes(size[0] * size[1] * channels)
    return Image.frombytes(mode, size, data)


def saved(made: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    made.save(out, kind, **options)
    return out.getvalue()


@cache
def png(mode: str = "RGB", size: tuple[int, int] = (400, 300)) -> bytes:
    return saved(picture(mode, size), "PNG")


@cache
def jpeg(size: tuple[int, int] = (400, 300), **options: object) -> bytes:
    return saved(picture("RGB", size), "JPEG", **options)


@cache
def webp(mode: str = "RGB", size: tuple[int, int] = (400, 300), **options: object) -> bytes:
    return saved(picture(mode, size), "WEBP", **options)


def chunk(kind: bytes, data: bytes, crc: int | None = None) -> bytes:
    """One chunk of a PNG."""
    return (
        struct.pack(">I4s", len(data), kind)
        + data
        + struct.pack(">I", zlib.crc32(kind + data) if crc is None else crc)
    )


def header(width: int, height: int, depth: int = 8, colour: int = 2) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))


def pixels(width: int, height: int, channels: int = 3) -> bytes:
    return chunk(b"IDAT", zlib.compress(bytes((1 + width * channels) * height), 9))


END = chunk(b"IEND", b"")


def png_of(*chunks: bytes) -> bytes:
    return PNG_START + b"".join(chunks)


def png_with(*extra: bytes) -> bytes:
    """A sound PNG with more chunks before its pixels."""
    return png_of(header(40, 30), *extra, pixels(40, 30), END)


def segment(marker: int, data: bytes) -> bytes:
    """One segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def jpeg_with(*segments: bytes) -> bytes:
    """A sound JPEG with more segments at its beginning."""
    return jpeg()[:2] + b"".join(segments) + jpeg()[2:]


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP" + b"".join(
        name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_chunk(data: bytes) -> tuple[bytes, bytes]:
    """The one chunk of a simple WebP file."""
    (length,) = struct.unpack_from("<I", data, 16)
    return data[12:16], data[20 : 20 + length]


def canvas(width: int, height: int, flags: int = 0) -> tuple[bytes, bytes]:
    """The VP8X chunk."""
    return b"VP8X", bytes([flags, 0, 0, 0]) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(
        3, "little"
    )


def with_canvas(width: int, height: int, *more: tuple[bytes, bytes], flags: int = 0) -> bytes:
    return riff(canvas(width, height, flags), *more, webp_chunk(webp()))


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as opened:
        opened.writestr("index.html", "x" * 200)
    return out.getvalue()


def frames(number: int, size: tuple[int, int] = (40, 30)) -> list[Image.Image]:
    return [Image.new("RGB", size, (n * 5 % 256, n * 40 % 256, 90)) for n in range(number)]


@cache
def animated(kind: str, number: int = 3, size: tuple[int, int] = (40, 30)) -> bytes:
    first, *rest = frames(number, size)
    return saved(first, kind, save_all=True, append_images=rest, duration=50)


@cache
def endless_scans() -> bytes:
    """A progressive JPEG of 4 million pixels that is drawn thousands of times over: 1 MB that costs minutes."""
    data = saved(Image.new("L", (2000, 2000), 128), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    scan, end = data[last:-2], data[-2:]
    return data[:-2] + scan * ((990_000 - len(data)) // len(scan)) + end


@cache
def inflating(kind: bytes, start: bytes) -> bytes:
    """A PNG whose text or profile becomes 200 MB."""
    return png_with(chunk(kind, start + zlib.compress(bytes(200_000_000), 9)))


def forged_size(data: bytes, width: int, height: int) -> bytes:
    """A JPEG whose frame header lies about its size."""
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def without(data: bytes, marker: int) -> bytes:
    """A JPEG that lacks the first segment of that kind."""
    at = data.index(bytes([0xFF, marker]))
    (length,) = struct.unpack_from(">H", data, at + 2)
    return data[:at] + data[at + 2 + length :]


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


# --- The bad ones: name, fault, how it is made ---

BAD: dict[str, tuple[F, Callable[[], bytes]]] = {
    "nothing": (F.EMPTY, lambda: b""),
    # Other types, whatever their name says
    "svg": (F.VECTOR, lambda: SVG),
    "svg with declaration": (F.VECTOR, lambda: b'<?xml version="1.0"?>\n<!-- logo -->\n' + SVG),
    "svg with byte order mark": (F.VECTOR, lambda: b"\xef\xbb\xbf  " + SVG),
    "svg in utf-16": (F.VECTOR, lambda: SVG.decode().encode("utf-16")),
    "svg with doctype and entities": (
        F.VECTOR,
        lambda: b'<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + SVG,
    ),
    "svg, compressed": (F.WRONG_TYPE, lambda: gzip.compress(SVG)),
    "html": (F.WRONG_TYPE, lambda: b"<!doctype html><title>x</title>" + SCRIPT),
    "php": (F.WRONG_TYPE, lambda: b"<?php system($_GET['c']); ?>"),
    "plain text": (F.WRONG_TYPE, lambda: b"a logo"),
    "gif": (F.WRONG_TYPE, lambda: saved(picture(), "GIF")),
    "gif, animated": (F.WRONG_TYPE, lambda: animated("GIF")),
    "gif that is also a script": (F.WRONG_TYPE, lambda: b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(1)"),
    "bmp": (F.WRONG_TYPE, lambda: saved(picture(), "BMP")),
    "tiff": (F.WRONG_TYPE, lambda: saved(picture(), "TIFF")),
    "ico": (F.WRONG_TYPE, lambda: saved(picture(), "ICO")),
    "ppm": (F.WRONG_TYPE, lambda: saved(picture(), "PPM")),
    "eps": (F.WRONG_TYPE, lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"),
    "psd": (F.WRONG_TYPE, lambda: b"8BPS\0\1" + bytes(60)),
    "heic of a phone": (
        F.WRONG_TYPE,
        lambda: struct.pack(">I", 24) + b"ftypheic\0\0\0\0mif1heic" + bytes(99),
    ),
    "pdf": (F.WRONG_TYPE, lambda: PDF),
    "zip": (F.WRONG_TYPE, archive),
    "a program": (F.WRONG_TYPE, lambda: b"\x7fELF" + bytes(200)),
    "sound in the same container as WebP": (
        F.WRONG_TYPE,
        lambda: b"RIFF" + struct.pack("<I", 40) + b"WAVEfmt " + bytes(40),
    ),
    "random bytes": (F.WRONG_TYPE, lambda: random.Random(7).randbytes(5000)),
    "picture behind a space": (F.WRONG_TYPE, lambda: b" " + png()),
    # Too many bytes
    "png of 1 MB and a byte": (
        F.TOO_LARGE,
        lambda: png_with(chunk(b"prVt", bytes(1_000_001 - len(png_with(chunk(b"prVt", b"")))))),
    ),
    "png of noise": (F.TOO_LARGE, lambda: saved(noise((700, 700)), "PNG")),
    "jpeg of noise": (F.TOO_LARGE, lambda: saved(noise((1000, 1000)), "JPEG", quality=95)),
    # Too many pixels
    "png that declares 20000 by 20000": (
        F.TOO_MANY_PIXELS,
        lambda: png_of(header(20000, 20000), pixels(1, 1), END),
    ),
    "png of one line too many": (
        F.TOO_MANY_PIXELS,
        lambda: png_of(header(2000, 2001), pixels(2000, 2001), END),
    ),
    "png of one long line": (
        F.TOO_MANY_PIXELS,
        lambda: png_of(header(8_001, 1), pixels(8_001, 1), END),
    ),
    "png with the largest numbers": (F.TOO_MANY_PIXELS, lambda: png_of(header(2**31 - 1, 2**31 - 1), END)),
    "png bomb of zeros": (F.TOO_MANY_PIXELS, lambda: png_of(header(10000, 10000), pixels(10000, 10000), END)),
    "jpeg of 6 million": (F.TOO_MANY_PIXELS, lambda: saved(Image.new("RGB", (3000, 2000)), "JPEG")),
    "jpeg that declares 65500 by 65500": (F.TOO_MANY_PIXELS, lambda: forged_size(jpeg(), 65500, 65500)),
    "webp of 6 million": (F.TOO_MANY_PIXELS, lambda: saved(Image.new("RGB", (3000, 2000)), "WEBP", method=0)),
    "webp of 6 million, lossless": (
        F.TOO_MANY_PIXELS,
        lambda: saved(Image.new("RGB", (3000, 2000)), "WEBP", lossless=True, method=0),
    ),
    "webp with the largest canvas": (F.TOO_MANY_PIXELS, lambda: with_canvas(2**24, 2**24)),
    # What moves
    "png, animated": (F.ANIMATED, lambda: animated("PNG")),
    "png, animated giant": (F.ANIMATED, lambda: animated("PNG", 8, (1900, 1900))),
    "png with one frame of an animation": (
        F.ANIMATED,
        lambda: png_with(chunk(b"acTL", struct.pack(">II", 1, 0))),
    ),
    "webp, animated": (F.ANIMATED, lambda: animated("WEBP")),
    "webp, animated giant": (F.ANIMATED, lambda: animated("WEBP", 6, (1900, 1900))),
    "webp with an animation flag and chunk": (
        F.DAMAGED,
        lambda: with_canvas(400, 300, (b"ANIM", bytes(6)), flags=2),
    ),
    # Cut off
    "png, its first bytes": (F.DAMAGED, lambda: PNG_START),
    "png, its header": (F.DAMAGED, lambda: png()[:33]),
    "png, half": (F.DAMAGED, lambda: png()[: len(png()) // 2]),
    "png, pixels cut but closed": (
        F.DAMAGED,
        lambda: png_of(header(400, 300), chunk(b"IDAT", zlib.compress(bytes(1201 * 300))[:200]), END),
    ),
    "jpeg, its first bytes": (F.DAMAGED, lambda: jpeg()[:4]),
    "jpeg, half": (F.DAMAGED, lambda: jpeg()[: len(jpeg()) // 2]),
    "jpeg without its end": (F.DAMAGED, lambda: jpeg()[:-2]),
    "webp, its first bytes": (F.DAMAGED, lambda: webp()[:12]),
    "webp, half": (F.DAMAGED, lambda: webp()[: len(webp()) // 2]),
    "webp, pixels cut but closed": (F.DAMAGED, lambda: riff((b"VP8 ", webp_chunk(webp())[1][:60]))),
    # Not what the first bytes say
    "png start before html": (F.DAMAGED, lambda: PNG_START + b"<html>" + SCRIPT),
    "png with no size": (F.DAMAGED, lambda: png_of(header(0, 300), pixels(1, 300), END)),
    "png with a wrong checksum in its header": (
        F.DAMAGED,
        lambda: png_of(chunk(b"IHDR", header(40, 30)[8:21], crc=1), pixels(40, 30), END),
    ),
    "png with damaged pixels": (F.DAMAGED, lambda: flipped(png(), len(png()) // 2)),
    "png of an unknown kind of colour": (
        F.DAMAGED,
        lambda: png_of(header(40, 30, colour=5), pixels(40, 30), END),
    ),
    "png of an unknown depth": (F.DAMAGED, lambda: png_of(header(40, 30, depth=7), pixels(40, 30), END)),
    "png without pixels": (F.DAMAGED, lambda: png_of(header(40, 30), END)),
    "png with a length beyond its end": (
        F.DAMAGED,
        lambda: png_of(header(40, 30), struct.pack(">I4s", 2**31, b"IDAT")),
    ),
    "png with an inflating comment": (F.DAMAGED, lambda: inflating(b"zTXt", b"Comment\0\0")),
    "png with an inflating text": (F.DAMAGED, lambda: inflating(b"iTXt", b"Comment\0\1\0\0\0")),
    "png with an inflating profile": (F.DAMAGED, lambda: inflating(b"iCCP", b"ICC\0\0")),
    "jpeg without a frame": (F.DAMAGED, lambda: without(jpeg(), 0xC0)),
    "jpeg without tables": (F.DAMAGED, lambda: without(without(jpeg(), 0xDB), 0xC4)),
    "jpeg with no size": (F.DAMAGED, lambda: forged_size(jpeg(), 0, 0)),
    "jpeg of a kind that nobody reads": (F.DAMAGED, lambda: jpeg().replace(b"\xff\xc0", b"\xff\xcb", 1)),
    "webp with a wrong signature inside": (
        F.DAMAGED,
        lambda: riff((b"VP8L", b"\x30" + webp_chunk(webp(lossless=True))[1][1:])),
    ),
    "webp with a chunk beyond its end": (
        F.DAMAGED,
        lambda: b"RIFF" + struct.pack("<I", 12 + 40) + b"WEBPVP8 " + struct.pack("<I", 2**31) + bytes(40),
    ),
    "webp without a picture": (F.DAMAGED, lambda: riff(canvas(40, 30))),
    # Work without end
    "jpeg drawn thousands of times": (F.TOO_HARD, endless_scans),
}


# --- Those that hold something besides the picture, which is thrown away ---

#: What must not come out again.
BESIDES = (
    SCRIPT,
    SVG,
    PDF,
    b"PK\5\6",
    b"Rar!",
    b"7z\xbc\xaf",
    b"<?php",
    b"<HTML>",
    b"ftypmp42",
    b"<!DOCTYPE",
)

HOLDS_MORE: dict[str, Callable[[], bytes]] = {
    "png before a zip": lambda: png() + archive(),
    "png before html": lambda: png() + SCRIPT,
    "png around a zip": lambda: png_with(chunk(b"prVt", archive())),
    "png with a script in its text": lambda: png_with(chunk(b"tEXt", b"Comment\0" + SCRIPT)),
    "png with svg in its text": lambda: png_with(chunk(b"tEXt", b"Comment\0" + SVG)),
    "png around a rar": lambda: png_with(chunk(b"prVt", b"Rar!\x1a\x07\x01\x00" + bytes(40))),
    "jpeg before a zip": lambda: jpeg() + archive(),
    "jpeg with php in its comment": lambda: jpeg_with(segment(0xFE, b"<?php system('id'); ?>")),
    "jpeg with html in its comment": lambda: jpeg_with(segment(0xFE, b"<HTML>" + SCRIPT.upper())),
    "jpeg that is also a pdf": lambda: jpeg_with(segment(0xFE, PDF)) + b"%%EOF",
    "jpeg with a pdf inside": lambda: jpeg_with(segment(0xFE, PDF)),
    "jpeg before another": lambda: jpeg() + jpeg(),
    "jpeg before a film, as phones do": lambda: jpeg() + struct.pack(">I", 24) + b"ftypmp42" + bytes(900),
    "several jpegs in one (MPO)": lambda: saved(
        picture(), "MPO", save_all=True, append_images=[picture(size=(300, 200))]
    ),
    "webp before html": lambda: webp() + SCRIPT,
    "webp with a page in a chunk": lambda: with_canvas(400, 300, (b"PAGE", b"<!DOCTYPE html>" + SCRIPT)),
    "webp around a 7z": lambda: with_canvas(400, 300, (b"DATA", b"7z\xbc\xaf\x27\x1c" + bytes(40))),
}


# --- The good ones ---


def exif(orientation: int = 1) -> Image.Exif:
    """What a phone writes: which way it was held, and where."""
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010E] = GPS_PLACE
    tags.get_ifd(0x8825).update({1: "N", 2: (37.0, 33.0, 59.4), 3: "E", 4: (126.0, 58.0, 40.8)})
    return tags


def text() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", GPS_PLACE)
    info.add_itxt("XML:com.adobe.xmp", f"<x:xmpmeta>{GPS_PLACE}</x:xmpmeta>")
    return info


def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped_profile() -> bytes:
    """A profile in which what is stored as red is shown as blue, and the other way round."""
    whole = bytearray(profile())
    (number,) = struct.unpack_from(">I", whole, 128)
    tags = {}
    for n in range(number):
        name, at, length = struct.unpack_from(">4sII", whole, 132 + 12 * n)
        tags[name] = slice(at, at + length)
    whole[tags[b"rXYZ"]], whole[tags[b"bXYZ"]] = whole[tags[b"bXYZ"]], whole[tags[b"rXYZ"]]
    return bytes(whole)


GOOD: dict[str, Callable[[], bytes]] = {
    "png": png,
    "png, transparent": lambda: png("RGBA"),
    "png, grey": lambda: png("L"),
    "png, grey and transparent": lambda: png("LA"),
    "png, black and white": lambda: png("1"),
    "png, 16 bits of grey": lambda: saved(picture("L").convert("I;16"), "PNG"),
    "png, palette": lambda: saved(picture().quantize(16), "PNG"),
    "png, palette with a transparent colour": lambda: saved(picture().quantize(16), "PNG", transparency=0),
    "png, interlaced": lambda: png_of(
        chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 1)), pixels(1, 1), END
    ),
    "png with texts": lambda: saved(picture(), "PNG", pnginfo=text(), exif=exif()),
    "png with a profile": lambda: saved(picture(), "PNG", icc_profile=profile()),
    "png with a broken profile": lambda: saved(picture(), "PNG", icc_profile=b"no profile" * 20),
    "png of one pixel": lambda: png(size=(1, 1)),
    "png of 4 million": lambda: png(size=(2000, 2000)),
    "png of one long line": lambda: png_of(header(8_000, 1), pixels(8_000, 1), END),
    "jpeg": jpeg,
    "jpeg, progressive": lambda: jpeg(progressive=True),
    "jpeg, grey": lambda: saved(picture("L"), "JPEG"),
    "jpeg, for print": lambda: saved(picture().convert("CMYK"), "JPEG"),
    "jpeg of a phone": lambda: saved(picture(), "JPEG", exif=exif(6), comment=GPS_PLACE),
    "jpeg filled up with zeros": lambda: jpeg() + bytes(512),
    "jpeg with a profile": lambda: saved(picture(), "JPEG", icc_profile=profile()),
    "webp": webp,
    "webp, transparent": lambda: webp("RGBA"),
    "webp, lossless": lambda: webp(lossless=True),
    "webp of a phone": lambda: saved(
        picture(), "WEBP", exif=exif(6), xmp=f"<x:xmpmeta>{GPS_PLACE}</x:xmpmeta>".encode()
    ),
    # Whole as far as anybody sees
    "png without its end": lambda: png()[:-12],
    "png, last byte missing": lambda: png()[:-1],
    "png that begins with another chunk": lambda: png_of(chunk(b"tEXt", b"a\0b"), png()[8:]),
    "jpeg with a segment of no length": lambda: jpeg()[:2] + b"\xff\xe0\0\0" + jpeg()[2:],
}
