"""The reference's worker as a client of OSS: what it makes of the article's mount, lists, reads, and is refused."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from oss_clients import client

from fixtures.stores.content import content
from fixtures.stores.minio import MinioStore
from fixtures.stores.oss.launch import REGION
from fixtures.stores.oss.store import OssStore
from reference_impl.cache.config import MountConfig, parse
from reference_impl.cache.errors import Cause, OriginError
from reference_impl.cache.origin import Origin
from reference_impl.cache.origin_oss import OssBucket
from reference_impl.cache.origin_reader import OriginReader, Transfer

SIZE = 100_001
MakeMount = Callable[..., MountConfig]
Document = dict[str, object]


def document(mount: Document) -> Document:
    """Return a runtime's configuration with one mount."""
    return {
        "dataset": {"namespace": "ns", "name": "demo"},
        "mounts": [{"path": "/", "name": "demo", **mount}],
        "workers": {"hosts": ["h"], "dataPort": 1, "controlPort": 2},
        "tiers": [{"path": "/dev/shm", "quotaBytes": 1 << 20}],  # noqa: S108 - nothing is written
        "stripeBytes": 1 << 10,
        "blockBytes": 1 << 10,
    }


def parsed(**mount: object) -> MountConfig:
    return parse(document(mount)).mounts[0]


@pytest.fixture(params=["", REGION], ids=["V1", "V4"])
def mount(request: pytest.FixtureRequest, oss_store: OssStore, tmp_path: Path) -> MakeMount:
    """Return a function that makes a mount of a bucket; the region decides on the version of the signature."""

    def make(*, bucket: str = "bucket", prefix: str = "", secret: str | None = None) -> MountConfig:
        (tmp_path / "id").write_text(oss_store.access_key.reveal())
        (tmp_path / "secret").write_text(secret or oss_store.secret_key.reveal())
        return parsed(
            mountPoint=f"oss://{bucket}/{prefix}",
            options={
                "fs.oss.endpoint": oss_store.endpoint_here.removeprefix("http://"),
                "fs.oss.region": request.param,
            },
            secretFiles={
                "fs.oss.accessKeyId": str(tmp_path / "id"),
                "fs.oss.accessKeySecret": str(tmp_path / "secret"),
            },
        )

    return make


def read(origin: Origin, key: str, etag: str, *, offset: int, length: int, size: int = SIZE) -> bytes:
    with tempfile.TemporaryFile() as file:
        transfer = Transfer(
            origin=origin, key=key, etag=etag, object_size=size, descriptor=file.fileno(), offset=offset, length=length
        )
        reader = OriginReader(lambda: None)
        try:
            reader.read(transfer)
        finally:
            reader._drop()
        return os.pread(file.fileno(), length, offset)


def test_the_articles_mount_is_understood() -> None:
    mount = parsed(
        mountPoint="oss://fluid-demo",
        options={"fs.oss.endpoint": "oss-cn-beijing-internal.aliyuncs.com"},
        secretFiles={"fs.oss.accessKeyId": "/s/id", "fs.oss.accessKeySecret": "/s/secret"},
    )

    assert (mount.scheme, mount.bucket, mount.prefix) == ("oss", "fluid-demo", "")
    assert mount.endpoint == "http://oss-cn-beijing-internal.aliyuncs.com"
    assert (mount.access_key_file, mount.secret_key_file) == (Path("/s/id"), Path("/s/secret"))
    signed = OssBucket(mount, ("an-id", "a-secret")).sign("dir/a key")
    assert signed.startswith("http://fluid-demo.oss-cn-beijing-internal.aliyuncs.com/dir/a%20key?")
    assert "an-id%2F" in signed  # version 4: the endpoint's name tells the region
    assert "%2Fcn-beijing%2Foss%2Faliyun_v4_request" in signed


