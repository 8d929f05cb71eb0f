"""RFC 6455 sections 5.4 and 8.1, RFC 7692 section 7.2.2: frames as messages."""

from __future__ import annotations

from collections.abc import Iterator

from wsprobe.judge.finding import Finding
from wsprobe.judge.findings import counted, found
from wsprobe.judge.session.frames import header, name
from wsprobe.judge.subject import handshake, said, session
from wsprobe.read.reading import Reading
from wsprobe.read.websocket.deflate import agreed_deflate
from wsprobe.read.websocket.messages import RSV1, TEXT, Message, utf8_fault
from wsprobe.read.websocket.messages import messages as read_messages


def messages(reading: Reading) -> Iterator[Finding]:
    """Fragments in order; text in UTF-8; compressed messages that can be inflated. The first of each fault."""
    of, response = session(reading), handshake(reading)
    if of is None or response is None:
        return
    agreed = agreed_deflate(response.head)
    seen: set[str] = set()
    before: Message | None = None
    for message in read_messages(said(of), None if agreed is None else agreed.server):
        for finding in (*_order(message, before), *_content(message)):
            if finding.id not in seen:
                seen.add(finding.id)
                yield finding
        before = message
    if before is not None and not before.complete and before.frames[-1].complete:
        yield found(
            "message-unfinished",
            f"a {name(before.frames[0])} message was not finished after {counted(len(before.frames), 'frame')}",
            header(before.frames[0]),
        )


def _order(message: Message, before: Message | None) -> Iterator[Finding]:
    first = message.frames[0]
    if "no-start" in message.oddities:
        yield found(
            "continuation-unexpected", "a continuation frame, and no message is unfinished", header(first)
        )
    if before is not None and "interrupted" in before.oddities:
        yield found(
            "message-interrupted",
            f"a {name(first)} message begins while a {name(before.frames[0])} message is unfinished",
            header(first),
        )


def _content(message: Message) -> Iterator[Finding]:
    span = message.frames[0].start, message.frames[-1].span[1]
    if "not-deflate" in message.oddities:
        problem = message.problem
        yield found("deflate-broken", f"a compressed message cannot be inflated: {problem}", span)
    compressed_unagreed = bool(message.frames[0].rsv & RSV1) and not message.compressed
    if message.opcode == TEXT and "not-utf-8" in message.oddities and not compressed_unagreed:
        at = utf8_fault(message.data, complete=message.complete) or 0
        yield found(
            "text-not-utf8",
            f"a text message is not UTF-8 at byte {at}",
            span,
            received=message.data[at : at + 4],
        )
