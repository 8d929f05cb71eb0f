"""Where engines depart from the URL standard, from CSP and from one another before anything is sent."""

import pytest

from tests.browsers_views.recordings import URL
from wsprobe.browsers import ALL, ENGINES, RUNTIMES
from wsprobe.browsers.engine import Page
from wsprobe.exchange import Act

BROWSERS = ("chromium", "firefox", "webkitgtk")
PAGE = "http://h.example/page"


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
