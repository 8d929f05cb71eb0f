"""Scenarios of the lab, from its catalogue."""

from __future__ import annotations

from wsprobe.explain.entry import Entry

PREFIX = "lab:"


def topics() -> tuple[str, ...]:
    from wsprobe.lab.catalogue import aliases, names

    return tuple(f"{PREFIX}{name}" for name in (*names(), *aliases()))


def find(name: str) -> Entry | None:
    """The scenario *name*, with or without ``lab:``."""
    from wsprobe.lab.catalogue import UnknownScenario
    from wsprobe.lab.catalogue import find as scenario_of

    name = name.removeprefix(PREFIX)
    try:
        scenario = scenario_of(name)
    except UnknownScenario:
        return None
    topic = f"{PREFIX}{name}"
    facts = (
        ("about", scenario.about),
        ("outcome", scenario.outcome),
        ("findings", ", ".join(scenario.findings)),
        ("look at it", f"wsprobe connect {topic}"),
        *((f"{said} in {wire}", f"wsprobe connect --wire {wire} {topic}") for wire, said in scenario.wires),
        ("compare", f"wsprobe compare --browser-mode {topic}"),
    )
    see = tuple(word for word in (scenario.outcome, *scenario.findings) if word)
    return Entry(topic, "scenario", name, (scenario.summary,), tuple(f for f in facts if f[1]), see)
