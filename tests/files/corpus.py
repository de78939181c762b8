"""Pictures that come from outside: bad ones, each with the fault it must be refused for, and good ones."""

import gzip
import struct
import zlib
from collections.abc import Callable

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
    chunk,
    endless_scans,
    exif,
    flipped,
    forged_size,
    header,
    inflating,
    jpeg,
    jpeg_with,
    picture,
    pixels,
    png,
    png_of,
    png_with,
    profile,
    saved,
    segment,
    webp,
    with_canvas,
    without,
)

# --- The bad ones: name, fault, how it is made ---

BAD: dict[str, tuple[F, Callable[[], bytes]]] = {
    "nothing": (F.EMPTY, lambda: b""),
    # Other types, whatever their name says
    "svg": (F.VECTOR, lambda: SVG),
    "svg with byte order mark": (F.VECTOR, lambda: b"\xef\xbb\xbf  " + SVG),
    "svg in utf-16": (F.VECTOR, lambda: SVG.decode().encode("utf-16")),
    "svg with doctype and entities": (
        F.VECTOR,
        lambda: b'<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + SVG,
    ),
    "svg, compressed": (F.WRONG_TYPE, lambda: gzip.compress(SVG)),
    "html": (F.WRONG_TYPE, lambda: b"<!doctype html><title>x</title>" + SCRIPT),
    "gif": (F.WRONG_TYPE, lambda: saved(picture(), "GIF")),
    "heic of a phone": (
        F.WRONG_TYPE,
        lambda: struct.pack(">I", 24) + b"ftypheic\0\0\0\0mif1heic" + bytes(99),
    ),
    "pdf": (F.WRONG_TYPE, lambda: PDF),
    "sound in the same container as WebP": (
        F.WRONG_TYPE,
        lambda: b"RIFF" + struct.pack("<I", 40) + b"WAVEfmt " + bytes(40),
    ),
    "picture behind a space": (F.WRONG_TYPE, lambda: b" " + png()),
    # Too many bytes
    "png of 1 MB and a byte": (
        F.TOO_LARGE,
        lambda: png_with(chunk(b"prVt", bytes(1_000_001 - len(png_with(chunk(b"prVt", b"")))))),
    ),
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
    "png bomb of zeros": (F.TOO_MANY_PIXELS, lambda: png_of(header(10000, 10000), pixels(10000, 10000), END)),
    "jpeg that declares 65500 by 65500": (F.TOO_MANY_PIXELS, lambda: forged_size(jpeg(), 65500, 65500)),
    "webp with the largest canvas": (F.TOO_MANY_PIXELS, lambda: with_canvas(2**24, 2**24)),
    # What moves
    "png, animated": (F.ANIMATED, lambda: animated("PNG")),
    "png, animated giant": (F.ANIMATED, lambda: animated("PNG", 8, (1900, 1900))),
    "png with one frame of an animation": (
        F.ANIMATED,
        lambda: png_with(chunk(b"acTL", struct.pack(">II", 1, 0))),
    ),
    "webp, animated": (F.ANIMATED, lambda: animated("WEBP")),
    # Cut off
    "png, half": (F.DAMAGED, lambda: png()[: len(png()) // 2]),
    "png, pixels cut but closed": (
        F.DAMAGED,
        lambda: png_of(header(400, 300), chunk(b"IDAT", zlib.compress(bytes(1201 * 300))[:200]), END),
    ),
    "jpeg, half": (F.DAMAGED, lambda: jpeg()[: len(jpeg()) // 2]),
    "webp, half": (F.DAMAGED, lambda: webp()[: len(webp()) // 2]),
    # Not what the first bytes say
    "png start before html": (F.DAMAGED, lambda: PNG_START + b"<html>" + SCRIPT),
    "png with no size": (F.DAMAGED, lambda: png_of(header(0, 300), pixels(1, 300), END)),
    "png with damaged pixels": (F.DAMAGED, lambda: flipped(png(), len(png()) // 2)),
    "png with an inflating comment": (F.DAMAGED, lambda: inflating(b"zTXt", b"Comment\0\0")),
    "png with an inflating profile": (F.DAMAGED, lambda: inflating(b"iCCP", b"ICC\0\0")),
    "jpeg without tables": (F.DAMAGED, lambda: without(without(jpeg(), 0xDB), 0xC4)),
    "webp with a chunk beyond its end": (
        F.DAMAGED,
        lambda: b"RIFF" + struct.pack("<I", 12 + 40) + b"WEBPVP8 " + struct.pack("<I", 2**31) + bytes(40),
    ),
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
    b"<?php",
    b"<HTML>",
    b"ftypmp42",
    b"<!DOCTYPE",
)

HOLDS_MORE: dict[str, Callable[[], bytes]] = {
    "png before a zip": lambda: png() + archive(),
    "png with a script in its text": lambda: png_with(chunk(b"tEXt", b"Comment\0" + SCRIPT)),
    "png with svg in its text": lambda: png_with(chunk(b"tEXt", b"Comment\0" + SVG)),
    "jpeg with php in its comment": lambda: jpeg_with(segment(0xFE, b"<?php system('id'); ?>")),
    "jpeg that is also a pdf": lambda: jpeg_with(segment(0xFE, PDF)) + b"%%EOF",
    "jpeg before another": lambda: jpeg() + jpeg(),
    "jpeg before a film, as phones do": lambda: jpeg() + struct.pack(">I", 24) + b"ftypmp42" + bytes(900),
    "several jpegs in one (MPO)": lambda: saved(
        picture(), "MPO", save_all=True, append_images=[picture(size=(300, 200))]
    ),
    "webp before html": lambda: webp() + SCRIPT,
    "webp with a page in a chunk": lambda: with_canvas(400, 300, (b"PAGE", b"<!DOCTYPE html>" + SCRIPT)),
}


# --- The good ones ---

GOOD: dict[str, Callable[[], bytes]] = {
    "png": png,
    "png, transparent": lambda: png("RGBA"),
    "png, grey": lambda: png("L"),
    "png, 16 bits of grey": lambda: saved(picture("L").convert("I;16"), "PNG"),
    "png, palette with a transparent colour": lambda: saved(picture().quantize(16), "PNG", transparency=0),
    "png with a profile": lambda: saved(picture(), "PNG", icc_profile=profile()),
    "png with a broken profile": lambda: saved(picture(), "PNG", icc_profile=b"no profile" * 20),
    "png of one pixel": lambda: png(size=(1, 1)),
    "png of 4 million": lambda: png(size=(2000, 2000)),
    "png of one long line": lambda: png_of(header(8_000, 1), pixels(8_000, 1), END),
    "jpeg": jpeg,
    "jpeg, progressive": lambda: jpeg(progressive=True),
    "jpeg, for print": lambda: saved(picture().convert("CMYK"), "JPEG"),
    "jpeg of a phone": lambda: saved(picture(), "JPEG", exif=exif(6), comment=GPS_PLACE),
    "webp": webp,
    "webp, transparent": lambda: webp("RGBA"),
    "webp of a phone": lambda: saved(
        picture(), "WEBP", exif=exif(6), xmp=f"<x:xmpmeta>{GPS_PLACE}</x:xmpmeta>".encode()
    ),
    # Whole as far as anybody sees
    "png without its end": lambda: png()[:-12],
}
