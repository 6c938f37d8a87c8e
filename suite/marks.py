"""How a test says which requirement it proves."""

import pytest


def requirement(*ids: str) -> pytest.MarkDecorator:
    """Mark a test as proof of the ledger rows with these ids; the test's name is the sentence in short."""
    return pytest.mark.requirement(*ids)
