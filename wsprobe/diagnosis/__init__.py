"""The causes of an answer: the one diagnosis for every command, page and interface.

Most modules need only ``causes(reading, outcome)``; ``author(reading)`` also finds who wrote the answer. Both
are pure functions of a recording and never raise, whatever the bytes.

The search for causes has this order, and each cause has its kind of evidence: the words of the answer
(``stated``), marks of one program alone (``only``), forms that several programs share (``shared``), and the
status (``status``). wsprobe's own request (``own-request``) comes first only where the answer fits it and says
nothing else (``own_request``). The marks were measured on loopback in
November 2026, except those of Cloudflare, AWS, Traefik, ASP.NET, Rails and Spring, which follow the
documentation or source of the program."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec.structs import replace

from wsprobe.diagnosis import asgi, libraries, proxy_pages
from wsprobe.diagnosis.cause import ACTS, FORMERLY, REPLACED, Cause
from wsprobe.diagnosis.evidence import Evidence, answer_of, foreign_origin, unanswered
from wsprobe.diagnosis.faults import A_CHECK, LOOK_UP, asked_wrong, led_to_login, otherwise, too_much
from wsprobe.diagnosis.no_answer import nothing_came, way
from wsprobe.diagnosis.own_request import ODD_FIELDS, beside, challenged, own_request
from wsprobe.diagnosis.programs import PROGRAMS, Author, AuthorRules, written_by
from wsprobe.diagnosis.senses import names_another_reason, of_something_else, stated, stated_by
from wsprobe.diagnosis.status import by_status, own_origin
from wsprobe.diagnosis.words import QUOTED, own_words
from wsprobe.exchange import Ended, Exchange, Received, Sent, TlsFailed, TunnelFailed, TunnelReceived
from wsprobe.judge.transport import no_proxy
from wsprobe.read import read, read_structure
from wsprobe.read.behind import http_behind
from wsprobe.read.reading import Reading, Response
from wsprobe.wire.followup import REDIRECTS

__all__ = ["ACTS", "FORMERLY", "PROGRAMS", "REPLACED", "Author", "Cause", "author", "causes"]

_RULES = AuthorRules((*proxy_pages.RULES, *asgi.BY_REASON, *libraries.RULES, *asgi.RULES, *libraries.BY_SHAPE))
"""In the order of the tests: the first one that knows the answer names its author."""

_ENDS = frozenset({"fin", "reset", "truncated", "error", "timeout"})
"""``Ended.how`` if the server ended a connection without sending a byte."""

_AFTER = frozenset({"closed", "dropped", "crashed", "idle-timeout", "error"})
"""The causes that matter only if the session opened. After an invalid 101, no client opens one."""


def causes(reading: Reading, outcome: str = "") -> tuple[Cause, ...]:
    """The causes, the likeliest first; () if nothing is wrong or nothing is known.

    *outcome*: as for ``author``."""
    return author(reading, outcome).causes


def author(reading: Reading, outcome: str = "") -> Author:
    """The author of the answer in *reading*, the proxy that forwarded it, and its causes.

    If a CONNECT proxy refused the tunnel, this is about its answer. Without an answer there is no author, and
    ``causes`` are the possible reasons.

    *outcome*: the judged one. After an ``invalid`` 101 no client opens a session, so neither its end nor a
    missing subprotocol is the fault, unless HTTP after the 101 made it invalid."""
    found = _author(reading)
    if outcome == "invalid" and http_behind(reading) is None:
        selected = reading.final is not None and reading.final.head.all(b"sec-websocket-protocol")
        ignored = _AFTER if selected else {*_AFTER, "subprotocol-none"}  # an empty value is the fault itself
        return replace(found, causes=tuple(one for one in found.causes if one.id not in ignored))
    return found


def _author(reading: Reading) -> Author:
    """``author``, with the causes for any outcome."""
    happened = set(map(type, reading.exchange.events))
    if TunnelFailed in happened:
        refused = _of_tunnel(reading)
        return refused if refused.causes else Author(causes=way(reading))
    final = reading.final
    if final is not None and final.stated:  # a status, and nothing else
        known = () if final.status == 101 else by_status(answer_of(reading, final))
        return Author(causes=known if reading.sent else tuple(map(_of_unknown_request, known)))
    # In TLS 1.3 the server may end the handshake (no client certificate) after the request was sent.
    if not reading.received and Sent in happened and TlsFailed not in happened:
        return Author(causes=nothing_came(reading)) if reading.exchange.how_ended in _ENDS else Author()
    if final is None or final.status is None or reading.looks_like:
        return Author(causes=(*_asked(reading), *_written(reading), *way(reading)))
    if not final.head.complete:
        return Author(causes=(*_asked(reading), *_begun(reading, final), *way(reading)))
    answer = answer_of(reading, final)
    words = own_words(answer)
    if reading.session is not None:
        from wsprobe.diagnosis.session import opened  # only for a session: the largest part of the diagnosis

        # Over HTTP/2 a session opens with a 200, and the hop that speaks it writes every name in lower case:
        # nothing is left of an author.
        found = opened(reading, replace(answer, status=101))
        found = Author(causes=found.causes) if reading.http2 is not None else found
    else:
        found = _refusal(answer, words, over_http2=reading.http2 is not None)
        if (login := _led_to_login(reading.exchange, answer)) is not None:
            more = (cause for cause in found.causes if cause.certainty != "status")
            found = replace(found, causes=(login, *more))
    hop = found.hop if answer.hop in ("", found.id) else answer.hop
    return replace(found, hop=hop, other_reason=any(map(names_another_reason, words)))


def _of_unknown_request(cause: Cause) -> Cause:
    """*cause* without what it says of a request that the file does not have."""
    return replace(cause, usual=tuple(each for each in cause.usual if not each.startswith("no Origin")))


def _asked(reading: Reading) -> tuple[Cause, ...]:
    """The faults of the request as a handshake, if the answer is not HTTP."""
    if not reading.received or reading.http2 is not None:
        return ()
    evidence = unanswered(reading)
    return (*asked_wrong(evidence), *too_much(*evidence.largest))


def _begun(reading: Reading, final: Response) -> tuple[Cause, ...]:
    """The causes of a refusal whose head did not end: its status line and fields say why, its form nothing."""
    evidence = answer_of(reading, final)
    if evidence.status < 400 or reading.http2 is not None or b"\n" not in final.head.raw:
        return ()
    said = stated(evidence, own_words(evidence))
    found = by_status(evidence)
    return _shown_by(_arrived(evidence, (said, *found) if said is not None else found), evidence)


def _written(reading: Reading) -> tuple[Cause, ...]:
    """What text without a head states: that the server only sends back what it receives, or something of a
    program behind the one that wrote it, as some proxies report a backend that is down."""
    if reading.looks_like != "text" or reading.http2 is not None:
        return ()
    if reading.received.startswith(reading.sent.partition(b"\r\n")[0] + b"\r\n"):
        fix = "use the port of the WebSocket listener"
        echo = "the server sent wsprobe's own request back: an echo service, not a WebSocket server"
        return (Cause("other-protocol", echo, fix, "stated", "the request, in place of an answer"),)
    text = reading.received[:QUOTED].decode("utf-8", "surrogateescape")
    evidence = unanswered(reading)
    found = stated_by(evidence, " ".join(text.split()), "text that is not HTTP")
    if found is not None and found.id in _REFUSING and re.fullmatch(_FEW_WORDS, text):
        foreign = "allow the origin in the server (Next.js: allowedDevOrigins), or send what it requires"
        own = "send what the server requires (token, cookie, Origin); look in its log"
        fix = foreign if foreign_origin(evidence) else own
        did = "the server refused the handshake with words that are not HTTP"
        return (replace(found, id="refused", statement=did, fix=fix, usual=(*own_origin(evidence), A_CHECK)),)
    return (found,) if found is not None and found.id in _BEHIND else ()


_REFUSING = frozenset({"unauthorized", "refused", "origin-refused"})
# No greeting of another protocol, which has a code, an address or a version.
_FEW_WORDS = r"[A-Za-z][A-Za-z ]{3,40}[.!]?\s*"
_BEHIND = frozenset({"backend-down", "backend-closed", "bad-gateway", "gateway-timeout"})


def _refusal(evidence: Evidence, found: tuple[str, ...], *, over_http2: bool) -> Author:
    """The causes of an answer other than 101, in the order of their evidence. *found*: its ``own_words``."""
    known = Author() if over_http2 else _by_marks(evidence)
    said = stated(evidence, found)
    if said is not None and known.role == "proxy" and known.certainty == "only":
        # The words of a proxy's own page are the same for every reason: its status says more.
        said = said if said.id in {cause.id for cause in known.causes} else None
    rest = _named(known, evidence)
    own = own_request(evidence)
    words = said is not None and said.id == "server-says" and not challenged(evidence)
    if said is not None and words and of_something_else(evidence, found):
        odd = [one for one in own if one.id not in ODD_FIELDS]
        likely = [*_of_another_matter(said, known, rest, evidence), *odd]
    else:
        answered = _answered(said, known, rest, evidence)
        likely = beside(own, said, known, answered, evidence)
    return replace(known, causes=_shown_by(_arrived(evidence, likely), evidence))


def _of_another_matter(said: Cause, known: Author, rest: list[Cause], evidence: Evidence) -> list[Cause]:
    """The causes beside words that may be about an application's own matters: these are quoted, and what the
    status usually means counts only if they give no reason."""
    if not rest or rest[0].certainty != "status" or evidence.status < 400:
        return _answered(said, known, rest, evidence)
    act = rest[0]
    if act.id in ACTS:
        usual = (
            () if act.id == "refused" else tuple(one for one in act.usual if one not in own_origin(evidence))
        )
        quoting = _quoting(said, replace(act, usual=usual), evidence)
        fix = otherwise(act.fix) if evidence.status > 500 else quoting.fix
        return [replace(quoting, fix=fix)]
    counted = evidence.status == 429
    plain = replace(
        act,
        id=act.id if counted else "refused",
        statement="",
        fix=_counted(said, act).fix if counted else said.fix,
        usual=(),
    )
    return [replace(plain, quote=said.quote, certainty="stated", evidence=said.evidence)]


def _answered(said: Cause | None, known: Author, rest: list[Cause], evidence: Evidence) -> list[Cause]:
    """The causes in the answer itself: what it says, and what its marks and its status (*rest*) mean."""
    if said is None:
        return rest
    if said.id != "server-says":
        others = (cause for cause in rest if cause.id not in ACTS)
        return [_explained(said, known), *map(_beside_words, others)]
    if evidence.status == 429 and rest and rest[0].id == "rate-limited":
        return [_counted(said, rest[0]), *rest[1:]]
    if rest and challenged(evidence) and rest[0].certainty in ("stated", "status"):
        return [replace(rest[0], quote=said.quote, certainty="stated", evidence=said.evidence), *rest[1:]]
    if not rest or (rest[0].id not in ACTS and rest[0].certainty != "only"):
        return [said, *rest]
    if rest[0].id in ACTS:
        return [_quoting(said, rest[0], evidence), *rest[1:]]
    return rest  # a mark that is the program's own words


def _counted(said: Cause, limited: Cause) -> Cause:
    """*limited* by a status 429 with the unknown words of *said*."""
    fix = f"{LOOK_UP}; where they mean requests or connections, {limited.fix}"
    counted = _beside_words(limited)
    return replace(counted, fix=fix, quote=said.quote, certainty="stated", evidence=said.evidence)


def _beside_words(cause: Cause) -> Cause:
    """*cause* as far as its status proves it: beside words, a 429 may count orders or prizes as well as
    requests."""
    if cause.id != "rate-limited":
        return cause
    return replace(cause, statement="a limit of the server is reached (429)", usual=())


def _quoting(said: Cause, act: Cause, evidence: Evidence) -> Cause:
    """*act* with the unknown words of *said*. Of a refusal they are the reason: usual causes would only
    distract from them, and a status without a mark adds nothing."""
    if act.certainty == "status":
        act = replace(act, statement="")
    if evidence.status == 403 and names_another_reason(said.quote):
        act = replace(act, fix=said.fix)
    elif evidence.status in _WITH_FIX:
        act = replace(act, fix=otherwise(act.fix))
    elif evidence.status < 500 and evidence.status != 426:
        usually = otherwise(act.fix) if act.certainty == "shared" else act.fix
        act = replace(act, fix=said.fix if act.certainty == "status" else usually)
    if act.id == "refused":
        act = replace(act, usual=act.usual if foreign_origin(evidence) else ())
    elif act.id == "upgrade-required" and re.search(_OF_THE_HANDSHAKE, said.quote) is None:
        act = replace(act, usual=(), fix=f"the words may ask for a newer version of the client; {said.fix}")
    return replace(act, quote=said.quote, certainty="stated", evidence=said.evidence)


_WITH_FIX = frozenset({200, 401, 403, 404, 405, 410})
"""Statuses whose usual fix is likely to help: what is missing is to be sent, or the path corrected."""
_OF_THE_HANDSHAKE = r"(?i)web ?socket|handshake|header|protocol|connection|\A\W*upgrade required\W*\Z"
"""Words of a 426 that are about the upgrade: other words may be about the version of an application."""


def _explained(said: Cause, known: Author) -> Cause:
    """The cause in the words, with the known remedy in the program that wrote them."""
    same = next((cause for cause in known.causes if cause.id == said.id), None)
    if known.program is None:
        return said
    return replace(said, fix=same.fix if same is not None and same.fix else said.fix, program=known.program)


def _named(known: Author, evidence: Evidence) -> list[Cause]:
    """The causes that follow from the author of the answer, else from its status; the first one names it."""
    found = list(known.causes or by_status(evidence))
    if not found or not known.id:
        return found
    first, who = found[0], known.who
    if known.role == "proxy":
        did = first.statement.removeprefix("the server ")
        if any(usual.endswith(f"that {who} replaced") for usual in first.usual):
            did = did.replace("refused the request", "wrote this refusal")
        apart = did if PROGRAMS[known.id].name in did else f"{who}: {did}"  # it names the proxy itself
        named = f"{who}, not the application, {did}" if did != first.statement else apart
    else:
        named = f"{who}: {first.statement}"
    found[0] = replace(first, statement=named)
    shows = f"{evidence.line}; {known.mark}"
    return [
        replace(one, certainty=known.certainty, evidence=shows, program=known.program)
        if one.certainty == "status"
        else replace(one, program=known.program)
        for one in found
    ]


def _led_to_login(exchange: Exchange, answer: Evidence) -> Cause | None:
    """The cause if redirects that were followed led to the login that gave this *answer*."""
    answered = (read_structure(hop, heads_only=True).status for hop in reversed(exchange.hops))
    last = next((status for status in answered if status in REDIRECTS), None)
    if last is None:
        return None
    return led_to_login(answer, exchange.hops[0].plan.target, exchange.plan.target, last)


def _arrived(evidence: Evidence, found: Iterable[Cause]) -> Iterable[Cause]:
    """Without causes that the answer disproves: a lost Upgrade, if the answer shows that it arrived."""
    if not evidence.arrived:
        return found
    return (one for one in found if one.id not in ("upgrade-lost", "no-websocket") or one.certainty == "stated")


def _shown_by(found: Iterable[Cause], evidence: Evidence) -> tuple[Cause, ...]:
    """Each kind of cause where it comes first; what has no evidence of its own is shown by the status line."""
    first: dict[str, Cause] = {}
    for cause in found:
        if cause.id not in first:
            first[cause.id] = cause if cause.evidence else replace(cause, evidence=evidence.line)
    return tuple(first.values())


def _by_marks(evidence: Evidence) -> Author:
    if (known := _twice(evidence)) is not None:
        return known
    return _RULES.author(evidence) or _UNKNOWN


_UNKNOWN = Author()


def _twice(evidence: Evidence) -> Author | None:
    """A 101 that comes behind a whole answer."""
    if b"HTTP/1.1 101 " not in evidence.rest:
        return None
    if evidence.status >= 500:
        unaccepted = Cause(
            "no-accept",
            "the application returned without accepting; a 101 follows the 500",
            "accept: await websocket.accept()",
        )
        return written_by("uvicorn", "a 101 behind a whole 500", (unaccepted,))
    wrote = Cause(
        "wrote-first",
        "the handler wrote a response before the upgrade; the 101 arrived inside the body of that response",
        "write nothing before Upgrade()",
    )
    return written_by("go", "a 101 within a body", (wrote,))


def _of_tunnel(reading: Reading) -> Author:
    said = b"".join(event.data for event in reading.exchange.events if isinstance(event, TunnelReceived))
    plan = reading.exchange.plan
    asked = read(Exchange(plan, (Sent(0, plan.request), Received(0, said), Ended(0, "fin"))))
    final = asked.final
    if final is None or final.status is None or not final.head.complete or asked.session is not None:
        return Author()
    answer = replace(answer_of(asked, final), oddity="", wanted="", host="", largest=("", 0))
    found = proxy_pages.FORWARD.author(answer) or _UNKNOWN
    known = (found.id and not no_proxy(reading)) or answer.status == 407
    return replace(found, causes=_shown_by(_named(found, answer), answer) if known else ())
