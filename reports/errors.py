"""Errors of this package: each is one line that says what is wrong, where, and what to do."""


class ReportError(Exception):
    """A run directory or its report.yaml cannot be read, or the page cannot be written."""
