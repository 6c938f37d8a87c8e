"""What the tests of the report share: names of types, and a change of a sample that keeps it consistent."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Content = dict[str, Any]
Edit = Callable[[Content], object]
Sample = Callable[[str], Path]
Changed = Callable[[str, Edit], Path]


def count_again(content: Content) -> None:
    """Make a changed sample's summary agree with its rows."""
    verdicts = [row["verdict"] for row in content["requirements"]]
    content["summary"] = {verdict: verdicts.count(verdict) for verdict in content["summary"]}
