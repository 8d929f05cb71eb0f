"""``python -m tests.peers.answers [NAME ...]``: writes anew what real servers answer (answers/*.txt).

A row is a command line of wsprobe, and what its ``--json`` has then.

    # why it is there (may be left out)
    > netrc: the text of a file for the rows below; \\n begins a new line
    connect ws://{nginx}/locked --netrc-file {netrc} | status=404 hops=401

``{NAME}`` is address and port of a peer (named.py), ``{NAME.what}`` another port of it, or a file, and
``{.what}`` of the first peer of the row; if several names have commas between them, the row is one for each.
``{<netrc}`` is the text of that file. A line that begins with two spaces continues the row.

Behind ``|`` are members of the JSON: ``response.headers.Server`` has dots between them, a list has commas, and
one of a list is found by its number, its ``id`` or its ``change``. ``[...]`` stands for anything: such a value
stays while it holds. WORDS are members that the JSON has in other forms; ``same=socket,curl`` names who got the
same answer to the same request."""

import base64
import json
import logging
import re
import shlex
import sys
import tempfile
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path

import jsonschema_rs
import msgspec
import pytest

from tests.peers.audited import SESSION
from tests.peers.named import Peers
from tests.peers.witness import Told, logged, same
from tests.played import quiet
from wsprobe.cli.main import run
from wsprobe.show.schema import schema_of

FOLDER = Path(__file__).parent / "answers"
WIDTH = 118
SECRETS = (SESSION.partition("=")[2], "s3cretOfTheUrl")
"""What no trace may print."""


class Row(msgspec.Struct, frozen=True):
    """A command line, and what it must say."""

    command: str
    wanted: dict[str, str]
    files: dict[str, str]

    def each(self):
        """A row for each of the peers that it names with commas between them."""
        several = re.search(r"\{([\w-]+(?:,[\w-]+)+)\}", self.command)
        for name in several[1].split(",") if several else [""]:
            command = self.command.replace(several[0], f"{{{name}}}") if several else self.command
            yield msgspec.structs.replace(self, command=command)

    def found(self, peers):
        """What was run, what it said, and the values; those that hold as they stand in the row."""
        first = re.search(r"\{([\w-]+)[.}]", self.command)[1]
        with tempfile.TemporaryDirectory() as folder:
            for name, text in self.files.items():
                Path(folder, name).write_bytes(text.encode().decode("unicode_escape").encode())

            def filled(found):
                name, *what = found[1].split(".")
                if name in self.files:
                    return f"{folder}/{name}"
                return self.files.get(name.removeprefix("<")) or peers.at(name or first, *filter(None, what))

            texts = (self.command, *self.wanted.values())
            line, *wanted = (re.sub(r"\{(<?[\w-]+(?:\.\w+)?|\.\w*)\}", filled, each) for each in texts)
            told = called(*shlex.split(line))
        values = {}
        for (name, written), each in zip(self.wanted.items(), wanted, strict=True):
            found = WORDS[name](told, each, peers[first]) if name in WORDS else shown(member(told.value, name))
            values[name] = written if holds(each, found) else found
        return line, told, values

    def anew(self, peers):
        """The row with the values that the first of its peers has now, if it is installed."""
        row = next(self.each())
        with suppress(pytest.skip.Exception):
            return msgspec.structs.replace(self, wanted=row.found(peers)[2])
        return self

    def check(self, peers):
        """Raises AssertionError: what was run, what is not as it should be, and the head that came."""
        line, told, values = self.found(peers)
        wrong = [
            f"{name}: expected {self.wanted[name]}, found {value}"
            for name, value in values.items()
            if value != self.wanted[name]
        ]
        head = told.answer.head.decode("latin-1") if told.value.get("response") else "no response"
        assert not wrong, "\n".join((f"wsprobe {line}", *wrong, head))

    def __str__(self):
        return self.command

    def written(self):
        """The lines of the row."""
        lines = [f"{self.command} |"]
        for name, value in self.wanted.items():
            word = f"{name}={shlex.quote(value) if value else ''}"
            lines += [" "] if len(lines[-1]) + len(word) >= WIDTH else []
            lines[-1] += f" {word}"
        return "\n".join(lines)


