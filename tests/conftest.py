"""For all tests: the same examples in every run, and no limit that a busy machine could break."""

import gc
import os
import signal
import sys
from bisect import bisect
from itertools import accumulate
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# As wsprobe/__main__.py: with Python's own threshold a quarter of the time of collecting tests, and a tenth of
# that of running them, goes into looking for circles.
gc.set_threshold(200_000)

# Behind all else, so that an installed wsprobe is the one that is tested: for man/build, which no wheel has.
sys.path.append(str(Path(__file__).parents[1]))

from tests import cases  # noqa: E402
from wsprobe.exchange import SECOND  # noqa: E402

settings.register_profile(
    "house",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=cases.EXAMPLES,
)
settings.load_profile("house")

ASKED_FOR = ("programs", "engines", "floods", "long", "chains", "cluster", "kills", "views")
"""The marks of tests that run only when ``-m`` selects them."""

STARTING = frozenset({"subprocess.Popen", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "os.system"})
"""The audit events with which CPython reports the start of a process. For multiprocessing's "spawn" it
has none."""

PEERS = Path(__file__).parent / "peers"
"""Tests with servers and clients of others: what has no other mark there has the mark ``programs``."""

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
"""gw0, gw1, ... in a worker of pytest-xdist."""

running = []
"""The test that runs now; empty between two tests."""


def pytest_ignore_collect(collection_path, config):
    """Without ``-m``, leave out the tests of real servers: what they import takes a second in each worker."""
    return True if collection_path == PEERS and not config.option.markexpr else None


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    """Let each worker of pytest-xdist begin elsewhere. Whoever is the first to import a file rewrites its
    assertions, which takes two thirds of a cold start, and keeps them for the others."""
    report = yield
    if isinstance(collector, pytest.Dir) and collector.path == Path(__file__).parent and WORKER:
        files = [sum(1 for _ in each.path.glob("**/test_*.py")) or 1 for each in report.result]
        before = sum(files) * int(WORKER.removeprefix("gw")) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
        first = bisect(list(accumulate(files)), before)
        report.result = [*report.result[first:], *report.result[:first]]
    return report


@pytest.hookimpl(tryfirst=True)  # before -m looks at the marks
def pytest_collection_modifyitems(config, items):
    """Without ``-m``, leave out what starts other programs or takes minutes; and what needs all cases, where
    not all are taken."""
    if WORKER:  # all workers must have the same order
        items.sort(key=lambda item: item.path)
    for item in items:
        if PEERS in item.path.parents and not any(map(item.get_closest_marker, ASKED_FOR)):
            item.add_marker("programs")
    if config.option.markexpr:
        return
    marks = ASKED_FOR if cases.ALL or cases.OTHERS else (*ASKED_FOR, "all_cases")
    run, left_out = list[pytest.Item](), list[pytest.Item]()
    for item in items:
        (left_out if any(map(item.get_closest_marker, marks)) else run).append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = run


def pytest_collection_finish():
    """What is collected stays to the end: from here on, nobody looks for circles in it. Collecting has many
    events, and the hook would be called for each: a twenty-fifth of its time."""
    gc.freeze()
    sys.addaudithook(refuse_programs)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    running.append(item)
    try:
        return (yield)
    finally:
        running.remove(item)


def refuse_programs(event, _):
    """Raise RuntimeError where a test without one of the marks starts a process: the default run would slow
    down with each of them, and would fail on machines that lack the program."""
    if event in STARTING and running and not any(map(running[-1].get_closest_marker, ASKED_FOR)):
        raise RuntimeError(f"{running[-1].nodeid} starts a process: it needs the mark `programs`")


@pytest.fixture(autouse=True, scope="session")
def processes_are_seen():
    start = BaseProcess.start

    def seen(process):
        sys.audit("os.spawn")
        start(process)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseProcess, "start", seen)
        yield


def pytest_addoption(parser):
    parser.addoption("--case", default="", help="of many cases in one test, those with this word in their name")


def pytest_configure(config):
    # A script ignores ^C for what it starts with &, and nohup that the terminal goes: all that is started from
    # there would inherit it.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    cases.wanted = config.getoption("--case")
    cases.first_only = config.getoption("maxfail") == 1


@pytest.fixture(scope="module")
def no_long_farewell():
    """Where a server leaves it to the client to close a session's connection, as the lab does, the client waits
    a whole second for it. tests/session tests the second; here it is a twentieth."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("wsprobe.session.planned_session.FIN_WAIT", SECOND // 20)
        yield


for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ws_proxy", "wss_proxy"):
    for each in (name, name.upper()):
        os.environ.pop(each, None)
