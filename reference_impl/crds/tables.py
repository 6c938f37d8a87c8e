"""The two tables of facts, read into records.

Rule: a row is taken as it stands; what it means for a schema is said in `schema`, not here.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field path of one kind."""

    path: str  # dotted, [] = array items
    type: str  # JSON schema type, array<…>, map<…>, int-or-string or core/v1.X
    format: str
    required: bool
    enum: tuple[str, ...]
    default: str  # JSON, "" = none
    validation: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One printer column."""

    name: str
    type: str
    json_path: str
    priority: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind with everything that the tables say about it."""

    name: str
    version: str
    attributes: dict[str, str]
    columns: tuple[Column, ...]
    fields: tuple[Field, ...]


def read_kinds() -> tuple[Kind, ...]:
    """Return the kinds in the order of the tables."""
    records = list(_rows("kinds.tsv"))
    names = dict.fromkeys((row["kind"], row["version"]) for row in records)
    fields = list(_rows("fields.tsv"))
    return tuple(
        Kind(
            name=name,
            version=version,
            attributes={row["key"]: row["value"] for row in records if row["record"] == "attr" and row["kind"] == name},
            columns=tuple(_column(row) for row in records if row["record"] == "column" and row["kind"] == name),
            # A field that a later release dropped is pruned, not served.
            fields=tuple(_field(row) for row in fields if row["kind"] == name and not row["until"]),
        )
        for name, version in names
    )


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = (files("reference_impl.crds") / name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    yield from csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE, restval="")


def _column(row: dict[str, str]) -> Column:
    return Column(
        name=row["value"], type=row["columnType"], json_path=row["jsonPath"], priority=int(row["priority"] or 0)
    )


def _field(row: dict[str, str]) -> Field:
    rules = [rule.partition("=") for rule in row["validation"].split(";") if rule]
    return Field(
        path=row["path"],
        type=row["type"],
        format=row["format"],
        required=row["required"] == "yes",
        enum=tuple("" if value == '""' else value for value in row["enum"].split("|")) if row["enum"] else (),
        default=row["default"],
        validation=tuple((key, value) for key, _, value in rules),
    )
