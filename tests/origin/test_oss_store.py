"""The store as OSS: what the suite uploads and lists by oss2, its errors in one line, its secrets nowhere."""

import dataclasses
import hashlib
import os
import re
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from loopback import Loopback, free_port
from oss_clients import client

from fixtures.errors import InfrastructureError
from fixtures.gateway.client import Gateway
from fixtures.stores import Address, StoredObject
from fixtures.stores.content import ContentStream, content
from fixtures.stores.errors import StoreDiedError, StoreFullError, StoreRefusedError, StoreUnreachableError
from fixtures.stores.minio import MinioStore
from fixtures.stores.oss.destination import OssObject
from fixtures.stores.oss.launch import ENDPOINT
from fixtures.stores.oss.store import OssStore
from fixtures.stores.upload import PART_BYTES, WORKERS, SentPart, upload

BUCKET = "bucket"
NOTHING: Callable[[int], object] = lambda _: None  # noqa: E731 - hears of progress


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    host = Loopback()
    yield host
    host.end()


def other_door(host: Loopback, directory: Path, *, behind: MinioStore, gateway: Address) -> OssStore:
    return OssStore(host, directory, behind=behind, gateway=gateway, listen=Address(host="127.0.0.1", port=free_port()))


def attached(like: OssStore, host: Loopback, directory: Path, behind: MinioStore, **changed: str | int) -> OssStore:
    """Return a store as another process has it, with something changed in what it was handed."""
    other = other_door(host, directory, behind=behind, gateway=Address(host="127.0.0.1", port=1))
    other.attach({**like.handover(), **changed})
    return other


def left_over(oss_store: OssStore, key: str) -> list[object]:
    """Return what a store keeps of an upload that did not end."""
    uploads = client(oss_store).list_multipart_uploads(prefix=key).upload_list
    return [*uploads, *oss_store.list(BUCKET, key)]


def test_what_is_put_by_oss_can_be_listed_and_read_by_either_door(
    oss_store: OssStore, store: MinioStore, gateway: Gateway
) -> None:
    key, size = "both/some key+ä", 2 * PART_BYTES + 5
    oss_store.put(BUCKET, key, seed="b", size=size)

    by_oss, by_s3 = oss_store.list(BUCKET, "both/"), store.list(BUCKET, "both/")
    assert [(item.key, item.size) for item in by_oss] == [(key, size)] == [(item.key, item.size) for item in by_s3]
    assert by_oss[0].etag == by_s3[0].etag.upper()
    assert by_oss[0].etag.endswith("-3")
    before = gateway.meter().of(BUCKET, key)
    with urllib.request.urlopen(store.presign(BUCKET, key, seconds=60)) as answer:  # noqa: S310 - our own gateway
        assert answer.read() == content("b", 0, size)
    assert client(oss_store).get_object(key, byte_range=(7, 1006)).read() == content("b", 7, 1000)
    assert gateway.meter().of(BUCKET, key).get_bytes - before.get_bytes == size + 1000  # metered under one name
    client(oss_store).delete_object(key)


def test_a_presigned_address_names_the_bucket_by_the_articles_endpoint(oss_store: OssStore) -> None:
    oss_store.put(BUCKET, "by url", seed="u", size=100)
    url = urlsplit(oss_store.presign(BUCKET, "by url", seconds=60))

    assert (url.netloc, url.path) == (f"{BUCKET}.{ENDPOINT}", "/by%20url")
    target = f"{oss_store.endpoint_here}{url.path}?{url.query}"
    request = urllib.request.Request(target, headers={"Host": url.netloc})  # noqa: S310 - our own door
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - the same
        assert answer.read() == content("u", 0, 100)


def test_a_dataset_names_it_as_the_article_does(oss_store: OssStore) -> None:
    naming = oss_store.naming

    assert naming.mount_point("fluid-demo") == "oss://fluid-demo"
    assert dict(naming.options) == {"fs.oss.endpoint": "oss-cn-beijing-internal.aliyuncs.com"}
    assert list(naming.secrets) == ["fs.oss.accessKeyId", "fs.oss.accessKeySecret"]


@pytest.mark.parametrize("size", [0, 1, PART_BYTES, PART_BYTES + 1])
def test_objects_of_any_size_are_put(oss_store: OssStore, size: int) -> None:
    oss_store.put(BUCKET, f"sized-{size}", seed="s", size=size)

    assert [item.size for item in oss_store.list(BUCKET, f"sized-{size}")] == [size]
    client(oss_store).delete_object(f"sized-{size}")


