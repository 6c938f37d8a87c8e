"""How a load can fail: for good, or so that another attempt may help.

Rule: the text is one line that names the path and the way out where there is one.
"""


class LoadError(Exception):
    """The load has failed."""


class GiveUpError(LoadError):
    """Workers or origin were away for too long, or the data changed meanwhile: another attempt may help."""


class HopelessError(LoadError):
    """Another attempt would fail alike."""


class MissingError(HopelessError):
    """The origin has no such path."""


class DeniedError(HopelessError):
    """The origin denies it."""


class NoRoomError(HopelessError):
    """The cache cannot hold what is to be loaded."""
