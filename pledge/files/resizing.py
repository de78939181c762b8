"""The child process that decodes a picture and re-encodes it. It is run by its path and imports nothing but Pillow.

stdin: one line `FORMAT`, then the picture. stdout: one line, then bytes: `ok 1234 5678` and the WebP pictures, or the name of
a fault. An exploited decoder is confined to little memory, little time, no environment, no file and no connection.
"""

import io
import resource
import sys
import warnings

from PIL import (
    Image,
    ImageCms,
    ImageOps,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

#: Imported before the limits forbid opening files; TIFF is how EXIF is written.
PLUGINS = (JpegImagePlugin, MpoImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin)

SIZES = (96, 320)  #: pixels of the longer side, as in pictures.py
#: The same for a photograph across the page, as in pictures.py, with the most bytes that each should have.
WIDE = {640: 60_000, 1080: 140_000, 1600: 260_000}
#: Tried in this order until the picture is small enough.
WIDE_QUALITIES = (75, 55, 35, 15)
MAX_PIXELS = 4_000_000
#: Pixels of one side. Scaling a strip of one by four million pixels takes a hundred times as long as a square.
MAX_SIDE = 8_000
MEMORY = 250 * 1024 * 1024
CPU_SECONDS = 2
CPU_SECONDS_WIDE = 6  #: three larger pictures, sent by staff only
MAX_ANSWER = 1024 * 1024

#: A flat logo is sharper and smaller without loss; where that costs more bytes than this for each pixel of the longer
#: side, it is a photograph.
LOSSLESS_BYTES = 64


class PictureRefused(Exception):
    """The name of a fault, as in pictures.py."""


def limit(cpu_seconds: int = CPU_SECONDS) -> None:
    """Limit this process from here on: memory, time, no opened files, no child processes, no large output."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, MAX_ANSWER),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 3),
    ):
        resource.setrlimit(what, (most, most))


def reencode(data: bytes, kind: str) -> list[bytes]:
    """The picture as WebP in each size, with its pixels only. Raises PictureRefused."""
    picture = decoded(data, kind)
    return [encoded(fitted(picture, size), size) for size in SIZES]


def reencode_wide(data: bytes, kind: str) -> list[bytes]:
    """A photograph as WebP in each size of WIDE, opaque, with its pixels only. Raises PictureRefused."""
    picture = decoded(data, kind)
    if picture.mode == "RGBA":
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    return [_small_enough(fitted(picture, size), most) for size, most in WIDE.items()]


def _small_enough(picture: Image.Image, most: int) -> bytes:
    bare = Image.frombytes(picture.mode, picture.size, picture.tobytes())
    for quality in WIDE_QUALITIES:
        made = saved(bare, quality=quality, method=2)
        if len(made) <= most:
            break
    return made


def decoded(data: bytes, kind: str) -> Image.Image:
    """The pixels as RGB or RGBA, upright."""
    with Image.open(io.BytesIO(data), formats=(kind,)) as opened:
        # Phones put further pictures behind a JPEG (MPO): the first is the one that people see.
        if opened.format != "MPO" and getattr(opened, "is_animated", False):
            raise PictureRefused("animated")
        if opened.width * opened.height > MAX_PIXELS or max(opened.size) > MAX_SIDE:
            raise PictureRefused("too_many_pixels")
        opened.load()
        upright = ImageOps.exif_transpose(opened)
    return in_srgb(upright)


def in_srgb(picture: Image.Image) -> Image.Image:
    """The colours as a screen shows them: by the picture's own profile where it has a sound one (print files do)."""
    plain = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    profile = picture.info.get("icc_profile")
    if not profile or picture.mode not in ("RGB", "RGBA", "CMYK"):
        return plain
    colours = picture if picture.mode == "CMYK" else plain.convert("RGB")
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        shown = ImageCms.profileToProfile(colours, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return plain
    if shown is not None and plain.mode == "RGBA":
        shown.putalpha(plain.getchannel("A"))
    return shown or plain


def fitted(picture: Image.Image, size: int) -> Image.Image:
    """A copy that fits into a square of that side; a smaller picture stays as it is."""
    copy = picture.copy()
    copy.thumbnail((size, size), Image.Resampling.LANCZOS)
    return copy


def encoded(picture: Image.Image, size: int) -> bytes:
    # From the bare pixels, so that no metadata of the file is copied.
    bare = Image.frombytes(picture.mode, picture.size, picture.tobytes())
    lossless = saved(bare, lossless=True, quality=80)
    if len(lossless) <= size * LOSSLESS_BYTES:
        return lossless
    return saved(bare, quality=85, use_sharp_yuv=True)


def saved(picture: Image.Image, *, method: int = 4, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, "WEBP", method=method, **options)
    return out.getvalue()


def answer(data: bytes, kind: str, *, is_wide: bool) -> bytes:
    try:
        pictures = reencode_wide(data, kind) if is_wide else reencode(data, kind)
    except PictureRefused as refused:
        return f"{refused}\n".encode()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return b"too_many_pixels\n"
    except MemoryError:
        return b"too_hard\n"
    except Exception:  # noqa: BLE001  # decoders raise whatever they like
        return b"damaged\n"
    lengths = " ".join(str(len(picture)) for picture in pictures)
    return f"ok {lengths}\n".encode() + b"".join(pictures)


def main() -> None:
    Image.preinit()
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    warnings.simplefilter("error")
    is_wide = sys.argv[1:] == ["wide"]
    limit(CPU_SECONDS_WIDE if is_wide else CPU_SECONDS)
    kind = sys.stdin.buffer.readline(8).decode().strip()
    sys.stdout.buffer.write(answer(sys.stdin.buffer.read(), kind, is_wide=is_wide))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
