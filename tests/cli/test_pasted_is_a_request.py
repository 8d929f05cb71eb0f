"""Text from elsewhere is a request, and nothing else: it opens no file, writes none, and reaches no cluster.

Each form of such text (a file of --from-curl, a word on the command line, a HAR file, a line of a list, a
recording) is made of words that would do harm as options, files or lists.
"""

import contextlib
import json
import os
import sys
from shlex import join

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wsprobe.cli.environment import Environment
from wsprobe.cli.main import run
from wsprobe.cli.pasted import curl
from wsprobe.exchange import Exchange

HERE = "ws://127.0.0.1:9/"
VICTIM = "victim.jsonl"
"""A file that is there: for reading it has a URL, a header and a cookie."""
CONTENT = "ws://127.0.0.1:9/victim\nX-Victim: 1\n127.0.0.1\tFALSE\t/\tFALSE\t0\tvictim\t1\n"
OUR_OPTIONS = ("--cluster", "--save", "--report", "--har", "--junit", "--resume", "--since", "--raw-request")
VALUES = st.sampled_from(
    [VICTIM, f"@{VICTIM}", "-", "@-", "--cluster=tcp://127.0.0.1:9", f"--save={VICTIM}", f"./{VICTIM}",
     "--json", "", "a=b", "1", "X: y", "sha256//", HERE, f"file://{VICTIM}", "lab:ok", "lab:/echo"]
)  # fmt: skip
NAMES = st.sampled_from(
    [*(f"--{name}" for name in curl.KNOWN), *(f"-{name}" for name in curl._SHORT), *OUR_OPTIONS, "--url", "--"]
)
WORDS = st.lists(st.one_of(VALUES, NAMES, st.tuples(NAMES, VALUES).map("".join)), max_size=6)


class Watched:
    """What the process opens, and with whom it speaks, while a command runs."""

    def __init__(self):
        self.on = False
        self.seen = []

    def hook(self, event, arguments):
        if not self.on:
            return
        if event == "open" and VICTIM in os.fsdecode(str(arguments[0])):
            self.seen.append(f"open {arguments[0]}")
        elif event in ("socket.connect", "socket.getaddrinfo", "socket.bind", "os.rename", "os.remove"):
            self.seen.append(f"{event} {arguments[1:]}")


WATCHED = Watched()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The working folder of the commands, with the victim. Nothing is sent: a plan is all that comes of it."""
    sys.addaudithook(WATCHED.hook)  # for good, so in no worker but this
    where = tmp_path_factory.mktemp("pasted")
    (where / VICTIM).write_text(CONTENT)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(where)
        yield where


class Nothing(Environment):
    """Neither a network, nor the lab, nor a cluster."""

    async def probe(self, plan, *_, **__):
        return Exchange(plan, ())

    def lab(self):
        raise AssertionError("the lab was started")

    def cluster(self, *_):
        raise AssertionError("a cluster was asked")


def harmless(folder, arguments):
    """Run the command, and look at what it touched."""
    before = sorted(each.name for each in folder.iterdir())
    WATCHED.seen.clear()
    WATCHED.on = True
    try:
        with (
            open(
                os.devnull, "w"
            ) as nowhere,  # not None: `run` would then replace the descriptors, for all tests
            contextlib.redirect_stdout(nowhere),
            contextlib.redirect_stderr(nowhere),
        ):
            status = run(arguments, Nothing())
    finally:
        WATCHED.on = False
    assert WATCHED.seen == []
    assert status != 70
    assert sorted(each.name for each in folder.iterdir()) == before
    assert (folder / VICTIM).read_text() == CONTENT


EVERY = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@EVERY
@given(words=WORDS, command=st.sampled_from(["connect", "compare", "watch"]))
def test_a_pasted_command_touches_nothing(folder, words, command):
    text = join(["curl", HERE, *words])
    (folder / "pasted").write_text(text)
    once = ["--count", "1"] if command == "watch" else []
    harmless(folder, [command, *once, "--from-curl", "pasted"])
    harmless(folder, [command, *once, text])
    (folder / "pasted").write_text(join(["curl", *words]))
    harmless(folder, [command, *once, "--from-curl", "pasted"])


@EVERY
@given(words=st.lists(st.one_of(VALUES, st.sampled_from([f"--{name}" for name in curl.KNOWN])), max_size=6))
def test_words_behind_curl_touch_nothing(folder, words):
    """Options of both programs are curl's there; what only wsprobe has is a person's own."""
    ours = [each for each in words if each.partition("=")[0] not in OUR_OPTIONS]
    harmless(folder, ["connect", "curl", HERE, *ours])


@EVERY
@given(url=VALUES, pairs=st.lists(st.tuples(VALUES | NAMES, VALUES), max_size=4), cookies=st.booleans())
def test_a_har_file_touches_nothing(folder, url, pairs, cookies):
    listed = [{"name": name, "value": value} for name, value in pairs]
    request = {"url": url, "headers": [] if cookies else listed, "cookies": listed if cookies else []}
    entry = {"request": request, "_resourceType": "websocket"}
    (folder / "page.har").write_text(json.dumps({"log": {"entries": [entry]}}))
    harmless(folder, ["connect", "page.har"])


@EVERY
@given(lines=st.lists(VALUES.filter(lambda line: not line.startswith("lab:")), min_size=1, max_size=3))
def test_a_line_of_a_list_touches_nothing(folder, lines):
    (folder / "list").write_text("\n".join(["ws://127.0.0.1:9/first", *lines]))
    harmless(folder, ["connect", "@list"])


@EVERY
@given(url=VALUES)
def test_a_recording_touches_nothing(folder, url):
    recording = {
        "format": 2,
        "plan": {
            "target": {"url": url, "secure": False, "host": url, "port": 80, "resource": url},
            "request": "",
        },
        "events": [],
    }
    (folder / "recording").write_text(json.dumps(recording) + "\n")
    harmless(folder, ["compare", "--browser-mode", "recording"])
