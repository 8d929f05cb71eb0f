"""Options for reports: how they are printed, where they are saved, what is expected of them."""

import re
import sys
from collections.abc import Iterable
from typing import Any, ClassVar, Literal

import click

from wsprobe.cli import from_file
from wsprobe.cli.completion import beginning
from wsprobe.cli.files import check_replaceable
from wsprobe.cli.option import Seconds, Section, Whole, opt
from wsprobe.cli.streams import Color
from wsprobe.report.outcome import TABLE
from wsprobe.report.timing import TIMES

OUTPUT = "Print and save"
VERDICT = "Check in scripts"
REPORTS = (".html", ".md")

Operator = Literal["", "=", "!=", "~", "<"]
"""``""``: present. ``~``: a regular expression matches somewhere in the text."""
TEXT: tuple[Operator, ...] = ("=", "!=", "~")
OPERATORS: dict[str, tuple[Operator, ...]] = {
    "status": ("=", "!="),
    "outcome": ("=", "!="),
    "close": ("=", "!="),
    "close-reason": TEXT,
    "protocol": TEXT,
    "header": ("", *TEXT),
    "body": TEXT,
    "message": TEXT,
    "finding": ("", "=", "!="),
    "cause": ("", "=", "!="),
    "weakness": ("", "=", "!="),
    "cert-days": ("=",),
    "view": ("=", "!="),
    **dict.fromkeys(TIMES, ("<",)),
}
"""Condition -> its operators, the usual one first."""
NAMED = ("header", "finding", "cause", "weakness", "view")
"""Conditions with a name after a colon."""
ABSENT = ("header", "finding", "cause", "weakness")
"""Conditions for which ``!=NAME`` means that there is none."""
FORMS = (
    "status=403, status=4xx, outcome=open, close=4403, close-reason=TEXT, protocol=NAME, header:NAME=VALUE, "
    "body~REGEX, message~REGEX, finding:ID, finding=none, cause:ID, cause=none, time_total<2, "
    "cert-days=14; != for the opposite"
)
VIEW = "view:BROWSER=CODE"
"""Of `compare`: the code of the close event in this browser, or the outcome of the view."""


def ids_of(kind: str) -> Iterable[str]:
    """The names that a condition can have: of findings, causes, weaknesses; and the outcomes."""
    match kind:
        case "finding":
            from wsprobe.judge import FINDINGS  # with the rules

            return FINDINGS
        case "cause":
            from wsprobe.diagnosis.kinds import all_kinds  # only for a cause

            return all_kinds()
        case "weakness":
            from wsprobe.trace.audit import BY_ID  # only for a weakness

            return BY_ID
    return [row.outcome for row in TABLE if row.outcome]


