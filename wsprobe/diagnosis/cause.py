"""A cause as a value. ``causes.txt`` has the ids for every command and file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

Certainty = Literal["own-request", "stated", "only", "shared", "status"]
"""How a cause is known, the strongest kind first. ``own-request``: what wsprobe sent explains it;
``stated``: the answer says it in words; ``only``: a mark that one program alone has; ``shared``: a form of
answer that several programs share; ``status``: nothing but the status, or the way it ended."""


Label = Literal["likely", "possible", "the server says"]
"""The words before the first of several causes; the others have "or". The last one is for a quotation of which
nothing is known but its words."""
TELLS_APART = "wsprobe trace URL tells these apart"
"""What to do where a bare answer leaves a list: a trace asks as a plain GET, without an upgrade, and
directly."""
MOST_USUAL = 5
"""The most usual causes in a sentence: a longer list is not read."""


class Cause(msgspec.Struct, frozen=True):
    """One possible cause of the answer. All texts are printable ASCII."""

    id: str
    """An id of ``causes.txt``."""
    statement: str
    """A clause: what happened, if the evidence shows that; otherwise only the act that the bytes prove. A known
    author is put before it. "" if nothing is known but a quote."""
    fix: str = ""
    """What to do about it; "" if there is nothing to do, or nothing is known."""
    certainty: Certainty = "status"
    evidence: str = ""
    """The evidence: the server's words, the sent field, the mark of a program, or the status."""
    program: str | None = None
    """The author of the answer, if a mark that only one program has shows it; otherwise None."""
    usual: tuple[str, ...] = ()
    """What usually leads to the act, the likeliest first. There may always be another reason."""
    quote: str = ""
    """The words of the server about it."""

    @property
    def text(self) -> str:
        """The whole sentence, which follows "likely:", "possible:" or "or:"."""
        return "; ".join(filter(None, (self.statement, self.says, self.usually)))

    @property
    def without_usual(self) -> str:
        """The sentence without the usual causes; "" if there is nothing else."""
        return "; ".join(filter(None, (self.statement, self.says)))

    @property
    def without_quote(self) -> str:
        """The sentence without the server's words; "" if there is nothing else."""
        return "; ".join(filter(None, (self.statement, self.usually)))

    @property
    def says(self) -> str:
        """The server's words as a clause; "" without any."""
        return f'the server says "{self.quote}"' if self.quote else ""

    @property
    def usually(self) -> str:
        """The usual causes as a clause; "" without any."""
        return usual_causes(self.usual)

    @property
    def labelled(self) -> str:
        """The sentence after its label: ``likely: ...``."""
        return f"{self.label}: {self.below_label}"

    @property
    def below_label(self) -> str:
        """What follows the label: the whole sentence, or only the server's words."""
        return f'"{self.quote}"' if self.label == "the server says" else self.text

    @property
    def in_short(self) -> str:
        """The same without the usual causes, unless there is nothing else."""
        return self.below_label if self.label == "the server says" else self.without_usual or self.usually

    @property
    def fix_in_trace(self) -> str:
        """What to do, for a trace, which is what else it may name."""
        return re.sub(r"; wsprobe trace [^;]*", "", self.fix)

    @property
    def repeats_outcome(self) -> bool:
        """Nothing but the outcome shows it: beside that, only the usual causes are new."""
        return self.certainty == "status" and self.id in ACTS and bool(self.usual)

    @property
    def label(self) -> Label:
        """How sure the evidence makes it: a form that several programs share, or a status, leaves others."""
        if self.quote and not self.without_quote:
            return "the server says"
        return "possible" if self.certainty in ("shared", "status") else "likely"


def usual_causes(named: Sequence[str]) -> str:
    """A clause with the first of these causes, the likeliest first; "" without any. There may always be another
    one."""
    named = named[:MOST_USUAL]
    several = len(named) > 1 or " or " in "".join(named)
    return f"usual cause{'s' if several else ''}: {'; '.join(named)}" if named else ""


def as_clause(sentences: str) -> str:
    """*sentences* about what to do, as a clause that follows "do:": each begins in lower case, unless with an
    acronym, and only semicolons end them; without backticks."""
    parts = sentences.replace("`", "").rstrip(".").split(". ")
    return "; ".join(part if part[1:2].isupper() else part[:1].lower() + part[1:] for part in parts)


def as_sentence(clause: str) -> str:
    """*clause*, as of ``Cause.fix``, as a sentence. One that begins with code keeps its first letter, and a
    command at its end gets no period."""
    first = clause[:1].upper() if re.match(r"[a-z]+(?:[ ,;]|\Z)", clause) else clause[:1]
    command = "wsprobe " in clause.rpartition("; ")[2]
    return f"{first}{clause[1:]}{'' if command or clause[-1:] in ('', '.', ';') else '.'}"


ACTS = frozenset(
    {
        *("refused", "bad-request", "not-found", "not-upgraded", "upgrade-required", "protocol-error", "error"),
        *("bad-gateway", "gateway-timeout", "unavailable", "closed-silently", "no-answer", "closed", "dropped"),
        "response-after-101",
    }
)
"""Kinds that only say what the server did: with other words or marks there may be another reason."""

FORMERLY = {
    "upgrade-stripped": "upgrade-lost",
    "origin-refused": "origin-refused",
    "subprotocol-wanted": "subprotocol-required",
    "handshake-incomplete": "handshake-incomplete",
    "version-duplicated": "version-duplicated",
    "web-page": "no-route",
}
"""Findings of version 0.1 that are causes now -> their ids here."""

REPLACED = {
    "handler-returned": "closed",
    "closed-by-app": "closed",
    "denial": "error",
    "intercepted": "not-upgraded",
    "proxy-waits": "no-answer",
    "hangs": "no-answer",
}
"""Causes that answers no longer prove -> the act that is reported in their place."""
