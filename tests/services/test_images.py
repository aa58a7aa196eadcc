"""Signature images: only pixels survive, and hostile pictures are refused cheaply."""

import io
import struct
import zlib

import pytest
from PIL import Image

from kit.uploads import picture
from mailconfig.domain.errors import FileRefused, LimitExceeded
from mailconfig.services.images import reencode

PIXELS = 25_000_000
CANARY = b"CANARY-52.5200-13.4050"


def opened(data: bytes) -> Image.Image:
    """Decode a picture."""
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize(
    ("format_name", "mode", "content_type"),
    [
        ("PNG", "RGB", "image/png"),
        ("PNG", "RGBA", "image/png"),
        ("PNG", "P", "image/png"),
        ("PNG", "L", "image/png"),
        ("PNG", "1", "image/png"),
        ("GIF", "P", "image/gif"),
        ("WEBP", "RGB", "image/webp"),
        ("WEBP", "RGBA", "image/webp"),
        ("JPEG", "RGB", "image/jpeg"),
        ("JPEG", "L", "image/jpeg"),
        ("JPEG", "CMYK", "image/jpeg"),  # becomes RGB, since mail clients show it wrongly
    ],
)
def test_formats_stay_what_they_are(format_name: str, mode: str, content_type: str) -> None:
    """Each format and mode comes back in its format, with the same size and colours."""
    data = picture(format_name, (64, 32), mode)
    result, result_type = reencode(data, PIXELS)
    assert result_type == content_type
    assert opened(result).format == format_name
    assert opened(result).size == (64, 32)
    before, after = (opened(each).convert("RGB") for each in (data, result))
    for point in ((10, 10), (54, 20)):
        pairs = zip(before.getpixel(point), after.getpixel(point), strict=True)
        assert max(abs(one - other) for one, other in pairs) <= 8


def test_lossless_formats_lose_nothing() -> None:
    """PNG and GIF keep every pixel, transparency included."""
    image = Image.new("RGBA", (3, 1), (10, 20, 30, 0))
    image.putpixel((1, 0), (200, 100, 50, 128))
    encoded = io.BytesIO()
    image.save(encoded, "PNG")
    result = opened(reencode(encoded.getvalue(), PIXELS)[0])
    assert [result.getpixel((x, 0)) for x in range(3)] == [image.getpixel((x, 0)) for x in range(3)]

    palette = Image.new("P", (2, 1))
    palette.putpalette([1, 2, 3, 4, 5, 6])
    palette.putpixel((1, 0), 1)
    encoded = io.BytesIO()
    palette.save(encoded, "GIF", transparency=0)
    gif = opened(reencode(encoded.getvalue(), PIXELS)[0]).convert("RGBA")
    assert gif.getpixel((0, 0))[3] == 0
    assert gif.getpixel((1, 0)) == (4, 5, 6, 255)


def exif() -> Image.Exif:
    """Return metadata with a position, a note, and an orientation that turns by 90 degrees."""
    data = Image.Exif()
    data[0x0112] = 6
    data[0x010E] = CANARY.decode()
    data.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 29: CANARY.decode()})
    return data


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP"])
def test_metadata_is_gone_and_orientation_applied(format_name: str) -> None:
    """The position and every note of a camera are gone; the picture stands upright."""
    data = picture(format_name, (8, 4), exif=exif(), icc_profile=b"PROFILE" + CANARY)
    assert CANARY in data
    result = reencode(data, PIXELS)[0]
    assert CANARY not in result
    assert b"PROFILE" not in result
    image = opened(result)
    assert image.size == (4, 8)
    assert dict(image.getexif()) == {}
    assert image.info.keys().isdisjoint({"exif", "icc_profile", "comment", "xmp"})
    # Red was on the left; turned clockwise it is on top.
    red, _, blue = image.convert("RGB").getpixel((2, 1))
    assert red > 200
    assert blue < 60


@pytest.mark.parametrize(
    ("format_name", "options"),
    [
        ("JPEG", {"comment": CANARY}),
        ("GIF", {"comment": CANARY}),
        ("JPEG", {"xmp": b"<x:xmpmeta>" + CANARY}),
        ("WEBP", {"xmp": b"<x:xmpmeta>" + CANARY}),
    ],
)
def test_comments_are_gone(format_name: str, options: dict[str, bytes]) -> None:
    """What a program or person noted in the file does not survive."""
    data = picture(format_name, **options)
    assert CANARY in data
    assert CANARY not in reencode(data, PIXELS)[0]


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "GIF", "WEBP"])
def test_trailing_bytes_are_gone(format_name: str) -> None:
    """An archive or anything else appended to a picture does not survive."""
    result = reencode(picture(format_name) + b"PK\x03\x04" + CANARY, PIXELS)[0]
    assert CANARY not in result


