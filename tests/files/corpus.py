"""Pictures that come from outside: bad ones, each with the fault it must be refused for, and good ones."""

import gzip
import random
import struct
import zlib
from collections.abc import Callable

from PIL import Image

from pledge.files.pictures import PictureFault as F
from tests.support.pictures import (
    END,
    GPS_PLACE,
    PDF,
    PNG_START,
    SCRIPT,
    SVG,
    animated,
    archive,
    canvas,
    chunk,
    endless_scans,
    exif,
    flipped,
    forged_size,
    header,
    inflating,
    jpeg,
    jpeg_with,
    noise,
    picture,
    pixels,
    png,
    png_of,
    png_with,
    profile,
    riff,
    saved,
    segment,
    text,
    webp,
    webp_chunk,
    with_canvas,
    without,
)

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
