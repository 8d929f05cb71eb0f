"""``wsprobe trace --audit``: what it prints, keeps and exits with, and that no secret is in it."""

import json
import re

import jsonschema_rs
import pytest

from wsprobe.cli.environment import Environment
from wsprobe.cli.main import run
from wsprobe.exchange import Ended, Exchange, Sent
from wsprobe.recording import archive
from wsprobe.report.outcome import Exit
from wsprobe.show.contract import TraceJson
from wsprobe.show.schema import schema
from wsprobe.trace.audit import WEAKNESSES

QUICK = ("--pause", "0", "--linger", "0.02")
SECRETS = ("-b", "session=k3yOfTheSession", "-u", "alice:w0nderland", "-H", "X-Api-Key: a11TheKeys")
WORDS = ("k3yOfTheSession", "w0nderland", "a11TheKeys", "t0kenInTheUrl", "YWxpY2U6dzBuZGVybGFuZA")
VALIDATOR = jsonschema_rs.Draft202012Validator(json.loads(schema(TraceJson)))


def audited(capsys, *words):
    status = run(["trace", "--audit", "--json", *QUICK, *words])
    out, complaints = capsys.readouterr()
    assert complaints == ""
    value = json.loads(out)
    return status, value


def test_one_object_as_its_schema_has_it(capsys):
    status, value = audited(capsys, "-b", "a=b", "lab:/echo?token=t0kenInTheUrl")
    assert list(value) == ["url", "changes", "causes", "conclusions", "weaknesses", "not_tested"]
    VALIDATOR.validate(value)
    assert (status, value["conclusions"], value["weaknesses"]) == (Exit.OPEN, [], [])
    assert [each["change"] for each in value["changes"]] == [
        *("base", "origin", "origin-other", "origin-null", "no-credentials"),
        *("no-token", "no-key", "no-version", "again"),
    ]
    assert {each["id"] for each in value["not_tested"]} <= {each.id for each in WEAKNESSES}


def test_no_secret_is_in_anything_that_is_written(capsys, tmp_path):
    files = [tmp_path / name for name in ("a.sarif", "a.jsonl", "a.html", "a.md")]
    sarif, saved, page, issue = map(str, files)
    url = "lab:/echo?token=t0kenInTheUrl"
    words = ["trace", "--audit", *QUICK, *SECRETS, "--sarif", sarif, "--save", saved, "--report", page, url]
    run(words)
    run(["trace", "--audit", "--json", *QUICK, *SECRETS, "--report", issue, url])
    run(["trace", "--audit", "--dry-run", *SECRETS, url])
    printed = "".join(capsys.readouterr())
    assert "no-credentials" in printed
    for text in (printed, *(each.read_text("utf-8") for each in files)):
        assert not [word for word in WORDS if word in text]
    kept = [archive.load(line) for line in files[1].read_text("ascii").splitlines()]
    assert len(kept) == 9


@pytest.mark.parametrize("how", [("--audit",), ()], ids=["audit", "trace"])
def test_an_interrupt_before_the_first_answer(how, capsys, tmp_path):
    class Interrupted(Environment):
        async def probe(self, plan, keep, make):
            keep(Exchange(plan, (Sent(1, plan.request), Ended(2, "interrupted"))))
            raise KeyboardInterrupt

    words = ["trace", *how, "--report", str(tmp_path / "a.html"), "ws://127.0.0.1:1/"]
    assert run(words, Interrupted()) == Exit.INTERRUPTED
    assert "interrupted" in capsys.readouterr().out
    assert not (tmp_path / "a.html").exists()


@pytest.mark.parametrize("scenario", ["pmd-message"])
def test_messages_for_the_user_are_masked_in_every_row(scenario, capsys, tmp_path):
    page = tmp_path / "a.md"
    run(["connect", "--linger", "0.3", f"lab:{scenario}"])
    received = re.search(r'< Text "(.{12})', capsys.readouterr().out)
    assert received is not None
    run(["trace", "--audit", *QUICK, "--linger", "0.3", "--report", str(page), f"lab:{scenario}"])
    shown = re.findall(r'< Text "(.*)"', page.read_text("utf-8"))
    assert len(shown) > 1
    assert {*"".join(shown)} == {"*"}
    assert received[1] not in page.read_text("utf-8")
