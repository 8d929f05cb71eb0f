"""Explains what the program defines elsewhere: outcomes, exit statuses, findings, scenarios, proxies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from wsprobe.diagnosis import FORMERLY, REPLACED
from wsprobe.diagnosis.kinds import all_kinds
from wsprobe.diagnosis.origin_checks import ORIGIN_CHECKS, lines_of, source
from wsprobe.diagnosis.proxies import examples
from wsprobe.explain.entry import Topic
from wsprobe.history.data import touched_by
from wsprobe.judge import FINDINGS
from wsprobe.judge.ledger import LedgerRule, ledger
from wsprobe.lab import aliases, names
from wsprobe.lab import find as scenario_of
from wsprobe.report.outcome import TABLE, Meaning
from wsprobe.text import counted

if TYPE_CHECKING:
    from wsprobe.lab.scenario import Conforming
    from wsprobe.trace.weakness import Weakness


from wsprobe.diagnosis import proxies


def find_outcome(word: str) -> Topic | None:
    """The outcome *word*, or ``exit``: the whole table."""
    if word in ("exit", "exit status", "exit-status", "outcome", "outcomes"):
        facts = tuple((str(row.status.value), _told(row)) for row in TABLE)
        text = ("The outcome that `wsprobe connect` prints for a handshake, and its exit status.",)
        return Topic("exit", "exit status", "outcomes and exit statuses", text, facts, ("refused", "invalid"))
    for row in TABLE:
        if row.outcome == word:
            facts = (("exit status", str(row.status.value)), *_topics_of(word))
            return Topic(word, "outcome", word, (_sentence(row),), facts, ("exit",))
    return None


def exit_status(number: int) -> Topic | None:
    """The exit status *number*; None if the program never exits with it."""
    for row in TABLE:
        if row.status.value == number:
            see = (row.outcome, "exit") if row.outcome else ("exit",)
            return Topic(f"exit {number}", "exit status", _told(row), (_sentence(row),), (), see)
    return None


def _told(row: Meaning) -> str:
    return f"{row.outcome}: {row.text}" if row.outcome else row.text


def _sentence(row: Meaning) -> str:
    return f"{row.text[:1].upper()}{row.text[1:]}."


def _topics_of(word: str) -> tuple[tuple[str, str], ...]:
    """The next step for a person with this outcome."""
    next_step = {
        "unresolved": "check the spelling of the name, and which DNS server this machine uses",
        "unreachable": "check the address, the port and the firewall, and whether the server runs",
        "tls-failed": "`wsprobe connect URL` shows the certificate and what is wrong with it",
        "proxy-failed": "check the proxy's address and credentials, and that it allows the port",
        "timeout": "look at the timing line: it shows which step took the time",
        "dropped": "read the server's log at that time; `wsprobe connect URL` shows how much of the "
        "answer came",
        "not-http": "the port speaks another protocol; `wsprobe connect URL` shows the bytes received",
        "redirected": "use the URL in Location, or let --location follow it",
        "unauthorized": "check credentials and cookies; -u, --bearer, -b and -H send them",
        "refused": "read the status, the headers and the body: the server often gives its reason there",
        "server-error": "read the body and the server's log; try the server behind the proxy directly",
        "not-upgraded": "check the path, and that no proxy strips Upgrade",
        "invalid": "each finding shows the wrong header and the expected value",
        "aborted": "look for a proxy's idle limit or a crash; -vv shows the last bytes received",
        "closed": "read the close code and the reason; wsprobe explain CODE",
        "limit": "look at the bytes received: no ordinary head is that large; the server is broken or hostile",
        "blocked": "read the browser's line in the console; `wsprobe explain LINE` explains it",
    }.get(word)
    return (("what to do", next_step),) if next_step else ()


_LEVELS = {
    "fail": "fail: the answer breaks a MUST, or no WebSocket could be opened",
    "warn": "warn: clients disagree, or this does not do what it appears to",
    "note": "note: good to know, not an error",
}


RULES = "rules"


def find_rules(word: str) -> Topic | None:
    """Every rule for a server that the judge knows, if *word* is ``rules``."""
    if word != RULES:
        return None
    text = (
        "Every MUST and SHOULD for the answer and the session of a server, and the finding that reports a "
        "breach. MUST?: the answer does not show whether the rule applies, or two rules contradict each other.",
    )
    facts = tuple((f"{each.spec} section {each.section}, {each.level}", _reported(each)) for each in ledger())
    return Topic(RULES, "rules", "what the specifications require of a server", text, facts, ("invalid",))


def _reported(rule: LedgerRule) -> str:
    condition = f", if {rule.condition}" if rule.condition else ""
    by = ", ".join(rule.findings) or f"cannot be seen from outside: {rule.not_seen}"
    return f"{rule.text}{condition} ({by})"


def find_finding(id: str) -> Topic | None:
    """The finding *id*; None for another word."""
    row = FINDINGS.get(id)
    if row is None:
        return None
    facts = (
        ("level", _LEVELS[row.level]),
        ("defined by", row.spec),
        ("usually", row.usual),
        ("what to do", row.advice),
    )
    told = tuple(fact for fact in facts if fact[1])
    return Topic(id, "finding", row.title, (row.meaning,), told, _contradiction(id))


_IN_PROXIES = {
    "upgrade-lost": "upgrade",
    "upgrade-lost-or-elsewhere": "upgrade",
    "http-1.0": "http-1.1",
    "header-too-large": "large",
    "rate-limited": "limit",
}
"""Cause -> the fault in ``proxies.toml`` whose lines its explanation has."""


def find_cause(id: str) -> Topic | None:
    """The cause *id*, also by an id that it had before."""
    id = REPLACED.get(id) or FORMERLY.get(id, id)
    kind = all_kinds().get(id)
    if kind is None:
        return None
    facts = (("what to do", kind.fix), *(examples(_IN_PROXIES[id]) if id in _IN_PROXIES else ()))
    see = ("proxy",) if id in _IN_PROXIES or id.startswith("backend") else ()
    return Topic(id, "cause", kind.title, (kind.meaning,), tuple(fact for fact in facts if fact[1]), see)


def _weaknesses() -> Mapping[str, Weakness]:
    from wsprobe.trace.audit import BY_ID  # a trace, only for a weakness

    return BY_ID


def weakness_topics() -> tuple[str, ...]:
    """The ids of weaknesses, which an audit reports."""
    return tuple(_weaknesses())


def find_weakness(id: str) -> Topic | None:
    """The weakness *id*, one that ``trace --audit`` looks for."""
    each = _weaknesses().get(id)
    if each is None:
        return None
    known = each.cannot_know
    facts = (
        ("level", each.level),
        ("number", f"CWE-{each.cwe}" if each.cwe else ""),
        ("found if", each.seen),
        ("not known", known),
        ("what to do", each.fix),
        *_origin_checks(id),
        ("look for it", "wsprobe trace --audit URL"),
    )
    see = ("origin", "remedy") if "origin" in id else ()
    return Topic(id, "weakness", each.title, (each.why,), tuple(fact for fact in facts if fact[1]), see)


def _origin_checks(id: str) -> tuple[tuple[str, str], ...]:
    """The setting for each program, for a weakness in the check of Origin."""
    return tuple((source(each), lines_of(each)) for each in ORIGIN_CHECKS) if "origin" in id else ()


def _contradiction(id: str) -> tuple[str, ...]:
    return (touched_by()[id],) if id in touched_by() else ()


def conforming_words(of: Conforming) -> str:
    """The reaction of a conforming client to a scenario: ``gets text 'hi', then accepts the Close with
    1000``."""
    does = [f"gets {message.kind} {_payload(message.data)}" for message in of.messages]
    does += [f"sends Pong {_payload(pong)}" for pong in of.pongs]
    ends = [] if of.close is None else [f"accepts the Close with {of.close}"]
    ends += [f"fails the connection with {' or '.join(map(str, of.fail))}"] if of.fail else []
    return f"{', '.join(does)}, then {' or '.join(ends)}" if does else " or ".join(ends)


def _payload(data: bytes) -> str:
    """Short plain ASCII itself, and the size of any other payload."""
    plain = 0 < len(data) <= 40 and all(0x20 <= byte < 0x7F for byte in data)
    return f"'{data.decode('ascii')}'" if plain else f"of {counted(len(data), 'byte')}"


PREFIX = "lab:"


def scenario_topics() -> tuple[str, ...]:
    """The scenarios with their other names, each with ``lab:``."""
    return tuple(f"{PREFIX}{name}" for name in (*names(), *aliases()))


def find_scenario(name: str) -> Topic | None:
    """The scenario *name*, with or without ``lab:``."""
    name = name.removeprefix(PREFIX)
    if name not in aliases() and name not in names():  # the error would look for names that are near
        return None
    scenario = scenario_of(name)
    topic = f"{PREFIX}{name}"
    facts = (
        ("about", scenario.about),
        ("outcome", scenario.outcome),
        ("findings", ", ".join(scenario.findings)),
        ("a conforming client", "" if scenario.conforming is None else conforming_words(scenario.conforming)),
        ("look at it", f"wsprobe connect {topic}"),
        *((f"{said} in {wire}", f"wsprobe connect --wire {wire} {topic}") for wire, said in scenario.wires),
        ("compare", f"wsprobe compare --browser-mode {topic}"),
    )
    see = tuple(word for word in (scenario.outcome, *scenario.findings) if word)
    return Topic(topic, "scenario", name, (scenario.summary,), tuple(f for f in facts if f[1]), see)


_OF_PROXIES = (
    "Upgrade and Connection are meant for one hop (RFC 9110 section 7.6.1). A proxy without WebSocket support "
    "removes them, and the server behind it sees a plain GET: it answers 400 or 426 if the library notices, "
    "and 404 or 200 if it does not.",
    "A Server header names the last hop that writes one, which is not always the program that made the answer: "
    "nginx, Envoy and nghttpx replace the application's, Caddy puts its own before it, Apache and lighttpd add "
    "theirs only where there is none, HAProxy and Varnish add none.",
)


def find_proxy(topic: str) -> Topic | None:
    """The proxy called *topic*; for ``proxy``, the facts about all of them."""
    if topic == "proxy":
        return Topic(
            "proxy",
            "proxy",
            "a proxy in front of the server",
            _OF_PROXIES,
            proxies.examples("upgrade"),
            _proxies_beside("proxy"),
        )
    each = proxies.proxy(topic)
    if each is None:
        return None
    lines = tuple(("write", line) for line in each.lines)
    removed = (("remove", each.remove),) if each.remove else ()
    facts = (
        *lines,
        *removed,
        ("also check", each.keep),
        ("its own answers", each.own),
        ("tried with", each.tried),
    )
    return Topic(topic, "proxy", each.name, (each.why,), facts, _proxies_beside(topic))


def _proxies_beside(topic: str) -> tuple[str, ...]:
    others = tuple(key for key in ("proxy", *proxies.LEADING) if key != topic)
    return ("upgrade-lost", "426", *others)
