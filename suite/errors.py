"""How a test of the suite ends when it does not pass; the type decides the verdict.

Rule: AssertionError (and its subclass WaitFailed) blames the implementation, Void blames the sample, NotApplicable
the target, everything else ourselves or the infrastructure.
"""


class Void(Exception):
    """Measured, but the sample proves nothing: the text says which condition did not hold."""


class NotApplicable(Exception):
    """This target cannot show the requirement: the text says which capability it lacks."""


class WaitFailed(AssertionError):
    """What was waited for did not come: the text says what was last seen, since when, and where the evidence is."""


class NothingObserved(Exception):
    """A wait or a check that saw nothing at all: an error of ours, never a verdict on the implementation."""
