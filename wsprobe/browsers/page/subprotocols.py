"""The constructor's second argument (WHATWG WebSockets, constructor; RFC 6455 section 4.1, item 10)."""

from __future__ import annotations

from collections.abc import Iterable

from wsprobe.browsers.view import Page

TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def given(page: Page) -> tuple[str, ...]:
    """The sequence of subprotocols asked for: a string stands for a sequence of one."""
    if page.protocols is None:
        return ()
    return (page.protocols,) if isinstance(page.protocols, str) else page.protocols


def first_invalid(protocols: Iterable[str]) -> str | None:
    """The first that is no token (empty ones included), None if all are."""
    return next((p for p in protocols if not p or not TOKEN.issuperset(p)), None)


def first_repeated(protocols: Iterable[str]) -> str | None:
    """The first that was there before (letter case counts in every engine measured), None if none was."""
    seen: set[str] = set()
    for protocol in protocols:
        if protocol in seen:
            return protocol
        seen.add(protocol)
    return None
