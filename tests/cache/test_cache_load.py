"""A load leaves the data cached and has cost its bytes once, or says in one line why not."""

from __future__ import annotations

import concurrent.futures
import json
import signal
import threading
import tracemalloc
import urllib.request
from typing import TYPE_CHECKING

import pytest
from cache_contents import content, sha
from cache_lab import BLOCK, COMMAND, STRIPE, Json, Lab, until

from reference_impl.cache import load_pieces
from reference_impl.cache.config import RuntimeConfig, parse
from reference_impl.cache.load import EXIT_AGAIN, EXIT_HOPELESS, EXIT_USAGE, load_paths, main
from reference_impl.cache.load_errors import DeniedError, GiveUpError, MissingError, NoRoomError
from reference_impl.cache.load_names import outermost
from reference_impl.cache.load_progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

BODIES = {
    "a": content(1, STRIPE + 3 * BLOCK + 5),
    "in/b": content(2, 2 * BLOCK),
    "in/deep/c": content(3, 77),
    "in/empty": b"",
    "out/d": content(4, BLOCK + 1),
}
TOTAL = sum(map(len, BODIES.values()))


@pytest.fixture
def filled(lab: Lab) -> Lab:
    for key, body in BODIES.items():
        lab.origin.put(key, body)
    return lab


def configuration(lab: Lab) -> RuntimeConfig:
    return parse(json.loads((lab.folder / "runtime.json").read_text()))


def load(lab: Lab, *paths: str, refresh: bool = False) -> Progress:
    progress = Progress()
    load_paths(configuration(lab), paths or ("/",), progress, refresh=refresh)
    return progress


def run(lab: Lab, *arguments: str) -> Json:
    return lab.node.do("run", argv=[*COMMAND, "load", *arguments], env=lab.environment(), seconds=30)


def test_what_was_loaded_costs_its_bytes_once_and_its_readers_nothing(filled: Lab) -> None:
    filled.start(workers=3)

    progress = load(filled)

    assert progress.document() == {"loadedBytes": TOTAL, "totalBytes": TOTAL, "files": len(BODIES), "error": ""}
    costs = {key: filled.origin.sent[key] for key in BODIES}
    assert costs == {key: len(body) for key, body in BODIES.items()}
    for key, body in BODIES.items():
        assert filled.node.do("digest", path=filled.path(key)) == [len(body), sha(body)]
    assert {key: filled.origin.sent[key] for key in BODIES} == costs


def test_only_what_the_paths_name_is_loaded(filled: Lab) -> None:
    filled.start(workers=2)

    load(filled, "/in/deep", "out/d", "/out/d")

    loaded = {key for key in BODIES if filled.origin.sent[key]}
    assert loaded == {"in/deep/c", "out/d"}


def test_all_mounts_are_loaded(lab: Lab) -> None:
    for key in ("left/a", "right/b"):
        lab.origin.put(key, content(5, 1000))
    lab.start(
        mounts=[
            {"mountPoint": "s3://data/left", "path": "/l", "name": "left"},
            {"mountPoint": "s3://data/right", "path": "/deep/r", "name": "right"},
        ]
    )

    assert load(lab).document()["files"] == 2
    assert (lab.origin.sent["left/a"], lab.origin.sent["right/b"]) == (1000, 1000)


def test_two_loads_and_a_reader_at_once_cost_the_bytes_once(filled: Lab) -> None:
    filled.start(workers=2)
    filled.origin.open_gate.clear()

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        loads = [pool.submit(load, filled) for _ in range(2)]
        read = filled.node.begin("digest", path=filled.path("a"))
        assert filled.origin.arrived.acquire(timeout=10)
        filled.origin.open_gate.set()
        for each in loads:
            each.result(30)
    assert read.result(30) == [len(BODIES["a"]), sha(BODIES["a"])]

    assert {key: filled.origin.sent[key] for key in BODIES} == {key: len(body) for key, body in BODIES.items()}


def test_the_loaders_memory_does_not_grow_with_what_it_loads(lab: Lab) -> None:
    lab.origin.put("big", content(6, 100 * BLOCK))
    lab.start()

    tracemalloc.start()
    try:
        load(lab)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    # Four buffers, and what this process's own origin sends at the same time.
    assert peak < 16 * BLOCK, f"{peak} bytes at once for {100 * BLOCK}"


def test_an_object_that_is_new_in_the_origin_is_loaded_after_a_refresh(filled: Lab) -> None:
    filled.start(workers=2)
    load(filled, "/in")  # the workers' listings are new now
    filled.origin.put("in/new", content(7, 500))

    assert load(filled, "/in", refresh=True).document()["files"] == 4
    assert filled.origin.sent["in/new"] == 500


def test_a_path_that_the_origin_lacks_is_named(filled: Lab) -> None:
    filled.start()

    with pytest.raises(MissingError, match=r"^/in/nope: the origin has no such path$"):
        load(filled, "/in/nope")


