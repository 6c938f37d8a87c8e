"""The .venv of a checkout is made once, completed when requirements change, and made anew where it cannot be used."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures import child
from fixtures.errors import UserError
from fixtures.virtual_environment import VirtualEnvironment


class Commands:
    """Stands in for running programs: notes them, and leaves what `-m venv` leaves."""

    def __init__(self, checkout: Path) -> None:
        self.checkout = checkout
        self.seen: list[str] = []
        self.failing = ""

    def run(self, argv: tuple[str | Path, ...], **_rest: object) -> int:
        """Do as `child.run` does."""
        words = " ".join(map(str, argv[1:]))
        self.seen.append(words)
        if self.failing and self.failing in words:
            return 1
        if words.startswith("-m venv"):
            directory = self.checkout / ".venv"
            (directory / "bin").mkdir(parents=True)
            (directory / "bin" / "python").symlink_to(sys.executable)
            (directory / "bin" / "pip").write_text(f"#!{directory}/bin/python\n")
            (directory / "pyvenv.cfg").write_text(f"version = {sys.version.split()[0]}\n")
        return 0

    def made(self) -> int:
        """Return how often .venv was made."""
        return sum(words.startswith("-m venv") for words in self.seen)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout with one requirement."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "run.txt").write_text("tqdm==4\n")
    (tmp_path / "requirements" / "lint.txt").write_text("ruff==1\n")
    (tmp_path / "pyproject.toml").write_text("")
    return tmp_path


@pytest.fixture
def commands(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Commands]:
    """Run nothing, and note what would have been run."""
    stand_in = Commands(checkout)
    monkeypatch.setattr(child, "run", stand_in.run)
    yield stand_in
    assert sorted(path.name for path in checkout.iterdir()) in (
        [".venv", "pyproject.toml", "requirements"],
        ["pyproject.toml", "requirements"],
    )


def test_it_is_made_once(checkout: Path, commands: Commands) -> None:
    assert VirtualEnvironment(checkout, "run").ensure()
    assert [words.split()[:3] for words in commands.seen] == [
        ["-m", "venv", str(checkout / ".venv")],
        ["-m", "pip", "install"],
        ["-m", "pip", "install"],
    ]
    assert "--require-hashes" in commands.seen[1]
    assert not VirtualEnvironment(checkout, "run").ensure()
    assert len(commands.seen) == 3


@pytest.mark.parametrize("name", ["requirements/run.txt", "pyproject.toml"])
def test_it_is_completed_when_what_it_is_to_hold_changes(checkout: Path, commands: Commands, name: str) -> None:
    VirtualEnvironment(checkout, "run").ensure()
    (checkout / name).write_text("tqdm==5\n")

    assert VirtualEnvironment(checkout, "run").ensure()
    assert commands.made() == 1


def test_what_the_linters_need_is_added_when_they_are_asked_for(checkout: Path, commands: Commands) -> None:
    VirtualEnvironment(checkout, "run").ensure()

    assert VirtualEnvironment(checkout, "lint").ensure()
    assert "requirements/lint.txt" in commands.seen[-2]
    assert not VirtualEnvironment(
        checkout, "run"
    ).ensure()  # the linters' file holds a run's packages, in equal versions
    assert commands.made() == 1


@pytest.mark.parametrize("damage", ["moved", "other-python", "interrupted", "python-gone"])
def test_one_that_cannot_be_used_is_made_anew(checkout: Path, commands: Commands, damage: str) -> None:
    VirtualEnvironment(checkout, "run").ensure()
    directory = checkout / ".venv"
    match damage:
        case "moved":
            (directory / "bin" / "pip").write_text("#!/elsewhere/.venv/bin/python\n")
        case "other-python":
            (directory / "pyvenv.cfg").write_text("version = 3.2.1\n")
        case "interrupted":
            (directory / "bin" / "pip").unlink()
        case _:
            (directory / "bin" / "python").unlink()
            (directory / "bin" / "python").symlink_to("/nowhere/python")

    assert VirtualEnvironment(checkout, "run").ensure()
    assert commands.made() == 2


def test_a_failing_install_is_one_line_and_is_tried_again(checkout: Path, commands: Commands) -> None:
    commands.failing = "pip install"
    with pytest.raises(UserError, match=r"^`-m pip install` ended with 1, its last words are above: put that right"):
        VirtualEnvironment(checkout, "run").ensure()

    commands.failing = ""
    assert VirtualEnvironment(checkout, "run").ensure()


def test_an_unknown_group_is_one_line(checkout: Path) -> None:
    with pytest.raises(UserError, match=r"requirements/docs\.txt does not exist: choose run or lint"):
        VirtualEnvironment(checkout, "docs")
