"""Objects through the OSS door, by the real oss2: whole, in parts, in ranges; and what is refused in OSS's words."""

import base64
import hashlib
import http.client
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import oss2
import pytest
from oss2.models import PartInfo
from oss_clients import STYLES, client, expect_refused

from fixtures.gateway.client import Gateway
from fixtures.stores.content import content
from fixtures.stores.minio import MinioStore
from fixtures.stores.oss.store import OssStore

SIZE = 1000
PART = 5 << 20


@pytest.fixture(scope="module")
def thousand(oss_store: OssStore) -> str:
    """Return the key of an object of 1000 bytes."""
    client(oss_store).put_object("thousand", content("t", 0, SIZE))
    return "thousand"


@pytest.fixture
def bucket(oss_store: OssStore) -> oss2.Bucket:
    return client(oss_store)


@pytest.fixture
def own_bucket(oss_store: OssStore) -> Iterator[oss2.Bucket]:
    bucket = client(oss_store, "own-bucket")
    bucket.create_bucket()
    yield bucket
    oss_store.remove_bucket("own-bucket")


def test_an_object_is_written_and_read_and_deleted(bucket: oss2.Bucket) -> None:
    data = content("simple", 0, 300_001)
    digest = hashlib.md5(data, usedforsecurity=False).hexdigest().upper()
    headers = {"x-oss-meta-owner": "me", "Cache-Control": "no-store", "Content-Disposition": 'inline; filename="a"'}

    written = bucket.put_object("dir/simple", data, headers=headers)
    read = bucket.get_object("dir/simple")

    assert written.etag == digest  # oss2 takes the quotes off; upper case, as OSS has it
    assert read.read() == data
    assert (read.etag, read.content_length, read.object_type) == (digest, len(data), "Normal")
    assert read.last_modified
    assert {name: read.headers[name] for name in headers} == headers
    assert read.headers["x-oss-storage-class"] == "Standard"
    assert not [name for name in read.headers if name.lower().startswith(("x-amz-", "x-minio-"))]
    assert bucket.object_exists("dir/simple")
    assert bucket.get_object_meta("dir/simple").content_length == len(data)
    bucket.delete_object("dir/simple")
    assert not bucket.object_exists("dir/simple")


def test_an_empty_object_is_one_too(bucket: oss2.Bucket) -> None:
    bucket.put_object("nothing", b"")

    assert bucket.get_object("nothing").read() == b""
    assert bucket.head_object("nothing").content_length == 0


