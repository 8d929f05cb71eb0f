"""The options of `serve`: where the lab listens, who may use it, what it prints."""

from typing import ClassVar

from wsprobe.cli.option import Section, Whole, opt

LAB = "Lab"


class ServeSettings(Section, frozen=True, kw_only=True):
    """Where the lab listens, and what it prints."""

    heading: ClassVar[str] = LAB

    host: str | None = opt(
        "--host ADDRESS",
        "address to listen on: 127.0.0.1, or with --public every address of this machine",
    )
    port: int = opt("--port", "port for ws://; any free one if not given", 0, type=Whole(0, 65535))
    tls_port: int | None = opt(
        "--tls-port",
        "port for wss:// too, with a certificate made when the lab starts (needs the extra 'lab'); 0 "
        "for any free one",
        type=Whole(0, 65535),
    )
    http2_port: int | None = opt(
        "--http2-port",
        "port for wss:// with HTTP/2 as well as HTTP/1.1; 0 for any free one",
        type=Whole(0, 65535),
    )
    public: bool = opt(
        "--public", "let other machines reach the lab, which sends hostile answers to every client"
    )
    allowed: tuple[str, ...] = opt("--allow-host NAME", "also answer to this name in the Host field", ())
    keep: str | None = opt(
        "--keep FILE", "write the results of 'Run all' to FILE, when the person at the page sends them"
    )
    as_list: bool = opt("--list", "list the scenarios and exit")
    as_json: bool = opt(
        "--json", "print JSON: the list, or one line when the lab is ready and one for each request"
    )
    silent: bool = opt("-s --silent", "do not log requests")
