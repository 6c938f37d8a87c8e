"""Fields of objects, and what a test demands of them.

Rule: a field that is not there is None. Whether it must be there is a judgement on the implementation, so its absence
fails a test and never breaks it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from suite.cluster import Object


def at(found: object, *path: str | int) -> Any:  # noqa: ANN401 - whatever JSON holds there
    """Return what lies at a path of keys and list positions, None where there is nothing."""
    for step in path:
        if isinstance(step, str) and isinstance(found, Mapping):
            found = found.get(step)
        elif isinstance(step, int) and isinstance(found, Sequence) and -len(found) <= step < len(found):
            found = found[step]
        else:
            return None
    return found


def expect(found: Object | None, wanted: Mapping[tuple[str, ...], object], *, what: str = "") -> None:
    """Demand that an object's fields have these values; AssertionError with one line for each that has another."""
    name = what or title(found)
    wrong = [
        f"{name}: {'.'.join(map(str, path))} is {seen!r}, expected {value!r}"
        for path, value in wanted.items()
        if (seen := at(found, *path)) != value
    ]
    if wrong:
        raise AssertionError("\n".join(wrong))


def title(found: Object | None) -> str:
    """Return kind, namespace and name of an object for a message."""
    if found is None:
        return "an object that does not exist"
    full_name = "/".join(filter(None, (at(found, "metadata", "namespace"), at(found, "metadata", "name"))))
    return f"{found.get('kind', 'object')} {full_name}"