def test_a_body_of_unknown_length_is_taken_if_it_is_small(bucket: oss2.Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.put_object("streamed", iter([content("s", 0, 100_000), content("s", 100_000, 1)]))
    assert bucket.get_object("streamed").read() == content("s", 0, 100_001)

    refused = expect_refused("NotImplemented", lambda: bucket.put_object("too-long", iter([b"x" * (9 << 20)])), 501)
    assert "without Content-Length" in refused.message
    assert not bucket.object_exists("too-long")


def test_bytes_that_do_not_match_their_digest_are_refused(bucket: oss2.Bucket) -> None:
    wrong = base64.b64encode(hashlib.md5(b"other", usedforsecurity=False).digest()).decode()

    expect_refused("InvalidDigest", lambda: bucket.put_object("digest", b"this", headers={"Content-MD5": wrong}), 400)
    assert not bucket.object_exists("digest")


# What OSS answers by its own rule, and with x-oss-range-behavior: standard. None: the whole object, status 200.
RANGES = {
    "bytes=0-9": ((0, 10), (0, 10)),
    "bytes=990-999": ((990, 1000), (990, 1000)),
    "bytes=990-": ((990, 1000), (990, 1000)),
    "bytes=-10": ((990, 1000), (990, 1000)),
    "bytes=-1000": ((0, 1000), (0, 1000)),
    "bytes=990-1000": (None, (990, 1000)),
    "bytes=0-1000": (None, (0, 1000)),
    "bytes=1000-1010": (None, "InvalidRange"),
    "bytes=1000-": (None, "InvalidRange"),
    "bytes=-1001": (None, (0, 1000)),
    "bytes=9-0": (None, None),
    "bytes=0-1,5-6": (None, None),
    "lines=0-9": (None, None),
}


@pytest.mark.parametrize("asked", RANGES)
def test_ranges_follow_osss_own_rule(bucket: oss2.Bucket, thousand: str, gateway: Gateway, asked: str) -> None:
    whole = content("t", 0, SIZE)
    for wanted, headers in zip(RANGES[asked], ({}, {"x-oss-range-behavior": "standard"}), strict=True):
        if isinstance(wanted, str):
            expect_refused(wanted, lambda: bucket.get_object(thousand, headers={"Range": asked, **headers}), 416)  # noqa: B023 - called at once
            continue
        before = gateway.meter().of("bucket", thousand).get_bytes
        answer = bucket.get_object(thousand, headers={"Range": asked, **headers})
        first, end = wanted or (0, SIZE)
        assert answer.read() == whole[first:end], headers
        assert answer.status == (206 if wanted else 200)
        assert answer.headers.get("Content-Range") == (f"bytes {first}-{end - 1}/{SIZE}" if wanted else None)
        spent = gateway.meter().of("bucket", thousand).get_bytes - before
        assert spent == end - first or asked in {"bytes=990-1000", "bytes=0-1000", "bytes=-1001"}, spent


def test_byte_ranges_of_oss2_are_ranges(bucket: oss2.Bucket, thousand: str) -> None:
    assert bucket.get_object(thousand, byte_range=(100, 199)).read() == content("t", 100, 100)
    assert bucket.get_object(thousand, byte_range=(None, 7)).read() == content("t", 993, 7)


@pytest.mark.parametrize("change", [str, str.lower])
def test_conditions_are_about_the_version(bucket: oss2.Bucket, thousand: str, change: type[str]) -> None:
    etag = change(f'"{bucket.head_object(thousand).etag}"')

    assert bucket.get_object(thousand, headers={"If-Match": etag}).status == 200
    expect_refused(
        "PreconditionFailed", lambda: bucket.get_object(thousand, headers={"If-Match": '"0123456789ABCDEF"'}), 412
    )
    expect_refused(
        "PreconditionFailed", lambda: bucket.head_object(thousand, headers={"If-Match": '"0123456789ABCDEF"'}), 412
    )
    with pytest.raises(oss2.exceptions.NotModified):
        bucket.get_object(thousand, headers={"If-None-Match": etag})
    assert bucket.get_object(thousand, headers={"If-None-Match": '"0123456789ABCDEF"'}).status == 200


@pytest.mark.parametrize("style", STYLES)
def test_what_is_not_there_is_told_apart(oss_store: OssStore, style: str) -> None:
    bucket, nowhere = client(oss_store, style=style), client(oss_store, "no-such-bucket", style=style)

    assert isinstance(expect_refused("NoSuchKey", lambda: bucket.get_object("absent"), 404), oss2.exceptions.NoSuchKey)
    expect_refused("NoSuchKey", lambda: bucket.head_object("absent"), 404)
    assert not bucket.object_exists("absent")
    bucket.delete_object("absent")  # as at OSS: gone is gone
    for act in (nowhere.get_object, nowhere.head_object, lambda key: nowhere.put_object(key, b"x")):
        expect_refused("NoSuchBucket", lambda: act("key"), 404)  # noqa: B023 - called at once
    expect_refused("NoSuchBucket", nowhere.list_objects_v2, 404)
    expect_refused("NoSuchBucket", nowhere.get_bucket_info, 404)
    expect_refused("NoSuchBucket", nowhere.delete_bucket, 404)
    expect_refused("NoSuchUpload", lambda: bucket.upload_part("absent", "no-such-upload", 1, b"x"), 404)


def test_a_bucket_is_made_once_and_removed_when_it_is_empty(own_bucket: oss2.Bucket) -> None:
    info = own_bucket.get_bucket_info()
    assert (info.name, info.acl.grant) == ("own-bucket", "private")
    assert oss2.iso8601_to_unixtime(info.creation_date) > 1_700_000_000

    expect_refused("BucketAlreadyExists", own_bucket.create_bucket, 409)
    own_bucket.put_object("key", b"x")
    expect_refused("BucketNotEmpty", own_bucket.delete_bucket, 409)
    own_bucket.delete_object("key")
    own_bucket.delete_bucket()
    expect_refused("NoSuchBucket", own_bucket.get_bucket_info, 404)


def test_an_upload_in_parts_becomes_one_object(bucket: oss2.Bucket) -> None:
    key, parts = "parts/whole key+ä", [content("p", 0, PART), content("p", PART, PART), content("p", 2 * PART, 77)]
    upload = bucket.init_multipart_upload(key).upload_id
    sent = [
        PartInfo(number, bucket.upload_part(key, upload, number, data).etag, len(data))
        for number, data in enumerate(parts, start=1)
    ]

    listed = list(oss2.PartIterator(bucket, key, upload, max_parts=2))
    assert [(part.part_number, part.size, part.etag) for part in listed] == [
        (part.part_number, part.size, part.etag) for part in sent
    ]
    assert [each.upload_id for each in bucket.list_multipart_uploads(prefix=key).upload_list] == [upload]
    done = bucket.complete_multipart_upload(key, upload, sent)

    digests = b"".join(hashlib.md5(data, usedforsecurity=False).digest() for data in parts)
    assert done.etag == f"{hashlib.md5(digests, usedforsecurity=False).hexdigest().upper()}-3"
    read = bucket.get_object(key)
    assert read.read() == b"".join(parts)
    assert (read.etag, read.object_type) == (done.etag, "Multipart")
    assert not bucket.list_multipart_uploads(prefix=key).upload_list
    bucket.delete_object(key)


def test_parts_that_the_store_does_not_have_make_no_object(bucket: oss2.Bucket) -> None:
    upload = bucket.init_multipart_upload("parts/missing").upload_id
    etag = bucket.upload_part("parts/missing", upload, 1, b"x" * PART).etag

    def complete(*parts: PartInfo) -> None:
        bucket.complete_multipart_upload("parts/missing", upload, list(parts))

    expect_refused("InvalidPart", lambda: complete(PartInfo(1, etag), PartInfo(2, etag)), 400)
    expect_refused("InvalidPart", lambda: complete(PartInfo(1, etag[::-1])), 400)
    bucket.abort_multipart_upload("parts/missing", upload)
    expect_refused("NoSuchUpload", lambda: bucket.upload_part("parts/missing", upload, 2, b"x"), 404)
    assert not bucket.object_exists("parts/missing")


def test_an_aborted_upload_leaves_nothing(bucket: oss2.Bucket, store: MinioStore) -> None:
    upload = bucket.init_multipart_upload("parts/aborted").upload_id
    bucket.upload_part("parts/aborted", upload, 1, b"x" * PART)
    bucket.abort_multipart_upload("parts/aborted", upload)

    assert not bucket.list_multipart_uploads(prefix="parts/aborted").upload_list
    assert not store.list("bucket", "parts/aborted")


@pytest.mark.parametrize("style", STYLES)
def test_oss2s_own_resumable_transfers_go_both_ways(oss_store: OssStore, tmp_path: Path, style: str) -> None:
    bucket, size = client(oss_store, style=style), 3 * PART + 1234
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(content("r", 0, size))
    threads = {"part_size": PART, "num_threads": 3}

    oss2.resumable_upload(
        bucket, "resumable", str(source), multipart_threshold=PART, store=oss2.ResumableStore(str(tmp_path)), **threads
    )
    oss2.resumable_download(
        bucket,
        "resumable",
        str(target),
        multiget_threshold=PART,
        store=oss2.ResumableDownloadStore(str(tmp_path)),
        **threads,
    )

    assert target.read_bytes() == source.read_bytes()
    bucket.delete_object("resumable")


def test_a_resumable_upload_goes_on_where_it_broke_off(
    bucket: oss2.Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    source.write_bytes(content("b", 0, 4 * PART))
    uploads = oss2.ResumableStore(str(tmp_path))
    sent: list[int] = []
    send = bucket.upload_part

    def breaking(key: str, upload: str, number: int, data: object, **more: object) -> object:
        sent.append(number)
        if len(sent) == 3:
            raise ConnectionError("broken off")
        return send(key, upload, number, data, **more)

    monkeypatch.setattr(bucket, "upload_part", breaking)
    with pytest.raises(ConnectionError):
        oss2.resumable_upload(bucket, "goes-on", str(source), store=uploads, multipart_threshold=PART, part_size=PART)
    oss2.resumable_upload(bucket, "goes-on", str(source), store=uploads, multipart_threshold=PART, part_size=PART)

    assert sent == [1, 2, 3, 3, 4]
    assert bucket.get_object("goes-on").read() == source.read_bytes()
    bucket.delete_object("goes-on")


def test_what_the_door_cannot_do_it_refuses_by_name(bucket: oss2.Bucket, thousand: str) -> None:
    refused = expect_refused("NotImplemented", lambda: bucket.get_object_acl(thousand), 501)
    assert "the query acl" in refused.message
    for act in (
        lambda: bucket.copy_object("bucket", thousand, "copy"),
        lambda: bucket.append_object("appended", 0, b"x"),
        lambda: bucket.put_object("kept", b"x", headers={"x-oss-forbid-overwrite": "true"}),
        bucket.get_bucket_lifecycle,
    ):
        expect_refused("NotImplemented", act, 501)
    for key in ("copy", "appended", "kept"):
        assert not bucket.object_exists(key)


def test_one_connection_serves_many_requests_and_waits_for_leave_to_send(oss_store: OssStore) -> None:
    here = urlsplit(oss_store.endpoint_here)
    connection = http.client.HTTPConnection(here.hostname or "", here.port, timeout=10)
    bucket = client(oss_store)
    try:
        connection.connect()
        sock = connection.sock
        for number in range(5):
            url = bucket.sign_url("PUT", f"kept-{number}", 60, slash_safe=True)
            connection.request("PUT", url.removeprefix(oss_store.endpoint_here), body=b"kept")
            answer = connection.getresponse()
            answer.read()
            assert (answer.status, connection.sock) == (200, sock)
        # A refusal that has taken the body in keeps the connection too.
        connection.request("PUT", "/bucket/refused", body=b"x" * 100_000)
        answer = connection.getresponse()
        assert b"AccessDenied" in answer.read()
        url = bucket.sign_url("PUT", "expected", 60, slash_safe=True).removeprefix(oss_store.endpoint_here)
        head = f"PUT {url} HTTP/1.1\r\nHost: {here.netloc}\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        assert connection.sock is sock
        sock.sendall(head.encode())
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"ok")
        assert sock.recv(4096).startswith(b"HTTP/1.1 200 OK\r\n")
    finally:
        connection.close()
    assert bucket.get_object("expected").read() == b"ok"
