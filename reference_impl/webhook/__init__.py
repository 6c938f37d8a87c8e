"""The admission webhook: gives application pods their data on nodes that have no CSI plug-in."""


def main(_arguments: list[str]) -> int:
    """Serve until SIGTERM; the exit code is 0 then."""
    from reference_impl.webhook.service import run  # noqa: PLC0415 - tests of `mutate` need no server

    return run()
