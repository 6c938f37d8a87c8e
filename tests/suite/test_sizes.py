"""Sizes as a status writes them, there and back."""

import pytest

from suite.conformance.sizes import binary_size, bytes_in


@pytest.mark.parametrize("size", [0, 1, 1023, 1024, 1536, 29_360_128, 40 << 30, 3 << 40])
def test_what_a_status_tells_is_what_it_meant(size: int) -> None:
    assert bytes_in(binary_size(size)) == size


def test_two_decimals_are_all_that_is_known() -> None:
    assert bytes_in("1.01KiB") == 1034


@pytest.mark.parametrize("text", ["", "0", "32MiB", "32.0MiB", "1.00KB", "[Calculating]", "1.00MiB more"])
def test_what_is_no_size_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="is no size"):
        bytes_in(text)
