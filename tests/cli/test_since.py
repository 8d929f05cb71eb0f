"""``compare OLD NEW`` of two runs over a list, and ``connect --since FILE``."""

from __future__ import annotations

import io
import json

import pytest

from wsprobe.cli.main import run
from wsprobe.cli.recordings import recordings
from wsprobe.report.outcome import Exit

Capture = pytest.CaptureFixture[str]
OLD = ("lab:status-403", "lab:echo-any-version", "lab:status-404")
"""None of them closes by itself: whether that came before wsprobe's own Close would differ."""


def lines(capsys, *words):
    """What connect --json --brief prints of *words*."""
    run(["connect", "--linger", "0", "--json", "--brief", *words])
    return capsys.readouterr().out.splitlines(keepends=True)


@pytest.fixture
def old(capsys, tmp_path):
    """A file of three results, in which lab:status-404 opened."""
    file = tmp_path / "old.jsonl"
    *first, last = lines(capsys, *OLD)
    file.write_text("".join(first) + last.replace('"refused"', '"open"').replace(":404", ":101"))
    return file


def printed(capsys, *words):
    status = run(list(words))
    out, err = capsys.readouterr()
    return status, out, err


WORSE = "no longer open: 1\n  lab:status-404: open -> refused 404; cause not-found\n"


def test_two_files_with_several_recordings_are_two_runs(old, capsys, tmp_path):
    new = tmp_path / "new.jsonl"
    new.write_text("".join(lines(capsys, *reversed(OLD))))
    total = "3 URLs: 2 the same; 1 no longer open\n"
    assert printed(capsys, "compare", str(old), str(new)) == (Exit.DIFFERENT, WORSE + total, "")
    assert printed(capsys, "compare", str(new), str(new)) == (Exit.OPEN, "3 URLs: nothing changed\n", "")
    assert printed(capsys, "compare", "-s", str(old), str(new)) == (Exit.DIFFERENT, "", "")
    status, out, _ = printed(capsys, "compare", "--json", str(old), str(new))
    value = json.loads(out)
    assert (status, value["worse"], value["counts"]) == (Exit.DIFFERENT, True, {"no-longer-open": 1})


def test_one_of_them_may_be_standard_input(old, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(old.read_bytes())))
    assert printed(capsys, "compare", str(old), "-") == (Exit.OPEN, "3 URLs: nothing changed\n", "")


def test_two_single_recordings_are_compared_point_by_point(capsys, tmp_path):
    for name in ("status-403", "status-404"):
        run(["connect", "-s", "--save", str(tmp_path / name), f"lab:{name}"])
    status, out, _ = printed(
        capsys, "compare", *(str(tmp_path / name) for name in ("status-403", "status-404"))
    )
    assert status == Exit.DIFFERENT
    assert "differ\n" in out


def test_what_is_for_one_handshake_is_a_usage_error(old, capsys):
    status, out, err = printed(capsys, "compare", "--save", "-", str(old), str(old))
    assert (status, out) == (Exit.USAGE, "")
    assert err.startswith("wsprobe compare: --save is for handshakes")


def test_since_says_what_got_worse_and_exits_with_1(old, capsys):
    total = "3 URLs: 2 the same; 1 no longer open\n"
    assert printed(capsys, "connect", "--linger", "0", "--since", str(old), *OLD) == (
        Exit.DIFFERENT,
        WORSE + total,
        "",
    )
    status, out, _ = printed(capsys, "connect", "--linger", "0", "--json", "--since", str(old), *OLD)
    assert (status, json.loads(out)["worse"]) == (Exit.DIFFERENT, True)


def test_what_fails_as_before_and_what_is_not_asked_is_no_change(old, capsys):
    status, out, _ = printed(capsys, "connect", "--linger", "0", "--since", str(old), *OLD[:2])
    assert (status, out) == (Exit.OPEN, "2 URLs: nothing changed\n")


def test_an_expectation_counts_before(old, capsys):
    words = ["--since", str(old), "--expect", "outcome=open", *OLD]
    assert printed(capsys, "connect", "-s", "--linger", "0", *words)[0] == Exit.UNEXPECTED