def test_a_bucket_goes_with_all_that_is_in_it(oss_store: OssStore) -> None:
    oss_store.make_bucket("doomed-by-oss")
    oss_store.make_bucket("doomed-by-oss")
    oss_store.put("doomed-by-oss", "a", seed="s", size=10)

    oss_store.remove_bucket("doomed-by-oss")
    oss_store.remove_bucket("doomed-by-oss")

    with pytest.raises(InfrastructureError, match="NoSuchBucket"):
        oss_store.list("doomed-by-oss")


class Breaking:
    """A stream that fails midway."""

    def __init__(self, size: int, error: BaseException) -> None:
        self._stream, self._error = ContentStream("b", size), error

    def read(self, size: int = -1, /) -> bytes:
        piece = self._stream.read(size)
        if not piece:
            raise self._error
        return piece


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError("no more")], ids=lambda e: type(e).__name__)
def test_an_interrupted_upload_leaves_nothing(oss_store: OssStore, error: BaseException) -> None:
    destination = OssObject(bucket=oss_store._bucket(BUCKET), key="interrupted")

    with pytest.raises(type(error)):
        upload(destination, Breaking(4 * PART_BYTES, error), size=9 * PART_BYTES, advanced=NOTHING)

    assert not left_over(oss_store, "interrupted")


class Careless(OssObject):
    """A way to the store that changes what is sent, keeps less of it, or tells another sum."""

    def send(self, upload: str, number: int, data: bytes) -> str:
        if self.key == "flipped" and number == 2:
            data = data[:1000] + bytes([data[1000] ^ 1]) + data[1001:]
        return super().send(upload, number, data)

    def complete(self, upload: str, parts: list[SentPart]) -> None:
        super().complete(upload, parts[:-1] if self.key == "shortened" else parts)

    def stat(self) -> StoredObject:
        told = super().stat()
        number = told.etag.partition("-")[2]
        other = hashlib.md5(b"other", usedforsecurity=False).hexdigest() + f"-{number}"
        return dataclasses.replace(told, etag=other) if self.key == "other" else told


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("flipped", r"upload of bucket/flipped: the store has other bytes in part 2"),
        ("shortened", rf"upload of bucket/shortened: {3 * PART_BYTES} bytes sent, the store has {2 * PART_BYTES}"),
        ("other", r"upload of bucket/other: the store has other bytes than were sent"),
    ],
)
def test_a_byte_that_changes_on_its_way_is_found_out(oss_store: OssStore, key: str, told: str) -> None:
    destination = Careless(bucket=oss_store._bucket(BUCKET), key=key)

    with pytest.raises(InfrastructureError, match=told):
        upload(destination, ContentStream("f", 3 * PART_BYTES), size=3 * PART_BYTES, advanced=NOTHING)

    assert key != "flipped" or not left_over(oss_store, key)
    client(oss_store).delete_object(key)


def test_several_parts_are_on_their_way_and_no_more(oss_store: OssStore) -> None:
    at_once, most, parts = set[int](), [0], 8

    class Watched(OssObject):
        def send(self, upload: str, number: int, data: bytes) -> str:
            at_once.add(number)
            most[0] = max(most[0], len(at_once))
            try:
                return super().send(upload, number, data)
            finally:
                at_once.discard(number)

    destination = Watched(bucket=oss_store._bucket(BUCKET), key="watched")
    upload(destination, ContentStream("w", parts * PART_BYTES), size=parts * PART_BYTES, advanced=NOTHING)

    assert 1 < most[0] <= WORKERS
    client(oss_store).delete_object("watched")


def test_the_keys_stand_in_no_argument_no_environment_no_log_and_no_message(
    tmp_path: Path, store: MinioStore, data_address: Address, loopback: Loopback, running_gateway: Gateway
) -> None:
    door = other_door(loopback, tmp_path, behind=store, gateway=data_address)
    door.up(lambda _: None)
    door.put(BUCKET, "secretive", seed="s", size=100)
    with pytest.raises(InfrastructureError) as raised:
        door.list("no-such-bucket")
    with pytest.raises(Exception, match="SignatureDoesNotMatch") as refused:
        client(door, secret="not-the-secret").get_object("secretive")  # noqa: S106 - it opens nothing
    (pid,) = (process.pid for process in loopback.processes.values())

    keys = [door.access_key, door.secret_key, store.access_key, store.secret_key]
    log = (tmp_path / "logs" / "oss-door.log").read_text()
    seen = [repr(keys), str(raised.value), log, *loopback.argv["oss-door"], repr(door.naming)]
    assert len({key.reveal() for key in keys}) == 4
    assert not [text for text in seen for key in keys if key.reveal() in text]
    assert door.secret_key.reveal() not in str(refused.value)
    assert store.access_key.reveal() not in str(refused.value)
    assert re.search(r"oss-door|stores.oss.door", Path(f"/proc/{pid}/cmdline").read_text())


