"""An image that means this Python works wherever Python and the checkout lie."""

import sys
from pathlib import Path

import pytest

from fixtures.targets.images import python_image


def test_a_python_below_a_directory_that_containers_do_not_see_is_mounted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", "/tmp/checkout/.venv")  # noqa: S108 - the case in question
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    rule = python_image("reader:dev", ["read.py"], mounts={"/opt/reader": Path("/src/reader")})

    assert rule.mounts == {"/tmp/checkout/.venv": "/tmp/checkout/.venv", "/opt/reader": "/src/reader"}  # noqa: S108
    assert rule.command == (sys.executable, "-P", "read.py")


def test_a_python_that_containers_see_anyway_is_not_mounted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", "/srv/checkout/.venv")
    monkeypatch.setattr(sys, "base_prefix", "/usr")

    assert python_image("reader:dev", [], mounts={}).mounts == {}


def test_an_images_name_is_no_regular_expression() -> None:
    assert python_image("a/b.c:dev", [], mounts={}).pattern == r"a/b\.c:dev"