def test_since_can_keep_the_run_in_the_same_file(old, capsys):
    words = ["connect", "--linger", "0", "--since", str(old), "--save", str(old), "ws://127.0.0.1:1/"]
    assert printed(capsys, *words)[0] == Exit.DIFFERENT
    status, out, _ = printed(capsys, *words)
    assert (status, out) == (Exit.OPEN, "1 URL: nothing changed\n")


def test_the_first_run_begins_the_file_that_it_is_kept_in(capsys, tmp_path):
    file = str(tmp_path / "nights.jsonl")
    words = ["connect", "--linger", "0", "--since", file, "--save", file, "ws://127.0.0.1:1/"]
    status, out, _ = printed(capsys, *words)
    assert status == Exit.DIFFERENT
    assert out.startswith("new, not open: 1\n")
    assert printed(capsys, *words) == (Exit.OPEN, "1 URL: nothing changed\n", "")


def test_a_saved_recording_keeps_the_name_in_the_lab(capsys, tmp_path):
    kept = str(tmp_path / "kept.jsonl")
    run(["connect", "-s", "--save", kept, *OLD])
    assert printed(capsys, "connect", "--since", kept, *OLD) == (Exit.OPEN, "3 URLs: nothing changed\n", "")
    run(["compare", "--browser-mode", kept])
    assert capsys.readouterr().out.startswith("refused 403  lab:status-403  page http://127.0.0.1:")


def test_a_name_in_the_lab_is_masked_too(capsys, tmp_path):
    kept = tmp_path / "kept.jsonl"
    run(["connect", "-s", "--redact", "--save", str(kept), "lab:/status/418?body=secret"])
    assert json.loads(kept.read_text())["name"] == "lab:/status/418?body=******"


def test_secrets_in_urls_are_masked(capsys, tmp_path):
    file = tmp_path / "old"
    file.write_text("".join(lines(capsys, "lab:ok")))
    words = ["connect", "--linger", "0", "--redact", "--since", str(file), "lab:/status/403?token=hunter2"]
    status, out, _ = printed(capsys, *words)
    assert status == Exit.DIFFERENT
    assert "hunter2" not in out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--since", "{old}.none"], "No such file"),
        (["--since", "{empty}"], "there is no recording in it"),
    ],
)
def test_what_cannot_be_meant(words, why, old, capsys, tmp_path):
    (tmp_path / "empty").touch()
    given = [word.format(old=old, empty=tmp_path / "empty") for word in words]
    status, out, err = printed(capsys, "connect", *given, "lab:ok")
    assert (status, out) == (Exit.USAGE, "")
    assert why in err


def test_a_line_that_was_cut_off_stops_no_later_run(tmp_path, capsys):
    file = tmp_path / "nights.jsonl"
    run(["connect", "-s", "--save", str(file), "lab:ok"])
    whole = file.read_bytes()
    file.write_bytes(whole + whole[:500])
    for _ in range(2):  # the second run follows the cut line
        capsys.readouterr()
        assert run(["connect", "--since", str(file), "--save", str(file), "lab:ok"]) == Exit.OPEN
        assert "line 2: cut off before its end, left out" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["mark", "utf-16", "indented", "array"])
def test_recordings_that_other_programs_wrote_anew(form, tmp_path):
    """PowerShell writes UTF-16 or a byte order mark; jq indents, and makes arrays."""
    first = tmp_path / "first.jsonl"
    run(["connect", "-s", "--save", str(first), "lab:ok", "lab:status-403"])
    text = first.read_text()
    rows = [json.loads(each) for each in text.splitlines()]
    made = {
        "mark": b"\xef\xbb\xbf" + text.encode(),
        "utf-16": text.encode("utf-16"),
        "indented": "\n".join(json.dumps(row, indent=2) for row in rows).encode(),
        "array": json.dumps(rows, indent=2).encode(),
    }[form]
    again = tmp_path / "again.jsonl"
    again.write_bytes(made)
    assert recordings(str(again)) == recordings(str(first))


def test_junit_has_the_times_of_this_run(tmp_path):
    old, junit = tmp_path / "old.jsonl", tmp_path / "j.xml"
    run(["connect", "-s", "--save", str(old), "lab:ok"])
    run(["connect", "-s", "--since", str(old), "--junit", str(junit), "lab:ok"])
    assert 'timestamp="1970' not in junit.read_text()
    assert 'time="0.000"' not in junit.read_text()
