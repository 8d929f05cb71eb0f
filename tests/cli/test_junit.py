"""``--junit FILE``: each URL a test case, in the form that every CI reads."""

import gc
import re
from xml.etree import ElementTree as ET

import pytest

from tests.played import ran
from wsprobe.cli.collected_files import MEMORY
from wsprobe.cli.main import run
from wsprobe.show.junit import TAIL, Case, Fault, Totals, case_element, head

ATTRIBUTES = {
    "testsuites": set(),
    "testsuite": set(
        ["id", "package", "name", "hostname", "timestamp", "tests", "failures", "errors", "skipped", "time"]
    ),
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


@pytest.mark.parametrize(
    "command", ["connect", "compare --browser-mode", "trace --only get", "watch --count 1"]
)
def test_its_form_is_the_one_that_every_ci_reads(command, file):
    for scenario, passes in (("ok", True), ("status-403", command.startswith("compare"))):
        (made,) = ran([f"wsprobe {command} -s --junit j.xml lab:{scenario}"])
        file.write_bytes(made.files["j.xml"])
        assert [tag == "" for tag, _, _ in cases(file).values()] == [passes]


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


def test_a_long_list_waits_in_a_file(file):
    """It is closed when the command ends: else Python warns of it, and warnings are errors."""
    word = "x" * MEMORY
    run(["connect", "-s", "--junit", str(file), *(f"ws://127.0.0.1:1/{word}{each}" for each in range(2))])
    assert len(cases(file)) == 2
    gc.collect()
