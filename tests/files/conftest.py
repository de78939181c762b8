"""A bucket of an S3-compatible storage, served on this machine, that a test may take away."""

import itertools
from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.support import apps

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of a running S3 server."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server):
    """Settings of an application whose files lie in a new, empty bucket."""
    name = f"pledge-{next(_numbers)}"
    client = boto3.client(
        "s3",
        endpoint_url=s3_server,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
    client.create_bucket(Bucket=name)
    return {
        "storage_url": f"s3://{name}/pledge/files",
        "storage_endpoint": s3_server,
        "storage_key_id": "key",
        "storage_secret": "secret",
    }


@pytest.fixture
def settings_of(tmp_path):
    return lambda **changes: apps.settings(tmp_path, **changes)
