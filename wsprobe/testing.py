"""The pytest plugin: ``wsprobe_lab``, a server that plays every scenario, for tests of WebSocket clients.

pytest loads it by itself if wsprobe is installed (entry point ``pytest11``), so wsprobe is imported only when
the fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

TYPE_CHECKING = False

if TYPE_CHECKING:
    from wsprobe.lab.background import BackgroundLab


@pytest.fixture(scope="session")
def wsprobe_lab() -> Iterator[BackgroundLab]:
    """A lab on loopback for all tests of the session. ``wsprobe_lab.url("status-403")`` is the URL of a
    scenario (``wsprobe serve --list``), ``wsprobe_lab.url("/echo")`` that of a path. ``wsprobe_lab.authority``
    is the certificate authority of wss: URLs."""
    from wsprobe.lab.background import running  # trio and sockets, only for tests that use it

    with running() as lab:
        yield lab