def test_a_denial_is_told_as_one(filled: Lab) -> None:
    filled.start()
    filled.origin.accepted_key = "another-key"

    with pytest.raises(DeniedError, match=r"/.*: the origin denies it: "):
        load(filled)


def test_what_one_worker_cannot_hold_is_refused_before_a_byte_is_read(lab: Lab) -> None:
    lab.origin.put("big", content(8, 12 * BLOCK))
    lab.start(quota=10 * BLOCK)

    with pytest.raises(NoRoomError, match=r"^/big: \d+ bytes .* may hold \d+: raise the quota, add workers"):
        load(lab, "/big")

    assert lab.origin.sent["big"] == 0


def test_what_did_not_stay_is_told(filled: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    filled.start()
    # As if the worker had been started anew after its last piece: nothing else tells the loader.
    monkeypatch.setattr("reference_impl.cache.load_names.Names.figures", lambda *_: {"cachedBytes": 1})

    with pytest.raises(GiveUpError, match=r"worker 127\.0\.0\.1 holds 1 bytes after \d+ were loaded into it"):
        load(filled)


def test_an_object_replaced_meanwhile_asks_for_another_attempt(filled: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    filled.start()
    read = load_pieces.PieceReader.read_all

    def replaced_first(self: load_pieces.PieceReader, wanted: Json) -> None:
        found = list(wanted)
        filled.origin.put("out/d", content(9, BLOCK))
        read(self, iter(found))

    monkeypatch.setattr(load_pieces.PieceReader, "read_all", replaced_first)
    with pytest.raises(GiveUpError, match=r"^/out/d: replaced or deleted"):
        load(filled, "/out/d")


def test_a_worker_that_comes_back_is_waited_for(filled: Lab) -> None:
    filled.start(workers=2)
    filled.signal(filled.workers["127.0.0.2"], signal.SIGKILL)

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        loading = pool.submit(load, filled)
        threading.Event().wait(1.0)
        filled.start_worker("127.0.0.2")
        loading.result(30)

    assert sum(filled.stats(host)["cachedBytes"] for host in filled.workers) == TOTAL
    assert filled.stats("127.0.0.2")["cachedBytes"] > 0


def test_a_worker_that_stays_away_is_stood_in_for(filled: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_pieces, "_PATIENCE_SECONDS", 0.5)
    filled.start(workers=2)
    filled.signal(filled.workers["127.0.0.2"], signal.SIGKILL)

    progress = load(filled)

    assert progress.document()["loadedBytes"] == TOTAL
    assert filled.stats("127.0.0.1")["cachedBytes"] == TOTAL


def test_the_command_says_by_its_code_whether_to_try_again(filled: Lab) -> None:
    filled.start()

    assert run(filled, "--path", "/in", "--refresh")["code"] == 0
    done = run(filled, "--path", "/nope")
    assert done["code"] == EXIT_HOPELESS
    assert "load failed: /nope: the origin has no such path" in done["err"]
    assert run(filled, "--nope")["code"] == EXIT_USAGE


def test_a_failure_that_may_pass_has_a_code_of_its_own(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Json, **__: Json) -> None:
        raise GiveUpError("/a: no worker answers")

    lab.configure()
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # pytest's own stay
    monkeypatch.setattr("reference_impl.cache.load.load_paths", fail)

    assert main(["--address", "127.0.0.1"], lab.environment()) == EXIT_AGAIN


def test_progress_is_served_while_it_loads_and_a_signal_ends_it_at_once(filled: Lab) -> None:
    filled.start()
    filled.origin.open_gate.clear()
    port = filled.data_port + 2 if filled.data_port + 2 != filled.control_port else filled.data_port + 3
    argv = [*COMMAND, "load", "--address", "127.0.0.1", "--port", str(port)]
    pid = filled.node.do("start", argv=argv, env=filled.environment(), log=str(filled.log))

    def progress() -> Json:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/progress", timeout=5) as answer:
            return json.load(answer)

    seen = until(lambda: (found := progress())["totalBytes"] and found, "progress with a total")
    filled.signal(pid, signal.SIGTERM)
    code = filled.node.do("wait", pid=pid, seconds=4)
    filled.origin.open_gate.set()

    assert seen == {"loadedBytes": 0, "totalBytes": TOTAL, "files": len(BODIES), "error": ""}
    assert code == 128 + signal.SIGTERM


def test_a_termination_message_is_left_only_where_there_is_a_place_for_it(tmp_path: Path) -> None:
    progress = Progress()
    progress.listed(total=10, files=1)
    progress.add(4)
    progress.leave(tmp_path / "nowhere")
    place = tmp_path / "termination-log"
    place.touch()
    progress.leave(place)

    assert not (tmp_path / "nowhere").exists()
    assert json.loads(place.read_text()) == {"loadedBytes": 4, "totalBytes": 10, "files": 1, "error": ""}


def test_paths_are_made_absolute_and_none_is_loaded_twice() -> None:
    assert outermost(["in/", "/in/deep", "/inner", "/in"]) == ["/in", "/inner"]
    assert outermost(["/a", "/"]) == ["/"]
