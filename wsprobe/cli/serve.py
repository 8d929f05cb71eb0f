"""``wsprobe serve``: the lab, for testing other clients."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import click

from wsprobe.cli.option import Command, Whole
from wsprobe.cli.section import Declared, Given, Section, takes
from wsprobe.cli.streams import emit, look, note
from wsprobe.show.lines import Line, fitted, line, row

if TYPE_CHECKING:
    from wsprobe.lab.measured import Measured
    from wsprobe.lab.scenario import Conforming, Scenario
    from wsprobe.lab.server import Lab, Visit
    from wsprobe.lab.site import Site

EXAMPLES = (
    ("wsprobe serve --port 8000", "Then open ws://127.0.0.1:8000/s/status-403 from the client to be tested:"),
    ("wsprobe serve", "What does my own browser do? Open the page whose URL is printed:"),
    ("wsprobe serve --list | grep close", "Which scenarios are there?"),
    ("wsprobe connect 'lab:/close/4403?reason=token%20expired'", "One answer of your own, without serve:"),
)

LAB = "Lab"


class ServeSettings(Section, frozen=True, kw_only=True):
    """Where the lab listens, and what it says."""

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
            metavar="N",
            help="port for ws://; any free one if not given",
        ),
    ] = 0
    tls_port: Annotated[
        int | None,
        Declared(
            "--tls-port",
            type=Whole(0, 65535),
            metavar="N",
            help="port for wss:// too, with a certificate made when the lab starts (needs the extra 'lab'); 0 "
            "for any free one",
        ),
    ] = None
    http2_port: Annotated[
        int | None,
        Declared(
            "--http2-port",
            type=Whole(0, 65535),
            metavar="N",
            help="port for wss:// with HTTP/2 as well as HTTP/1.1; 0 for any free one",
        ),
    ] = None
    public: Annotated[
        bool,
        Declared(
            "--public",
            help="let other machines reach the lab, which sends hostile answers to whoever asks",
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


@click.command("serve", cls=Command, examples=EXAMPLES)
@takes(ServeSettings)
def command(given: Given) -> int:
    """Run the lab: a loopback server that plays every scenario of the catalogue, until ^C.

    Open / in a browser: the page shows what that browser does with each scenario, beside what wsprobe
    predicts. It can run all scenarios and write a file for compare --measured.

    \b
    Paths:
      /s/NAME                                   a scenario of the catalogue
      /status/403?reason=...&body=...&header=Name:value
      /redirect/302?to=URL
      /close/4403?reason=...                    accept, then close
      /accept/wrong                             or missing, case, twice, any value
      /raw?hex=...                              exactly these bytes
      /echo                                     messages come back
      /diagnostic                               why, as plain HTTP
    """
    settings = given[ServeSettings]
    if settings.as_list:
        write_list(settings.as_json)
        return 0
    return serve_until_interrupted(settings)


def write_list(as_json: bool) -> None:
    """Every scenario: its name and what is of interest in it, under the heading of its subject."""
    from wsprobe.lab import load, subjects

    scenarios = load()
    if as_json:
        for each in scenarios.values():
            write_json(scenario_value(each))
        return
    of = look(sys.stdout, "never")
    width = max(map(len, scenarios))
    lines: list[Line] = []
    for title, names in subjects().items():
        lines += [()] if lines else []
        lines += fitted([line(f"# {title}")], of)
        for name in names:
            lines += row(line(f"{name:<{width}}"), line(scenarios[name].summary), of)
    emit(lines, sys.stdout, of)


def scenario_value(of: "Scenario") -> dict[str, Any]:
    return {
        "name": of.name,
        "about": of.about,
        "summary": of.summary,
        "listener": of.listener,
        "outcome": of.outcome or None,
        "findings": list(of.findings),
        "conforming": None if of.conforming is None else conforming_value(of.conforming),
    }


def conforming_value(of: "Conforming") -> dict[str, Any]:
    """Payloads are base64; both *close* and *fail* where either will do."""
    return {
        "messages": [{"type": each.kind, "data": base64(each.data)} for each in of.messages],
        "pongs": [base64(each) for each in of.pongs],
        "close": of.close,
        "fail": list(of.fail),
    }


def base64(data: bytes) -> str:
    from base64 import b64encode

    return b64encode(data).decode("ascii")


def write_json(value: dict[str, Any]) -> None:
    import json

    sys.stdout.write(json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def serve_until_interrupted(settings: ServeSettings) -> int:
    """Run the lab until ^C, or a signal that does what ^C does. Whatever it wrote for itself is gone then."""
    from wsprobe import net
    from wsprobe.lab.certificates import NoCertificates
    from wsprobe.lab.server import LabError, serve
    from wsprobe.lab.site import Site, token

    public = settings.public
    host = settings.host or ("0.0.0.0" if public else "127.0.0.1")
    site = Site(
        names=(host, *settings.allowed),
        addresses=public,
        token=token() if public else "",
        keep=keeping(settings.keep) if settings.keep else None,
    )

    async def stay() -> None:
        async with serve(
            host,
            settings.port,
            tls_port=settings.tls_port,
            http2_port=settings.http2_port,
            public=public,
            watch=None if settings.silent else lambda visit: log(visit, settings.as_json),
            front=site,
            fault=lambda error: note(
                f"a bug in wsprobe ended one connection; the lab goes on ({type(error).__name__}: {error})"
            ),
        ) as lab:
            ready(lab, site, settings.as_json)
            await net.sleep(float("inf"))

    try:
        net.run(stay)
    except* (LabError, NoCertificates) as group:
        raise click.UsageError(str(group.exceptions[0])) from None
    return 0


def keeping(path: str) -> Callable[["Measured"], object]:
    """What writes a run to the file at *path*. Raises click.UsageError now if it cannot be written."""
    from wsprobe.lab.measured import dump

    try:
        with open(path, "a", encoding="utf-8"):
            pass
    except OSError as error:
        raise click.UsageError(f"--keep: {path}: {error.strerror}") from None

    def keep(measured: "Measured") -> None:
        try:
            with open(path, "w", encoding="utf-8") as file:
                file.write(dump(measured))
        except OSError as error:
            note(f"--keep: {path}: {error.strerror}; nothing was kept of {measured.browser.title}")
        else:
            note(f"{len(measured.seen)} scenarios in {measured.browser.title}: {path}")

    return keep


def ready(lab: "Lab", site: "Site", as_json: bool) -> None:
    """Say where the lab is, once it listens."""
    from wsprobe.lab.site import reachable

    at = reachable(lab.host)
    host = f"[{at}]" if ":" in at else at
    urls = {"ws": f"ws://{host}:{lab.ports['plain']}/"}
    if "tls" in lab.ports:
        urls["wss"] = f"wss://{host}:{lab.ports['tls']}/"
    if "h2" in lab.ports:
        urls["http2"] = f"wss://{host}:{lab.ports['h2']}/"
    secure = "wss" in urls or "http2" in urls
    page = site.page_url(at, lab.ports["plain"])
    if as_json:
        urls["page"] = page
        write_json({"ready": urls, **({"authority": str(lab.certificate_authority)} if secure else {})})
        return
    for url in urls.values():
        sys.stdout.write(f"{url}\n")
    if secure:
        sys.stdout.write(f"trust {lab.certificate_authority} (--cacert)\n")
    sys.stdout.flush()
    if site.open_to_others:
        note(
            "warning: --public lets every machine that reaches this one connect to the lab, which serves "
            "hostile answers; the page is for whoever has its URL. End it as soon as you are done"
        )
    note(f"the lab is ready; its page, for a browser: {page}")
    note("wsprobe serve --list shows its scenarios, ^C ends it")


def log(visit: "Visit", as_json: bool) -> None:
    """One line a request; none for what the page itself is made of."""
    from wsprobe.lab.server import PAGE
    from wsprobe.visible import visible

    if visit.scenario == PAGE:
        return
    first = visit.request.split(b"\r\n", 1)[0]
    if as_json:
        write_json({"peer": visit.peer, "request": first.decode("latin-1"), "scenario": visit.scenario or None})
        return
    sys.stderr.write(f"{visit.peer} {visible(first[:200])} -> {visit.scenario or 'nothing of that name'}\n")
    sys.stderr.flush()
