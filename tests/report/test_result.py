"""What came of one URL, for each client."""

import pytest

import wsprobe

CASES = {
    # (URL, options) -> the headline, whether a page can use it
    ("lab:status-403", ""): ("refused 403", False),
    ("lab:ok", ""): ("open", True),
    ("lab:close-4403", ""): ("closed 4403", False),
    ("lab:redirect-302", ""): ("redirected 302 for Chromium, Firefox, wsprobe; open for WebKitGTK", False),
    ("ws://127.0.0.1:1/", ""): (
        "blocked (port 1) in Chromium, Firefox, WebKitGTK; unreachable for wsprobe",
        False,
    ),
    ("lab:ok", "no-origin"): ("open", True),
}


@pytest.mark.parametrize(("url", "kind"), CASES, ids=lambda each: each)
def test_the_headline_holds_every_client(url, kind):
    [made] = wsprobe.compare(url, browser_mode=True)
    if kind:
        [made] = wsprobe.compare(wsprobe.probe(url), browser_mode=True)
    headline, usable = CASES[url, kind]
    assert (made.result.headline, made.result.usable) == (headline, usable)
    assert bool(made.result.unknown) == (kind == "no-origin")


def test_a_blocked_port_is_the_cause():
    [made] = wsprobe.compare("ws://127.0.0.1:1/", browser_mode=True)
    assert made.result.cause.id == "port-blocked"
    assert "port 1 (Fetch standard" in made.result.cause.text
