"""The options that only `relay` has: where it listens, who may use it, what it tells a page."""

import re
from typing import ClassVar

import click

from wsprobe.cli.option import Section, Whole, opt
from wsprobe.cli.request_settings import ORIGIN, RequestSettings, origin_meant
from wsprobe.cli.route_settings import LimitSettings
from wsprobe.cli.view_settings import ViewSettings
from wsprobe.exchange import Limits
from wsprobe.relay.relaying import ANY, Door
from wsprobe.request.target import host_of

RELAY = "Relay"
HANDSHAKE = 30
"""Time limit of a handshake without -m, in seconds: the default of ``Limits``."""


class RelaySettings(Section, frozen=True, kw_only=True):
    """Where the relay listens, who may use it, and what it tells a page."""

    heading: ClassVar[str] = RELAY

    listen: str = opt(
        "--listen [HOST:]PORT",
        "address and port for clients; by default 127.0.0.1 and a free port",
        "127.0.0.1:0",
        show_default=False,
    )
    tell_page: bool = opt(
        "--tell-page", "turn a failed handshake into a close code and a reason that the page can read"
    )
    origins: tuple[str, ...] = opt(
        "--allow-origin ORIGIN",
        "let only pages of this origin connect (* for all); repeat it for more; by default pages of "
        "this machine",
        (),
    )
    hosts: tuple[str, ...] = opt("--allow-host NAME", "also accept this name in the Host field", ())
    public: bool = opt("--public", "allow an address in --listen that other machines can reach")
    connections: int = opt(
        "--max-connections",
        "the most connections at the same time; others get 503",
        200,
        type=Whole(1, 10000),
    )

    def check(self) -> None:
        """Raises click.UsageError for an origin that no page has."""
        for each in self.origins:
            if each not in (ANY, "null") and not re.fullmatch(ORIGIN, each.removesuffix("/")):
                raise click.UsageError(f"--allow-origin: {each!r} is not an origin{origin_meant(each)}")

    def door(self, host: str) -> Door:
        """The access rules of a relay that listens at *host*."""
        names = frozenset(host_of(name) or name.lower() for name in (host, *self.hosts))
        return Door(names=names, addresses=self.public, origins=self.origins)


OF_THE_CLIENT = ("user_agent", "cookies", "user", "digest", "anyauth", "basic", "bearer", "protocols")
"""Left out of `relay`, because the client's own request has them."""
OF_FILES = ("netrc", "netrc_file", "netrc_optional")
OF_COMPARE = tuple(name for name in ViewSettings.options if name not in ("browser_mode", "browsers"))
"""Left out of `relay`, because they describe an imagined page; the relay's page is real."""
INSTEAD = {
    "max_time": LimitSettings.options["max_time"].of_its_own(
        f"close each connection after this time; without -m, only the handshake has a limit, of {HANDSHAKE} s",
        example="wsprobe relay -m 5m wss://chat.example/ws",
    ),
    "max_body": LimitSettings.options["max_body"].of_its_own(
        "record at most this many bytes of a body, and of each direction of a session",
        Limits().max_body,
        written="1m",
        example="wsprobe relay --save page.jsonl --max-body 64k wss://chat.example/ws",
    ),
    "origin": RequestSettings.options["origin"].of_its_own(
        "send this Origin to the server instead of the client's",
        example="wsprobe relay --origin https://app.example wss://chat.example/ws",
    ),
    "browser_mode": ViewSettings.options["browser_mode"].of_its_own(
        "show what a script in the page sees, in each browser",
        example="wsprobe relay --browser-mode wss://chat.example/ws",
    ),
}
"""Options with another meaning for a request that a client makes."""
