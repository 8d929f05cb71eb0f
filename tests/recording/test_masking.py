"""Masking changes no judgement: a masked recording that is saved and read again has the outcome, findings,
causes and views of the recording itself, but for the masked text."""

import os
import re
from base64 import b64decode
from itertools import chain, islice
from random import Random

from msgspec import to_builtins
from msgspec.structs import replace

from tests.cases import SHARE, every
from tests.diagnosis.measured import measured
from tests.exchanges import KEY, OPENED, deflated, exchange, frame, packer, plan
from wsprobe.browsers import ENGINES, NAMES
from wsprobe.browsers.engine import Page
from wsprobe.cli.redacted import redacted
from wsprobe.exchange import Act, Limits
from wsprobe.history import read_as_each, revisions
from wsprobe.lab import load
from wsprobe.lab.play import play
from wsprobe.lab.ports import place
from wsprobe.read import read
from wsprobe.read.frames import messages_of
from wsprobe.recording import archive
from wsprobe.recording.secrets import Secrets
from wsprobe.report.report import report
from wsprobe.request import opening

MESSAGE = '{"user":"bob","password":"p\u00e4ssw\u00f6rd-99"}'.encode()
SECRETS = ("tok-query-1234", "cookie-abcdef", "p\u00e4ssw\u00f6rd-99", "secret-bearer-5678")
ALL = load()
FEW = int(os.environ.get("WSPROBE_MASKED", str(10 * SHARE)))
"""One case of so many is taken; of all cases, one in ten. Whoever changes the masking (cli/redacted.py) or what
is masked in a recording sets it to 1 by hand: ``WSPROBE_MASKED=1 pytest tests/recording/test_masking.py``."""


def recorded(scenario, *, compressed):
    """What *scenario* answers to a request with secrets in all the places where clients put them."""
    address = place(scenario).address
    secret = f"{'&' if '?' in address else '?'}token={SECRETS[0]}"
    protocols = scenario.page.protocols or ()
    offered = (protocols,) if isinstance(protocols, str) else protocols
    offer = opening.Offer(
        key=KEY,
        cookies=(f"sid={SECRETS[1]}",),
        headers=(f"Authorization: Bearer {SECRETS[3]}",),
        protocols=tuple(each for each in offered if each),
        no_compression=not compressed,
    )
    acts = (Act("open", "text", MESSAGE), Act("message", "text", MESSAGE))
    asked = plan(address + secret * ("#" not in address), offer, acts=acts, limits=Limits(linger=0.3))
    return replace(play(scenario, asked), started="2026-11-26T12:00:00.000Z")


def judged(exchange):
    made = report(exchange)
    return made, {
        "outcome": made.outcome,
        "exit": made.exit_status,
        "findings": [to_builtins(each) for each in made.findings],
        "causes": [to_builtins(each) for each in made.causes],
        "close": to_builtins(made.close),
        "specifications": [
            [verdict.answer, [each.id for each in verdict.findings], to_builtins(verdict.told)]
            for verdict in read_as_each(read(exchange), revisions().values())
        ],
    }


def views(made, names=NAMES):
    page = Page("https://chat.example/", acts=made.exchange.plan.acts)
    readings = [read(hop) for hop in made.exchange.hops] + [made.reading]
    url = made.url
    return {name: to_builtins(ENGINES[name].view(url, page, readings)) for name in names}


HIDDEN = re.compile(
    "[*\u00b7\u2022\U0001f512\udcff]+(?:(?<=[*])[!#$%&])?"
    r"|(?:\\xc2\\xb7|\\xe2\\x80\\xa2|\\xf0\\x9f\\x94\\x92|\\xff)+"
    r"| \(the value is masked\)"
)

BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*[A-Za-z0-9+/]{2}(?:[A-Za-z0-9+/]{2}|[A-Za-z0-9+/]=|==)")