def expectations(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The forms of --expect up to the operator; outcomes, and ids of findings, causes and weaknesses."""
    if found := re.match("(outcome)=|(finding|cause|weakness):", incomplete):
        return beginning(incomplete, (f"{found[0]}{id}" for id in ids_of(found[1] or found[2])))
    return beginning(
        incomplete,
        (f"{kind}{':' if kind in NAMED else each[0]}" for kind, each in OPERATORS.items()),
    )


class ExpectSettings(Section, frozen=True, kw_only=True):
    """Conditions that must hold."""

    heading: ClassVar[str] = VERDICT

    expectations: tuple[str, ...] = opt(
        "--expect WHAT",
        f"exit with 0 if this is true, with 20 if not: {FORMS}",
        (),
        shell_complete=expectations,
    )


class RetrySettings(Section, frozen=True, kw_only=True):
    """How often a temporary failure is tried again."""

    heading: ClassVar[str] = VERDICT

    retry: int = opt(
        "--retry",
        "retry up to N times after a failure that may be temporary: unreachable, timeout, "
        "dropped, 408, 429, 500, 502, 503, 504",
        0,
        type=Whole(0, 100),
        rare=True,
        entry="retry up to N times after a failure that may be temporary (unreachable, timeout, dropped, 408, "
        "429, 500, 502, 503, 504); start no retry later than SECONDS after the first try",
    )
    retry_max_time: float | None = opt(
        "--retry-max-time",
        "with --retry: start no retry later than this after the first try",
        type=Seconds(zero=False),
        rare=True,
        entry="",
    )


def print_schema(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    """Do what --json-schema says, without a URL."""
    if value and not ctx.resilient_parsing:
        from wsprobe.show.schema import schema_of  # all of the contract

        sys.stdout.write(schema_of(ctx.info_name or ""))
        ctx.exit()


JSON_SCHEMA: Any = opt(
    "--json-schema",
    "print the JSON Schema of --json and exit",
    heading=OUTPUT,
    is_eager=True,
    callback=print_schema,
    rare=True,
)


class OutputSettings(Section, frozen=True, kw_only=True):
    """How every command prints and keeps reports."""

    heading: ClassVar[str] = OUTPUT

    @property
    def mute(self) -> bool:
        """Whether to print no word about what went wrong."""
        return self.silent and not self.show_error

    as_json: bool = opt("--json", "print one JSON object a line (wsprobe-json(5))")
    brief: bool = opt(
        "--brief", "with --json: leave out the recording, and bytes that are also there as text", rare=True
    )
    color: Color = opt(
        "--color",
        "colour: auto (on a terminal, unless NO_COLOR is set), always or never",
        "auto",
        type=click.Choice(["auto", "always", "never"]),
        show_default=False,
        rare=True,
    )
    redact: bool = opt(
        "--redact", "mask credentials, cookies and query values in all output and saved files", rare=True
    )
    silent: bool = opt(
        "-s --silent",
        "print only what other options ask for; the exit status still reports the result",
        rare=True,
    )
    show_error: bool = opt(
        "-S --show-error", "with -s: print one line if the result is not as required", rare=True
    )
    save: str | None = opt(
        "--save FILE",
        "append the recording to FILE, for wsprobe compare and for bug reports (- is standard output)",
        stdout=True,
    )
    har: str | None = opt(
        "--har FILE",
        "also write a HAR file, which DevTools can import (- is standard output)",
        rare=True,
        stdout=True,
    )
    junit: str | None = opt(
        "--junit FILE", "also write a JUnit file, so a CI can show each URL as a test", rare=True, stdout=True
    )
    report_files: tuple[str, ...] = opt(
        "--report FILE",
        "write the whole report, with secrets masked, to a web page (FILE.html) or as Markdown for "
        "an issue (FILE.md); repeatable",
        (),
    )
    no_redact: bool = opt("--no-redact", "with --report: do not mask secrets in the file", rare=True)

    def check(self) -> None:
        """Raises click.UsageError."""
        for path in self.report_files:
            if not path.lower().endswith(REPORTS):
                raise click.UsageError(f"--report: {path!r} must end in .html (a web page) or .md (Markdown)")
            check_replaceable(path, "report")


class OwnOutputSettings(Section, frozen=True, kw_only=True):
    """How `connect`, `talk` and `page` print a report."""

    heading: ClassVar[str] = OUTPUT

    verbose: int = opt(
        "-v --verbose", "show the conversation as it happens, on standard error; -vv in hex", 0, count=True
    )
    include: bool = opt("-i --include", "print the raw answer, head and body, instead of the report")
    body_to: str | None = opt(
        "-o --output FILE",
        "write the body of the answer to FILE (- is standard output, instead of the report)",
        rare=True,
        stdout=True,
    )
    write_out: str | None = opt(
        "-w --write-out FORMAT",
        "print FORMAT with its %{variables} filled in, instead of the report; @FILE has the format",
        callback=from_file.replaced(from_file.template),
    )
    json_schema: bool = JSON_SCHEMA

    @property
    def instead(self) -> bool:
        """Whether -i or -w prints something in place of the report."""
        return self.include or self.write_out is not None
