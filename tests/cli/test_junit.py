"""``--junit FILE``: each URL a test case, in the form that every CI reads."""

from __future__ import annotations

import re
from tempfile import SpooledTemporaryFile
from xml.etree import ElementTree as ET

import pytest

from wsprobe.cli.main import run
from wsprobe.report.outcome import Exit
from wsprobe.show.junit import TAIL, Case, Fault, Totals, case_element, head

Capture = pytest.CaptureFixture[str]
ATTRIBUTES = {
    "testsuites": set(),
    "testsuite": {
        "id",
        "package",
        "name",
        "hostname",
        "timestamp",
        "tests",
        "failures",
        "errors",
        "skipped",
        "time",
    },
    "testcase": {"classname", "name", "time"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "properties": set(),
    "system-out": set(),
    "system-err": set(),
}
"""All that Ant's reports have and the schemas of Ant's JUnit task and of Jenkins' xUnit plugin want."""


def cases(file):
    """Name of each test case -> tag, type and message of what is wrong; all "" where it passed. Checks the form
    of the file too."""
    root = ET.fromstring(file.read_bytes())
    for element in root.iter():
        assert set(element.attrib) == ATTRIBUTES[element.tag], element.tag
    (suite,) = root
    first, *tested, out, err = suite
    assert (root.tag, suite.tag, first.tag, out.tag, err.tag) == (
        *("testsuites", "testsuite", "properties", "system-out", "system-err"),
    )
    assert {each.tag for each in tested} <= {"testcase"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
    assert all(float(each.attrib["time"]) >= 0 for each in (suite, *tested))
    count = [sum(each.find(tag) is not None for each in tested) for tag in ("failure", "error")]
    assert [suite.attrib[name] for name in ("tests", "failures", "errors")] == [
        str(len(tested)),
        *map(str, count),
    ]
    assert {each.attrib["classname"] for each in tested} <= {suite.attrib["name"]}
    found = {}
    for each in tested:
        wrong = next(iter(each), None)
        found[each.attrib["name"]] = (
            ("", "", "") if wrong is None else (wrong.tag, wrong.attrib["type"], wrong.attrib["message"])
        )
    assert len(found) == len(tested)
    return found


@pytest.fixture
def file(tmp_path):
    return tmp_path / "tests.xml"


PASSED = ("", "", "")


def test_connect_fails_what_does_not_open_and_errs_what_is_no_url(file, tmp_path):
    urls = tmp_path / "urls"
    urls.write_text("lab:ok\nlab:status-403\nftp://x/\n")
    assert run(["connect", "--linger", "0", "--junit", str(file), f"@{urls}"]) == Exit.USAGE
    found = cases(file)
    assert found.pop(f"{urls}, line 3")[:2] == ("error", "usage")
    tag, kind, message = found.pop("lab:status-403")
    assert (tag, kind) == ("failure", "refused")
    assert message.startswith("refused 403; the server says: ")
    assert found == {"lab:ok": PASSED}


def test_an_expectation_decides(file):
    words = ["--linger", "0", "--expect", "status=403", "lab:ok", "lab:status-403"]
    assert run(["connect", "--junit", str(file), *words]) == Exit.UNEXPECTED
    found = cases(file)
    assert found["lab:status-403"] == PASSED
    assert found["lab:ok"] == ("failure", "expectation", "lab:ok: expected status=403, found 101")
    assert run(["compare", "--junit", str(file), *words]) == Exit.UNEXPECTED
    assert cases(file)["lab:ok"][1] == "expectation"


def test_the_text_is_the_report_of_the_terminal(file):
    run(["connect", "--junit", str(file), "lab:accept-wrong"])
    (failure,) = ET.parse(file).iter("failure")
    assert failure.text is not None
    assert "^^^^" in failure.text
    assert "invalid  lab:accept-wrong: a 101 that no conforming client accepts" in failure.text


def test_compare_fails_what_differs(file):
    assert run(["compare", "--junit", str(file), "lab:status-403", "lab:status-401"]) == Exit.DIFFERENT
    assert cases(file) == {
        "lab:status-403": PASSED,
        "lab:status-401": ("failure", "differs", "differs from lab:status-403"),
    }
    assert (
        run(["compare", "--browser-mode", "--junit", str(file), "lab:status-403", "lab:refused"]) == Exit.OPEN
    )
    assert set(cases(file).values()) == {PASSED}
    assert run(["compare", "--browser-mode", "--junit", str(file), "lab:accept-lower-case"]) == Exit.DIFFERENT
    assert cases(file) == {"lab:accept-lower-case": ("failure", "differs", "the views differ")}


def test_where_nobody_answered_there_is_nothing_that_passed(file):
    words = ["ws://127.0.0.1:1/a", "ws://127.0.0.1:1/b"]
    assert run(["compare", "--junit", str(file), *words]) == Exit.UNREACHABLE
    assert {each[:2] for each in cases(file).values()} == {("failure", "unreachable")}


def test_two_runs_fail_what_changed_and_since_only_what_got_worse(file, tmp_path):
    old = tmp_path / "old"
    run(["connect", "-s", "--linger", "0", "--save", str(old), "lab:ok"])
    assert run(["connect", "-s", "--since", str(old), "--junit", str(file), "lab:status-403"]) == Exit.DIFFERENT
    assert cases(file) == {"lab:status-403": ("failure", "new-not-open", "refused 403; cause refused")}
    assert run(["connect", "-s", "--since", str(old), "--junit", str(file), "lab:/echo"]) == Exit.OPEN
    assert cases(file) == {"lab:/echo": PASSED}
    new = tmp_path / "new"
    run(["connect", "-s", "--linger", "0", "--save", str(new), "lab:/echo", "lab:/echo"])
    assert run(["compare", "-s", "--junit", str(file), str(old), str(new)]) == Exit.DIFFERENT
    assert {each[1] for each in cases(file).values()} == {"new-open", "missing"}


def test_watch_fails_what_is_not_up_at_the_end(file):
    words = ["watch", "--count", "1", "--junit", str(file), "lab:status-403", "lab:/echo"]
    assert run(words) == Exit.REFUSED
    assert cases(file) == {"lab:status-403": ("failure", "refused", "refused 403"), "lab:/echo": PASSED}
    run([*words, "--until", "outcome=refused"])
    assert cases(file) == {
        "lab:status-403": PASSED,
        "lab:/echo": ("failure", "expectation", "--until is not met: open"),
    }
    run([*words, "--expect", "status=101"])
    assert cases(file)["lab:status-403"] == ("failure", "expectation", "refused 403: expected status=101")


def test_trace_is_one_test_with_its_conclusions(file):
    run(["trace", "--hold", "0", "--only", "get", "--junit", str(file), "lab:status-403"])
    assert [each[:2] for each in cases(file).values()] == [("failure", "refused")]
    run(
        [
            "trace",
            "--hold",
            "0",
            "--only",
            "get",
            "--junit",
            str(file),
            "--expect",
            "status=403",
            "lab:status-403",
        ]
    )
    assert cases(file) == {"lab:status-403": PASSED}


def test_redact_masks_the_file(file):
    run(["connect", "--redact", "--junit", str(file), "lab:/status/403?token=hunter2"])
    assert b"hunter2" not in file.read_bytes()
    (case,) = ET.parse(file).iter("testcase")
    assert "token=" in case.attrib["name"]


def test_what_xml_cannot_hold_is_escaped(file):
    """Characters that are not in XML 1.0 (section 2.2), markup, and the end of a CDATA section."""
    odd = "\x00\x08\x1b[2J\ufffe\ud800 ]]> <a b='\"'>&amp;"
    case = Case(odd, 0.5, Fault(odd + "\n", "refused", odd))
    totals = Totals()
    totals.add(case)
    file.write_text(
        head("wsprobe connect", totals) + case_element(case, "wsprobe connect") + TAIL, encoding="utf-8"
    )
    (name,) = cases(file)
    assert name == "\\x00\\x08\\x1b[2J\\ufffe\\ud800 ]]> <a b='\"'>&amp;"
    (failure,) = ET.parse(file).iter("failure")
    assert failure.text == name
    assert failure.attrib["message"] == name + "\\n"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--junit", "{dir}"], "Is a directory"),
        (["--junit", "{dir}/none/x.xml"], "No such file or directory"),
        (["--junit", "{dir}/x.xml", "--workers", "2"], "--junit"),
    ],
)
def test_what_cannot_be_written_is_a_usage_error(words, why, tmp_path, capsys):
    assert run(["connect", *(word.format(dir=tmp_path) for word in words), "lab:ok"]) == Exit.USAGE
    assert why in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "status"),
    [(["--since", "/nonexistent"], 2), (["--expect", "status=101"], 20)],
    ids=["refused", "run"],
)
def test_the_file_of_a_call_is_closed(more, status, file, monkeypatch):
    opened = []

    def seen(*args, **more):
        opened.append(SpooledTemporaryFile(*args, **more))  # noqa: SIM115
        return opened[-1]

    monkeypatch.setattr("wsprobe.cli.junit.SpooledTemporaryFile", seen)
    assert run(["connect", "-s", "--junit", str(file), *more, "lab:status-403"]) == status
    assert [each.closed for each in opened] == [True]


def test_a_long_list_waits_in_a_file(file, monkeypatch):
    monkeypatch.setattr("wsprobe.cli.junit.MEMORY", 10)
    run(["connect", "--linger", "0", "--junit", str(file), "lab:ok", "lab:status-403", "lab:status-404"])
    assert len(cases(file)) == 3