@pytest.mark.parametrize(
    ("mount_point", "endpoint", "told"),
    [
        ("oss://Fluid_Demo", "oss-cn-beijing.aliyuncs.com", "an OSS bucket has 3 to 63 of"),
        ("oss://fluid-demo", "http://host/path", "has a path: give the host alone"),
        ("oss://fluid-demo", "ftp://host", "does not start with http:// or https://"),
        ("gs://fluid-demo", "host", "is neither s3://bucket"),
    ],
)
def test_a_mount_that_cannot_be_is_refused(mount_point: str, endpoint: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        parsed(mountPoint=mount_point, options={"fs.oss.endpoint": endpoint, "fs.gs.endpoint": endpoint})


def test_https_is_used_where_the_endpoint_says_so() -> None:
    mount = parsed(mountPoint="oss://fluid-demo", options={"fs.oss.endpoint": "https://oss-cn-beijing.aliyuncs.com"})

    address = Origin(mount).address("key")
    assert (address.secure, address.host, address.port) == (True, "fluid-demo.oss-cn-beijing.aliyuncs.com", 443)
    assert address.target == "/key"  # without credentials: a public bucket


def test_what_is_listed_can_be_read_in_pieces(
    mount: MakeMount, oss_store: OssStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {f"reference/{name}": name for name in ("a key+ä", "b", "c/d", "?odd")}
    for key, seed in keys.items():
        client(oss_store).put_object(key, content(seed, 0, SIZE))
    monkeypatch.setattr("reference_impl.cache.origin_oss._PAGE", 2)
    origin = Origin(mount(prefix="reference/"))

    listed = {item.key: item for item in origin.list_objects()}
    assert {key: item.size for key, item in listed.items()} == dict.fromkeys(keys, SIZE)
    for key, item in listed.items():
        assert item.modified > 1_700_000_000
        assert read(origin, key, item.etag, offset=0, length=SIZE) == content(keys[key], 0, SIZE)
        assert read(origin, key, item.etag, offset=SIZE - 7, length=7) == content(keys[key], SIZE - 7, 7)


def test_another_version_is_found_out(mount: MakeMount, oss_store: OssStore, store: MinioStore) -> None:
    bucket, origin = client(oss_store), Origin(mount())
    old = bucket.put_object("changing", content("old", 0, SIZE)).etag
    assert read(origin, "changing", old, offset=0, length=10) == content("old", 0, 10)
    bucket.put_object("changing", content("new", 0, SIZE))

    with pytest.raises(OriginError) as changed:
        read(origin, "changing", old, offset=0, length=10)
    assert changed.value.cause is Cause.CHANGED
    bucket.delete_object("changing")
    with pytest.raises(OriginError) as missing:
        read(origin, "changing", old, offset=0, length=10)
    assert missing.value.cause is Cause.MISSING


def test_a_refusal_is_told_apart_and_names_no_secret(
    mount: MakeMount, oss_store: OssStore, caplog: pytest.LogCaptureFixture
) -> None:
    client(oss_store).put_object("denied", b"x")
    denied = Origin(mount(secret="not-the-secret"))  # noqa: S106 - it opens nothing
    caplog.set_level("DEBUG", logger="reference_impl")

    for act in (denied.list_objects, lambda: read(denied, "denied", "E", offset=0, length=1)):
        with pytest.raises(OriginError, match="refuses the credentials") as refused:
            act()
        assert refused.value.cause is Cause.DENIED
        assert "not-the-secret" not in str(refused.value)
    with pytest.raises(OriginError, match="does not exist") as missing:
        Origin(mount(bucket="no-such-bucket")).list_objects()
    assert missing.value.cause is Cause.MISSING
    assert oss_store.access_key.reveal() not in caplog.text


def test_a_rotated_secret_is_picked_up(mount: MakeMount, oss_store: OssStore) -> None:
    client(oss_store).put_object("rotated", content("r", 0, SIZE))
    etag = client(oss_store).head_object("rotated").etag
    origin = Origin(mount(secret="not-the-secret"))  # noqa: S106 - it opens nothing
    with pytest.raises(OriginError):
        origin.list_objects()
    mount()  # writes the right one

    assert read(origin, "rotated", etag, offset=0, length=SIZE) == content("r", 0, SIZE)
    assert [item.key for item in origin.list_objects() if item.key == "rotated"] == ["rotated"]
