"""Content: a function of seed and offset alone, and the same in the reader, which shares no code with us."""

import importlib.util
import random
from pathlib import Path
from types import ModuleType

import pytest

from fixtures.stores.content import ContentStream, content

READER = Path(__file__).resolve().parents[2] / "suite" / "reader"


def reader_module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"reader_{name}", READER / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_any_range_is_the_slice_of_the_whole() -> None:
    whole = content("seed", 0, 10_000)
    choice = random.Random(1)  # noqa: S311 - the same ranges in every run
    for _ in range(200):
        start = choice.randrange(10_000)
        end = choice.randrange(start, 10_001)
        assert content("seed", start, end - start) == whole[start:end], (start, end)


def test_a_stream_is_the_content_however_it_is_read() -> None:
    stream = ContentStream("seed", 100_003)
    pieces = [stream.read(size) for size in (1, 16, 17, 0, 4096)] + [stream.read(), stream.read(10)]

    assert b"".join(pieces) == content("seed", 0, 100_003)
    assert pieces[-1] == b""


def test_other_seeds_and_far_offsets_differ() -> None:
    assert content("a", 0, 64) != content("b", 0, 64)
    assert content("a", 0, 64) != content("a", 1 << 40, 64)
    # The formula itself: objects that were uploaded once must verify for ever.
    assert content("a", 5, 8).hex() == "7f27080a636bcab5"


@pytest.mark.parametrize("offset", [0, 1, 15, 16, 17, (1 << 35) + 3])
def test_the_reader_expects_exactly_what_we_upload(offset: int) -> None:
    theirs = reader_module("content")

    assert theirs.keystream("seed", offset).update(bytes(1000)) == content("seed", offset, 1000)


@pytest.mark.parametrize("bad", [0, 1, 4095, 4096, 9_999])
def test_the_verifier_finds_the_first_wrong_byte(bad: int) -> None:
    verifier = reader_module("content").Verifier("seed", 7)
    data = bytearray(content("seed", 7, 10_000))
    data[bad] ^= 1
    data[9_999] ^= 128
    for start in range(0, 10_000, 1000):
        verifier.check(memoryview(data)[start : start + 1000])

    assert verifier.first_bad_offset == (7 + bad)