@pytest.mark.parametrize("format_name", ["GIF", "WEBP", "PNG"])
def test_first_frame_of_an_animation_stays(format_name: str) -> None:
    """Of an animation one frame is kept, the first."""
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "lime", "blue")]
    encoded = io.BytesIO()
    frames[0].save(
        encoded, format_name, save_all=True, append_images=frames[1:], duration=100, lossless=True
    )
    assert getattr(opened(encoded.getvalue()), "n_frames", 1) == 3
    result = opened(reencode(encoded.getvalue(), PIXELS)[0])
    assert getattr(result, "n_frames", 1) == 1
    assert result.convert("RGB").getpixel((1, 1))[0] > 240


@pytest.mark.parametrize("quality", [30, 75, 95])
def test_photo_keeps_its_size_in_bytes(quality: int) -> None:
    """A JPEG is written with its own tables, so that a limit it met before it meets after."""
    noise = Image.effect_noise((400, 300), 60).convert("RGB")
    encoded = io.BytesIO()
    noise.save(encoded, "JPEG", quality=quality, subsampling=2)
    before = len(encoded.getvalue())
    after = len(reencode(encoded.getvalue(), PIXELS)[0])
    assert abs(after - before) < before * 0.02


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_bomb(width: int, height: int, rows: int) -> bytes:
    """Return a small PNG that claims many pixels and holds `rows` of them."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes((width + 1) * rows), 9)
    end = chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + end


def gif_screen(width: int, height: int) -> bytes:
    """Return a GIF with a huge screen around a small picture."""
    return b"GIF89a" + struct.pack("<HH", width, height) + picture("GIF")[10:]


def webp_canvas(width: int, height: int) -> bytes:
    """Return a WebP with a huge canvas around a small picture."""
    inner = picture("WEBP")[12:]
    sides = b"".join((side - 1).to_bytes(3, "little") for side in (width, height))
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + sides + inner
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    "data",
    [
        png_bomb(5001, 5000, 5000),  # 25 MB of zeros in 25 kB, just above the limit
        png_bomb(12_000, 12_000, 1),  # above Pillow's own warning
        png_bomb(60_000, 60_000, 1),  # above Pillow's own error
        png_bomb(20_000, 10, 10),  # few pixels, a side that WebP cannot hold
        gif_screen(65_000, 65_000),
        gif_screen(6_000, 6_000),
    ],
    ids=["limit", "warning", "error", "side", "gif", "gif-small"],
)
def test_bombs_are_refused_by_their_dimensions(data: bytes) -> None:
    """A small file that unfolds to more pixels than allowed is refused before it does."""
    with pytest.raises(LimitExceeded, match="25,000,000 pixels"):
        reencode(data, PIXELS)


def test_webp_with_a_false_canvas() -> None:
    """A WebP whose canvas is huge is refused, whatever the decoder thinks of it."""
    with pytest.raises((LimitExceeded, FileRefused)):
        reencode(webp_canvas(16_000, 16_000), PIXELS)


def test_pixels_at_the_limit_pass() -> None:
    """The limit itself is allowed."""
    assert opened(reencode(picture("PNG", (50, 20)), 1000)[0]).size == (50, 20)
    with pytest.raises(LimitExceeded):
        reencode(picture("PNG", (50, 20)), 999)


PAGE = b"<html><script>alert(1)</script></html>"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        b"BM" + bytes(60),  # formats that Pillow knows and we do not want
        picture("TIFF"),
        picture("ICO", (16, 16)),
        b"%PDF-1.7\n",
        b"GIF89a" + PAGE,  # a web page behind a signature
        b"GIF89a=1;" + PAGE,
        b"\x89PNG\r\n\x1a\n" + PAGE,
        b"\xff\xd8\xff\xe0" + PAGE,
        b"RIFF\x00\x00\x00\x00WEBPVP8 " + PAGE,
        picture("GIF") + PAGE,  # a whole picture that is a web page too
        picture("GIF", comment=b"<ScRiPt >alert(1)</script>"),
        picture("PNG") + b"<!DOCTYPE   html>",
        picture("PNG")[:-30],
        picture("JPEG")[:200],
        picture("WEBP")[:-10],
        picture("GIF")[:20],
    ],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    """Other formats, markup, polyglots and cut files are refused."""
    with pytest.raises(FileRefused):
        reencode(data, PIXELS)


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "GIF", "WEBP"])
def test_damaged_pictures_never_raise_anything_else(format_name: str) -> None:
    """Each byte of a picture changed in turn: a picture or one of two refusals comes out."""
    options = {} if format_name == "GIF" else {"exif": exif()}
    data = picture(format_name, (8, 4), **options)
    for position in range(len(data)):
        for mask in (0x01, 0x80, 0xFF):
            damaged = bytearray(data)
            damaged[position] ^= mask
            try:
                reencode(bytes(damaged), 10_000)
            except (FileRefused, LimitExceeded):
                continue
