"""WebKitGTK's view: WebCore's constructor and events, and libsoup under them. No other WebKit is meant."""

from wsprobe.browsers.webkitgtk.engine import WebKitGtk
from wsprobe.browsers.webkitgtk.facts import Facts

__all__ = ["ENGINE", "Facts"]

ENGINE = WebKitGtk
