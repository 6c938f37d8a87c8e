"""The store: real MinIO, its errors in one line, its secrets nowhere."""

import os
import pickle
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from loopback import Loopback, free_port

from fixtures.errors import InfrastructureError
from fixtures.gateway.client import Gateway
from fixtures.stores import Address, Secret
from fixtures.stores.content import content
from fixtures.stores.errors import StoreDiedError, StoreFullError, StoreRefusedError, StoreUnreachableError
from fixtures.stores.minio import MinioStore

BUCKET = "bucket"
NOWHERE = Address(host="127.0.0.1", port=1)


def make_store(directory: Path, program: Path, host: Loopback) -> MinioStore:
    (directory / "store").mkdir()
    listen = Address(host="127.0.0.1", port=free_port())
    return MinioStore(host, directory, program=program, gateway=NOWHERE, listen=listen)


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    host = Loopback()
    yield host
    host.end()


def test_what_is_put_can_be_listed_and_read_through_the_gateway(store: MinioStore, gateway: Gateway) -> None:
    store.put(BUCKET, "dir/some key+ä", seed="s", size=100_001)

    url = store.presign(BUCKET, "dir/some key+ä", seconds=60)
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - our own gateway
        assert answer.read() == content("s", 0, 100_001)
    assert [(item.key, item.size) for item in store.list(BUCKET, "dir/")] == [("dir/some key+ä", 100_001)]
    assert gateway.meter().of(BUCKET, "dir/some key+ä").get_bytes == 100_001


@pytest.mark.parametrize("size", [0, 1])
def test_the_smallest_objects_can_be_put(store: MinioStore, size: int) -> None:
    store.put(BUCKET, f"small-{size}", seed="s", size=size)

    assert [item.size for item in store.list(BUCKET, f"small-{size}")] == [size]


def test_a_bucket_goes_with_all_that_is_in_it(store: MinioStore) -> None:
    store.make_bucket("doomed")
    store.make_bucket("doomed")
    for name in ("a", "b/c"):
        store.put("doomed", name, seed="s", size=10)

    store.remove_bucket("doomed")
    store.remove_bucket("doomed")

    with pytest.raises(InfrastructureError, match="NoSuchBucket"):
        store.list("doomed")


def test_another_process_can_attach(store: MinioStore, minio_program: Path, tmp_path: Path, loopback: Loopback) -> None:
    other = make_store(tmp_path, minio_program, loopback)
    other.attach(store.handover())

    other.put(BUCKET, "attached", seed="s", size=5)

    assert [item.key for item in store.list(BUCKET, "attached")] == ["attached"]


def test_the_version_is_the_pinned_module_version(store: MinioStore) -> None:
    assert store.version.startswith("v0.0.0-2026"), store.version


def test_the_keys_stand_in_no_argument_and_no_log_and_no_message(
    tmp_path: Path, minio_program: Path, loopback: Loopback
) -> None:
    store = make_store(tmp_path, minio_program, loopback)
    store.up(lambda _: None)
    store.make_bucket(BUCKET)
    # Room enough for us, none for MinIO: it logs the error with all that it knows.
    loopback.stop("minio")
    with pytest.raises(InfrastructureError) as raised:
        store.put(BUCKET, "key", seed="s", size=1)

    secrets = [store.access_key.reveal(), store.secret_key.reveal()]
    seen = [repr(store.access_key), f"{store.secret_key}", str(raised.value), (tmp_path / "logs/minio.log").read_text()]
    seen += loopback.argv["minio"]
    assert len(set(secrets)) == 2
    assert not [text for text in seen for secret in secrets if secret in text]
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Secret("x"))


def test_credentials_that_are_refused_say_so(
    store: MinioStore, minio_program: Path, tmp_path: Path, loopback: Loopback
) -> None:
    other = make_store(tmp_path, minio_program, loopback)
    other.attach({**store.handover(), "secret_key": "not-the-secret-key"})

    with pytest.raises(StoreRefusedError, match=r"making bucket new: MinIO at .* refuses the credentials"):
        other.make_bucket("new")


def test_a_store_that_cannot_start_tells_exit_code_and_reason(
    tmp_path: Path, minio_program: Path, loopback: Loopback
) -> None:
    elsewhere = Address(host="192.0.2.1", port=9000)
    store = MinioStore(loopback, tmp_path, program=minio_program, gateway=NOWHERE, listen=elsewhere)

    with pytest.raises(InfrastructureError, match=r"minio ended with 1: .+") as raised:
        store.up(lambda _: None)

    assert "\n" not in str(raised.value)


def test_a_store_that_was_killed_says_so(tmp_path: Path, minio_program: Path, loopback: Loopback) -> None:
    store = make_store(tmp_path, minio_program, loopback)
    store.up(lambda _: None)
    store.make_bucket(BUCKET)
    loopback.processes["minio"].kill()
    loopback.processes["minio"].wait()

    with pytest.raises(StoreDiedError, match=r"upload bucket/key: minio ended with -9"):
        store.put(BUCKET, "key", seed="s", size=1)


def test_a_store_that_does_not_answer_says_where(
    store: MinioStore, minio_program: Path, tmp_path: Path, loopback: Loopback
) -> None:
    other = make_store(tmp_path, minio_program, loopback)
    other.attach({**store.handover(), "port": free_port()})

    with pytest.raises(StoreUnreachableError, match=r"making bucket new: MinIO at 127.* does not answer \(.*refused"):
        other.make_bucket("new")


def test_an_object_larger_than_the_disk_is_refused_before_it_is_made(store: MinioStore) -> None:
    with pytest.raises(StoreFullError, match=r"GB free: make room there, choose a smaller"):
        store.put(BUCKET, "huge", seed="s", size=1 << 60)


def test_a_disk_that_fills_up_midway_says_so_and_keeps_nothing(tmp_path: Path, minio_program: Path) -> None:
    data = tmp_path / "store" / "data"
    script = f'mount -t tmpfs -o size=48m none "{data}" && exec "$@"'
    user = () if os.geteuid() == 0 else ("-r",)
    host = Loopback(wrapper=["unshare", "-m", *user, "sh", "-c", script, "sh"])
    store = make_store(tmp_path, minio_program, host)
    try:
        store.up(lambda _: None)
        store.make_bucket(BUCKET)
        with pytest.raises(StoreFullError, match=r"upload bucket/key: .* GB free: make room"):
            store.put(BUCKET, "key", seed="s", size=100 << 20)
        assert not store.list(BUCKET)
        assert not store._client._list_multipart_uploads(BUCKET, prefix="key").uploads
    finally:
        host.end()
