"""Frames after a 101, a line each; what compressed messages say."""

import pytest

from tests.cases import every
from tests.exchanges import plan_for
from wsprobe.lab import find
from wsprobe.lab.play import play
from wsprobe.read import read
from wsprobe.report.report import report
from wsprobe.show.lines import Look, plain
from wsprobe.show.session import session


def shown(name):
    return plain(session(read(play(find(name), plan_for(find(name)))), Look()))


@every(
    [
        ("ok", ['< Text "hi"', "< Close 1000", "> Close 1000"]),
        ("accept-then-close-4403", ['< Close 4403 "forbidden"']),
        ("masked-server-zero-mask", ["(masked)"]),
        ("pmd-message", ['< Text "hello hello hello" (compressed: 11 bytes)']),
        ("pmd-fragmented", ["(not final, RSV1)", "< Continuation", '    inflated: "hello hello"']),
        ("pmd-bad-deflate", ["    not inflated: it is not DEFLATE data: invalid block type"]),
        ("fin-mid-frame", [" bytes)"]),
        ("status-403", []),
    ]
)
def test_session(case):
    name, rows = case
    text = shown(name)
    assert all(row in text for row in rows)
    assert bool(text) == bool(rows)


@pytest.mark.parametrize("name", ["101-then-fin", "101-then-rst"])
def test_a_dropped_session_has_one_list_of_usual_causes(name):
    """That of its cause, which knows what came before; the finding has none."""
    made = report(play(find(name), plan_for(find(name))))
    assert [each.usual for each in made.verdict.findings if each.id == "session-dropped"] == [""]
    assert made.causes
