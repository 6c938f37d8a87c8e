"""Reads back what Chromium printed: number and size of the pages, and the text on them in the order of drawing.

Rule: only as much of PDF as Chromium writes; a file of another kind has no pages, and no test passes on none.
"""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

Objects = Mapping[int, bytes]
_OBJECT = re.compile(rb"(\d+) 0 obj\b(.*?)\bendobj", re.DOTALL)
_PAGE = re.compile(rb"/Type\s*/Page\b")
_BOX = re.compile(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]")
_FONTS = re.compile(rb"/Font <<(.*?)>>", re.DOTALL)
_FONT = re.compile(rb"/(F\d+) (\d+) 0 R")
_SHOWN = re.compile(rb"/(F\d+) [\d.]+ Tf|<([0-9A-Fa-f]*)>")  # a font is chosen, or glyphs of it are drawn
_MAPPED = re.compile(rb"<([0-9A-F]{4})> (?:<([0-9A-F]{4})> )?<([0-9A-F]+)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedPage:
    """One sheet."""

    width: float  # in points
    height: float
    text: str  # without spaces: Chromium often moves instead of drawing one


def pages(content: bytes) -> list[PrintedPage]:
    """Return all sheets of a PDF that Chromium wrote."""
    objects = {int(found[1]): found[2] for found in _OBJECT.finditer(content)}
    return [_page(page, objects) for page in objects.values() if _PAGE.search(page)]


def _page(page: bytes, objects: Objects) -> PrintedPage:
    box, fonts = _BOX.search(page), _FONTS.search(page)
    assert box is not None
    names = {name: _glyphs(objects[int(number)], objects) for name, number in _FONT.findall(fonts[1] if fonts else b"")}
    glyphs: Mapping[int, str] = {}
    text = ""
    for font, drawn in _SHOWN.findall(_stream(objects[_reference(b"Contents", page)])):
        if font:
            glyphs = names[font]
        else:
            text += "".join(glyphs.get(int(drawn[at : at + 4], 16), "") for at in range(0, len(drawn), 4))
    return PrintedPage(width=float(box[1]), height=float(box[2]), text="".join(text.split()))


def _glyphs(font: bytes, objects: Objects) -> Mapping[int, str]:
    """Return what the glyphs of a font stand for."""
    if b"/ToUnicode" not in font:
        return {}
    found: dict[int, str] = {}
    for first, last, text in _MAPPED.findall(_stream(objects[_reference(b"ToUnicode", font)])):
        begin = bytes.fromhex(text.decode()).decode("utf-16-be")
        for step in range(int(last or first, 16) - int(first, 16) + 1):
            found[int(first, 16) + step] = begin[:-1] + chr(ord(begin[-1]) + step)
    return found


def _reference(name: bytes, where: bytes) -> int:
    found = re.search(rb"/" + name + rb" (\d+) 0 R", where)
    assert found is not None, name
    return int(found[1])


def _stream(thing: bytes) -> bytes:
    body = thing[thing.index(b"stream") + len(b"stream") : thing.rindex(b"endstream")].lstrip(b"\r\n")
    return zlib.decompress(body) if b"/FlateDecode" in thing else body
