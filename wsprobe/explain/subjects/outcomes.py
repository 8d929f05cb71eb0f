"""Outcome words and exit statuses, from the one table of them."""

from __future__ import annotations

from wsprobe.explain.entry import Entry
from wsprobe.outcome import TABLE, Meaning


def topics() -> tuple[str, ...]:
    return ("exit", *(row.outcome for row in TABLE if row.outcome is not None))


def find(word: str) -> Entry | None:
    """The outcome *word*, or ``exit``: the whole table."""
    if word in ("exit", "exit status", "exit-status", "outcome", "outcomes"):
        facts = tuple((str(row.status.value), _told(row)) for row in TABLE)
        text = ("What `wsprobe connect` says of a handshake, and the exit status that goes with it.",)
        return Entry("exit", "exit status", "outcomes and exit statuses", text, facts, ("refused", "invalid"))
    for row in TABLE:
        if row.outcome == word:
            facts = (("exit status", str(row.status.value)), *_topics_of(word))
            return Entry(word, "outcome", word, (_sentence(row),), facts, ("exit",))
    return None


def exit_status(number: int) -> Entry | None:
    """The exit status *number*; None if the program never ends with it."""
    for row in TABLE:
        if row.status.value == number:
            see = (row.outcome, "exit") if row.outcome else ("exit",)
            return Entry(f"exit {number}", "exit status", _told(row), (_sentence(row),), (), see)
    return None


def _told(row: Meaning) -> str:
    return f"{row.outcome}: {row.text}" if row.outcome else row.text


def _sentence(row: Meaning) -> str:
    return f"{row.text[:1].upper()}{row.text[1:]}."


def _topics_of(word: str) -> tuple[tuple[str, str], ...]:
    """What a person with this outcome asks next."""
    next_step = {
        "unresolved": "check the name, and which DNS server the machine asks",
        "unreachable": "check address, port, firewall, and whether the server runs",
        "tls-failed": "`wsprobe connect URL` shows the certificate and what is wrong with it",
        "proxy-failed": "check the proxy's address and credentials, and that it allows the port",
        "timeout": "look at the step that took the time: the timing line says which",
        "dropped": "read the server's log at that time; the answer as far as it came is shown",
        "not-http": "another protocol is spoken on that port: what came is shown",
        "redirected": "use the URL that Location names, or --location to follow it",
        "unauthorized": "check credentials and cookies; -u, -b and -H send them",
        "refused": "read status, headers and body: they are the server's reason",
        "server-error": "read the body and the server's log; ask the server behind the proxy directly",
        "not-upgraded": "check the path, and that no proxy strips Upgrade",
        "invalid": "each finding names the header that is wrong and what is expected",
        "aborted": "look for a proxy's idle limit or a crash; -vv shows what came last",
        "closed": "read code and reason; wsprobe explain CODE",
    }.get(word)
    return (("what to do", next_step),) if next_step else ()
