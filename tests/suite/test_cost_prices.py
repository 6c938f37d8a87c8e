"""Prices are read whole, single ones are replaced, and a bad file is one line that names file and entry."""

from pathlib import Path

import pytest
import yaml

from fixtures.errors import UserError
from suite.cost import prices
from suite.cost.prices import load
from suite.scenario import ARTICLE

ENTRY = {"name": "n", "value": 0.01, "unit": "yuan/s", "source": "s", "date": "2026-11-25"}


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "prices.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def entry(**changed: object) -> str:
    """Return a file whose only entry is the reader's price, with some fields changed; a quoted date is unquoted."""
    text = yaml.safe_dump({"prices": {"reader": ENTRY | changed}})
    return text.replace("'2026-11-25'", "2026-11-25")


def test_the_articles_numbers_are_those_of_the_scenario() -> None:
    ours = load()

    assert ours.price("reader") == 0.008
    assert ours.assumed("readers") == ARTICLE["readers"]
    assert ours.assumed("modelBytes") == ARTICLE["bytes"]
    assert ours.assumed("originBits") == ARTICLE["bitsPerSecond"]
    assert ours.assumed("fileBytes") == 3072 * (10 << 20)


def test_a_price_that_the_article_does_not_name_is_called_an_assumption() -> None:
    ours = load()

    assert ours.prices["worker"].source.startswith("assumption")
    assert ours.prices["controller"].source.startswith("assumption")


def test_a_file_replaces_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    theirs = load(written(tmp_path, entry()))

    assert (theirs.price("reader"), theirs.prices["reader"].source) == (0.01, "s")
    assert theirs.price("worker") == load().price("worker")
    assert theirs.assumptions == load().assumptions


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- 1", "takes a mapping"),
        ("", "takes a mapping"),
        ("a: [", "not YAML"),
        ("cost: {}", "cost: unknown; it takes currency, prices and assumptions"),
        ("currency: euro", "currency is 'euro': the report counts in yuan"),
        ("prices: [1]", "prices: it takes a mapping of names"),
        ("prices: {gpu: {}}", "prices.gpu: unknown; it takes reader, worker, controller"),
        ("prices: {reader: 0.008}", "prices.reader: it takes name, value, unit, source, date, all of them"),
        (entry(currency="yuan"), "prices.reader: it takes name, value"),
        (entry(value="much"), "prices.reader.value is 'much': it takes a number"),
        (entry(value=-1), "prices.reader.value is -1"),
        (entry(value=float("nan")), "prices.reader.value is nan"),
        (entry(value=True), "prices.reader.value is True"),
        (entry(unit="yuan/h"), "prices.reader.unit is 'yuan/h': it takes yuan/s"),
        (entry(source=""), "prices.reader.source is ''"),
        (entry(date="lately"), "prices.reader.date is 'lately': it takes a day, such as 2026-11-25"),
        (entry(value=0).replace("prices", "assumptions").replace("reader", "workers"), "workers.value is 0"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(tmp_path: Path, text: str, told: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(UserError) as refused:
        load(file)

    assert str(refused.value).startswith(str(file))
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.yaml: No such file"):
        load(tmp_path / "none.yaml")


def test_our_own_file_must_be_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prices, "DEFAULT", written(tmp_path, entry()))
    with pytest.raises(UserError, match=r"prices\.worker is missing; restore the file"):
        load()
