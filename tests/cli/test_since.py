"""``compare OLD NEW`` of two runs over a list, and ``connect --since FILE``."""

import json

import pytest

from wsprobe.cli.main import run
from wsprobe.cli.recordings import recordings
from wsprobe.report.outcome import Exit


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
