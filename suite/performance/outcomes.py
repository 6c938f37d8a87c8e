"""How a benchmark ended, on its way from its own session to the judge's.

Rule: what a benchmark raised is raised again where it is judged, as the same kind of verdict, with the same words.
"""

from collections.abc import Mapping

from fixtures.errors import InfrastructureError
from fixtures.implementations.data_plane import NotOffered
from suite.errors import NotApplicable, Void

TOLD = "benchmarks: "  # begins each line that the judge's side passes on

FAILED, VOID, NOT_APPLICABLE, BROKEN = "fail", "void", "notApplicable", "error"


def of_error(error: BaseException) -> dict[str, str]:
    """Return plain data that says what an error means."""
    match error:
        case AssertionError():
            verdict = FAILED
        case Void():
            verdict = VOID
        case NotApplicable() | NotOffered():
            verdict = NOT_APPLICABLE
        case _:
            verdict = BROKEN
    text = str(error) if verdict != BROKEN else f"{type(error).__name__}: {error}"
    return {"verdict": verdict, "message": text or type(error).__name__}


def raise_again(ended: Mapping[str, str]) -> None:
    """Raise what `of_error` described."""
    kinds: Mapping[str, type[Exception]] = {FAILED: AssertionError, VOID: Void, NOT_APPLICABLE: NotApplicable}
    raise kinds.get(ended["verdict"], InfrastructureError)(ended["message"])
