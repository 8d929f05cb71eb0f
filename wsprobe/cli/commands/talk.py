"""``wsprobe talk``: a session that is held, in a pipe or at a terminal."""

from __future__ import annotations

import click

from wsprobe.cli.commands.connect import tables
from wsprobe.cli.completion import places
from wsprobe.cli.option import Given, takes
from wsprobe.cli.output_settings import ExpectSettings, OutputSettings, OwnOutputSettings, RetrySettings
from wsprobe.cli.paste import WITHOUT_EFFECT, PastedSettings, Pasting
from wsprobe.cli.route_settings import HANDSHAKES, LimitSettings
from wsprobe.cli.talk_settings import TalkSettings
from wsprobe.exchange import Limits

FROM_CURL = PastedSettings.options["from_curl"]
EXAMPLES = (
    ("wsprobe talk wss://chat.example/ws", "Hold a session by hand:"),
    ("echo hello | wsprobe talk wss://echo.example/", "One message, and what comes back:"),
    ("wsprobe talk --count 10 wss://feed.example/ | jq .price", "The first ten messages of a feed:"),
    (
        "wsprobe talk --jsonl wss://feed.example/ | jq -c 'select(.event==\"message\") | [.at, .size]'",
        "When does each message come, and how large is it?",
    ),
    (
        "wsprobe talk --send login --await welcome --send status --await uptime wss://chat.example/ws",
        "Send the next message after the reply to the last:",
    ),
    ("wsprobe talk --send-frame 'opcode=3 payload=x' lab:/echo", "What does a server do with a broken frame?"),
)


IN_ORDER = ("send", "send_hex", "ping", "send_files", "send_frames", "awaits")
"""Fields of the options whose order on the command line counts."""


class OrderedPasting(Pasting):
    """Gives --await the order of what is sent and awaited."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        words = list(args)
        rest = super().parse_args(ctx, args)
        if ctx.params.get("awaits"):
            ctx.params["awaits"] = self._in_order(ctx, words)
        return rest

    def _in_order(self, ctx: click.Context, words: list[str]) -> tuple[tuple[str, str], ...]:
        """(field, text) of each. Raises click.UsageError."""
        try:
            texts, _, order = self.make_parser(ctx).parse_args(words)
        except click.UsageError:
            raise click.UsageError(
                "--await cannot be used with a pasted command: use --from-curl", ctx
            ) from None
        names = [each.name for each in order if each.name in IN_ORDER]
        each_of = {name: iter([texts[name]] if name == "ping" else texts[name]) for name in names}
        return tuple((name, next(each_of[name], "")) for name in names)


@click.command("talk", cls=OrderedPasting, tables=tables, examples=EXAMPLES, params=[*WITHOUT_EFFECT])
@click.argument("urls", nargs=-1, metavar="URL...", shell_complete=places)
@takes(
    PastedSettings,
    *HANDSHAKES,
    TalkSettings,
    OutputSettings,
    OwnOutputSettings,
    ExpectSettings,
    RetrySettings,
    without=("junit",),
    instead={
        "from_curl": FROM_CURL.with_help(FROM_CURL.help, rare=True),
        "max_time": LimitSettings.options["max_time"].with_help(
            "give up if the session takes longer; without -m, only the handshake has a limit, of "
            f"{Limits().max_time:g} s"
        ),
    },
)
def command(urls: tuple[str, ...], given: Given) -> int:
    """Hold a session: send typed lines as messages, and show what arrives.

    In a pipe each line of standard input is a message, and each received message a line of standard output; one
    line about the session goes to standard error, with -v the report. At a terminal there is a prompt, and
    commands that begin with a slash: /help. The session ends with ^C, when the server closes, or after the end
    of input (--eof). Over HTTP/2 it also ends after 8 MiB or 20,000 frames, because wsprobe records all of it.
    """
    from wsprobe.cli.talk import talk  # the work, which --help does without

    return talk(urls, given)
