"""Real servers and clients that nobody here wrote, each on free ports of loopback with a configuration of its
own. A test that needs something that is not a Python package says so with ``needs("nginx")``."""

from contextlib import ExitStack

import pytest

from tests.peers.answers import called, validator
from tests.peers.dask import dask_cluster
from tests.peers.named import Peers
from tests.peers.place import needs_module
from tests.peers.program import serving
from tests.peers.refusing import Refusing


@pytest.fixture(scope="session", name="validator")
def of_reports():
    return validator("connect")


@pytest.fixture(scope="session")
def dask():
    needs_module("distributed")


@pytest.fixture(scope="session")
def two(dask):
    """A cluster whose workers, frankfurt and tokyo, nobody kills."""
    with dask_cluster("frankfurt", "tokyo") as made:
        yield made


@pytest.fixture
def refuser():
    with Refusing() as made:
        yield made


@pytest.fixture
def probe():
    """``probe(url, option, ...)``: what ``wsprobe connect --json`` says; held against its own schema."""
    return lambda url, *options: called("connect", *options, url)


@pytest.fixture(scope="module")
def peers():
    """Real servers by their names (named.py)."""
    with ExitStack() as stack:
        yield Peers(stack)


@pytest.fixture(scope="module")
def nginx(peers):
    return peers["nginx"]


@pytest.fixture(scope="session")
def lab():
    with serving() as at:
        yield at


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("cluster"):
            item.add_marker(pytest.mark.usefixtures("dask"))
