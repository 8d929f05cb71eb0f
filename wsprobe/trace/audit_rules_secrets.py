"""Weaknesses of an endpoint: secrets in the URL, in cookies that the handshake sets, and under compression."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote_plus

from wsprobe.read.frames import RSV1, agreed_deflate, messages_of
from wsprobe.request.edits import resource_of, values
from wsprobe.trace.answer import Answer
from wsprobe.trace.audit_requests import JWT, kept_by_browsers, tokens
from wsprobe.trace.audit_session import admitted, came, reference, refused, unsteady
from wsprobe.trace.trace import Trace
from wsprobe.trace.weakness import Shown, found, weakness

SECRET_IN_TEXT = (
    r"(?i)\b(?:access_?token|id_?token|token|jwt|secret|csrf\w*|xsrf\w*|api_?key|password|session_?id)"
    r"[\"']?\s*[:=]\s*[\"']?([\w.~+/=-]{8,})"
)
SHORTEST = 8
"""Characters of a given secret that is looked for in messages: a shorter one may be there by chance."""


@weakness
def token_in_url(seen: Trace) -> Shown:
    names = tokens(resource_of(seen.start.plan.request))
    like, bare = reference(seen), seen["no-token"]
    if not names or like is None or admitted(bare, like):
        return ""
    if bare is None:
        return "it was not tested without the token"
    if not refused(bare):
        return f"without the token it got {came(bare)}"
    if why := unsteady(seen):
        return why
    listed = ", ".join(names)
    return found(
        f"The query parameter {listed} opens the session, and the server accepts it more than once.",
        ("base", "no-token", "again"),
        sent=f"the handshake with {listed} in the query, twice or more; then without",
        came=f"{came(like)}; without it {came(bare)}",
    )


# -- cookies


def _set(answer: Answer) -> Iterator[tuple[str, dict[str, str]]]:
    """(name, attributes in lower case) of each cookie that *answer* sets, and does not delete."""
    heads = [response.head for response in answer.reading.responses]
    for field in (field for head in heads for field in head.all(b"set-cookie")):
        first, *rest = field.value.decode("latin-1").split(";")
        name, equals, value = first.partition("=")
        pairs = (each.partition("=") for each in rest)
        attributes = {key.strip().lower(): text.strip().lower() for key, _, text in pairs}
        if equals and value.strip(' \t"') and not _deletes(attributes):
            yield name.strip(), attributes


def _deletes(attributes: dict[str, str]) -> bool:
    """True for what removes a cookie: Max-Age counts before Expires (RFC 6265 section 5.3), which programs set
    to the beginning of their clock or earlier."""
    age = attributes.get("max-age", "")
    if re.fullmatch("-?[0-9]+", age):
        return age.startswith("-") or not age.strip("0")
    year = re.search(r"[ -](\d{4})\b", attributes.get("expires", ""))
    return year is not None and int(year[1]) <= 1970


def _on_tls(seen: Trace) -> Iterator[tuple[str, str, dict[str, str]]]:
    """(request, cookie, attributes) of all that the endpoint itself sets."""
    for name, answer in seen.answers.items():
        if not name.startswith("clear"):
            yield from ((name, cookie, attributes) for cookie, attributes in _set(answer))


def _lacking(seen: Trace, what: str, lacks: list[tuple[str, str]]) -> Shown:
    if not lacks or reference(seen) is None:
        return ""
    names = ", ".join(dict.fromkeys(cookie for _, cookie in lacks))
    first = lacks[0][0]
    return found(
        f"The answer to the handshake sets a cookie without {what}: {names}.",
        (first,),
        sent=f"the handshake ({first})",
        came=f"{came(seen.answers[first])}, with Set-Cookie: {names}, without {what}",
        fix="Set-Cookie: NAME=VALUE; Secure; HttpOnly; SameSite=Lax; Path=/",
    )


@weakness
def cookie_without_secure(seen: Trace) -> Shown:
    if not seen.start.plan.target.secure:
        return "there is no TLS"
    return _lacking(
        seen, "Secure", [(name, cookie) for name, cookie, has in _on_tls(seen) if "secure" not in has]
    )


@weakness
def cookie_without_samesite(seen: Trace) -> Shown:
    known = ("lax", "strict", "none")
    lacks = [(name, cookie) for name, cookie, has in _on_tls(seen) if has.get("samesite") not in known]
    return _lacking(seen, "SameSite", lacks)


# -- compression


def given_secrets(seen: Trace) -> tuple[str, ...]:
    """The secrets that were given, as far as they are long enough to be looked for."""
    request = seen.start.plan.request
    pairs = [pair for field in values(request, b"cookie") for pair in field.decode("latin-1").split(";")]
    found = [pair.partition("=")[2].strip() for pair in pairs]
    found += [each.decode("latin-1").partition(" ")[2].strip() for each in values(request, b"authorization")]
    query = resource_of(request).partition(b"?")[2].decode("latin-1")
    found += [
        unquote_plus(value)
        for name, _, value in (each.partition("=") for each in query.split("&"))
        if tokens(f"/?{name}={value}".encode("latin-1"))
    ]
    return tuple(each for each in found if len(each) >= SHORTEST)


def _compressing(seen: Trace) -> tuple[str, Answer] | None:
    """The first request whose session compresses what the server sends, with one context for all messages."""
    for name, answer in seen.answers.items():
        final = answer.reading.final
        agreed = agreed_deflate(final.head) if final is not None and answer.opens else None
        if agreed is not None and agreed.server.takeover and not name.startswith("clear"):
            return name, answer
    return None


def _secret_under_compression(seen: Trace, answer: Answer) -> str:
    """Which secret a compressed message of the server holds, in words; "" if none is seen."""
    for message in messages_of(answer.reading)[0]:
        if not message.frames or not message.frames[0].rsv & RSV1:
            continue
        text = message.data.decode("utf-8", "replace")
        if any(secret in text for secret in given_secrets(seen)):
            return "a secret that was given"
        if re.search(SECRET_IN_TEXT, text) or JWT.search(text):
            return "a value with a name such as token, key or password"
    return ""


def _offered(seen: Trace) -> bool:
    """True if a session opened whose handshake offered to compress."""
    return any(
        b"permessage-deflate" in value
        for name, answer in seen.answers.items()
        if answer.opens and not name.startswith("clear")
        for value in values(answer.reading.sent, b"sec-websocket-extensions")
    )


@weakness
def compression_with_secrets(seen: Trace) -> Shown:
    if not seen.start.plan.target.secure:
        return "there is no TLS"
    compressing = _compressing(seen)
    if compressing is None:
        return "" if _offered(seen) else "no session opened with an offer of permessage-deflate"
    what = _secret_under_compression(seen, compressing[1])
    if not what:
        return (
            "the server compresses all messages in one context, and no message with a secret came (--send can "
            "request one)"
        )
    if not kept_or_token(seen):
        return ""
    return found(
        f"The server compresses its messages in one context, and one of them holds {what}.",
        (compressing[0],),
        sent="the handshake with an offer of permessage-deflate",
        came=f"permessage-deflate without server_no_context_takeover, and a compressed message with {what}",
    )


def kept_or_token(seen: Trace) -> bool:
    """True if the session is somebody's: credentials or a token were given."""
    plan = seen.start.plan
    return bool(
        kept_by_browsers(plan) or values(plan.request, b"authorization") or tokens(resource_of(plan.request))
    )
