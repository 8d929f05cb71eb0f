"""The view of WebKitGTK: WebCore's constructor and events on top of libsoup. Other ports of WebKit differ."""

from wsprobe.browsers.webkitgtk.engine import WebKitGtk
from wsprobe.browsers.webkitgtk.facts import Facts

__all__ = ["ENGINE", "Facts"]

ENGINE = WebKitGtk