def but_for_masked(one, other, where=""):
    """Where *other*, of the masked recording, says something else than *one*."""
    if one == other:  # most of it is
        return
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for name in one:
            yield from but_for_masked(one[name], other[name], f"{where}.{name}")
    elif isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from but_for_masked(left, right, f"{where}[{number}]")
    elif isinstance(one, str) and isinstance(other, str):
        if where.endswith("].data") and all(BASE64.fullmatch(each) for each in (one, other)):  # of bytes
            one, other = (b64decode(each).decode("utf-8", "surrogateescape") for each in (one, other))
        pieces = HIDDEN.split(other)
        general = where.endswith("].text") and other.endswith("(the value is masked)")
        if not general and not re.fullmatch(".+".join(map(re.escape, pieces)), one, re.DOTALL):
            yield f"{where}: {one!r} -> {other!r}"
    elif not (other is None and where.endswith(("].expected", "].received"))):
        yield f"{where}: {one!r} -> {other!r}"


def check(exchange, *several, names=NAMES):
    """With each of *several* as the secrets; None are those of the request."""
    before, expected = judged(exchange)
    seen = views(before, names)
    for secrets in several:
        masked = redacted(before, secrets).exchange
        again = archive.load(archive.dump(masked))
        assert again == masked
        after, found = judged(again)
        problems = list(but_for_masked(expected, found))
        problems += but_for_masked(seen, views(after, names))
        assert not problems, "\n".join(problems)


CASES = {
    f"{name} {'compressed' if compressed else 'plain'}": (name, compressed)
    for name in ALL
    for compressed in (False, True)
    # The rest of these URLs no WebSocket URL has.
    if not name.startswith("url-")
}


@every(dict(islice(CASES.items(), 0, None, FEW)))
def test_a_scenario_is_judged_the_same(case):
    check(recorded(ALL[case[0]], compressed=case[1]), None)


WORDS = rb"[^\s\"'<>{}:,;=&%]{4,40}"


def repeated(exchange):
    """Two words of the answer as secrets, as if the client had sent them."""
    reading = read(exchange)
    texts = [message.data[:5000] for message in islice(chain(*messages_of(reading)), 20)]
    texts.append(reading.content[:5000])
    words = sorted({word for text in texts for word in re.findall(WORDS, text)})
    secrets = Secrets()
    for word in Random(len(words)).sample(words, min(2, len(words))):
        secrets.cookies(f"a={word.decode('latin-1')}")
    return secrets


SHOWN = {
    name: case
    for number, (name, case) in enumerate(CASES.items())
    if number % FEW == 1 or (name.startswith("pmd-") and number % SHARE == 0)
}


@every(SHOWN)
def test_a_scenario_that_repeats_a_secret_is_judged_the_same(case):
    made = recorded(ALL[case[0]], compressed=case[1])
    # What browsers get from a stream that ends or breaks within a message depends on its masked bytes: some
    # drop what follows, some begin another stream, with or without the window. The judgement does not.
    own = case[0].startswith(("pmd-final", "pmd-broken"))
    check(made, repeated(made), names=() if own else NAMES)


@every(lambda: {answer.id: answer for answer in measured()[::FEW]})
def test_a_recorded_answer_is_judged_the_same(answer):
    """With the secrets of the request, and with two words of the answer as well."""
    exchange = answer.reading.exchange
    check(exchange, None, repeated(exchange))


def test_compressed_messages_keep_their_content():
    """With a window that is kept: a message that repeats an earlier one refers to masked bytes."""
    stream = packer()
    answer = OPENED[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    for text in (
        b'{"ok":1}',
        b'{"token":"cookie-abcdef","n":1}',
        b'{"token":"cookie-abcdef","n":2}',
        b'{"ok":2}',
    ):
        answer += frame(1, deflated(text, stream), rsv=4)
    answer += frame(8, b"\x03\xe8")
    asked = plan("ws://127.0.0.1:9000/", opening.Offer(key=KEY, cookies=("sid=cookie-abcdef",)))
    check(before := exchange(asked, answer), None)
    made = redacted(report(before))
    assert b"cookie-abcdef" not in archive.dump(made.exchange).encode()
    assert [message.data for message in made.messages] == [
        b'{"ok":1}',
        b'{"token":"*************","n":1}',
        b'{"token":"*************","n":2}',
        b'{"ok":2}',
    ]
    assert views(made, ("chromium",))["chromium"]["events"][2]["data"] == '{"token":"*************","n":1}'
