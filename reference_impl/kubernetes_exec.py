"""Running a command in a container, through the API server and a websocket.

Rule: a command whose end the server did not report has not ended for us: that is an error, never a success.
"""

import json
from collections.abc import Sequence
from typing import Any

from kubernetes.stream.ws_client import ERROR_CHANNEL, WSClient, get_websocket_url
from websocket import WebSocketBadStatusException, WebSocketException, setdefaulttimeout

from reference_impl.kubernetes_api import ApiUnreachableError, Executed, api_error

CONNECT_SECONDS = 20.0


def execute(
    client: Any,  # noqa: ANN401 - the kubernetes package ships no types
    path: str,
    *,
    container: str,
    command: Sequence[str],
    seconds: float,
) -> Executed:
    """Run a command and wait for its end; ApiError when it was not allowed to begin."""
    setdefaulttimeout(CONNECT_SECONDS)  # the package's own way to connect would wait for ever
    query = [("container", container), ("stdout", "true"), ("stderr", "true"), *(("command", word) for word in command)]
    _, url, headers, *_ = client.param_serialize("GET", path, query_params=query, auth_settings=["BearerToken"])
    try:
        where = get_websocket_url(url)  # type: ignore[no-untyped-call]  # the package ships no types
        stream: Any = WSClient(client.configuration, where, headers, capture_all=True)  # type: ignore[no-untyped-call]
        try:
            stream.run_forever(timeout=seconds)
            if stream.is_open():
                raise ApiUnreachableError(f"{path}: {command[0]} in {container} has not ended in {seconds:.0f} s")
            status = stream.read_channel(ERROR_CHANNEL)  # before read_all, which forgets all channels
            return executed(status, stream.read_all())
        finally:
            stream.close()
    except WebSocketBadStatusException as error:
        raise api_error(error.status_code, error.resp_body or b"") from error
    except (WebSocketException, OSError) as error:
        raise ApiUnreachableError(f"{path}: {error}") from error


def executed(status: str, output: str) -> Executed:
    """Return what the Status at the end of a command's streams says of it."""
    try:
        decoded = json.loads(status)
        if decoded["status"] == "Success":
            return Executed(code=0, output=output)
        causes = decoded["details"]["causes"]
        code = next(int(cause["message"]) for cause in causes if cause["reason"] == "ExitCode")
    except (ValueError, KeyError, TypeError, StopIteration) as error:
        raise ApiUnreachableError(f"the command's end is unknown: {status[:300] or 'no status came'}") from error
    return Executed(code=code, output=output)
