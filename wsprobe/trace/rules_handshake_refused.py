"""Rules of a trace: the handshake is refused, and a plain GET is not.

A rule against Upgrade, a server that fails on handshakes, a WebSocket library that refuses.
"""

from __future__ import annotations

from collections.abc import Iterator

from wsprobe.diagnosis.faults import HTTP_ROUTE, NO_ANSWER
from wsprobe.trace.answer import Answer, alike
from wsprobe.trace.claim import every_form_refused, every_upgrade, proxy_to_blame
from wsprobe.trace.conclusion import Conclusion, rule
from wsprobe.trace.direct import beside, compared, opens_directly, past_the_proxy, sure, unmapped
from wsprobe.trace.sentences import NOT_IF_SIGNED, itself, likeliest, proxy_of, shows_proxy, usually, written_by
from wsprobe.trace.to_do import ask_past, lines_if_seen, proxy_lines, steps, with_code
from wsprobe.trace.trace import Trace


@rule(
    "the handshake is dropped without a byte, a plain GET gets an answer",
    "a rule drops requests with Upgrade, or the application closes the connection",
    "which of these",
)
def handshake_dropped(seen: Trace) -> Iterator[Conclusion]:
    base, get = seen.base, seen["get"]
    if base.kind != "cut" or get is None or get.kind != "http":
        return
    yield Conclusion(
        f"The handshake is dropped without a byte ({base.result()}), but a plain GET gets an answer "
        f"({get.result()}).{usually(*_who_drops(seen))}{past_the_proxy(seen)}",
        sure(seen, 0.75, 0.9),
        beside(seen, "get"),
        steps("Look in the application's log first.", ask_past(seen)),
        open=True,
    )


def _who_drops(seen: Trace) -> tuple[str, ...]:
    """What closes the connection of a handshake, but not that of a plain GET."""
    drops = "a rule that drops requests with Upgrade"
    if compared(seen) == "opens":
        return (drops, "a proxy that cannot forward an upgrade, and fails or gives up")
    closes = "an application that closes the connection (a wrong path, a required subprotocol, a crash)"
    return (drops, closes, NO_ANSWER)


def _only_upgrade_counts(seen: Trace) -> Answer | None:
    """The answer without Upgrade, if Upgrade alone makes the difference; the version makes none."""
    base, get, bare, version = seen.base, seen["get"], seen["no-upgrade"], seen["no-version"]
    if base.kind != "http" or get is None or seen.like_get or bare is None or version is None:
        return None
    if alike(bare, base) or not alike(version, base) or base.by_server or base.status >= 500:
        return None
    return bare


@rule(
    "refused; another status without Upgrade; the same answer without the version",
    "a rule refuses Upgrade; or, if no proxy signs the answer, the program that answers refuses the handshake",
    NOT_IF_SIGNED,
    claims=(every_upgrade, proxy_to_blame),
)
def upgrade_refused(seen: Trace) -> Iterator[Conclusion]:
    base, bare = seen.base, _only_upgrade_counts(seen)
    if bare is None or bare.status == base.status:
        return
    own = "a program that refuses the handshake itself (no WebSocket endpoint at this path, no token)"
    why = ": a rule refuses Upgrade." if base.by_proxy else f".{usually(_RULE, own)}"
    yield Conclusion(
        f"{base.result()} for any request with Upgrade ({written_by(base)}); without Upgrade, or "
        f"as a plain GET, the request gets through ({bare.result()}){why}{_its_words(base)}"
        f"{past_the_proxy(seen)}",
        sure(seen, 0.92 if base.by_proxy else 0.75),
        ("base", "no-upgrade"),
        proxy_lines(seen, "refuses-upgrade", base.proxies),
        open=not base.by_proxy,
    )


def _its_words(base: Answer) -> str:
    """A sentence: what the answer itself says; "" if it says nothing, or is a page of a proxy."""
    says = base.cause.says if base.cause is not None and not base.by_proxy else ""
    return says and f" {says[0].upper()}{says[1:]}."


@rule("a 5xx for the handshake, another answer to a plain GET", "the server fails on handshakes alone", "why")
def handshake_fails(seen: Trace) -> Iterator[Conclusion]:
    base, get = seen.base, seen["get"]
    if base.kind != "http" or get is None or base.status < 500 or alike(base, get):
        return
    yield Conclusion(
        f"{base.status} to the handshake ({written_by(base)}), another answer to a plain GET ({get.result()}): "
        f"{_where_it_fails(seen)}{likeliest(seen)}{past_the_proxy(seen)}",
        sure(seen, 0.8),
        beside(seen, "get"),
        steps(
            "Look in the log of the application, and of every proxy.",
            ask_past(seen),
            lines_if_seen(seen, "error"),
        ),
        open=True,
    )


def _where_it_fails(seen: Trace) -> str:
    """What fails on a handshake alone."""
    elsewhere = "another route for handshakes than for plain requests"
    if compared(seen) == "opens":
        lost, changes = "a proxy that cannot reach the application", "a proxy that changes the handshake"
        return f"the handshake fails at the proxy.{usually(lost, changes, elsewhere)}"
    failed = ("an exception in the application", "an application that closes the connection or does not answer")
    if not shows_proxy(seen):
        return f"the handshake fails in the server.{usually(*failed)}"
    return f"the handshake fails behind the proxy.{usually(*failed, elsewhere)}"


