"""A request that somebody has at hand, as one to send: commands that take it as words or from a file.

``curl ...`` as the first words, or --from-curl: a command copied from developer tools. Or a HAR file,
or a browser's log. click
alone parses the command line; the pasted request then fills the settings that were not given, so that the rules
of an option hold for it too.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

import click
from click.core import ParameterSource
from msgspec.structs import replace

from wsprobe.cli.evidence import kind_of
from wsprobe.cli.files import MEBIBYTE, read
from wsprobe.cli.from_file import config
from wsprobe.cli.option import LAB, Command, Option, Section, Whole, given, opt, usage_error
from wsprobe.cli.output_settings import OutputSettings
from wsprobe.cli.pasted import is_curl, is_curl_command
from wsprobe.cli.request_settings import SEND, RequestSettings
from wsprobe.cli.streams import note
from wsprobe.request.target import TargetError
from wsprobe.text import command_line

if TYPE_CHECKING:
    from wsprobe.cli.pasted.curl import CurlCommand
    from wsprobe.cli.pasted.devtools import Copied

IGNORED = "ignored options"
"""The key in the context for the names of options without an effect."""


class PastedSettings(Section, frozen=True, kw_only=True):
    """A request that somebody has at hand."""

    heading: ClassVar[str] = SEND

    from_curl: str | None = opt(
        "--from-curl FILE",
        "send the request of the cURL command in FILE (- is standard input), as DevTools copy it for "
        "bash or cmd",
    )
    config: tuple[str, ...] = opt(
        "-K --config FILE",
        "read options of the request from FILE (- is standard input), in the format of curl's -K",
        (),
        rare=True,
    )
    entry: int | None = opt(
        "--entry",
        "from a HAR file or a browser's log with several WebSockets, use the one with this number",
        type=Whole(1),
        rare=True,
    )


def _ignore(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if value:
        ctx.meta.setdefault(IGNORED, []).append(param.opts[-1])


def _method(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value not in (None, "GET"):
        raise click.UsageError(
            f"--request: a handshake is a GET (RFC 6455 section 4.1); to send {value} anyway: --raw-request"
        )
    _ignore(ctx, param, value)


def without_effect(*names: str) -> click.Option:
    """An option of curl that makes no difference to a handshake."""
    return click.Option(names, is_flag=True, callback=_ignore, hidden=True, expose_value=False)


WITHOUT_EFFECT: list[click.Parameter] = [
    *map(without_effect, ("--compressed", "--globoff", "--fail", "--fail-with-body", "--path-as-is")),
    *map(without_effect, ("--http1.1", "--tcp-nodelay", "--no-keepalive")),
    without_effect("-N", "--no-buffer"),
    click.Option(("-X", "--request"), callback=_method, hidden=True, expose_value=False),
]
"""So that a copied command works unchanged."""


RECORDED = (".json", ".jsonl", ".har")
"""File name endings of recordings. No top-level domain has these names."""


ONE_REQUEST = "what is pasted is one request: leave the other URLs out"
PLACE = "ws://pasted.invalid/"
"""The place of the pasted URL on a command line, until `_send` replaces it."""


class Pasting(Command):
    """A command that accepts a pasted request among its words."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if ctx.resilient_parsing:  # a tab reads no clipboard
            return super().parse_args(ctx, args)
        self._check_operands(ctx, args)
        found = self._curl_command(ctx, args)
        if found is not None:
            pasted, own = found
            # Not a word of what is pasted goes through here.
            rest = super().parse_args(ctx, [*pasted.ours, *own, PLACE])
            self._send_copy(ctx, pasted)
            self._configure(ctx, self._configured(ctx, own))
            return rest
        configured = self._configured(ctx, args)
        rest = super().parse_args(ctx, [*args, PLACE] if configured and configured.url else args)
        self._configure(ctx, configured)
        self._send_entry(ctx)
        return rest

    def _configured(self, ctx: click.Context, args: list[str]) -> "CurlCommand | None":
        """What the files of --config say, with a URL if *args* have none. Raises click.UsageError."""
        if not any(word.startswith("--config") or re.match(r"-[^-]*K", word) for word in args):
            return None
        try:
            texts, places = self._read(ctx, args)
        except click.UsageError:  # the command's own reading says more
            return None
        if not (files := texts.get("config")):
            return None
        from wsprobe.cli.pasted import curl  # only with --config

        has = {name: not (each.is_flag or each.count) for name, each in self._options().items()}
        with usage_error(curl.CurlError, where="--config", ctx=ctx):
            found = curl.command([word for file in files for word in config(file)], has, own=True)
        if places and found.url:
            return replace(found, url="", left_out=(*found.left_out, "--url"))
        return found

    def _configure(self, ctx: click.Context, found: "CurlCommand | None") -> None:
        """Let the files of --config fill the settings that were not given."""
        if found is None:
            return
        from wsprobe.cli.pasted.devtools import as_websocket, without  # only with --config

        left_out = [*found.left_out, *self._fill_all(ctx, found)]
        headers = self._options()["--header"]
        _fill(ctx, headers, found.lines)
        if found.url:
            with usage_error(TargetError, where="--config", ctx=ctx):
                self._place(ctx, as_websocket(found.url)[0])
        _forget(ctx, "config", ())
        if left_out and not given(self.params, ctx.params)[OutputSettings].silent:
            note(f"--config: {without(left_out)}")

    def _curl_command(self, ctx: click.Context, args: list[str]) -> "tuple[CurlCommand, list[str]] | None":
        """The cURL command that was pasted, and the words that are not in it; None if none was. Raises
        click.UsageError."""
        if not any(is_curl(word) or is_curl_command(word) or word.startswith("--from-curl") for word in args):
            return None
        from wsprobe.cli.pasted import curl  # only for a pasted command

        has = {name: not (each.is_flag or each.count) for name, each in self._options().items()}
        where = "curl ..."
        try:
            _, behind = self._read(ctx, args, to_the_first_place=True)
            first, own = (behind or [""])[0], args[: len(args) - len(behind)]
            if is_curl(first):
                return curl.command(behind[1:], has, mixed=True), own
            texts, places = self._read(ctx, args)
            if is_curl_command(first):
                pasted, own, places = curl.pasted(first, has), [*own, *behind[1:]], places[1:]
            elif file := texts.get("from_curl"):
                where = f"--from-curl: {'standard input' if file == '-' else file}"
                text = read(file, LONGEST, "pasted text").decode("utf-8", "surrogateescape")
                pasted, own = curl.pasted(text, has), args
            else:
                return None
        except click.UsageError:  # the command's own reading says more
            return None
        except (OSError, ValueError) as error:
            reason = (error.strerror or "") if isinstance(error, OSError) else str(error)
            raise click.UsageError(f"{where}: {reason}", ctx) from None
        if places:  # else what was meant for one origin would go to another
            raise click.UsageError(ONE_REQUEST, ctx)
        return pasted, own

    def _check_operands(self, ctx: click.Context, args: Sequence[str]) -> None:
        """Behind -- there is no option and no list: so do command lines to copy end. Raises
        click.UsageError for a list."""
        if self.name == "compare":  # which reads no lists
            return
        for at, word in enumerate(args):
            if word != "--":
                continue
            try:
                self._read(ctx, args[:at])
            except click.UsageError:  # it is the value of an option
                continue
            for each in args[at + 1 :]:
                if each.startswith("@"):
                    raise click.UsageError(
                        f"after -- comes a URL, and {each!a} is none; a list goes before --", ctx
                    )
            return

    def _read(
        self, ctx: click.Context, args: Sequence[str], *, to_the_first_place: bool = False
    ) -> tuple[dict[str, Any], list[str]]:
        """click's reading of *args*: the texts of options, and the places, or all words from the first place
        on. Raises click.UsageError."""
        parser = self.make_parser(ctx)
        parser.allow_interspersed_args = not to_the_first_place
        texts, others, _ = parser.parse_args(list(args))
        return texts, [*_places(texts.get(self._argument)), *others]

    @property
    def _argument(self) -> str:
        """The name of the argument that takes places."""
        return next(each.name or "" for each in self.params if isinstance(each, click.Argument))

    def _options(self) -> dict[str, Option]:
        """Each option of a section, by each way of writing it."""
        return {name: each for each in self.params if isinstance(each, Option) for name in each.opts}

    def _send_copy(self, ctx: click.Context, pasted: "CurlCommand") -> None:
        """Let *pasted* fill the settings that were not given."""
        from wsprobe.cli.pasted.devtools import copied, listed, without  # only for a pasted request

        left_out = self._fill_all(ctx, pasted)
        with usage_error(TargetError, where="what is pasted", ctx=ctx):
            request = copied(pasted.url, pasted.lines, given(self.params, ctx.params))
        notes = [pasted.note] if pasted.note else []
        notes += request.notes
        notes += [without(pasted.left_out)] if pasted.left_out else []
        if left_out:
            what = "is not an option" if len(set(left_out)) == 1 else "are not options"
            notes.append(f"{listed(left_out)} {what} of this command, and left out")
        self._send(ctx, replace(request, notes=tuple(notes)))

    def _fill_all(self, ctx: click.Context, pasted: "CurlCommand") -> list[str]:
        """Fill the settings of the options of *pasted*, and return the names of those that this command does
        not have."""
        options = self._options()
        texts: dict[Option, list[str]] = {}
        left_out: list[str] = []
        for name, text in pasted.options:
            if name in options:
                texts.setdefault(options[name], []).append(text or "")
            else:
                left_out.append(name)
        for option, each in texts.items():
            value = option.is_flag or option.type_cast_value(ctx, each if option.multiple else each[-1])
            _fill(ctx, option, value)
        return left_out

    def _send_entry(self, ctx: click.Context) -> None:
        """Let a request from a HAR file or a browser's log, if one was named, fill the settings that were not
        given.

        Raises click.UsageError."""
        places = _places(ctx.params.get(self._argument))
        number = ctx.params.get("entry")
        if number is not None and not any(map(kind_of, places)):
            raise click.UsageError("--entry is for a HAR file or a browser's log, and none is named", ctx)
        kind = None if self.name == "compare" or not places else kind_of(places[0])
        if kind is None:  # compare reads the answer in it
            return
        if len(places) > 1:
            raise click.UsageError(ONE_REQUEST, ctx)
        from wsprobe.cli.pasted.files import request_in  # JSON, only for a file of another program

        try:
            request = request_in(places[0], kind, number, given(self.params, ctx.params))
            self._send(ctx, request)
        except click.UsageError as error:
            error.ctx = ctx
            raise

    def _place(self, ctx: click.Context, url: str) -> None:
        argument = self._argument
        ctx.params[argument] = (url,) if isinstance(ctx.params[argument], tuple) else url

    def _send(self, ctx: click.Context, request: "Copied") -> None:
        """Fill the settings that were not given with those of *request*, and print its notes."""
        for option in self.params:
            if isinstance(option, Option) and option.kind is RequestSettings and option.name is not None:
                value = getattr(request.settings, option.name)
                if value not in (None, (), False):
                    _fill(ctx, option, value)
        self._place(ctx, request.url)
        for name in ("from_curl", "entry"):  # whoever repeats the call has the request itself
            _forget(ctx, name, None)
        if request.notes and not given(self.params, ctx.params)[OutputSettings].silent:
            note("as pasted, but: " + "; ".join(request.notes))


