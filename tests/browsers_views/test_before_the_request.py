"""Where engines depart from the URL standard, from CSP and from one another before anything is sent."""

import pytest

from tests.browsers_views.recordings import KEY, URL
from wsprobe.browsers import ALL, ENGINES, RUNTIMES
from wsprobe.browsers.engine import Page
from wsprobe.exchange import Act

BROWSERS = ("chromium", "firefox", "webkitgtk")
PAGE = "http://h.example/page"


def constructed(name, url, page=None):
    """``WebSocket.url``, or the name of what was thrown."""
    made = ENGINES[name].construct(url, page or Page(PAGE))
    return made.exception.name if made.exception is not None else made.url


def asked(name, url, page=None):
    """The lines of the request."""
    engine, page = ENGINES[name], page or Page(PAGE)
    return engine.request(engine.construct(url, page), page, KEY).decode("latin-1").split("\r\n")


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("ws://u:@a b:8/p|q?#".removesuffix("#"), "ws://u@a%20b:8/p%7Cq?"),
        ("ws://'@h:8/?a|b", "ws://%27@h:8/?a|b"),
        ("//\u00a8:8/x", "ws://xn--%20-ccb:8/x"),
        ("http:x", "ws://h.example/x"),
        ("ws://[::1%5D:8/", "SyntaxError"),
    ],
)
def test_urls_as_chromium_canonicalises_them(url, wanted):
    assert constructed("chromium", url) == wanted


@pytest.mark.parametrize("host", ["0x", "0X.", "1.0x", "0x.0x", "%30x", "\uff10\uff58", "0x\u3002"])
def test_firefox_has_no_number_that_is_0x_at_the_end(host):
    assert constructed("firefox", f"ws://{host}:8/") == "SyntaxError"
    assert constructed("webkitgtk", f"ws://{host}:8/").endswith(".0.0.0:8/")


def test_firefox_has_numbers_that_are_0x_before_the_end():
    assert constructed("firefox", "ws://0x.1:8/") == "ws://0.0.0.1:8/"


@pytest.mark.parametrize("name", [*BROWSERS, "whatwg"])
def test_surrogates_without_a_pair_are_replaced(name):
    assert constructed(name, "ws://h:8/\ud800") == "ws://h:8/%EF%BF%BD"


@pytest.mark.parametrize("name", [*BROWSERS, "whatwg"])
def test_an_empty_query_is_sent(name):
    assert asked(name, "ws://h:8/x?")[0] == "GET /x? HTTP/1.1"


def test_an_empty_query_was_no_query_in_2012():
    assert asked("w3c-cr-2012", "ws://h:8/x?")[0] == "GET /x HTTP/1.1"


def test_webkitgtk_sends_a_normal_form_of_escapes():
    assert asked("webkitgtk", "ws://h:8/%41%7e%2f%e9%zz?%61%26%3d")[0] == "GET /A~%2F%E9%zz?a%26%3D HTTP/1.1"


def test_webkitgtk_holds_a_rooted_localhost_for_remote():
    for host, sends in (("localhost", True), ("localhost.", False), ("a.localhost.", False)):
        assert ("Sec-Fetch-Mode: websocket" in asked("webkitgtk", f"ws://{host}:8/")) is sends


@pytest.mark.parametrize("name", [*BROWSERS, "whatwg"])
def test_a_sandboxed_page_has_origin_null(name):
    page = Page(PAGE, "sandbox allow-scripts")
    lines = asked(name, "wss://h.example/", page)
    assert "Origin: null" in lines
    assert "Sec-Fetch-Site: same-origin" not in lines


def test_a_sandboxed_page_in_firefox_has_no_base_to_resolve_against():
    page = Page(PAGE, "sandbox allow-scripts")
    assert constructed("firefox", "/x", page) == "SyntaxError"
    assert constructed("firefox", "ws://h:8/", page) == "ws://h:8/"
    assert constructed("firefox", "/x", Page(PAGE, "sandbox allow-same-origin")) == "ws://h.example/x"
    assert constructed("chromium", "/x", page) == "ws://h.example/x"


@pytest.mark.parametrize("name", [*BROWSERS, "whatwg"])
def test_a_directive_outside_ascii_is_ignored(name):
    made = ENGINES[name].construct("ws://h:8/", Page(PAGE, "connect-src \u00e9.example"))
    assert (made.blocked, made.exception) == ("", None)


@pytest.mark.parametrize(
    ("name", "source", "passes"),
    [
        ("chromium", "wss://h:80", False),
        ("chromium", "ws://h:80", True),
        ("firefox", "wss://h:80", True),
        ("webkitgtk", "wss://h:80", False),
        ("webkitgtk", "ws://h:80", True),
        ("whatwg", "wss://h:80", True),
    ],
)
def test_port_80_stands_for_443_in_most_engines_as_an_upgrade_only(name, source, passes):
    made = ENGINES[name].construct("wss://h/", Page(PAGE, f"connect-src {source}"))
    assert (made.target is not None) is passes


def test_the_second_prefix_for_documentation_is_local_in_chromium():
    page = Page("https://h.example/")
    assert constructed("chromium", "ws://[3fff::1]:1/", page) == "ws://[3fff::1]:1/"
    assert constructed("chromium", "ws://[4000::1]:1/", page) == "SecurityError"


def test_webkitgtk_quotes_what_is_no_url_as_it_was_given():
    view = ENGINES["webkitgtk"].view(" \tws://[ ", Page(PAGE), [])
    assert view.console == ("Invalid url for WebSocket  \tws://[ ",)


@pytest.mark.parametrize("name", BROWSERS)
def test_all_that_script_does_in_one_go_comes_before_the_events_of_an_early_close(name):
    page = Page(PAGE, acts=(Act("created", "close"), Act("created", "close", code=1)))
    view = ENGINES[name].view("ws://h:8/", page, [])
    assert [(event.type, event.ready_state) for event in view.events] == [
        ("throw", 2),
        ("error", 3),
        ("close", 3),
    ]


def test_webkitgtk_complains_of_a_close_after_mixed_content_was_blocked():
    page = Page("https://h.example/", acts=(Act("created", "close"), Act("created", "close")))
    view = ENGINES["webkitgtk"].view("ws://h:8/", page, [])
    assert view.console[1:] == (
        "WebSocket connection failed: WebSocket is closed before the connection is established.",
    )
    assert len(ENGINES["webkitgtk"].view("ws://h:1/", page, []).console) == 1


def test_each_engine_has_words_of_its_own_for_a_call_and_for_no_arguments():
    for name in (*ALL, *RUNTIMES):
        engine = ENGINES[name]
        facts = getattr(engine, "facts", None)
        for how, key in (("call", "no-new"), ("no-arguments", "no-arguments")):
            thrown = engine.construct(URL, Page(construct=how)).exception
            if facts is None:  # the texts give no words
                assert thrown.message == ""
            elif key in facts.exceptions and thrown is not None:
                assert thrown.message == facts.exceptions[key]
                assert thrown.name in ("TypeError", "SyntaxError")
