"""wsprobe, as somebody calls it: in a process of its own."""

import json
import subprocess
import sys
from contextlib import contextmanager

from tests.peers import place

WSPROBE = (sys.executable, "-m", "wsprobe")
LONGEST = 480
"""Seconds for a call that ends by itself, on a busy machine."""


def ended(*words, text=""):
    """What came of a call that ends by itself; *text* is on its standard input."""
    return subprocess.run([*WSPROBE, *words], input=text, capture_output=True, text=True, timeout=LONGEST)


@contextmanager
def started(*words):
    """A call that is under way; at the end it is killed."""
    with subprocess.Popen(
        [*WSPROBE, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def serving():
    """The start of URLs of ``wsprobe serve``, HOST:PORT."""
    with place.started(f"{sys.executable} -m wsprobe serve --silent --port {{port}}") as (port,):
        yield f"{place.HOST}:{port}"


def objects(text, validator=None):
    """The objects of --json, each held against the schema if there is a *validator*."""
    assert text.endswith("\n")
    found = [json.loads(line) for line in text.splitlines()]
    for each in found if validator is not None else ():
        validator.validate(each)
    return found
