import json
from pathlib import Path

import msgspec
import pytest

from tests import cases
from wsprobe import explain
from wsprobe.cli.main import run
from wsprobe.diagnosis.kinds import kinds
from wsprobe.explain import UnknownTopic
from wsprobe.judge import FINDINGS
from wsprobe.report.outcome import TABLE, Exit


def unescaped(text):
    return text.encode("latin-1", "backslashreplace").decode("unicode_escape")


def rows():
    """Topic -> its kind, and how its title begins."""
    lines = (Path(__file__).parent / "topics.txt").read_text("utf-8").splitlines()
    kinds = [line.split(" | ") for line in lines if line and not line.startswith("#")]
    return {unescaped(topic): (kind, unescaped(title)) for kind, title, *topics in kinds for topic in topics}


STATUSES = (
    *(101, 200, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 407, 421, 426, 429, 431, 500, 502, 503, 504),
    *range(520, 528),
)


@cases.every(lambda: {topic: (topic, *row) for topic, row in rows().items() if row[0] != "unknown"})
def test_found(row):
    topic, kind, title = row
    entry = explain.find(topic)
    assert (entry.kind, entry.title[: len(title)]) == (kind, title)


@cases.every(lambda: {topic: (topic, row[1]) for topic, row in rows().items() if row[0] == "unknown"})
def test_unknown(row):
    topic, words = row
    with pytest.raises(UnknownTopic) as caught:
        explain.find(topic)
    assert words in str(caught.value)
    assert str(caught.value).isprintable()
    assert str(caught.value).isascii()


@pytest.fixture(scope="module")
def every():
    return {topic: explain.find(topic) for topic in explain.all_topics()}


def test_every_topic_is_found_again(every):
    assert len(every) > 600
    for topic, entry in every.items():
        assert entry.text or entry.facts, topic
        assert explain.find(entry.topic) == entry


def test_every_hint_leads_somewhere(every):
    for topic in {hint for entry in every.values() for hint in entry.see_also}:
        assert explain.find(topic)


def test_every_text_is_ascii_in_80_columns(every):
    for topic, entry in every.items():
        assert entry.code.isascii()
        assert max((len(line) for line in entry.code.splitlines()), default=0) <= 100
        for line in explain.text(msgspec.structs.replace(entry, code="")).splitlines():
            assert line.isascii()
            assert line == line.rstrip() or not line.strip(), topic
            assert len(line) <= 80 or " " not in line.strip(), line


def test_every_value_is_json(every):
    for entry in every.values():
        value = json.loads(json.dumps(explain.value(entry)))
        assert list(value) == ["topic", "kind", "title", "text", "facts", "see_also", "code"]


def test_every_outcome_and_exit_status():
    for row in TABLE:
        assert explain.find(f"exit {row.status.value}").kind == "exit status"
        if row.outcome:
            entry = explain.find(row.outcome)
            assert ("exit status", str(row.status.value)) in entry.facts
    assert len(explain.find("exit").facts) == len(Exit)


def test_every_finding():
    for id, row in FINDINGS.items():
        entry = explain.find(f"finding {id}")
        assert entry.kind == "finding"
        assert entry.text == (row.meaning,)


def test_what_a_finding_cites_of_a_websocket_specification_is_found():
    """A reader pastes what stands under a finding. The specifications of HTTP and TLS are not told here."""
    for row in FINDINGS.values():
        for cited in row.spec.split("; "):
            if cited.startswith(("RFC 6455", "RFC 7692", "draft-hixie", "WHATWG")):
                assert explain.find(cited).kind in ("section", "revision"), cited


def test_every_registered_close_code():
    for code in (*range(1000, 1016), 3000, 3003, 3008):
        assert "not registered" not in explain.find(str(code)).text[0]


@pytest.mark.parametrize("status", STATUSES)
def test_statuses_have_an_entry_of_their_own(status):
    assert str(status) in explain.all_topics()
    facts = dict(explain.find(str(status)).facts)
    assert facts["usually"]
    assert facts["what to do"]
    assert facts["browsers"]


def test_scenarios_and_topics_that_a_text_names_exist():
    from wsprobe.diagnosis.statuses import CLASSES, STATUSES
    from wsprobe.explain import console
    from wsprobe.explain.entry import load
    from wsprobe.explain.tables import _TERMS
    from wsprobe.lab import aliases, names

    files = map(load, ("close_codes", *_TERMS))
    rows = [row for file in files for table in file.values() for row in table]
    rows += [*load("failures")["failure"], *(row for _, row in console._rows())]
    scenarios = {name for row in rows for name in (*row.get("scenarios", ()), *row.get("lab", ()))}
    scenarios |= {name for each in (*STATUSES.values(), *CLASSES.values()) for name in each.scenarios}
    assert scenarios - {*names(), *aliases()} == set()
    for topic in {topic for row in rows for topic in row.get("see", ())}:
        assert explain.find(topic), topic


def test_each_other_name_leads_to_one_topic():
    from wsprobe.explain.entry import load
    from wsprobe.explain.tables import _TERMS, other_names

    rows = [row for name in ("headers", *_TERMS) for table in load(name).values() for row in table]
    assert len(other_names()) == sum(len(row.get("other", ())) for row in rows)
    for other, topic in other_names().items():
        found = explain.find(other)
        assert found.topic == topic or (found.topic == other and topic in found.see_also), other


def test_an_id_leads_to_its_own_topic_first():
    """Another topic of the same word is named below; an outcome comes before the cause of its name."""
    for kind, ids in (("finding", FINDINGS), ("cause", kinds())):
        for id in ids:
            found = explain.find(id)
            assert found.topic == id
            assert found.kind == kind or f"{kind} {id}" in found.see_also
    assert "error event" in explain.find("error").see_also
    assert "rule-redirect" in explain.find("redirect").see_also
    assert explain.find("Closing").topic == "closing handshake"


def test_each_topic_is_listed_once_below_its_kind(capsys):
    assert run(["explain", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if not line.startswith("  ")] == [f"{kind}:" for kind in explain.groups()]
    listed = [line.strip() for line in lines if line.startswith("  ")]
    assert run(["explain", "--list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"topics": listed}
    assert len(set(listed)) == len(listed)
    assert set(listed) == {topic for topics in explain.groups().values() for topic in topics}
