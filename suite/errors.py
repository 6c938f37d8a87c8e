"""How a test of the suite ends when it does not pass; the type decides the verdict.

Rule: AssertionError (and its subclasses here) blames the implementation, Void blames the sample, NotApplicable
the target, everything else ourselves or the infrastructure.
"""


class Void(Exception):
    """Measured, but the sample proves nothing: the text says which condition did not hold."""


class NotApplicable(Exception):
    """This target cannot show the requirement: the text says which capability it lacks."""


class WaitFailed(AssertionError):
    """What was waited for did not come: the text says what was last seen, since when, and where the evidence is."""


class GateMissed(AssertionError):
    """A ratio does not keep its bounds: the text gives both sides, the interval and how it was obtained."""


class NothingObserved(Exception):
    """A wait or a check that saw nothing at all: an error of ours, never a verdict on the implementation."""