def test_another_process_can_attach(oss_store: OssStore, store: MinioStore, tmp_path: Path, loopback: Loopback) -> None:
    (tmp_path / "store").mkdir()
    attached(oss_store, loopback, tmp_path, store).put(BUCKET, "handed-over", seed="s", size=5)

    assert [item.key for item in oss_store.list(BUCKET, "handed-over")] == ["handed-over"]


def test_credentials_that_are_refused_say_so(
    oss_store: OssStore, store: MinioStore, tmp_path: Path, loopback: Loopback
) -> None:
    other = attached(oss_store, loopback, tmp_path, store, secret_key="not-the-secret-key")  # noqa: S106 - it opens nothing

    with pytest.raises(StoreRefusedError, match=r"making bucket new: the OSS door at .* refuses the credentials"):
        other.make_bucket("new")


def test_a_door_that_does_not_answer_says_where(
    oss_store: OssStore, store: MinioStore, tmp_path: Path, loopback: Loopback
) -> None:
    other = attached(oss_store, loopback, tmp_path, store, port=free_port())

    with pytest.raises(StoreUnreachableError, match=r"making bucket new: the OSS door .* does not answer \(.*refused"):
        other.make_bucket("new")


def test_a_door_that_was_killed_says_so(
    tmp_path: Path, store: MinioStore, data_address: Address, loopback: Loopback, running_gateway: Gateway
) -> None:
    door = other_door(loopback, tmp_path, behind=store, gateway=data_address)
    door.up(lambda _: None)
    loopback.processes["oss-door"].kill()
    loopback.processes["oss-door"].wait()

    with pytest.raises(StoreDiedError, match=r"upload bucket/key: oss-door ended with -9"):
        door.put(BUCKET, "key", seed="s", size=1)


def test_a_door_whose_gateway_is_gone_says_so_in_osss_words(
    tmp_path: Path, store: MinioStore, loopback: Loopback
) -> None:
    nowhere = Address(host="127.0.0.1", port=free_port())
    door = other_door(loopback, tmp_path, behind=store, gateway=nowhere)
    door.up(lambda _: None)

    told = rf"listing bucket/: the OSS door at .* says ServiceUnavailable: {nowhere} cannot connect"
    with pytest.raises(InfrastructureError, match=told):
        door.list(BUCKET)


def test_an_object_larger_than_the_disk_is_refused_before_it_is_made(oss_store: OssStore) -> None:
    with pytest.raises(StoreFullError, match=r"GB free: make room there, choose a smaller"):
        oss_store.put(BUCKET, "huge", seed="s", size=1 << 60)


def test_a_disk_that_fills_up_midway_says_so_and_keeps_nothing(
    tmp_path: Path, minio_program: Path, launch: Callable[..., "object"]
) -> None:
    data = tmp_path / "store" / "data"
    script = f'mount -t tmpfs -o size=48m none "{data}" && exec "$@"'
    user = () if os.geteuid() == 0 else ("-r",)
    host = Loopback(wrapper=["unshare", "-m", *user, "sh", "-c", script, "sh"])
    plain = Loopback()
    (tmp_path / "store").mkdir()
    listen = Address(host="127.0.0.1", port=free_port())
    behind = MinioStore(host, tmp_path, program=minio_program, gateway=listen, listen=listen)
    door = other_door(plain, tmp_path, behind=behind, gateway=listen)  # no gateway: nothing is measured
    try:
        behind.up(lambda _: None)
        door.up(lambda _: None)
        door.make_bucket(BUCKET)
        with pytest.raises(StoreFullError, match=r"upload bucket/key: .* GB free: make room"):
            door.put(BUCKET, "key", seed="s", size=100 << 20)
        assert not left_over(door, "key")
    finally:
        plain.end()
        host.end()
