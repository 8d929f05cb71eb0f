"""What to do about an answer: lines that fix a proxy, and ways to let a page know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from wsprobe.diagnosis import author
from wsprobe.diagnosis.cause import ACTS, TELLS_APART, Cause, Label
from wsprobe.diagnosis.faults import DROPPED
from wsprobe.diagnosis.programs import PROGRAMS, Author
from wsprobe.diagnosis.proxies import LEADING, LineValues, mending, path_for_lines, proxy, table
from wsprobe.read.behind import frames_before_http
from wsprobe.read.closing import NEVER_SENT
from wsprobe.read.frames import first_close
from wsprobe.read.reading import Frame, Reading
from wsprobe.request.target import host_header
from wsprobe.text import visible

SHORT = 60
"""The most characters of the server's words to show as a reason."""
REASON_ROOM = 123
"""Bytes: a control frame carries 125 (RFC 6455 section 5.5), the code takes two."""
CODE_OF_STATUS = {401: 4401, 403: 4403, 404: 4404, 408: 4408, 409: 4409, 429: 4429, 503: 1013}
"""Status -> close code by convention; 4400 + n for the rest of 4xx, 1011 for 5xx."""
PASSING = frozenset({"upgrade-lost", "http-1.0"})
"""Causes that lines in a proxy fix."""
BEFORE_THE_APPLICATION = frozenset(
    {
        *PASSING,
        *("backend-down", "backend-closed", "backend-timeout", "backend-tls", "tls-port", "client-certificate"),
        *("bad-gateway", "gateway-timeout", "upgrade-required", "no-websocket", "forward-proxy", "bad-request"),
        *("header-too-large", "blocked-by-rule", "upgrade-refused", "version-unsupported", "key", "method"),
        *("handshake-incomplete", "protocol-malformed"),
    }
)
"""Causes without any running application code that could accept and then close."""
OF_THE_PROXY = frozenset(
    {
        *("backend-down", "backend-closed", "backend-timeout", "backend-tls", "blocked-by-rule", "bad-gateway"),
        "gateway-timeout",
    }
)
"""Those for which a proxy can send the request to another server, which accepts and then closes."""


NOTHING_TO_TELL = frozenset({"hijacker", "wrote-first", "no-accept", "redirected", "local-network-access"})
"""Causes to fix at their source: no page needs to know about them."""


class Likely(msgspec.Struct, frozen=True):
    """The likeliest cause, in short: for summaries of many answers."""

    text: str
    fix: str = ""
    code: str = ""
    """The command that prints code to let a page know; "" if there is none."""
    label: Label | Literal[""] = ""
    """``Cause.label``; "" for a finding, which is certain."""

    @property
    def sentence(self) -> str:
        """The text after its label."""
        return f"{self.label}: {self.text}" if self.label else self.text

    @property
    def to_do(self) -> tuple[tuple[str, str], ...]:
        """What to do about it, and what that is for: ``do`` in the server, ``to tell the page``."""
        both = (("what to do", self.fix), ("to tell the page", self.code))
        return tuple((what, text) for what, text in both if text)


def likely(found: Sequence[Cause], reading: Reading, known: Author) -> Likely | None:
    """The first of the causes *found* for this recording, whose author is *known*; None if nothing is known."""
    if not found:
        return None
    code = code_for(known, found) if _refused(reading) else ""
    return Likely(found[0].below_label, found[0].fix, code, found[0].label)


PASS_ON = "To pass Upgrade and Connection on"
IF_NO_REASON = "If the words give no reason, to pass Upgrade and Connection on"
"""Below words of a server that wsprobe does not know: they may be about something else."""


class Advice(msgspec.Struct, frozen=True):
    """The advice about one answer."""

    causes: tuple[Cause, ...] = ()
    """Why, the likeliest first."""
    lines: tuple[str, ...] = ()
    """The lines for proxies that forward Upgrade and Connection."""
    heading: str = PASS_ON
    """What *lines* are for."""
    remedies: tuple[str, ...] = ()
    """How to let a page know."""
    code: str = ""
    """The command that prints code for the answering program, to let a page know; "" if there is none."""
    warnings: tuple[str, ...] = ()
    """Limits: close codes and reasons that change on the way, and the cost of a hanging handshake."""

    def without(self, given: set[str]) -> Advice:
        """The advice that is not yet in *given*, which is updated: with several answers, each advice appears
        once."""
        fresh = Advice(
            tuple(one for one in self.causes if one.text not in given),
            tuple(one for one in self.lines if one not in given),
            self.heading,
            tuple(one for one in self.remedies if one not in given),
            "" if self.code in given else self.code,
            tuple(one for one in self.warnings if one not in given),
        )
        texts = (one.text for one in fresh.causes)
        given.update((*texts, *fresh.lines, *fresh.remedies, fresh.code, *fresh.warnings))
        return fresh


HOLDS = (
    "while this handshake hangs, Chromium and Firefox keep every other socket to the same address "
    "in CONNECTING; after failures, new attempts wait (wsprobe explain pending)"
)
"""RFC 6455 section 4.1, item 2; measured."""


