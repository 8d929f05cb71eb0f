"""Options for reports: how they are printed, where they are saved, what is expected of them."""

import sys
from typing import Annotated, ClassVar

import click

from wsprobe.cli import completion
from wsprobe.cli.expect_forms import FORMS
from wsprobe.cli.option import Seconds, Whole
from wsprobe.cli.section import Declared, Section
from wsprobe.cli.streams import Color, check_replaceable

OUTPUT = "Print and save"
VERDICT = "Check in scripts"
REPORTS = (".html", ".md")


class ExpectSettings(Section, frozen=True, kw_only=True):
    """Conditions that must hold."""

    heading: ClassVar[str] = VERDICT

    expectations: Annotated[
        tuple[str, ...],
        Declared(
            "--expect",
            metavar="WHAT",
            shell_complete=completion.expectations,
            help=f"exit with 0 if this is true, with 20 if not: {FORMS}",
        ),
    ] = ()


class RetrySettings(Section, frozen=True, kw_only=True):
    """How often a temporary failure is tried again."""

    heading: ClassVar[str] = VERDICT

    retry: Annotated[
        int,
        Declared(
            "--retry",
            type=Whole(0, 100),
            rare=True,
            help="retry up to N times after a failure that may be temporary: unreachable, timeout, "
            "dropped, 408, 429, 500, 502, 503, 504",
        ),
    ] = 0
    retry_max_time: Annotated[
        float | None,
        Declared(
            "--retry-max-time",
            type=Seconds(zero=False),
            rare=True,
            help="with --retry: start no retry later than this after the first try",
        ),
    ] = None


def print_schema(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    """Do what --json-schema says, without a URL."""
    if value and not ctx.resilient_parsing:
        from wsprobe.show.schema import schema_of  # all of the contract

        sys.stdout.write(schema_of(ctx.info_name or ""))
        ctx.exit()


class OutputSettings(Section, frozen=True, kw_only=True):
    """How every command prints and keeps reports."""

    heading: ClassVar[str] = OUTPUT

    as_json: Annotated[
        bool,
        Declared(
            "--json",
            help="print one JSON object a line (wsprobe-json(5))",
        ),
    ] = False
    brief: Annotated[
        bool,
        Declared(
            "--brief",
            rare=True,
            help="with --json: leave out the recording, and bytes that are also there as text",
        ),
    ] = False
    color: Annotated[
        Color,
        Declared(
            "--color",
            type=click.Choice(["auto", "always", "never"]),
            rare=True,
            help="colour: auto (on a terminal, unless NO_COLOR is set), always or never",
        ),
    ] = "auto"
    redact: Annotated[
        bool,
        Declared(
            "--redact",
            rare=True,
            help="mask credentials, cookies and query values in all output and saved files",
        ),
    ] = False
    silent: Annotated[
        bool,
        Declared(
            "-s",
            "--silent",
            rare=True,
            help="print only what other options ask for; the exit status still reports the result",
        ),
    ] = False
    save: Annotated[
        str | None,
        Declared(
            "--save",
            metavar="FILE",
            help="append the recording to FILE, for wsprobe compare and for bug reports (- is standard output)",
        ),
    ] = None
    har: Annotated[
        str | None,
        Declared(
            "--har",
            metavar="FILE",
            rare=True,
            help="also write a HAR file, which DevTools can import (- is standard output)",
        ),
    ] = None
    junit: Annotated[
        str | None,
        Declared(
            "--junit",
            metavar="FILE",
            rare=True,
            help="also write a JUnit file, so a CI can show each URL as a test",
        ),
    ] = None
    report_files: Annotated[
        tuple[str, ...],
        Declared(
            "--report",
            metavar="FILE",
            help="write the whole report, with secrets masked, to a web page (FILE.html) or as Markdown for "
            "an issue (FILE.md); repeatable",
        ),
    ] = ()
    no_redact: Annotated[
        bool,
        Declared(
            "--no-redact",
            rare=True,
            help="with --report: do not mask secrets in the file",
        ),
    ] = False

    def check(self) -> None:
        """Raises click.UsageError."""
        if self.no_redact and self.redact:
            raise click.UsageError("--redact and --no-redact cannot be used together")
        if self.no_redact and not self.report_files:
            raise click.UsageError("--no-redact applies to the file of --report: add --report FILE.html")
        for path in self.report_files:
            if not path.lower().endswith(REPORTS):
                raise click.UsageError(f"--report: {path!r} must end in .html (a web page) or .md (Markdown)")
            check_replaceable(path, "report")


class OwnOutputSettings(Section, frozen=True, kw_only=True):
    """How the result of wsprobe's own request is printed, for commands without other readers."""

    heading: ClassVar[str] = OUTPUT

    verbose: Annotated[
        int,
        Declared(
            "-v",
            "--verbose",
            count=True,
            help="show the conversation as it happens, on standard error; -vv in hex",
        ),
    ] = 0
    include: Annotated[
        bool,
        Declared(
            "-i",
            "--include",
            help="print the raw answer, head and body, instead of the report",
        ),
    ] = False
    body_to: Annotated[
        str | None,
        Declared(
            "-o",
            "--output",
            metavar="FILE",
            rare=True,
            help="write the body of the answer to FILE (- is standard output, instead of the report)",
        ),
    ] = None
    write_out: Annotated[
        str | None,
        Declared(
            "-w",
            "--write-out",
            metavar="FORMAT",
            help="print FORMAT with its %{variables} filled in, instead of the report",
        ),
    ] = None
    json_schema: Annotated[
        bool,
        Declared(
            "--json-schema",
            is_eager=True,
            callback=print_schema,
            rare=True,
            help="print the JSON Schema of --json and exit",
        ),
    ] = False
