"""How what a script in a real page got is told to differ from what wsprobe predicts."""

from types import SimpleNamespace

import pytest

from wsprobe.browsers.engine import dom_event
from wsprobe.exchange import ScriptEvent
from wsprobe.show.page import difference


def opened(protocol="chat", extensions=""):
    return ScriptEvent(0, "open", 1, protocol=protocol, extensions=extensions)


def closed(code, reason="", was_clean=False):
    return ScriptEvent(1, "close", 3, code=code, reason=reason, was_clean=was_clean)


ERROR = ScriptEvent(1, "error", 3)
CASES = {
    "nothing came yet": ((), (opened(),), "", ""),
    "the first event": ((opened(), closed(1000)), (ERROR, closed(1006)), "", "error first, and not open"),
    "the protocol": ((opened(),), (opened("soap"), closed(1000)), "", "extensions '', protocol 'soap'"),
    "the extensions": ((opened(),), (opened("chat", "x"),), "", "extensions 'x', protocol 'chat'"),
    "a page closes when it likes": ((opened(), closed(1001)), (opened(), closed(1000)), "client", ""),
    "no Close was recorded": ((opened(), closed(1001)), (opened(), closed(1000)), "", ""),
    "the server's Close": (
        (opened(), closed(1000, "yes", was_clean=True)),
        (opened(), closed(4000, "no")),
        "server",
        "close 4000 'no' wasClean false",
    ),
    "the same Close": ((opened(), closed(1000)), (opened(), closed(1000)), "server", ""),
    "the Close has not come": ((opened(),), (opened(), closed(1000)), "server", ""),
    "the end of a failure": ((ERROR, closed(1006)), (ERROR, closed(1015)), "", "close 1015 '' wasClean false"),
}


@pytest.mark.parametrize(("measured", "predicted", "by", "words"), CASES.values(), ids=CASES)
def test_how_the_prediction_differs(measured, predicted, by, words):
    report = SimpleNamespace(close=SimpleNamespace(by=by) if by else None)
    view = SimpleNamespace(events=tuple(dom_event(each) for each in predicted))
    assert difference(report, measured, view) == words
