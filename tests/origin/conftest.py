"""A real MinIO and a real gateway on the loopback, once for all tests here."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from loopback import Launched, Loopback, free_port

from fixtures.gateway.client import Gateway
from fixtures.gateway.launch import start_gateway
from fixtures.gateway.limit import Limits
from fixtures.programs import find
from fixtures.stores import Address
from fixtures.stores.minio import MinioStore
from fixtures.stores.oss.store import OssStore

BUCKET = "bucket"


@pytest.fixture(scope="session")
def minio_program() -> Path:
    return find("minio")


@pytest.fixture(scope="session")
def data_address() -> Address:
    return Address(host="127.0.0.1", port=free_port())


@pytest.fixture(scope="session")
def store_host() -> Loopback:
    return Loopback()


@pytest.fixture(scope="session")
def store(
    tmp_path_factory: pytest.TempPathFactory, minio_program: Path, data_address: Address, store_host: Loopback
) -> Iterator[MinioStore]:
    store = MinioStore(
        store_host,
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
        store_host.end()


@pytest.fixture
def pids(store: MinioStore, running_gateway: Gateway, store_host: Loopback, gateway_host: Loopback) -> dict[str, int]:
    """Return the process ids of MinIO and gateway."""
    return {"minio": store_host.processes["minio"].pid, "gateway": gateway_host.processes["gateway"].pid}


@pytest.fixture(scope="session")
def large(store: MinioStore) -> str:
    """Return the key of an object of 256 MiB."""
    store.put(BUCKET, "large", seed="large", size=256 << 20)
    return "large"


@pytest.fixture(scope="session")
def gateway_host() -> Loopback:
    return Loopback()


@pytest.fixture(scope="session")
def running_gateway(
    tmp_path_factory: pytest.TempPathFactory, store: MinioStore, data_address: Address, gateway_host: Loopback
) -> Iterator[Gateway]:
    try:
        yield start_gateway(
            gateway_host,
            tmp_path_factory.mktemp("gateway"),
            origin=store.listen,
            limits=Limits(),
            data=data_address,
            admin=Address(host="127.0.0.1", port=free_port()),
        )
    finally:
        gateway_host.end()


@pytest.fixture(scope="session")
def door_host() -> Loopback:
    return Loopback()


@pytest.fixture(scope="session")
def oss_store(
    tmp_path_factory: pytest.TempPathFactory,
    store: MinioStore,
    running_gateway: Gateway,
    data_address: Address,
    door_host: Loopback,
) -> Iterator[OssStore]:
    """Return the same store as OSS, behind door and gateway, without any limit."""
    running_gateway.limits(bytes_per_second=0, first_byte_seconds=0)
    oss = OssStore(
        door_host,
        tmp_path_factory.mktemp("door"),
        behind=store,
        gateway=data_address,
        listen=Address(host="127.0.0.1", port=free_port()),
    )
    try:
        oss.up(lambda _: None)
        yield oss
        oss.down()
    finally:
        door_host.end()


@pytest.fixture
def gateway(running_gateway: Gateway) -> Gateway:
    """Return the gateway without any limit."""
    running_gateway.limits(bytes_per_second=0, first_byte_seconds=0)
    return running_gateway


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., Launched]]:
    """Return a function that starts a gateway in front of an address."""
    hosts = []

    def start(origin: Address, **limits: float) -> Launched:
        host = Loopback()
        hosts.append(host)
        directory = tmp_path / f"gateway-{len(hosts)}"
        data, admin = (Address(host="127.0.0.1", port=free_port()) for _ in range(2))
        gateway = start_gateway(host, directory, origin=origin, limits=Limits(**limits), data=data, admin=admin)
        return Launched(gateway=gateway, data=data, host=host, log=directory / "logs" / "gateway.log")

    yield start
    for host in hosts:
        host.end()