def _forget(ctx: click.Context, name: str, value: Any) -> None:
    ctx.params[name] = value
    ctx.set_parameter_source(name, ParameterSource.DEFAULT)


def _places(value: object) -> list[str]:
    """The words that an argument has: one, or several, or none."""
    return [value] if isinstance(value, str) else list(value) if isinstance(value, tuple) else []


LONGEST = 16 * MEBIBYTE
"""The most bytes of pasted text: all requests of a large page have some."""


def _fill(ctx: click.Context, option: Option, value: Any) -> None:
    """Set *option* to a pasted *value*, unless the person gave another; several stand before the person's."""
    name = option.name or ""
    if option.multiple:
        value = (*value, *ctx.params[name])
    elif ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
        return
    ctx.params[name] = value
    ctx.set_parameter_source(name, ParameterSource.COMMANDLINE)


_URL = r"(?:wss?|https?)://[A-Za-z0-9_.~:/?#@!$&*+,;=%\[\]-]*[A-Za-z0-9_/=]"
"""In a line of a console: as far as a shell takes it for one word, or nearly."""


_OF_A_FILE = r"\.(?:[cm]?[jt]sx?|html?|css|md|map|py|php)(?:[?#].*|(?::\d+)+)?$"
_ABOUT = (
    r"(?i)(?:\b(?:see|docs?|documentation|help|read|more|info(?:rmation)?|details|visit|report|issues?)\b"
    r"[^.;:]{0,24}:?|\[\w.-]+\]\()\s*$"
)
_DOCUMENTATION = (
    r"https?://(?:docs?|developer|learn|help|support|wiki)\.|https?://(?:[\w-]+\.)*(?:github\.com|stackoverflow\.com|"
    r"mozilla\.org|readthedocs\.io|microsoft\.com|nodejs\.org|w3\.org|rfc-editor\.org)\b"
)


