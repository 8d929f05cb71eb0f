"""The work of ``wsprobe page --attach``: report the sockets of a browser that already runs."""

from __future__ import annotations

import os
from functools import partial
from ipaddress import ip_address

import click
from msgspec.structs import replace

from wsprobe import net
from wsprobe.browsers import ENGINES
from wsprobe.cli.page_output import PageOutput
from wsprobe.cli.page_settings import PageSettings
from wsprobe.cli.settings import Settings
from wsprobe.cli.streams import note
from wsprobe.exception_groups import leaves
from wsprobe.exchange import Exchange, Plan, PlanError
from wsprobe.page.attached import NoDevTools, attach
from wsprobe.page.recorded import asked_again, from_devtools, request_again
from wsprobe.page.sockets import PageSocket
from wsprobe.page.watching import Watching
from wsprobe.report.outcome import Exit
from wsprobe.request import opening, target
from wsprobe.request.target import TargetError

BROWSER = "the attached browser"


def attached(settings: Settings, own: PageSettings) -> int:
    """Follow the browser of --attach, and report its sockets; returns the exit status.

    Raises click.UsageError.
    """
    host, port = _place(own)
    ENGINES["chromium"]  # loaded before the first socket
    watching = Watching(own.listeners)
    made = PageOutput(settings, own, live=True)

    async def over(socket: PageSocket) -> None:
        again = await _again(socket, settings) if own.repeat else None
        exchange = again or from_devtools(socket, BROWSER)
        made.take(lambda: [(socket, exchange, 0.0)])

    def ready() -> None:
        if not settings.output.silent:
            until = "" if own.lasts is not None else "; ^C ends it"
            note(f"watching the browser at {host}:{port}{until}")

    missing: BaseException | None = None
    with made:
        try:
            net.run(partial(attach, host, port, watching, own.lasts, over, ready))
        except* NoDevTools as group:
            missing = next(leaves(group))
        if missing is not None:
            note(str(missing))
            return Exit.UNREACHABLE if getattr(missing, "refused", False) else Exit.USAGE
        made.take(
            lambda: ((each, from_devtools(each, BROWSER), 0.0) for each in made.left(watching.sockets.sockets))
        )
        made.finish(watching.sockets)
    if not made.count:
        note(
            "no page of that browser opened a WebSocket meanwhile; sockets that were open before are not known"
        )
        return Exit.USAGE
    return made.exit_status


def _place(own: PageSettings) -> tuple[str, int]:
    """Host and port of --attach. Raises click.UsageError."""
    text = own.attach or ""
    try:
        to = target.parse(f"ws://{text}/")
    except TargetError:
        raise click.UsageError(f"--attach: {text!r} is not HOST:PORT, such as 127.0.0.1:9222") from None
    if to.resource != "/" or to.userinfo or not text.rpartition(":")[2].isdecimal():
        raise click.UsageError(f"--attach: {text!r} is not HOST:PORT, such as 127.0.0.1:9222")
    if not own.allow_remote and not _is_loopback(to.host):
        raise click.UsageError(
            f"--attach: {to.host} is not this machine; whoever reads along sees cookies: add --allow-remote"
        )
    return to.host, to.port


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


async def _again(socket: PageSocket, settings: Settings) -> Exchange | None:
    """The answer to the request of a failed *socket*, sent again from here; None if it did not fail."""
    if not socket.sentence or not socket.sent:
        return None
    handshake = settings.handshake
    try:
        to = target.parse(socket.url)
        request = request_again(socket, opening.fresh_key(os.urandom(16)))
        limits = replace(handshake.limits, linger=0.0)
        plan = Plan(to, request, limits=limits, tls=handshake.tls, route=handshake.route)
        return asked_again(socket, await net.probe(plan), BROWSER)
    except (TargetError, PlanError) as error:
        note(f"--repeat: {error}")
        return None
