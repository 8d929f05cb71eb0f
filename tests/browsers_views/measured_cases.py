"""What was measured in a real engine: server steps in, exception, events and console out.

One JSON object a line in ``measured/ENGINE-VERSION.jsonl``; ``{ip}``, ``{plain}`` and the like stand for
addresses and ports, as in the lab.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wsprobe.browsers.engine import Page, ScriptView
from wsprobe.exchange import Act
from wsprobe.lab.ports import PORTS
from wsprobe.lab.scenario import Scenario, Step, escape

HOST = "127.0.0.1"
VALUES = {"ip": HOST, "page": f"{HOST}:{PORTS['tls']}"} | {name: str(port) for name, port in PORTS.items()}
"""``{page}`` stands in texts about pages loaded over TLS only."""


@dataclass(frozen=True, slots=True)
class Case:
    scenario: Scenario
    seen: dict[str, Any]
    """As :func:`told` shapes a view."""


def load(name: str) -> dict[str, Case]:
    path = Path(__file__).parent / "measured" / f"{name}.jsonl"
    return {value["name"]: _case(value) for value in map(json.loads, path.read_text("utf-8").splitlines())}


def told(view: ScriptView) -> dict[str, Any]:
    """A view in the shape of a measurement."""
    events = []
    for event in view.events:
        one: dict[str, Any] = {"type": event.type, "rs": event.ready_state}
        if event.type == "open":
            one |= {"protocol": event.protocol, "extensions": event.extensions}
        elif event.type == "message":
            one |= {"hex": event.data.hex()} if isinstance(event.data, bytes) else {"data": event.data}
        elif event.type == "close":
            one |= {"code": event.code, "reason": event.reason, "wasClean": event.was_clean}
        elif event.exception is not None:
            one |= _exception(event.exception)
        events.append(one)
    return {
        "exception": _exception(view.exception) if view.exception is not None else None,
        "url": view.url,
        "events": events,
        "console": list(view.console),
    }


def _exception(exception: Any) -> dict[str, Any]:
    return {"name": exception.name, "message": exception.message, "code": exception.code}


def _case(value: dict[str, Any]) -> Case:
    page = Page(
        url={"https": f"https://{{ip}}:{PORTS['tls']}/page"}.get(
            at := value.get("page", "http://localhost/"), at
        ),
        csp=value.get("csp", ""),
        cookies=value.get("cookies", ""),
        protocols=tuple(p) if isinstance(p := value.get("protocols"), list) else p,
        acts=tuple(Act(when, do, data.encode(), code) for when, do, data, code in value.get("acts", ())),
    )
    scenario = Scenario(
        name=value["name"].partition("-")[2],
        about="frames",
        summary="",
        steps=tuple(_step(*step) for step in value["server"]),
        listener=value.get("listener", "plain"),
        url=value.get("url", ""),
        page=page,
    )
    seen = {
        "exception": value.get("exception"),
        "url": _filled(value["seen_url"] or ""),
        "events": [_plain(event) for event in value["events"]],
        "console": [_filled(line) for line in value["console"]],
    }
    return Case(scenario, seen)


def _step(do: str, *arguments: Any) -> Step:
    if do == "send-hex":
        return Step("send", escape(bytes.fromhex(arguments[0])))
    if do in ("send", "send-bytewise"):
        data = b"{accept}".join(escape(part.encode("latin-1")) for part in arguments[0].split("{A}"))
        return Step(do, data, *map(float, arguments[1:]))  # type: ignore[arg-type]
    return Step(do, seconds=float(arguments[0]) if arguments else 5.0)  # type: ignore[arg-type]


def _plain(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != "where"}


def _filled(text: str) -> str:
    for name, value in VALUES.items():
        text = text.replace(f"{{{name}}}", value)
    return text
