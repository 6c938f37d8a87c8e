"""Options mean what they say, and a bad value is refused with the option's name."""

import pytest

from fixtures.errors import UserError
from suite.settings import parse_count, parse_object_size, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [("256MiB", 268435456), ("100MB/s", 10**8), ("1.5GB", 1_500_000_000), ("0", 0), ("4096", 4096), ("1 kib", 1024)],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size("--x", text) == size


@pytest.mark.parametrize("text", ["", "fast", "-1", "10 parsecs", "1e6", "MiB"])
def test_no_sizes(text: str) -> None:
    with pytest.raises(UserError, match="--x"):
        parse_size("--x", text)


@pytest.mark.parametrize("text", ["0", "501", "many", "-3", "1.5"])
def test_no_counts(text: str) -> None:
    with pytest.raises(UserError, match="from 1 to 500"):
        parse_count("--fluid-readers", text, low=1, high=500)


def test_an_object_has_at_least_one_byte_and_at_most_what_s3_takes() -> None:
    with pytest.raises(UserError):
        parse_object_size("--x", "0")
    with pytest.raises(UserError):
        parse_object_size("--x", "6000GiB")
