"""Turns an uploaded signature image into one that is safe to mail: decoded and encoded again.

What is stored is made from pixels alone, so metadata (position, camera, author, thumbnail,
comments), trailing bytes and whatever else hid in the file are gone. The orientation that a camera
noted is applied first. Colour profiles are dropped too; the picture is taken as sRGB. Of an
animation the first frame is kept: Outlook shows no other, and each frame is decoding work that a
stranger may choose.

Threat: a picture made to crash or exhaust the decoder, or to be read as a web page. Only the
decoder of the sniffed format runs; dimensions are checked before pixels are decoded; a file that
also contains a web page is refused. Limit: Pillow and its C libraries decode in this process.

Everything here is CPU work of up to seconds: call it in a worker thread.
"""

import io
import re
import struct
import warnings
import zlib
from typing import Any, Final

from PIL import Image, ImageOps, JpegImagePlugin

from mailconfig.domain.errors import FileRefused, LimitExceeded
from mailconfig.domain.phrases import N_, phrase
from mailconfig.services.sniffing import sniff

_FORMATS: Final = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
}
_WEB_PAGE: Final = re.compile(rb"<(?:script[\s>]|html[\s>]|!doctype\s+html)", re.IGNORECASE)
_SIDE_MAX: Final = 16_383
"""Largest width and height; WebP can hold no more, and it stops 1 x 25,000,000 pictures."""
_QUALITY: Final = 90
"""Where the quality of the original is unknown; loss is hardly visible, size is moderate."""
_BROKEN: Final = (
    OSError,  # also UnidentifiedImageError
    SyntaxError,
    ValueError,
    TypeError,
    struct.error,
    # Not seen in a million mutated files, but within reach of the parsers' code:
    KeyError,
    IndexError,
    EOFError,
    OverflowError,
    ZeroDivisionError,
    AttributeError,
    zlib.error,
)
"""What Pillow's parsers raise on broken files."""
_BOMB: Final = (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError)


def reencode(data: bytes, pixels_max: int) -> tuple[bytes, str]:
    """Return a picture without anything but pixels, and its media type, unchanged.

    Raises FileRefused for what is not a whole PNG, JPEG, GIF or WebP, LimitExceeded for more than
    `pixels_max` pixels.
    """
    content_type = sniff(data)
    if content_type not in _FORMATS:
        raise FileRefused(N_("A signature image is a PNG, JPEG, GIF or WebP file."), ("file",))
    if _WEB_PAGE.search(data):
        raise FileRefused(N_("This image contains a web page."), ("file",))
    try:
        return _reencoded(data, _FORMATS[content_type], pixels_max), content_type
    except _BOMB as exc:
        raise _too_large(pixels_max) from exc
    except _BROKEN as exc:
        raise FileRefused(N_("This image is damaged: it cannot be read."), ("file",)) from exc


def _reencoded(data: bytes, format_name: str, pixels_max: int) -> bytes:
    # Pillow warns about odd metadata, which is dropped anyway; strangers do not write our log.
    # Set here, not on import: `catch_warnings` of others, such as pytest, would undo it.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
    with Image.open(io.BytesIO(data), formats=(format_name,)) as opened:
        width, height = opened.size
        if width * height > pixels_max or max(width, height) > _SIDE_MAX:
            raise _too_large(pixels_max)
        opened.load()
        options = _options(opened, format_name)
        picture = _encodable(ImageOps.exif_transpose(opened), format_name)
    # Encoders also write what they find here: profiles, comments, resolutions.
    picture.info = {key: picture.info[key] for key in ("transparency",) if key in picture.info}
    encoded = io.BytesIO()
    picture.save(encoded, format_name, **options)
    return encoded.getvalue()


def _encodable(picture: Image.Image, format_name: str) -> Image.Image:
    """Return the picture in a mode that its format can hold."""
    if format_name == "JPEG" and picture.mode not in {"L", "RGB"}:
        return picture.convert("RGB")  # CMYK: mail clients show it in wrong colours or not at all
    if format_name == "PNG" and picture.mode not in {"1", "L", "LA", "I;16", "P", "RGB", "RGBA"}:
        return picture.convert("RGBA")
    return picture


def _options(opened: Image.Image, format_name: str) -> dict[str, Any]:
    """Return the encoder's options; a JPEG keeps its tables, so that it hardly loses or grows."""
    if format_name == "WEBP":
        return {"quality": _QUALITY}
    if format_name != "JPEG":
        return {}
    tables = getattr(opened, "quantization", None)
    sampling = JpegImagePlugin.get_sampling(opened) if opened.mode in {"L", "RGB"} else -1
    if not tables or sampling < 0:
        return {"quality": _QUALITY}
    return {"qtables": tables, "subsampling": sampling}


def _too_large(pixels_max: int) -> LimitExceeded:
    sentence = phrase(
        "This image is too large: at most {pixels:,} pixels and {side:,} on a side.",
        pixels=pixels_max,
        side=_SIDE_MAX,
    )
    return LimitExceeded(sentence, ("file",))