def rows(text):
    """The rows of a file; and its other lines, as texts."""
    files = {}
    for line in re.sub(r"\n {2,}", " ", text).splitlines():
        if line.startswith("> "):
            name, _, text = line.removeprefix("> ").partition(": ")
            files = {**files, name: text}
        if not line or line[0] in "#>":
            yield line
        else:
            command, _, values = line.partition(" | ")
            yield Row(command.rstrip(), dict(word.split("=", 1) for word in shlex.split(values)), files)


def cases(*names):
    """The rows of these files, each for each of its peers."""
    found = (row for name in names for row in rows((FOLDER / f"{name}.txt").read_text()))
    return [each for row in found if isinstance(row, Row) for each in row.each()]


def called(*words):
    """What a command line says with ``--json``; held against the schema."""
    with quiet(b"", {}) as (out, err):
        status = run([words[0], "--json", *words[1:]])
        sys.stdout.flush()
        sys.stderr.flush()
        printed, complaints = out.getvalue(), err.getvalue().decode()
    assert complaints == "", complaints
    assert words[0] != "trace" or not any(each in printed.decode() for each in SECRETS)
    value = json.loads(printed)
    validator(words[0]).validate(value)
    assert words[0] != "connect" or value["exit_status"] == status
    return Told(status, value)


@cache
def validator(command):
    return jsonschema_rs.Draft202012Validator(json.loads(schema_of(command)))


def member(value, path):
    """What is at *path* in *value*, each if there are several."""
    found = [value]
    for name in path.split("."):
        found = [each for of in found for each in _step(of, name)]
    return found


def _step(of, name):
    if isinstance(of, dict):
        return [of[name]]
    if isinstance(of, list) and name.isdecimal():
        return of[int(name) : int(name) + 1]
    if isinstance(of, list) and all(isinstance(each, list) for each in of):  # fields of a head
        return [value for key, value in of if key.lower() == name.lower()]
    if chosen := [each for each in of or () if isinstance(each, dict) and name in _names(each)]:
        return chosen
    some = (each for each in of or () if not isinstance(each, dict) or name in each)
    return [value for each in some for value in _step(each, name)]


def _names(of):
    return of.get("id"), of.get("change")


def shown(value):
    """The text of a value in a row."""
    if isinstance(value, list):
        return ",".join(map(shown, value))
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("unicode_escape").decode()


def holds(wanted, value):
    """Whether *value* is *wanted*, with ``[...]`` for anything."""
    parts = map(re.escape, wanted.split("[...]"))
    return re.fullmatch(".*".join(parts), value, re.DOTALL) is not None


def _close(told, *_):
    close = told.value["close"]
    return close and shown(f"{close['code']} {close['reason']} by {close['by']}{'' if close['clean'] else '!'}")


def _frames(told, *_):
    """Who sent what: texts as they are, other payloads in hexadecimal. In no order: a Pong may overtake an
    echo."""
    found = []
    for each in told.value["session"]["frames"]:
        data = base64.b64decode(each["payload"])
        text = data.decode() if each["opcode"] == 1 and not each["rsv"] else data.hex()
        found.append(f"{each['from']} {each['opcode']} {text if len(data) < 50 else each['length']}".strip())
    return shown(sorted(found))


WORDS = {
    "exit": lambda told, *_: str(told.exit_status),
    "fields": lambda told, *_: ",".join(name for name, _ in told.value["response"]["headers"]),
    "status": lambda told, *_: shown(member(told.value, "response.status")),
    "body": lambda told, *_: shown(member(told.value, "response.body.text")),
    "hops": lambda told, *_: shown(
        [each["response"]["status"] if each["response"] else "tunnel" for each in told.value["hops"]]
    ),
    "findings": lambda told, *_: shown(sorted(told.findings)),
    "failed": lambda told, *_: shown(sorted(told.failed)),
    "received": lambda told, *_: f"{len(told.received)} bytes",
    "close": _close,
    "frames": _frames,
    "same": lambda told, wanted, _: ",".join(same(told, who) for who in wanted.split(",")),
    "log": lambda told, wanted, peer: logged(told, wanted, peer.log),
}


if __name__ == "__main__":
    logging.disable()  # some servers run in this process
    with ExitStack() as stack:
        started = Peers(stack)
        for file in sorted(each for each in FOLDER.iterdir() if not sys.argv[1:] or each.stem in sys.argv):
            written = [
                each.anew(started).written() if isinstance(each, Row) else each
                for each in rows(file.read_text())
            ]
            file.write_text("\n".join(written) + "\n")
