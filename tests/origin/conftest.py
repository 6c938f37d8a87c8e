"""A real MinIO and a real gateway on the loopback, once for all tests here."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from loopback import Loopback, free_port

from fixtures.gateway.client import Gateway
from fixtures.gateway.launch import start_gateway
from fixtures.gateway.limit import Limits
from fixtures.paths import programs_directory
from fixtures.stores import Address
from fixtures.stores.minio import MinioStore

BUCKET = "bucket"


@pytest.fixture(scope="session")
def minio_program() -> Path:
    places = (os.environ.get("FLUID_MINIO"), shutil.which("minio"), programs_directory() / "minio")
    for place in places:
        if place and Path(place).exists():
            return Path(place)
    pytest.fail("no minio program: run `python -m fixtures setup`, or set FLUID_MINIO to its path")


@pytest.fixture(scope="session")
def data_address() -> Address:
    return Address(host="127.0.0.1", port=free_port())


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory, minio_program: Path, data_address: Address) -> Iterator[MinioStore]:
    host = Loopback()
    store = MinioStore(
        host,
        tmp_path_factory.mktemp("store"),
        program=minio_program,
        gateway=data_address,
        listen=Address(host="127.0.0.1", port=free_port()),
    )
    try:
        store.up(lambda _: None)
        store.make_bucket(BUCKET)
        yield store
        store.down()
    finally:
        host.end()


@pytest.fixture(scope="session")
def running_gateway(
    tmp_path_factory: pytest.TempPathFactory, store: MinioStore, data_address: Address
) -> Iterator[Gateway]:
    host = Loopback()
    try:
        yield start_gateway(
            host,
            tmp_path_factory.mktemp("gateway"),
            origin=store.listen,
            limits=Limits(),
            data=data_address,
            admin=Address(host="127.0.0.1", port=free_port()),
        )
    finally:
        host.end()


@pytest.fixture
def gateway(running_gateway: Gateway) -> Gateway:
    """Return the gateway without any limit."""
    running_gateway.limits(bytes_per_second=0, first_byte_seconds=0)
    return running_gateway
