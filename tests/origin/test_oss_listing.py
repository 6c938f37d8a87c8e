"""Listings through the OSS door, by the real oss2: pages, delimiters, markers, odd names; and deletion by list."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import oss2
import pytest
from oss_clients import AUTHS, STYLES, client

from fixtures.stores.oss.store import OssStore

BUCKET = "listed-bucket"
KEYS = sorted(
    [
        "a", "b", "dir/", "dir/1", "dir/2", "dir/sub/3", "dir2/x", "e", "odd/a b", "odd/a%20b", "odd/a&b<c>",
        "odd/a+b", "odd/ä", "odd/日本", "z",
    ]
)  # fmt: skip


@pytest.fixture(scope="module")
def listed(oss_store: OssStore) -> Iterator[OssStore]:
    oss_store.make_bucket(BUCKET)
    for key in KEYS:
        client(oss_store, BUCKET).put_object(key, key.encode())
    yield oss_store
    oss_store.remove_bucket(BUCKET)


def at_most(found: Iterable[Any]) -> list[Any]:
    """Return what is found; a listing that does not end is cut off."""
    return list(islice(found, 2 * len(KEYS)))


ITERATORS = pytest.mark.parametrize("iterate", [oss2.ObjectIterator, oss2.ObjectIteratorV2], ids=["V1", "V2"])


@ITERATORS
@pytest.mark.parametrize("page", [1, 2, 3, 100])
@pytest.mark.parametrize("version", AUTHS)
def test_all_keys_come_in_pages_of_any_size(
    listed: OssStore, iterate: type[oss2.ObjectIterator], page: int, version: str
) -> None:
    found = at_most(iterate(client(listed, BUCKET, version=version), max_keys=page))

    assert [each.key for each in found] == KEYS
    assert [each.size for each in found] == [len(key.encode()) for key in KEYS]
    assert {each.type for each in found} == {"Normal"}
    assert all(each.etag == each.etag.upper() and len(each.etag) == 32 for each in found)
    assert all(each.last_modified > 1_700_000_000 for each in found)


@ITERATORS
@pytest.mark.parametrize("page", [2, 3, 100])  # with 1, MinIO itself loses what follows a "dir/" that is an object
@pytest.mark.parametrize("style", STYLES)
def test_a_delimiter_folds_what_lies_below(
    listed: OssStore, iterate: type[oss2.ObjectIterator], page: int, style: str
) -> None:
    bucket = client(listed, BUCKET, style=style)

    top = at_most(iterate(bucket, delimiter="/", max_keys=page))
    below = at_most(iterate(bucket, prefix="dir/", delimiter="/", max_keys=page))

    assert [(each.key, each.is_prefix()) for each in top] == [
        ("a", False), ("b", False), ("dir/", True), ("dir2/", True), ("e", False), ("odd/", True), ("z", False),
    ]  # fmt: skip
    assert [each.key for each in below] == ["dir/", "dir/1", "dir/2", "dir/sub/"]


def test_a_marker_is_where_a_listing_goes_on(listed: OssStore) -> None:
    bucket = client(listed, BUCKET)

    first = bucket.list_objects(max_keys=3)
    assert (first.is_truncated, first.next_marker) == (True, KEYS[2])
    assert [each.key for each in bucket.list_objects(marker="odd/a b").object_list] == KEYS[KEYS.index("odd/a b") + 1 :]
    assert [each.key for each in bucket.list_objects_v2(start_after="odd/ä").object_list] == KEYS[
        KEYS.index("odd/ä") + 1 :
    ]
    last = bucket.list_objects_v2(prefix="odd/", fetch_owner=True)
    assert not last.is_truncated
    assert {each.owner.id for each in last.object_list} == {"fluid-conformance"}
    assert not bucket.list_objects(prefix="absent").object_list


def test_uploads_in_parts_are_listed_by_their_key(listed: OssStore) -> None:
    bucket = client(listed, BUCKET)
    upload = bucket.init_multipart_upload("odd/under way+ä").upload_id

    found = bucket.list_multipart_uploads(prefix="odd/under way+ä").upload_list
    assert [(each.key, each.upload_id) for each in found] == [("odd/under way+ä", upload)]
    bucket.abort_multipart_upload("odd/under way+ä", upload)


@pytest.mark.parametrize("version", AUTHS)
def test_a_list_of_keys_is_deleted_at_once(listed: OssStore, version: str) -> None:
    bucket = client(listed, BUCKET, version=version)
    doomed = ["doomed/a b", "doomed/ä+", "doomed/<&>"]
    for key in doomed:
        bucket.put_object(key, b"x")

    assert sorted(bucket.batch_delete_objects([*doomed, "doomed/absent"]).deleted_keys) == sorted(
        [*doomed, "doomed/absent"]
    )
    assert not bucket.list_objects(prefix="doomed/").object_list