def url_in(text: str) -> str | None:
    """The first ws: or wss: URL in a console line or a client's error, else the first http: or https: URL that
    is neither a file of source nor a link to documentation; None if there is none."""
    urls = list(re.finditer(_URL, text))
    sockets = [url[0] for url in urls if url[0].startswith("ws")]
    others = (url[0] for url in urls if not _is_link(url[0], text[max(0, url.start() - 60) : url.start()]))
    return sockets[0] if sockets else next(others, None)


def _is_link(url: str, before: str) -> bool:
    return any((re.search(_OF_A_FILE, url), re.match(_DOCUMENTATION, url), re.search(_ABOUT, before)))


def line_of_a_console(text: str) -> str | None:
    """A hint if *text* is not a URL but a line that contains one; otherwise None."""
    if " " not in text.strip() or re.match(r"\s*[A-Za-z]+://", text) or (url := url_in(text)) is None:
        return None
    command = command_line("wsprobe", "connect", url=url)
    return (
        f"this line contains a URL, but is not one; to try the URL: {command}; to explain the line: wsprobe "
        f"explain, and the line in quotes"
    )


_BARE = r"(?!(?i:localhost|\d+)\Z)[A-Za-z0-9][A-Za-z0-9_-]*"
"""A word that could be a host of this network, but in front of a URL is more likely a command."""


def check_no_command(words: Sequence[str]) -> None:
    """Raises click.UsageError for a word before a URL that is more likely the name of another client
    (``websocat ws://...``) than a host."""
    for word, following in pairwise(words):
        if re.fullmatch(_BARE, word) and ("://" in following or following.startswith(LAB)):
            raise click.UsageError(
                f"{word!a} is not a URL: it has no scheme, dot or port; for a host with that name: ws://{word}/"
            )