_RULE = "a rule that refuses Upgrade"


def refusing(seen: Trace) -> str:
    """A clause: the handshake is refused, and a plain GET gets another answer; "" if it is not so."""
    base, get, version = seen.base, seen["get"], seen["no-version"]
    if base.kind != "http" or get is None or seen.like_get:
        return ""
    if not _reads(seen) and not base.by_server and alike(base, get):
        return ""  # only the head differs: another proxy wrote into it
    shown = f"{base.result()} to the handshake ({written_by(base)}), {get.result()} to a plain GET"
    if not _reads(seen) and _http_route_alone(base):
        return f"{shown}: Upgrade arrives, and a page refuses it that is no WebSocket library's."
    if not _reads(seen):
        return f"{shown}: a WebSocket library reads the handshake, so Upgrade arrives."
    result = f" ({version.result()})" if version is not None else ""
    return f"{shown}, another answer without the version{result}: a WebSocket library reads the handshake, " + (
        "so Upgrade arrives."
    )


def _http_route_alone(base: Answer) -> bool:
    """True if a framework without a library for WebSockets sends this where a path has only an HTTP route."""
    return base.cause is not None and HTTP_ROUTE in base.cause.usual


def _reads(seen: Trace) -> bool:
    version = seen["no-version"]
    return version is not None and not alike(version, seen.base)


@rule(
    "the handshake is refused; a plain GET gets another answer",
    "a rule or a WebSocket library refuses the handshake",
    "which",
)
def handshake_refused(seen: Trace) -> Iterator[Conclusion]:
    base, get = seen.base, seen["get"]
    if not refusing(seen) or _reads(seen) or base.by_server or get is None or compared(seen) == "same":
        return
    or_path = ", or the path has no WebSocket endpoint" if base.status == 404 else ""
    yield Conclusion(
        f"{base.result()} to the handshake ({written_by(base)}), {get.result()} to a plain GET: "
        f"a rule or a WebSocket library refuses the handshake{or_path}. Cannot tell "
        f"which.{likeliest(seen)}{past_the_proxy(seen)}",
        sure(seen, 0.7, 0.85),
        beside(seen, "get"),
        steps(ask_past(seen), proxy_lines(seen, "rule", base.proxies)),
        open=True,
    )


@rule(
    "a WebSocket library refuses the handshake; directly the same bytes open",
    "the proxy changes the path, Host, Origin or a header",
    "which part",
)
def request_changed(seen: Trace) -> Iterator[Conclusion]:
    shown = refusing(seen)
    if shown and compared(seen) == "opens":
        yield Conclusion(
            f"{shown} {opens_directly(seen)} {_changed(seen)}{_or_itself(seen)} ({proxy_of(seen)}).",
            0.93,
            beside(seen, "get"),
            proxy_lines(seen, "path"),
            open=bool(_or_itself(seen)),
        )


def _or_itself(seen: Trace) -> str:
    """A clause: the author of the answer may be a proxy that has a WebSocket library; "" if marks show the
    program that answers directly too."""
    direct = {each.author.id for name, each in seen.answers.items() if name.startswith("backend")}
    if seen.base.author.certainty == "only" and seen.base.author.id in direct:
        return ""
    return "; or the proxy itself reads handshakes, and refuses this one or cannot reach the application"


def _changed(seen: Trace) -> str:
    """What the proxy changes, or does not."""
    if clause := unmapped(seen):
        return f"{clause[0].upper()}{clause[1:]}, or changes another part (Host, Origin, a header)"
    return "The proxy changes the request's path, or another part (Host, Origin, a header)"


@rule(
    "a WebSocket library refuses every form of the handshake",
    "the path, Origin, Host, credentials or a subprotocol",
    "whether the URL is wrong or a proxy rewrites the path, without --backend",
    id="handshake-refused",
    claims=(every_form_refused,),
)
def refused_by_library(seen: Trace) -> Iterator[Conclusion]:
    shown = refusing(seen)
    if shown:
        yield Conclusion(
            f"{shown} {_every_variant(seen)}{likeliest(seen)}{past_the_proxy(seen)}",
            0.85,
            ("base", "get"),
            with_code(
                steps(
                    "Check the path, and what the application requires.",
                    ask_past(seen),
                    proxy_lines(seen, "path"),
                ),
                seen.base,
            ),
            open=True,
        )


def _every_variant(seen: Trace) -> str:
    """What is refused in every variant of the handshake."""
    cause = itself(seen.base)
    if cause is not None and not _reads(seen) and _http_route_alone(seen.base):
        return f"Every variant is refused.{usually(*cause.usual)}"
    others = ("the Origin or Host", "missing credentials", "a subprotocol")
    if not shows_proxy(seen):
        return f"The library refuses every variant.{usually('a wrong path', *others)}"
    path = "a path that is wrong in the URL, or rewritten by a proxy"
    return f"The library refuses every variant.{usually(path, *others)}"
