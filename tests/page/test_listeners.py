"""What a page can notice of the listeners that are put into it: probes run with and without them."""

import json
from pathlib import Path

import pytest
import trio

from tests.browsers.there import needs
from tests.page.site import LOOPBACK_ONLY, Site
from wsprobe.lab.installed import find
from wsprobe.page.started import Wanted, watch

pytestmark = [pytest.mark.engines, needs("chromium")]

PROBES = Path(__file__).with_name("probes.js").read_text()
PAGE = "<!doctype html><body><script src=/probes.js></script>"


def probed(listeners):
    """What the probes saw in a page."""
    with Site({"/": PAGE, "/probes.js": PROBES}) as made:
        wanted = Wanted(
            f"http://127.0.0.1:{made.port}/", settle=1.0, listeners=listeners, switches=LOOPBACK_ONLY
        )
        watched = trio.run(watch, find(["chromium"])[0], wanted)
    assert watched.problem == ""
    (text,) = made.told
    found = json.loads(text)
    return found


def test_a_page_notices_two_of_the_probes():
    """Another realm prints the Proxy, and its constructor is one call deeper on the stack."""
    without, within = probed(listeners=False), probed(listeners=True)
    assert len(without) >= 30
    assert not any(each.startswith("threw") for each in without.values()), without
    unlike = {name: (without[name], within[name]) for name in without if without[name] != within[name]}
    assert set(unlike) <= {"toString of another realm", "depth of the stack"}, unlike
