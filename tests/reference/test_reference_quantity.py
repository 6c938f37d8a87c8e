"""Sizes in and out."""

import pytest

from reference_impl.controllers.jindo.quantity import format_label_size, format_percent, format_size, parse_quantity

GIB = 1 << 30


@pytest.mark.parametrize(
    ("text", "size"),
    [("40Gi", 40 * GIB), ("1.5Gi", 3 * GIB // 2), ("1k", 1000), (1024, 1024), ("1e3", 1000), ("100m", 1), ("0", 0)],
)
def test_a_quantity_is_its_bytes(text: object, size: int) -> None:
    assert parse_quantity(text) == size


@pytest.mark.parametrize("text", ["", "40GB", "many", "Gi", None])
def test_what_is_no_quantity_is_an_error(text: object) -> None:
    with pytest.raises(ValueError, match="not a quantity"):
        parse_quantity(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0.00B"), (512 << 20, "512.00MiB"), (30 * GIB, "30.00GiB"), (200 * GIB, "200.00GiB"), (1 << 60, "1.00EiB")],
)
def test_status_shows_two_decimals_and_a_binary_unit(size: int, text: str) -> None:
    assert format_size(size) == text


@pytest.mark.parametrize(("size", "text"), [(0, "0B"), (40 * GIB, "40GiB"), (3 * GIB // 2, "1.5GiB")])
def test_node_labels_show_up_to_four_digits(size: int, text: str) -> None:
    assert format_label_size(size) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"), [(0, 10, "0.0%"), (1, 3, "33.3%"), (3, 3, "100.0%"), (4, 3, "100.0%"), (0, 0, "0.0%")]
)
def test_a_share_is_a_number_of_at_most_a_hundred(part: int, whole: int, text: str) -> None:
    assert format_percent(part, whole) == text
