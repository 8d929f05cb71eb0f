"""WebKitGTK's view: WebCore's constructor and events, and libsoup under them. No other WebKit is meant."""

from wsprobe.browsers import newest
from wsprobe.browsers.webkitgtk.engine import WebKitGtk

ENGINE = WebKitGtk(newest(__name__, __path__))
