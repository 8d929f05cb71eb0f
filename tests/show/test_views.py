"""What script sees, as lines: engines that tell script the same stand together."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import DomEvent
from wsprobe.lab import find, load
from wsprobe.lab.play import rehearse
from wsprobe.show.lines import Look, plain
from wsprobe.show.views import MESSAGE, blocks


def shown(scenario, *browsers):
    views = [rehearse(ENGINES[name], find(scenario), load()) for name in browsers]
    return [(block.names, plain(block.lines)) for block in blocks(views, Look())]


def test_the_same_for_all_is_one_block_with_each_console():
    [(names, text)] = shown("status-403", "chromium", "firefox", "whatwg")
    assert names == ("Chromium 156", "Firefox 153", "WHATWG standard")
    assert text.count("close   1006") == 1
    assert "Unexpected response code: 403" in text
    assert "establish a connection" in text
    assert text.endswith("hidden: status 403, 2 headers, 10-byte body\n")


def test_what_differs_stands_apart():
    found = shown("close-1012", "chromium", "webkitgtk")
    assert [names for names, _ in found] == [("Chromium 156",), ("WebKitGTK 2.54",)]
    assert "close   1012" in found[0][1]
    assert "close   1006" in found[1][1]
    assert "hidden: 3 headers, Close frame with code 1012" in found[1][1]


def test_an_exception_has_each_engines_message():
    [(_, text)] = shown("url-fragment", "chromium", "firefox", "webkitgtk")
    assert text.startswith("new WebSocket(...) throws SyntaxError\n  Chromium 156: Failed to construct")
    assert "  Firefox 153: An invalid or illegal string was specified\n" in text
    assert "readyState" not in text


@pytest.mark.parametrize(
    ("message", "least"),
    [
        ("a" * 300, MESSAGE),
        ("\u202e" * 300, 2 * MESSAGE - 11),
        ("\\" * 300, MESSAGE),
        ("a" * 150 + "\u202e" * 300, 2 * MESSAGE - 11),
        ("a" * 160 + "\u202e" * 40, 2 * MESSAGE + 1),
        ("a" * 159 + "\u202e" * 41, 2 * MESSAGE - 11),
        ("a" * 120 + "\u202e" * 80, 2 * MESSAGE - 11),
    ],
)
def test_a_message_has_one_line_with_its_escapes_too(message, least):
    view = rehearse(ENGINES["chromium"], find("open"), load())
    [block] = blocks([replace(view, events=(DomEvent("message", 1, data=message),))], Look(unicode=True))
    [text] = [each for each in plain(block.lines).splitlines() if "message" in each]
    assert least <= len(text.partition('"')[2]) <= 2 * MESSAGE + 1
