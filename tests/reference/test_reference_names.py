"""Names and labels, short and long."""

import pytest

from reference_impl.controllers.names import Names, is_dns_1035_label

UID = "38c99738-9552-42c6-bea8-ada031627d5d"


def names(namespace: str = "demo", name: str = "data") -> Names:
    return Names(namespace=namespace, name=name, dataset_uid=UID)


def test_names_are_fluids() -> None:
    made = names()

    assert (made.worker, made.fuse, made.claim, made.volume) == (
        "data-jindofs-worker",
        "data-jindofs-fuse",
        "data",
        "demo-data",
    )
    assert made.fluid_path == "/runtime-mnt/jindo/demo/data/jindofs-fuse"
    assert made.fuse_label == "fluid.io/f-demo-data"
    assert made.capacity_label("m") == "fluid.io/s-h-jindo-m-demo-data"
    assert (made.dataset_id, made.exclusive) == ("demo-data", "demo_data")


def test_each_label_turns_to_the_uid_on_its_own_when_it_would_reach_63_characters() -> None:
    just_fits = names(namespace="n" * 40, name="d" * 10)  # 51 characters with the dash

    assert just_fits.fuse_label == f"fluid.io/f-{just_fits.volume}"
    assert len(just_fits.fuse_label) == 62
    assert just_fits.capacity_label("t") == f"fluid.io/s-h-jindo-t-{UID}"
    assert names(namespace="n" * 40, name="d" * 11).fuse_label == f"fluid.io/f-{UID}"
    assert names(namespace="n" * 40, name="d" * 22).dataset_id == UID


@pytest.mark.parametrize(
    ("name", "good"),
    [("a", True), ("a-1", True), ("1st", False), ("A", False), ("a-", False), ("a.b", False), ("", False)],
)
def test_a_dns_1035_label_starts_with_a_letter(name: str, *, good: bool) -> None:
    assert is_dns_1035_label(name) is good
