"""The options of `serve`: where the lab listens, who may use it, what it prints."""

from typing import Annotated, ClassVar

from wsprobe.cli.option import Whole
from wsprobe.cli.section import Declared, Section

LAB = "Lab"


class ServeSettings(Section, frozen=True, kw_only=True):
    """Where the lab listens, and what it prints."""

    heading: ClassVar[str] = LAB

    host: Annotated[
        str | None,
        Declared(
            "--host",
            metavar="ADDRESS",
            help="address to listen on: 127.0.0.1, or with --public every address of this machine",
        ),
    ] = None
    port: Annotated[
        int,
        Declared(
            "--port",
            type=Whole(0, 65535),
            help="port for ws://; any free one if not given",
        ),
    ] = 0
    tls_port: Annotated[
        int | None,
        Declared(
            "--tls-port",
            type=Whole(0, 65535),
            help="port for wss:// too, with a certificate made when the lab starts (needs the extra 'lab'); 0 "
            "for any free one",
        ),
    ] = None
    http2_port: Annotated[
        int | None,
        Declared(
            "--http2-port",
            type=Whole(0, 65535),
            help="port for wss:// with HTTP/2 as well as HTTP/1.1; 0 for any free one",
        ),
    ] = None
    public: Annotated[
        bool,
        Declared(
            "--public",
            help="let other machines reach the lab, which sends hostile answers to every client",
        ),
    ] = False
    allowed: Annotated[
        tuple[str, ...],
        Declared(
            "--allow-host",
            metavar="NAME",
            help="also answer to this name in the Host field",
        ),
    ] = ()
    keep: Annotated[
        str | None,
        Declared(
            "--keep",
            metavar="FILE",
            help="write the results of 'Run all' to FILE, when the person at the page sends them",
        ),
    ] = None
    as_list: Annotated[
        bool,
        Declared(
            "--list",
            help="list the scenarios and exit",
        ),
    ] = False
    as_json: Annotated[
        bool,
        Declared(
            "--json",
            help="print JSON: the list, or one line when the lab is ready and one for each request",
        ),
    ] = False
    silent: Annotated[
        bool,
        Declared(
            "-s",
            "--silent",
            help="do not log requests",
        ),
    ] = False
