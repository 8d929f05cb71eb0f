"""``python -m tests.diagnosis.varied``: writes varied.txt anew, what the diagnosis would be if a recorded
answer had differed in one point: another status, a field less, no body, an Origin or credentials sent.
A line has what was varied, who is taken for the author, the kinds of cause in order, and the number of answers.
No line is claimed to be true: the file shows as a diff which answers, never recorded, a change of the rules
reaches."""

import re
from collections import Counter
from pathlib import Path

from tests.diagnosis.recorded import reading_of, recorded
from wsprobe.diagnosis import author
from wsprobe.diagnosis.statuses import phrase_of

FILE = Path(__file__).parent / "varied.txt"
STATUSES = (400, 401, 402, 403, 404, 405, 408, 426, 429, 431, 500, 501, 502, 503, 504, 505)
ASKED = {
    "a foreign Origin": {"origin": "https://evil.example"},
    "credentials": {"headers": ["Authorization: Bearer x"]},
    "a subprotocol": {"protocols": ["chat"]},
    "a plain GET": {"note": "plain GET"},
}


def told():
    """The whole file."""
    counted = Counter()
    for each in _unlike():
        for how, answer, asked in _variations(each):
            known = author(reading_of(answer, each.ended, asked, each.late))
            ids = ", ".join(cause.id for cause in known.causes)
            counted[f"{how}: {known.id or '?'}: {ids}"] += 1
    return "".join(f"{line} ({count})\n" for line, count in sorted(counted.items()))


def _unlike():
    """Refusals that differ in more than their times, and were no answers to CONNECT."""
    seen = set()
    for each in recorded():
        alike = re.sub(rb"\d+", b"0", each.answer)
        if each.answer and alike not in seen and not each.asked.get("connect_proxy"):
            seen.add(alike)
            yield each


def _variations(of):
    head, _, body = of.answer.partition(b"\r\n\r\n")
    line, *fields = head.split(b"\r\n")
    for name, asked in ASKED.items():
        yield name, of.answer, {**of.asked, **asked}
    if b" 101" in line[:13]:
        return
    for status in STATUSES:
        reason = phrase_of(status)
        yield str(status), _answer(f"HTTP/1.1 {status} {reason}".encode(), fields, body), of.asked
    yield "no body", _answer(line, fields, b""), of.asked
    yield "no reason", _answer(b" ".join(line.split(b" ")[:2]) + b" ", fields, body), of.asked
    for index, field in enumerate(fields):
        name = field.partition(b":")[0].decode("latin-1").lower()
        yield f"no {name}", _answer(line, fields[:index] + fields[index + 1 :], body), of.asked


def _answer(line, fields, body):
    kept = [
        each for each in fields if body or not each.lower().startswith((b"content-length", b"transfer-enc"))
    ]
    return b"\r\n".join((line, *kept, b"", body))


if __name__ == "__main__":
    FILE.write_text(told(), "utf-8")
