"""Real servers and clients that nobody here wrote, each on free ports of loopback with a configuration of its
own. A test that needs something that is not a Python package says so with ``needs("nginx")``."""

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec

import jsonschema_rs
import pytest

from tests.peers.dask import dask_cluster
from tests.peers.node import installed, ws_server
from tests.peers.place import HOST, missing, needs, started
from tests.peers.proxies import apache_server, haproxy_server, nginx_server
from tests.peers.python_servers import websockets_server
from tests.peers.refusing import refusing
from tests.peers.witness import Told
from wsprobe.cli.main import run
from wsprobe.show.schema import schema

Probe = Callable[..., Told]


def needs_module(name):
    """The same for a Python package."""
    if find_spec(name) is None:
        missing(f"Python has no {name}")


def needs_gems(*names):
    """The same for packages of Ruby."""
    code = "".join(f"require '{name}';" for name in ("concurrent", *names))
    if subprocess.run([needs("ruby"), "-e", code], capture_output=True).returncode != 0:
        missing(f"Ruby has no {', '.join(names)}")


@pytest.fixture(scope="session")
def need():
    return needs


@pytest.fixture(scope="session")
def validator():
    return jsonschema_rs.Draft202012Validator(json.loads(schema()))


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
    with refusing() as made:
        yield made


@pytest.fixture
def probe(capsys, validator):
    """``probe(url, option, ...)``: what ``wsprobe connect --json`` says; held against its own schema."""

    def probed(url, *options):
        capsys.readouterr()
        status = run(["connect", "--json", *options, url])
        printed, complaints = capsys.readouterr()
        assert complaints == ""
        value = json.loads(printed)
        validator.validate(value)
        assert value["exit_status"] == status
        return Told(status, value)

    return probed


@pytest.fixture(scope="session")
def upstream():
    """The port of a WebSocket server for others to stand in front of."""
    with websockets_server() as port:
        yield port


@pytest.fixture(scope="session")
def nginx(upstream):
    with nginx_server(upstream) as made:
        yield made


@pytest.fixture(scope="session")
def apache(upstream):
    with apache_server(upstream) as made:
        yield made


@pytest.fixture(scope="session")
def haproxy(upstream):
    with haproxy_server(upstream) as made:
        yield made


@pytest.fixture(scope="session")
def packages(request, need):
    """A folder with ``ws`` for Node in it. It is kept from run to run, as the cache of pytest is."""
    cache = request.config.cache
    return installed(need("npm"), cache.mkdir("peers-node"))


@pytest.fixture(scope="session")
def ws(packages):
    """The port of ``ws`` on Node."""
    with ws_server(packages) as port:
        yield port


@pytest.fixture(scope="session")
def lab():
    """The start of URLs of ``wsprobe serve``, which runs in a process of its own."""
    with started(f"{sys.executable} -m wsprobe serve --silent --port {{port}}") as (port,):
        yield f"{HOST}:{port}"


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("cluster"):
            item.add_marker(pytest.mark.usefixtures("dask"))
