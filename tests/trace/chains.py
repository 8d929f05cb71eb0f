"""128 measured chains of a proxy and an application with one fault each (chains.jsonl), as the recordings that
a trace would have made of them."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from tests.trace.rules import BROWSER, KEY, exchange_of
from wsprobe.exchange import Plan, Target
from wsprobe.report.report import report
from wsprobe.request.opening import Offer, request
from wsprobe.trace.answer import answer_of
from wsprobe.trace.conclusions import conclusions
from wsprobe.trace.series import Choice, following
from wsprobe.trace.trace import Backend, Start, Trace

VARIANTS = {
    "origin": "origin-same",
    "backend": "direct",
    "backend-get": "direct-get",
    "backend-origin": "direct-origin-same",
    "backend-plain": "direct",
    "no-protocol": "protocol-none",
    "again-1": "again-2",
    "again-2": "again-3",
    "firefox": "chromium",
}
"""Change -> the variant of the measurement, where its name is another."""
FIELDS = (
    "server",
    "content-type",
    "location",
    "www-authenticate",
    "via",
    "x-varnish",
    "age",
    "upgrade",
    "retry-after",
    "x-request-id",
)


class Chain(msgspec.Struct, frozen=True):
    """One measured chain."""

    value: dict[str, Any]

    @property
    def name(self):
        return f"{self.value['chain']} {self.value['fault']}"

    @property
    def asked(self):
        found = self.value.get("request", {})
        return found

    def answer(self, variant):
        answers = self.value["answers"]
        found = answers["base"] if variant in self.value["same_as_base"] else answers.get(variant)
        return found


def chains():
    text = (Path(__file__).parent / "chains.jsonl").read_text(encoding="utf-8")
    return [Chain(json.loads(line)) for line in text.splitlines()]


def start(chain, *, direct):
    secure = bool(chain.asked.get("tls"))
    port = 25100
    resource = chain.asked.get("path", "/chat") + (f"?{query}" if (query := chain.asked.get("query")) else "")
    scheme = "wss" if secure else "ws"
    target = Target(f"{scheme}://app.example:{port}{resource}", secure, "app.example", port, resource)
    cookie = chain.asked.get("cookie")
    protocol = chain.asked.get("protocol")
    offer = Offer(
        key=KEY,
        cookies=(cookie,) if isinstance(cookie, str) else (),
        protocols=(protocol,) if protocol else (),
    )
    origin = f"{'https' if secure else 'http'}://app.example:{port}"
    browser = BROWSER % (resource.encode(), f"app.example:{port}".encode(), origin.encode(), KEY.encode())
    return Start(
        plan=Plan(target, request(target, offer)),
        origin=origin,
        browsers=(("chromium", browser), ("firefox", browser)),
        backends=(Backend("127.0.0.1", 25200, secure=False),) if direct else (),
        each_address=chain.answer("second") is not None,
        hold=4.0,
    )


def trace(chain, *, direct, choice=None):
    """What a trace of *chain* asks and gets, and what it concludes; *direct*: with --backend."""
    begin = start(chain, direct=direct)
    seen = Trace(begin, {})
    while (step := following(seen, choice or Choice(skip=frozenset({"backend-held"})))) is not None:
        name = VARIANTS.get(step.name, "second" if step.name.startswith("address ") else step.name)
        told = chain.answer(name)
        if told is None:
            raise LookupError(f"{chain.name}: {step.name} was not measured")
        exchange = recorded(step.plan, told, held=step.name == "again-2")
        seen = Trace(begin, {**seen.answers, step.name: read_of(exchange)})
    return seen, conclusions(seen)


@cache
def read_of(exchange):
    """The same requests of a chain are made in many traces."""
    return answer_of(report(exchange))


def recorded(plan, told, *, held):
    """The recording of an answer that was written down; *held*: for as long as the server let it be open."""
    return exchange_of(plan, spec(told, held))


def spec(told, held):
    """The answer in the words of rules/*.txt."""
    ended, after = told.get("ended", ""), f" after {told['ms'] / 1000:.3f}"
    if ended.startswith("connect"):
        return "refused"
    if ended.startswith("tls"):
        return "no tls"
    if "status" not in told:
        return {"closed": "cut", "reset": "reset", "silence": "silent"}[ended] + after
    fields = [f"{name}: {each}" for name in FIELDS if name in told for each in str(told[name]).split(" | ")]
    if told["status"] == 101:
        idle = re.match(r"closed after ([\d.]+) s", told.get("idle", "")) if held else None
        how = {"right": "", "wrong": " wrong"}.get(str(told.get("accept")), " bare")
        how = f" idle {idle[1]}" if idle is not None else how
        return "; ".join((f"101{how}{after}", *(each for each in fields if not each.startswith("upgrade: "))))
    body = told.get("body_start", "").encode("latin-1", "replace").decode("latin-1")
    if "Transfer-Encoding" in told.get("names", "").title() or re.match(r"[0-9a-fA-F]{1,4}\r\n", body):
        fields.append("Transfer-Encoding: chunked")
    head = f"{told['status']} {told['reason']}{after}"
    return f"{'; '.join((head, *fields))} |{body.encode('unicode_escape').decode()}"
