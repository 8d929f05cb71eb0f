"""How what a script in a real page got is told to differ from what wsprobe predicts."""

from types import SimpleNamespace

from wsprobe.browsers.engine import dom_event
from wsprobe.exchange import ScriptEvent
from wsprobe.show.page import difference


def opened(protocol="chat", extensions=""):
    return ScriptEvent(0, "open", 1, protocol=protocol, extensions=extensions)


def closed(code, reason="", was_clean=False):
    return ScriptEvent(1, "close", 3, code=code, reason=reason, was_clean=was_clean)


ERROR = ScriptEvent(1, "error", 3)


def differs(measured, predicted, by):
    """How the view of these events differs from what a script saw, of a session that *by* closed."""
    report = SimpleNamespace(close=SimpleNamespace(by=by) if by else None)
    view = SimpleNamespace(events=tuple(dom_event(each) for each in predicted))
    return difference(report, measured, view)
