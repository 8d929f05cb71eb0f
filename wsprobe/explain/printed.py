"""Explains what a page prints about its socket: ``CloseEvent {code: 1006}``, ``readyState 3``, ``{isTrusted:
true}``."""

from __future__ import annotations

import re

from msgspec.structs import replace

from wsprobe.explain import tables
from wsprobe.explain.entry import Topic

_EVENT = re.compile(r"""(?i)\bclose ?event\b|\bwasClean\b|\btype['"]?\s*[:=]\s*['"]close\b""")
_CODE = re.compile(r"""(?i)(?:\bcode['"]?\s*[:=]?\s*['"]?|\bclose ?event\W{1,3})(\d{3,5})\b""")
_ERROR_EVENT = re.compile(
    r"""(?i)\bisTrusted['"]?\s*[:=]\s*['"]?(?:true|false)\b|^\[object (?:Error)?Event\]$"""
)
_MESSAGE = re.compile(r"""(?i)\bmessage['"]?\s*:\s*['"]""")
_STATE = re.compile(r"""(?i)(?:\w+\.)*readyState['")]?\s*(?:[:=]+|is)?\s*(?P<state>[0-3])\b.*""")
_STATES = ("CONNECTING", "OPEN", "CLOSING", "CLOSED")


def find(asked: str) -> Topic | None:
    """The close code, the error event or the state of the socket that *asked* prints, or None."""
    if _EVENT.search(asked):
        code = _CODE.search(asked)
        return tables.find_close_code(int(code[1])) if code else tables.find_term("wasClean")
    if _ERROR_EVENT.search(asked) and not _MESSAGE.search(asked):
        return tables.find_term("error event")
    if state := _STATE.fullmatch(asked):
        return _ready_state(int(state["state"]))
    return None


def _ready_state(state: int) -> Topic | None:
    entry = tables.find_term("readyState")
    if entry is None:
        return None
    return replace(entry, title=f"{entry.title} {state} ({_STATES[state]})")
