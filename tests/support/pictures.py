"""Pictures and other files made in code, whole and broken; nothing is downloaded."""

import io
import random
import struct
import zipfile
import zlib
from functools import cache

from PIL import Image, ImageCms

PNG_START = b"\x89PNG\r\n\x1a\n"
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
SCRIPT = b"<script>alert(1)</script>"
GPS_PLACE = "37.5665N 126.9780E City Hall"


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


def exif(orientation: int = 1) -> Image.Exif:
    """What a phone writes: which way it was held, and where."""
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010E] = GPS_PLACE
    tags.get_ifd(0x8825).update({1: "N", 2: (37.0, 33.0, 59.4), 3: "E", 4: (126.0, 58.0, 40.8)})
    return tags


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
