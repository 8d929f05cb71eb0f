"""What people have in hand, as something to ask: a command that takes it among its words.

``curl ...`` as its first word, and --from-curl: a command that developer tools copied. All of it becomes
options before click sees any, so that whatever holds for options holds for what was pasted.
"""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import click

from wsprobe.cli.option import Command, Whole, together
from wsprobe.cli.request_settings import SEND
from wsprobe.cli.section import Declared, Section
from wsprobe.cli.streams import note

if TYPE_CHECKING:
    from wsprobe.cli.pasted.devtools import Copied

IGNORED = "ignored options"
"""Where the context keeps the names of options that were taken and mean nothing."""


class PastedSettings(Section, frozen=True, kw_only=True):
    """A request that somebody has in hand."""

    heading: ClassVar[str] = SEND

    from_curl: Annotated[
        str | None,
        Declared(
            "--from-curl",
            metavar="FILE",
            help="send the request of the cURL command in FILE (- is standard input), as DevTools copy it for "
            "bash or cmd",
        ),
    ] = None
    entry: Annotated[
        int | None,
        Declared(
            "--entry",
            type=Whole(1),
            metavar="N",
            rare=True,
            help="from a HAR file with several WebSocket entries, take the one with this number",
        ),
    ] = None


def _ignore(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if value:
        ctx.meta.setdefault(IGNORED, []).append(param.opts[-1])


def _method(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value not in (None, "GET"):
        raise click.UsageError(
            f"--request: a handshake is a GET (RFC 6455 section 4.1); to send {value} nevertheless: "
            "--raw-request"
        )
    _ignore(ctx, param, value)


def _curl(*names: str, **kwargs: Any) -> Any:
    said: dict[str, Any] = {"is_flag": True, "callback": _ignore} | kwargs
    return click.option(*names, hidden=True, expose_value=False, **said)


ignored = together(
    *(_curl(name) for name in ("--compressed", "--globoff", "--fail", "--fail-with-body", "--path-as-is")),
    *(_curl(name) for name in ("--http1.1", "--tcp-nodelay", "--no-keepalive", "--raw")),
    _curl("-N", "--no-buffer"),
    _curl("-S", "--show-error"),
    _curl("-X", "--request", is_flag=False, callback=_method),
)
"""Options of curl that make no difference to a handshake: a line that was copied works as it is."""


RECORDED = (".json", ".jsonl", ".har")
"""No top-level domain is called so: who writes it means a file."""


def is_har(word: str) -> bool:
    """Whether *word* names a HAR file: by its ending, or by what is in it."""
    if "://" in word or word.startswith("lab:"):
        return False
    return word.lower().endswith(".har") or _begins_as_har(word)


_BEGINNING = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{\s*\"log\"\s*:\s*\{")


def _begins_as_har(word: str) -> bool:
    """Whether *word* is the name of an ordinary file that begins as every tool begins a HAR file."""
    try:
        if not os.path.isfile(word):
            return False
        with open(word, "rb") as file:
            return _BEGINNING.match(file.read(256)) is not None
    except (OSError, ValueError):  # no such name, or not to be read: whoever opens it says so
        return False


class Pasting(Command):
    """A command that takes what was pasted among its words."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        found = None if ctx.resilient_parsing else self._pasted(ctx, args)  # a tab reads no clipboard
        if found is None:
            has_har = any(map(is_har, args))
            rest = super().parse_args(ctx, args)
            if ctx.params.get("entry") is not None and not has_har:
                raise click.UsageError("--entry is for a HAR file, and none is named", ctx)
            return rest
        copied, rest = found
        if self._first_place(rest)[1] is not None:  # else what was meant for one origin would go to another
            raise click.UsageError("what is pasted is one request: leave the other URLs out", ctx)
        known = self._takes_value()
        options = [word for word in copied.options if word.partition("=")[0] in known]
        left_out = [
            each for each in copied.options if each.startswith("-") and each.partition("=")[0] not in known
        ]
        ctx.meta[IGNORED] = [*copied.ignored, *left_out]
        parsed = super().parse_args(ctx, [*options, *rest, copied.url])
        if not ctx.params.get("silent"):
            said(copied, left_out)
        return parsed

    def _pasted(self, ctx: click.Context, args: list[str]) -> "tuple[Copied, list[str]] | None":
        """What was pasted, and the other words; None if nothing was."""
        at, first = self._first_place(args)
        if first is not None and re.fullmatch(r"(?:.*[/\\])?curl(?:\.exe)?", first):
            from wsprobe.cli.pasted import curl  # only for those who paste one

            try:
                return curl.request(args[at + 1 :], args[:at], self._takes_value(), mixed=True), args[:at]
            except curl.CurlError as error:
                raise click.UsageError(f"curl ...: {error}", ctx) from None
        if first is not None and re.match(r"\s*(?:\$\s+)?curl(?:\.exe)?\s", first):  # all of it in quotes
            from wsprobe.cli.pasted import curl

            rest = [*args[:at], *args[at + 1 :]]
            try:
                return curl.pasted(first, rest, self._takes_value()), rest
            except curl.CurlError as error:
                raise click.UsageError(f"curl ...: {error}", ctx) from None
        if first is not None and is_har(first) and self.name != "compare":
            from wsprobe.cli.pasted.har import asked_again_from

            rest = [*args[:at], *args[at + 1 :]]
            try:
                return asked_again_from(first, rest), rest
            except click.UsageError as error:
                error.ctx = ctx
                raise
        for number, word in enumerate(args):
            name, equals, value = word.partition("=")
            if name == "--from-curl":
                if not equals and number + 1 == len(args):
                    return None  # click says that its value is missing
                file = value if equals else args[number + 1]
                rest = args[:number] + args[number + (1 if equals else 2) :]
                return _in_file(ctx, file, rest, self._takes_value()), rest
        return None

    def _first_place(self, args: Sequence[str]) -> tuple[int, str | None]:
        """The first word that is no option, nor the value of one, and where it stands."""
        takes_value = self._takes_value()
        at = 0
        while at < len(args):
            word = args[at]
            if not word.startswith("-") or word == "-":
                return at, word
            if word.startswith("--"):
                at += 2 if takes_value.get(word) else 1
            else:  # letters that stand together: the last one may take the next word
                letters = [takes_value.get(f"-{letter}") for letter in word[1:]]
                at += 2 if True in letters and letters.index(True) == len(letters) - 1 else 1
        return at, None

    def _takes_value(self) -> dict[str, bool]:
        """Each name of an option, and whether the next word is its value."""
        return {
            name: not (each.is_flag or each.count)
            for each in self.params
            if isinstance(each, click.Option)
            for name in each.opts
        }


def _in_file(ctx: click.Context, file: str, rest: Sequence[str], has: Mapping[str, bool]) -> "Copied":
    from wsprobe.cli.pasted import curl

    if file == "-" and "--talk" in rest:
        raise click.UsageError(
            "--from-curl - and --talk cannot be used together: both read standard input", ctx
        )
    if not file:
        raise click.UsageError("--from-curl: the name of the file is empty", ctx)
    name = "standard input" if file == "-" else file
    try:
        if file == "-":
            data = sys.stdin.buffer.read()
        else:
            with open(file, "rb") as opened:
                data = opened.read()
        return curl.pasted(data.decode("utf-8", "surrogateescape"), rest, has)
    except (OSError, ValueError) as error:
        said = (error.strerror or "") if isinstance(error, OSError) else str(error)
        raise click.UsageError(f"--from-curl: {name}: {said}", ctx) from None


def said(copied: "Copied", left_out: Sequence[str]) -> None:
    """Tell what was not asked as it was pasted."""
    notes = list(copied.notes)
    if left_out:
        names = ", ".join(dict.fromkeys(each.partition("=")[0] for each in left_out))
        notes.append(f"{names} {'is' if len(left_out) == 1 else 'are'} not for this command, and left out")
    if notes:
        note("as pasted, but: " + "; ".join(notes))


_URL = re.compile(r"(?:wss?|https?)://[A-Za-z0-9_.~:/?#@!$&*+,;=%\[\]-]*[A-Za-z0-9_/=]")
"""In a line of a console: as far as a shell takes it for one word, or nearly."""


def url_in(text: str) -> str | None:
    """The URL that a line of a console, or a client's error, is about: the first to ws: or wss:, if any."""
    urls = _URL.findall(text)
    return next((url for url in urls if url.startswith("ws")), urls[0] if urls else None)


def line_of_a_console(text: str) -> str | None:
    """What to say of *text* where it is no URL, but a line with one in it; None if it is not."""
    if " " not in text.strip() or re.match(r"\s*[A-Za-z]+://", text) or (url := url_in(text)) is None:
        return None
    import shlex  # for a complaint alone

    return (
        f"that is a line with a URL in it, and not a URL; to ask it: wsprobe connect {shlex.quote(url)}; what "
        "the line means: wsprobe explain, and the line in quotes"
    )
