"""What a window says of a server: what is counted, what is excused, and what proves nothing."""

import pytest

from suite.performance.benchmarks.http_client import Traffic
from suite.performance.benchmarks.processors import Spent
from suite.performance.benchmarks.rounds import FEWEST, Sample, Side, as_read, capacity, compare
from suite.performance.gates import Gate

GATE = Gate(name="a/b", floor=0.9)


def traffic(*, server: tuple[float, float], client: tuple[float, float], wrong: str = "") -> Traffic:
    """Return a second in which 1000 bytes came, with (running, waiting) of both."""
    return Traffic(
        bytes=1000,
        answers=10,
        seconds=1.0,
        client=Spent(running=client[0], waiting=client[1]),
        server=Spent(running=server[0], waiting=server[1]),
        wrong=wrong,
    )


@pytest.mark.parametrize(
    ("server", "client", "figure", "why"),
    [
        ((1.0, 0.0), (0.5, 0.0), 1000, "a server that always runs gives what it gave"),
        ((0.8, 0.0), (0.95, 0.0), 1250, "where the client was the limit, the server's own time counts"),
        ((0.2, 0.0), (0.2, 0.0), 1000, "a server that sleeps while the client has time to spare is slow"),
        ((0.5, 0.5), (0.5, 0.0), 2000, "time that others took from the server is not the server's"),
        ((0.5, 0.0), (0.5, 0.3), 1000 / 0.7, "a server may sleep while others keep the client from asking, no longer"),
        ((1.04, 0.0), (0.5, 0.0), 1000 / 1.04, "clocks that are read one after the other make no negative sleep"),
    ],
)
def test_what_a_server_could_give(
    server: tuple[float, float], client: tuple[float, float], figure: float, why: str
) -> None:
    sample = capacity(traffic(server=server, client=client), 1000)

    assert sample == Sample(figure=pytest.approx(figure)), why  # type: ignore[arg-type]


def test_a_client_that_leaves_the_server_idle_proves_nothing() -> None:
    assert "the server ran 30%" in capacity(traffic(server=(0.3, 0.0), client=(1.0, 0.0)), 1000).void


def test_a_reader_pays_for_its_own_copying_but_not_for_what_others_took() -> None:
    assert as_read(traffic(server=(0.5, 0.0), client=(0.5, 0.5))).figure == pytest.approx(2000)


def test_wrong_bytes_go_with_the_sample() -> None:
    assert capacity(traffic(server=(1.0, 0.0), client=(0.5, 0.0), wrong="byte 3"), 1).wrong == "byte 3"
    assert as_read(traffic(server=(1.0, 0.0), client=(0.5, 0.0), wrong="byte 3")).wrong == "byte 3"


class Benchmark:
    """What is used of pytest-benchmark."""

    def __init__(self) -> None:
        self.extra_info: dict[str, object] = {}
        self.rounds = 0

    def pedantic(self, target: object, *, rounds: int) -> None:
        self.rounds = rounds
        for _ in range(rounds):
            target()  # type: ignore[operator]


def run(figures: dict[str, list[Sample] | Sample]) -> tuple[Benchmark, list[str]]:
    """Compare a with b, whose samples are given."""
    order: list[str] = []

    def sample(name: str) -> Sample:
        order.append(name)
        wanted = figures[name]
        return wanted.pop(0) if isinstance(wanted, list) else wanted

    benchmark = Benchmark()
    a, b = (Side(name=name, sample=lambda name=name: sample(name)) for name in ("a", "b"))  # type: ignore[misc]
    compare(benchmark, GATE, numerator=a, denominator=b, unit="byte/s", how="here")
    return benchmark, order


def test_sides_take_turns_and_the_numerator_comes_twice() -> None:
    benchmark, order = run({"a": Sample(figure=2.0), "b": Sample(figure=1.0)})

    assert order == ["a", "b", "a"] * (1 + benchmark.rounds)
    assert benchmark.rounds >= FEWEST
    found = benchmark.extra_info["comparison"]
    assert isinstance(found, dict)
    assert len(found["rounds"]) == benchmark.rounds
    assert found["first"] is None


def test_a_missed_gate_is_measured_once_more_and_says_so() -> None:
    benchmark, order = run({"a": Sample(figure=0.5), "b": Sample(figure=1.0)})

    assert order == ["a", "b", "a"] * (1 + 2 * benchmark.rounds)
    found = benchmark.extra_info["comparison"]
    assert isinstance(found, dict)
    assert found["first"] == 0.5
    assert len(found["rounds"]) == benchmark.rounds


def test_a_round_with_a_void_sample_is_no_round() -> None:
    benchmark, _ = run({"a": Sample(figure=1.0), "b": Sample(figure=0.0, void="the client was the limit")})

    found = benchmark.extra_info["comparison"]
    assert isinstance(found, dict)
    assert not found["rounds"]
    assert found["void"] == ("the client was the limit",) * benchmark.rounds