def advice(reading: Reading, outcome: str = "", known: Author | None = None) -> Advice:
    """Advice for this recording; empty if a page already learns everything. *outcome*: the judged one. *known*:
    its ``author``, if the caller has it."""
    known = author(reading, outcome) if known is None else known
    found = known.causes
    final = reading.final
    if reading.session is not None:
        return Advice(found, warnings=tuple(_warnings(reading)))
    if final is None or final.status is None or not _refused(reading):
        return Advice(found, warnings=(HOLDS,) if outcome == "timeout" and reading.sent else ())
    remedies = tuple(_remedies(final.status, known, _another_origin(reading)))
    path = path_for_lines(reading.exchange.plan.target.resource)
    unknown = bool(found) and found[0].quote != "" and found[0].id in (*ACTS, "server-says")
    heading = IF_NO_REASON if unknown else PASS_ON
    return Advice(found, tuple(_lines(known, path)), heading, remedies, code_for(known, found))


def _refused(reading: Reading) -> bool:
    """True if an answer came that opens no session. Over HTTP/2 a 200 opens."""
    final = reading.final
    return reading.session is None and final is not None and final.status not in (None, 101)


def _lines(known: Author, path: str) -> Iterator[str]:
    """The lines for the proxies, if they are the likeliest cause; a short note if they are the next one.
    *path*: that of the URL, for the lines."""
    first, *others = known.causes or (Cause("", ""),)
    if first.id not in PASSING and first.usual[:1] != (DROPPED,):
        unsaid = DROPPED in first.usual[:2] and TELLS_APART not in first.fix
        if (unsaid or any(other.id in PASSING for other in others)) and known.role != "proxy":
            yield "wsprobe explain upgrade-lost (if a proxy is in front of it)"
        return
    seen = proxy(known.hop)
    if seen is not None:
        yield f"{seen.name}: {LineValues(path).fill(table()['upgrade'][seen.key])}"
        yield "wsprobe explain upgrade-lost (for another proxy in front or behind)"
        return
    yield from mending("upgrade", LEADING, LineValues(path)).splitlines()


def _another_origin(reading: Reading) -> str:
    """The sent Origin; "" if it is the server's own, or if there was none."""
    sent = [field.value for field in reading.request.head.all(b"origin")]
    to = reading.exchange.plan.target
    own = f"{'https' if to.secure else 'http'}://{host_header(to)}"
    return visible(sent[0]) if sent and sent[0] != own.encode() else ""


def _remedies(status: int, known: Author, origin: str) -> Iterator[str]:
    if 300 <= status < 400:
        yield (
            "log in first, if the redirect leads to a log-in page; otherwise open the socket at the redirect's "
            "target (only WebKitGTK follows redirects)"
        )
        return
    first = known.causes[0] if known.causes else Cause("", "")
    if known.role != "proxy" and first.id not in BEFORE_THE_APPLICATION:
        reason = (
            f'"{first.quote}"' if 0 < len(first.quote) <= SHORT else f"a reason of at most {REASON_ROOM} bytes"
        )
        yield f"accept, then close({close_code(status)}, {reason})"
    cors = f"with Access-Control-Allow-Origin: {origin}" if origin else "CORS for another origin"
    yield f"offer an HTTP endpoint for fetch() ({cors})"


def code_for(known: Author, found: Sequence[Cause]) -> str:
    """The command that prints code for the author of an answer, to let a page know why; "" if there is none, or
    if no code there can report the first of the causes *found*."""
    first = found[0].id if found else ""
    untold = BEFORE_THE_APPLICATION - OF_THE_PROXY if known.role == "proxy" else BEFORE_THE_APPLICATION
    program = PROGRAMS.get(known.id)
    if program is None or not program.remedy or first in untold | NOTHING_TO_TELL:
        return ""
    return f"wsprobe explain remedy {program.remedy}"


def close_code(status: int) -> int:
    """The close code that by convention corresponds to HTTP *status*."""
    if status in CODE_OF_STATUS:
        return CODE_OF_STATUS[status]
    if 400 <= status < 500:
        return 4000 + status
    return 1011 if status >= 500 else 4000


def _warnings(reading: Reading) -> Iterator[str]:
    of = frames_before_http(reading)
    assert of is not None
    frames = of.frames
    close = first_close(frames)
    if close is None:
        return
    yield from _code_warnings(close)
    after = [f for f in frames if f.start > close.start]
    if after or of.rest:
        yield ("bytes follow the Close frame; Chromium then reports 1006 instead of the code")


def _code_warnings(close: Frame) -> Iterator[str]:
    code = close.close_code
    if code is None:
        return
    if code in NEVER_SENT:
        yield (
            f"code {code} ({NEVER_SENT[code]}) must not be sent; Chromium and WebKitGTK report 1006 "
            "instead, Firefox reports it"
        )
    elif code < 1000 or code >= 5000:
        yield (f"code {code} is outside 1000 to 4999; WebKitGTK reports 1006 instead")
    elif code in (1012, 1013, 1014):
        yield (f"code {code} is registered, but WebKitGTK reports 1006 instead")
    if (size := len(close.data) - 2) > REASON_ROOM:
        yield (f"the reason has {size} bytes; more than {REASON_ROOM} do not fit a Close frame")
