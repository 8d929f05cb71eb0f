"""What changes from one ws to the next: a file in browsers/facts for each version."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from wsprobe.browsers.request import Template
from wsprobe.browsers.runtime.constructor import Constructor


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: str
    constructor: Constructor
    """Sources: ws lib/websocket.js (initAsClient). Its exceptions are plain Errors without a legacy code. An
    empty fragment is none (``hash`` is empty); ws+unix: URLs lead to a socket of this machine, not to a server
    that is probed here."""
    request: Template
    """Source: ws lib/websocket.js (initAsClient), node lib/_http_client.js. No Origin, no cookie, no
    User-Agent unless script sets one; the URL's credentials are sent at once."""
    exceptions: Mapping[str, str]
    """Messages of what the constructor, close() and send() throw."""
    close_timeout: int
    """Seconds from the first Close to the end of the connection (lib/constants.js)."""
    most_payload: int
    """Bytes of one message (lib/websocket.js, maxPayload)."""
    most_fragments: int
    most_pongs: int
    """Pongs that wait to be written (maxPendingAutoPongs)."""
