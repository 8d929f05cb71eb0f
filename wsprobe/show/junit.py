"""JUnit's XML, which a CI shows as tests: each URL a test case.

There is no standard. This writes only the elements and attributes of the reports of Ant's JUnit task, which
every CI reads.
"""

from __future__ import annotations

import re
from typing import Literal
from xml.etree import ElementTree as ET

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.report.report import Report
from wsprobe.report.result import further_findings
from wsprobe.report.timing import in_utc
from wsprobe.show.lines import Look, plain
from wsprobe.show.report import handshake
from wsprobe.show.watch import summary, words
from wsprobe.text import printable, shown_text
from wsprobe.watch.summary import Watch


class Fault(Struct, frozen=True):
    """Why a test case did not pass."""

    message: str
    """One line."""
    kind: str
    """The outcome, or another unmet condition."""
    text: str = ""
    """The explanation for a person."""
    tag: Literal["failure", "error"] = "failure"
    """error: there was no test, because the URL is not usable."""


class Case(Struct, frozen=True):
    """A URL, and whether it passed."""

    name: str
    seconds: float = 0.0
    fault: Fault | None = None
    started: str = ""
    """ISO 8601, UTC; "" if unknown."""


def case_of(report: Report, unmet: tuple[str, ...] = (), more: str = "") -> Case:
    """The test case of *report*: it passes if its exit status is 0. *unmet*: a sentence for each unmet
    --expect. *more*: text below the report."""
    events = report.exchange.events
    fault = None
    if unmet or report.exit_status:
        result, likely = report.result, report.result.cause
        broken = (each.text for each in further_findings(report.verdict) if each.fatal)
        why = likely.labelled if likely else next(broken, "")
        fault = Fault(
            message=unmet[0] if unmet else "; ".join(filter(None, (result.headline, why))),
            kind="expectation" if unmet else report.outcome,
            text="".join(f"{each}\n" for each in unmet) + plain(handshake(report, Look())) + more,
        )
    return Case(
        shown_text(report.title), events[-1].at / 1e6 if events else 0.0, fault, report.exchange.started
    )


def watched(watch: Watch, now: float, *, until: bool) -> Case:
    """The test case of a watched URL: it passes if its last probe has exit status 0 or, with *until*, if that
    is true. *now*: seconds since the watch began."""
    last = watch.last
    name = shown_text(watch.title)
    if last is None:
        return Case(name, fault=Fault("no probe was completed", "no-probe", tag="error"))
    unmet = [what for what, met in last.expected if not met]
    fault = None
    if until and not last.met:
        fault = Fault(f"--until is not met: {words(last)}", "expectation")
    elif not until and last.exit_status:
        message = f"{words(last)}: expected {', '.join(unmet)}" if unmet else words(last)
        fault = Fault(message, "expectation" if unmet else last.state.outcome)
    if fault is not None:
        fault = replace(fault, text=plain(summary(watch, now, Look())))
    return Case(name, last.seconds, fault, last.started)


def unusable(text: str) -> Case:
    """The test case of a line of a list that is not a URL. *text* has its place and the reason."""
    where, _, why = text.partition(": ")
    return Case(shown_text(where), fault=Fault(why or text, "usage", tag="error"))


def case_element(case: Case, suite: str) -> str:
    """The element of *case*, with its line end."""
    element = ET.Element("testcase", classname=suite, name=_safe(case.name), time=f"{case.seconds:.3f}")
    if case.fault is not None:
        fault = ET.SubElement(
            element, case.fault.tag, message=printable(case.fault.message), type=case.fault.kind
        )
        fault.text = _safe(case.fault.text)
    return ET.tostring(element, encoding="unicode") + "\n"


class Totals(Struct):
    """Of the test cases so far."""

    tests: int = 0
    failures: int = 0
    errors: int = 0
    seconds: float = 0.0
    started: str = ""
    """Of the first case that knows it."""

    def add(self, case: Case) -> None:
        """Count *case*."""
        self.tests += 1
        self.failures += case.fault is not None and case.fault.tag == "failure"
        self.errors += case.fault is not None and case.fault.tag == "error"
        self.seconds += case.seconds
        self.started = self.started or case.started


def head(suite: str, of: Totals) -> str:
    """The text before the test cases."""
    # The schema of Ant wants a time without zone or fraction, and a host, which is nobody else's business.
    element = ET.Element(
        "testsuite",
        id="0",
        package="wsprobe",
        name=suite,
        hostname="localhost",
        timestamp=in_utc(of.started)[:SECONDS],
        tests=str(of.tests),
        failures=str(of.failures),
        errors=str(of.errors),
        skipped="0",
        time=f"{of.seconds:.3f}",
    )
    begin = ET.tostring(element, encoding="unicode").removesuffix(" />")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n{begin}>\n<properties />\n'


SECONDS = len("2026-11-26T19:42:33")
TAIL = "<system-out />\n<system-err />\n</testsuite>\n</testsuites>\n"
"""The text after the test cases."""

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 (section 2.2) forbids, even as a reference."""


def _safe(text: str) -> str:
    """*text* with escapes for characters that XML cannot contain."""
    return NOT_XML.sub(lambda found: ascii(found[0])[1:-1], text)
