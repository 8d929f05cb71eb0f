"""171 traces of real chains (recorded.jsonl): of gateways, reverse and mesh proxies, tunnels, dev servers and
TLS terminators, each with one fault.

A line is one trace with --backend: the ``truth`` about it, known from configuration and logs; which first
conclusions are ``right`` (none where only a conclusion that leaves it open can be true); and its ``answers``,
each with the name of its change. ``request`` and ``data`` are text as in measured.jsonl."""

import json
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import msgspec

from tests.diagnosis.measured import exchange_of
from wsprobe.report.report import report
from wsprobe.trace.answer import answer_of
from wsprobe.trace.conclusions import conclusions
from wsprobe.trace.trace import Backend, Start, Trace


class Recorded(msgspec.Struct, frozen=True, dict=True):
    """One trace and the truth about it."""

    id: str
    chain: str
    truth: str
    right: tuple[str, ...]
    url: str
    backends: tuple[str, ...]
    hold: float
    answers: tuple[dict[str, Any], ...]

    @cached_property
    def trace(self):
        answers = {each["name"]: self._exchange(each) for each in self.answers}
        plan = answers["base"].plan
        origin = f"{'https' if plan.target.secure else 'http'}://{plan.target.host}:{plan.target.port}"
        start = Start(plan=plan, origin=origin, backends=tuple(map(_backend, self.backends)), hold=self.hold)
        return Trace(start, {name: answer_of(report(each)) for name, each in answers.items()})

    def _exchange(self, answer):
        return exchange_of({"url": self.url, "request": answer["request"], "events": answer["events"]})

    @cached_property
    def conclusion(self):
        """The first one."""
        return conclusions(self.trace)[0]


def _backend(text):
    place, slash, path = text.partition("/")
    host, _, port = place.partition(":")
    return Backend(host, int(port), resource=f"{slash}{path}")


@cache
def recorded():
    text = (Path(__file__).parent / "recorded.jsonl").read_text("ascii")
    return [msgspec.convert(json.loads(line), Recorded) for line in text.splitlines()]
