"""The steps that send one frame. Their notation in the catalogue is the same over both versions of HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from struct import pack
from typing import Any

from wsprobe.read.frames import CLOSE, PING, TEXT
from wsprobe.wire.rfc6455 import frame


def framed(item: Mapping[str, Any]) -> bytes | None:
    """The frame of a step ``text``, ``ping`` or ``close``; None for any other step."""
    match item:
        case {"text": text, **rest} if not rest:
            return frame(TEXT, text.encode(), None)
        case {"ping": text, **rest} if not rest:
            return frame(PING, text.encode(), None)
        case {"close": code, **rest} if rest.keys() <= {"reason"}:
            return frame(CLOSE, pack("!H", code) + rest.get("reason", "").encode(), None)
    return None
