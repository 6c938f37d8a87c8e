"""The rules of the house that no linter knows."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.paths import checkout_directory

ROOT = checkout_directory()
LONGEST_FILE = 500
# Directories that are made here and are not the project's.
FOREIGN = {".git", ".venv", "__pycache__", "build", "runs", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
CODE = {".py", ".go", ".sh"}
# Written so that this file is not found by itself.
NEVER = {
    "the home of a user": r"(?<![\w.}])/(?:root|home/[a-z]\w*)" + r"/\w",
    "a directory of one machine": r"(?<![\w.}])/(?:work|Users|private)" + r"/\w",
    "a host of a package registry": r"(?:pypi\.|pythonhosted\.|proxy\.golang\.|registry\.npmjs\.)" + r"(?:org|com)",
    "an index option": "--(?:extra-)?index" + "-url|--find" + "-links|--trusted" + "-host",
}


def files() -> Iterator[Path]:
    """Return every text file of the project."""
    for path in sorted(ROOT.rglob("*")):
        inside = path.relative_to(ROOT)
        if path.is_file() and not FOREIGN.intersection(inside.parts) and not inside.parts[0].endswith(".egg-info"):
            yield path


def text_of(path: Path) -> str:
    """Return a file's text; what is not text has none."""
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return ""


def test_no_file_of_code_is_long() -> None:
    sizes = {path: len(text_of(path).splitlines()) for path in files() if path.suffix in CODE}

    assert len(sizes) > 50, "the files were not found"
    assert {str(path.relative_to(ROOT)): size for path, size in sizes.items() if size > LONGEST_FILE} == {}


def test_every_python_module_says_what_it_is_for() -> None:
    modules = [path for path in files() if path.suffix == ".py" and text_of(path).strip()]

    assert [str(path.relative_to(ROOT)) for path in modules if not ast.get_docstring(ast.parse(text_of(path)))] == []


@pytest.mark.parametrize("what", NEVER)
def test_nothing_names_a_machine_or_a_registry(what: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in files()
        if path != Path(__file__)
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if re.search(NEVER[what], line)
    ]

    assert found == []


@pytest.mark.parametrize("name", ["run", "lint", "go"])
def test_every_requirement_is_pinned_with_its_hashes(name: str) -> None:
    lines = (ROOT / "requirements" / f"{name}.txt").read_text().splitlines()
    packages = [number for number, line in enumerate(lines) if re.match(r"\w", line)]

    assert packages
    for number in packages:
        assert re.match(r"[\w.-]+==[\w.]+ (?:; .* )?\\$", lines[number]), lines[number]
        assert lines[number + 1].startswith("    --hash=sha256:"), lines[number]


def test_the_linters_run_with_the_packages_of_a_run() -> None:
    pins = re.compile(r"^[\w.-]+==[^\s]+", re.MULTILINE)

    assert set(pins.findall(requirements("run"))) <= set(pins.findall(requirements("lint")))


def test_every_dependency_says_why_and_how_big_it_is() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    project = tomllib.loads(text)["project"]
    groups = project["optional-dependencies"].values()
    named = [*project["dependencies"], *(requirement for group in groups for requirement in group)]

    assert set(project["optional-dependencies"]) == {"run", "test", "lint", "docs"}
    for requirement in named:
        assert re.search(rf'"{re.escape(requirement)}",\s+# .+; .*\d+(?:\.\d)? MB', text), requirement


def test_the_notice_names_every_package_of_a_run() -> None:
    notice = (ROOT / "NOTICE").read_text().lower()
    packages = re.findall(r"^([\w.-]+)==[^\s]+ (?!; sys_platform == 'win32')", requirements("run"), re.MULTILINE)

    assert len(packages) > 20
    assert [name for name in packages if not re.search(rf"\b{re.escape(name)}\b", notice)] == []


def requirements(name: str) -> str:
    """Return a file of requirements."""
    return (ROOT / "requirements" / f"{name}.txt").read_text()


def test_the_commands_of_the_readme_exist() -> None:
    readme = (ROOT / "README.md").read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = subprocess.run(
        [ROOT / ".venv" / "bin" / "python", "-m", "fixtures", "--help"],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=30,
    ).stdout  # fmt: skip

    for target in re.findall(r"\bmake ([a-z][a-z-]*)", code(readme)):
        assert target in targets, f"make {target}"
    for command in re.findall(r"python -m fixtures ([a-z]+)", code(readme)):
        assert re.search(rf"^\s+{command}\b", commands, re.MULTILINE), f"python -m fixtures {command}"
    for command in ("make conformance", "make test"):
        assert command in code(readme), f"{command} is not in README.md"


def code(markdown: str) -> str:
    """Return what stands in a Markdown text as code."""
    return "\n".join(re.findall(r"```.*?```|`[^`]+`", markdown, re.DOTALL))


def test_make_lint_runs_every_linter() -> None:
    planned = make("-n", "lint")

    for linter in ("ruff check", "ruff format --check", "mypy", "lint-imports", "gofmt", "vet", "staticcheck@v"):
        assert linter in planned, linter


def test_make_alone_lists_every_command() -> None:
    listed = make()

    for command in ("setup", "conformance", "test", "lint", "lock", "clean"):
        assert re.search(rf"^  make {command}\s+\w", listed, re.MULTILINE), listed


def make(*arguments: str) -> str:
    """Run make; return what it prints."""
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=30,
    ).stdout  # fmt: skip


def test_the_ci_runs_lint_test_and_conformance_in_this_order() -> None:
    script = ROOT / ".ci" / "run"

    assert script.stat().st_mode & 0o111
    assert "for step in lint test conformance" in script.read_text()
