"""The options that only `trace` has: what changes from one request to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import click

from wsprobe.cli.completion import next_of_list
from wsprobe.cli.files import check_replaceable
from wsprobe.cli.option import Seconds, Section, opt
from wsprobe.cli.output_settings import JSON_SCHEMA, OUTPUT, OutputSettings
from wsprobe.cli.route_settings import LimitSettings

if TYPE_CHECKING:
    from wsprobe.trace.weakness import Level

SECTION = "Change the request"
PATIENCE = 10.0
"""Time limit of one exchange in seconds; short, because trace makes many, one after another."""
HOLD = 5.0


def names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Shell completion: changes, and the next change in a list."""
    from wsprobe.trace.audit_requests import ROWS  # a person waits for the completion
    from wsprobe.trace.changes import CHANGES  # the same

    rows = ROWS if ctx.params.get("audit") or ctx.params.get("audit_heavy") else CHANGES
    return next_of_list(incomplete, (row.name for row in rows if row.name != "base"))


class TraceSettings(Section, frozen=True, kw_only=True):
    """What changes from one request to the next, and how."""

    heading: ClassVar[str] = SECTION

    backend: tuple[str, ...] = opt(
        "--backend [ws://]HOST:PORT[/PATH]",
        "also send the handshake and a plain GET directly to the application, with its own path if "
        "the proxy changes the path; repeat it for the proxies in between, the outermost first",
        (),
    )
    each_address: bool = opt("--each-address", "try every address of the host name", rare=True)
    only: tuple[str, ...] = opt(
        "--only NAME[,NAME]",
        "send only these changes, even if they seem useless; the unchanged handshake comes first",
        (),
        shell_complete=names,
    )
    skip: tuple[str, ...] = opt("--skip NAME[,NAME]", "leave these changes out", (), shell_complete=names)
    pause: float = opt("--pause", "wait this long between two requests", 0.2, type=Seconds(), rare=True)
    hold: float = opt(
        "--hold",
        "if the handshake opens, keep the last connection open and silent for this time, which -m "
        "does not shorten; 0 turns this off",
        HOLD,
        type=Seconds(),
    )
    dry_run: bool = opt("--dry-run", "list what may be sent, and send nothing")
    audit: bool = opt(
        "--audit",
        "test what a stranger could do with this endpoint, given the cookies (-b) or credentials "
        "(-u) of a session; --fail-on decides which weaknesses make it exit with 1",
    )
    audit_heavy: bool = opt(
        "--audit-heavy",
        "the same, and send one message of 16 MiB, to find out whether there is a limit",
        rare=True,
    )
    fail_on: Level | None = opt(
        "--fail-on LEVEL",
        "with --audit: exit with 1 if there is a weakness of this level or a more severe one: note, warning "
        "(the default) or error",
        type=click.Choice(("note", "warning", "error")),
        rare=True,
    )
    clear_port: int | None = opt(
        "--clear-port PORT",
        "with --audit: try this port without TLS, as well as the TLS port; by default 80 for 443 and "
        "8080 for 8443",
        type=click.IntRange(1, 65535),
        rare=True,
    )
    sarif: str | None = opt(
        "--sarif FILE",
        "with --audit: also write the weaknesses as SARIF 2.1.0, for code scanning services",
        heading=OUTPUT,
        rare=True,
    )
    sarif_artifact: str | None = opt(
        "--sarif-artifact FILE",
        "with --sarif: the file of the repository at which code scanning shows the weaknesses",
        heading=OUTPUT,
        rare=True,
    )
    json_schema: bool = JSON_SCHEMA

    @property
    def audits(self) -> bool:
        """True if an audit was requested, heavy or not."""
        return self.audit or self.audit_heavy

    def check(self) -> None:
        """Raises click.UsageError for a file that cannot be written."""
        if self.sarif is not None:
            check_replaceable(self.sarif, "sarif")


INSTEAD = {
    "max_time": LimitSettings.options["max_time"].of_its_own(
        "time limit per request; after one timeout, 5 seconds for the rest",
        PATIENCE,
        example="wsprobe trace -m 5s wss://chat.example/ws",
    ),
    "save": OutputSettings.options["save"].of_its_own(
        "append the recordings to FILE, one a line in their order, for compare (- is standard output)",
        example="wsprobe trace --save trace.jsonl wss://chat.example/ws",
    ),
}
"""Options with another meaning and another default in `trace`."""
