"""Status lines (RFC 9112 section 4), also those that only some browsers understand."""

from __future__ import annotations

import re

from wsprobe.read.http.heads import line_oddities
from wsprobe.read.reading import Head
from wsprobe.value import dataclass

JUNK_MAX = 4
"""Bytes before "HTTP" that Chromium (net/http/http_stream_parser.cc) and Firefox skip."""

_NAME = re.compile(rb"(?is)(?P<junk>.{0,%d}?)(?P<name>http)(?P<version>/[0-9]+(?:\.[0-9]+)*)?" % JUNK_MAX)
_OTHER_NAME = re.compile(rb"(?:[A-Za-z]+/[0-9]+(?:\.[0-9]+)*|ICY)(?=[ \t])")
_STATUS = re.compile(rb"(?s)([ \t]*)([^ \t]*)([ \t]?)(.*)")
_OPENING = re.compile(rb"(?is).{0,%d}?http[^ \n]*[ ]+0*101(?![0-9])" % JUNK_MAX)


@dataclass(frozen=True, slots=True)
class StatusLine:
    """The parts of a status line; see ``Response`` for what they mean."""

    version: str | None
    status: int | None
    reason: bytes
    oddities: tuple[str, ...]


def status_line(head: Head) -> StatusLine:
    """Take the start line of *head* apart as far as it can be understood.

    Oddities: ``leading-empty-lines``, ``leading-junk`` (up to four bytes before HTTP), ``lower-case-name``,
    ``no-version``, ``other-protocol`` (``ICY 200``), ``not-http``, ``double-space``, ``tab``, ``no-status``,
    ``glued`` (three digits and then more), ``two-digit``, ``many-digit``, ``not-a-number``, and those of
    ``line_oddities``. ``no-reason-space``: nothing, not even a space, after the status (RFC 9112 asks for it).
    """
    line = head.first
    if line is None:
        return StatusLine(None, None, b"", ("leading-empty-lines",) if head.lines else ())
    odd = ["leading-empty-lines"] if head.lines[0] is not line else []
    version = None
    if match := _NAME.match(line.text):
        if match["junk"]:
            odd.append("leading-junk")
        if match["name"] != b"HTTP":
            odd.append("lower-case-name")
        if match["version"]:
            version = match["version"][1:].decode("ascii")
        else:
            odd.append("no-version")
    elif match := _OTHER_NAME.match(line.text):
        odd.append("other-protocol")
    else:
        return StatusLine(None, None, b"", (*odd, "not-http", *line_oddities(line)))
    status, reason, more = _status(line.text[match.end() :])
    return StatusLine(version, status, reason, (*odd, *more, *line_oddities(line)))


def opens_session(head: Head) -> bool:
    """True if *head* is complete and a 101 on the loosest reading that any browser takes.

    Besides ``HTTP/1.1 101``: Chromium skips up to four bytes before "http" in any letter case, takes any
    text up to a space for the version, and reads the digits after it as a number, so that ``HTTP 101``,
    ``0101`` and ``101Switching`` are a 101 (net/http/http_stream_parser.cc, http_response_headers.cc).
    """
    if not head.complete:
        return False
    if status_line(head).status == 101:
        return True
    beginning = b"".join(line.raw for line in head.lines[: JUNK_MAX + 1])
    return _OPENING.match(beginning) is not None


def _status(text: bytes) -> tuple[int | None, bytes, list[str]]:
    match = _STATUS.match(text)
    assert match is not None
    gap, digits, space, reason = match.groups()
    odd = []
    if b"\t" in gap:
        odd.append("tab")
    elif len(gap) > 1:
        odd.append("double-space")
    if len(digits) == 3 and digits.isdigit() and gap:
        return int(digits), reason, odd if space else [*odd, "no-reason-space"]
    if not digits:
        odd.append("no-status")
    elif digits.isdigit():
        odd.append("two-digit" if len(digits) == 2 else "one-digit" if len(digits) == 1 else "many-digit")
    elif re.match(rb"[0-9]{3}[^0-9]", digits):
        odd.append("glued")
    else:
        odd.append("not-a-number")
    return None, reason, odd
