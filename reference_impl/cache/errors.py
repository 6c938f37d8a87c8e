"""What can go wrong between a reader and the origin, in kinds that both sides of the wire understand.

A message never carries a credential or a signed URL: it names the endpoint, the bucket and the cause.
"""

from __future__ import annotations

import enum
import http
import os


class UserError(Exception):
    """Something that whoever deployed us can put right; the text says how."""


class Cause(enum.Enum):
    """Why an origin could not give what was asked for; the value is the status that the worker answers."""

    DENIED = http.HTTPStatus.FORBIDDEN
    MISSING = http.HTTPStatus.NOT_FOUND
    CHANGED = http.HTTPStatus.PRECONDITION_FAILED
    UNAVAILABLE = http.HTTPStatus.SERVICE_UNAVAILABLE
    NO_SPACE = http.HTTPStatus.INSUFFICIENT_STORAGE


class OriginError(Exception):
    """The origin refused, or could not be asked, after everything that may help was tried."""

    def __init__(self, cause: Cause, message: str) -> None:
        super().__init__(message)
        self.cause = cause


def refuse_arguments(arguments: list[str]) -> None:
    """Raise UserError when there are any: everything is in the configuration."""
    if arguments:
        raise UserError(f"got {arguments}, expected no arguments: everything is in the runtime's configuration")


def port_error(address: tuple[str, int], error: OSError) -> UserError:
    """Say why a port cannot be opened."""
    reason = os.strerror(error.errno or 0)
    return UserError(
        f"port {address[1]}: {reason}. Free it, or change dataPort or controlPort in the runtime's configuration."
    )
