"""A report without its secrets. It was judged before they were masked, so the outcome, findings and exit status
are those of the real answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.json import decode, encode
from msgspec.structs import asdict, replace

from wsprobe.browsers.engine import Page, ScriptView
from wsprobe.browsers.fetch import Fetched, FetchView, seen
from wsprobe.browsers.url import parse
from wsprobe.diagnosis import Cause
from wsprobe.exchange import Judged
from wsprobe.judge import FINDINGS
from wsprobe.judge.finding import Finding, Verdict
from wsprobe.read import read
from wsprobe.read.reading import Reading
from wsprobe.recording.redaction import learn, masked, redact
from wsprobe.recording.secrets import MASKS, Secrets
from wsprobe.report.report import Report
from wsprobe.report.report import report as report_again
from wsprobe.report.result import EngineAnswer, engine_answer

if TYPE_CHECKING:
    from wsprobe.lab.installed import BrowserRun
    from wsprobe.lab.measured import Observation


def redacted(report: Report, secrets: Secrets | None = None) -> Report:
    """*report* with every secret masked, in its recordings and in its sentences. *secrets*: those already
    known; those of *report* are added."""
    secrets = Secrets() if secrets is None else secrets
    learn(report.exchange, secrets, report.reading)
    for other in (*report.answers, report.fetched):
        if other is not None:
            learn(other.exchange, secrets)
    answers = tuple(None if answer is None else _answered(answer, secrets) for answer in report.answers)
    made = replace(
        _report(report, secrets),
        answers=answers,
        page=None if report.page is None else _page(report.page, secrets),
        fetched=None if report.fetched is None else _fetched(report.fetched, report.page, secrets),
    )
    done: dict[str, str] = {}
    hidden = tuple(_view(view, secrets, done) for view in report.views)
    if hidden == report.views:
        return made
    from wsprobe.cli.readers import views_again  # the engines, where there are views

    page: Page | None = _hidden(made.page, secrets, done)
    again = views_again(replace(made, views=hidden, page=page))
    return replace(made, views=_in_the_words_of(again, report.views, hidden))


def _in_the_words_of(again: Any, before: Any, hidden: Any) -> Any:
    """*hidden*, which is *before* with all known secrets masked, but with the texts of *again*, which was made
    of the masked answer: a secret that is a word of wsprobe masks no word of its sentences. A text that *again*
    has in other words, or in which it shows more than words, stays as it is in *hidden*."""
    if before == hidden or type(before) is not type(again):
        return hidden
    if isinstance(before, str):
        return again if _is_masked(before, again, hidden) else hidden
    if isinstance(before, tuple) and len(before) == len(again):
        return tuple(map(_in_the_words_of, again, before, hidden))
    if isinstance(before, Struct):
        values, masked = asdict(before), asdict(hidden)
        texts = {name: _in_the_words_of(of, values[name], masked[name]) for name, of in asdict(again).items()}
        return replace(hidden, **texts)
    return hidden


def _is_masked(before: str, again: str, hidden: str) -> bool:
    """Whether *again* is *before* with characters masked, all that *hidden* has but for words."""
    if not len(before) == len(again) == len(hidden):
        return False
    kept = "".join(
        char if char == new != masked else " " if new == char or new in MASKS else "0"
        for char, new, masked in zip(before, again, hidden, strict=True)
    )
    return re.fullmatch(r"[A-Za-z -]*", kept) is not None


def _fetched(fetched: Fetched, page: Page | None, secrets: Secrets) -> Fetched:
    exchange, url = redact(fetched.exchange, secrets), secrets.url(fetched.url)
    hidden: tuple[FetchView, ...] = _hidden(fetched.views, secrets)
    address = parse(url)
    if hidden == fetched.views or page is None or address is None:
        return Fetched(url, exchange, hidden)
    shown, reading = _hidden(_page(page, secrets), secrets), read(exchange)
    again = tuple(seen(view.browser, address, shown, reading) for view in fetched.views)
    return Fetched(url, exchange, _in_the_words_of(again, fetched.views, hidden))


def _report(report: Report, secrets: Secrets) -> Report:
    exchange = redact(report.exchange, secrets, report.reading)
    if exchange == report.exchange and not secrets.known:
        return report
    reading, verdict, _ = _as_before(
        report_again(exchange), report.verdict, report.outcome, report.author.causes, secrets
    )
    return replace(
        report,
        reading=reading,
        verdict=verdict,
        verdicts=_verdicts(report.verdicts, reading, secrets),
        name=reading.exchange.name or "",
    )


def _as_before(
    again: Report, verdict: Verdict, outcome: str, known: tuple[Cause, ...], secrets: Secrets
) -> tuple[Reading, Verdict, tuple[Cause, ...]]:
    """The reading of a masked answer (*again*), with *verdict*, *outcome* and causes (*known*) of the answer
    itself: its recording has them where the masked bytes would be judged otherwise. Verdict and causes are
    masked."""
    verdict = _verdict(verdict, again.verdict, secrets)
    causes: tuple[Cause, ...] = _in_the_words_of(again.author.causes, known, _hidden(known, secrets))
    reading = again.reading
    if verdict.findings != again.findings or outcome != again.outcome or causes != again.author.causes:
        before = Judged(outcome, tuple(map(_as_dict, verdict.findings)), tuple(map(_as_dict, causes)))
        reading = replace(reading, exchange=replace(reading.exchange, judged=before))
    return reading, verdict, causes


def _as_dict(value: Finding | Cause) -> dict[str, Any]:
    return decode(encode(value), type=dict[str, Any])


def _answered(answer: EngineAnswer, secrets: Secrets) -> EngineAnswer:
    again = report_again(masked(answer.exchange, secrets))
    reading, verdict, causes = _as_before(again, answer.verdict, answer.outcome, answer.causes, secrets)
    return replace(engine_answer(reading, verdict, answer.outcome), causes=causes)


def _verdict(verdict: Verdict, of_masked: Verdict | None, secrets: Secrets) -> Verdict:
    """*verdict* with its findings in the words of *of_masked*, the verdict on the masked bytes, if that has the
    same finding."""
    same = {} if of_masked is None else {(f.id, f.span): f for f in of_masked.findings}
    findings = tuple(
        same.get((f.id, f.span)) or (_in_general(f) if of_masked is not None else _hidden(f, secrets))
        for f in verdict.findings
    )
    return replace(verdict, findings=findings)


def _verdicts(verdicts: tuple[Verdict, ...], masked: Reading, secrets: Secrets) -> tuple[Verdict, ...]:
    """*verdicts* of --spec, masked. *masked*: the reading of the masked answer."""
    hidden = tuple(_verdict(verdict, None, secrets) for verdict in verdicts)
    if hidden == verdicts:
        return hidden
    from wsprobe.history import read_as_each  # the revisions, where there are verdicts

    again = read_as_each(masked, [verdict.spec for verdict in verdicts])
    made: tuple[Verdict, ...] = _in_the_words_of(again, verdicts, hidden)
    return made


def _in_general(finding: Finding) -> Finding:
    """*finding* with only its general meaning, because the masked value decided it."""
    entry = FINDINGS.get(finding.id)
    text = finding.id if entry is None else f"{entry.title} (the value is masked)"
    return replace(finding, text=text, expected=None, received=None)


def _view(view: ScriptView, secrets: Secrets, done: dict[str, str]) -> ScriptView:
    url = secrets.url(view.url)
    console = tuple(text.replace(view.url, url) if view.url else text for text in view.console)
    hidden: ScriptView = _hidden(replace(view, url=url, console=console), secrets, done)
    return replace(hidden, cookies=tuple(secrets.set_cookie(each) for each in view.cookies))


def redacted_found(found: BrowserRun, secrets: Secrets) -> BrowserRun:
    """The result of an installed browser, with all known *secrets* masked."""
    held = replace(found.held, view=replace(found.held.view, says=_seen(found.held.view.says, secrets)))
    made = replace(found, seen=_seen(found.seen, secrets), held=held, page=_page(found.page, secrets))
    hidden: BrowserRun = _hidden(made, secrets)
    return hidden


def _seen(seen: Observation, secrets: Secrets) -> Observation:
    url = secrets.url(seen.url)
    console = tuple(text.replace(seen.url, url) if seen.url else text for text in seen.console or ())
    return replace(seen, url=url, console=None if seen.console is None else console)


def _page(page: Page, secrets: Secrets) -> Page:
    return replace(
        page, url=secrets.url(page.url), cookies=secrets.cookies(page.cookies) if page.cookies else ""
    )


CHOICES = frozenset(
    ("address", "blocked", "certainty", "construct", "do", "http", "phase", "target_address", "when")
)
"""Members with one of a fixed set of words: a recording with another one is not read as what was judged."""
OWN_WORDS = CHOICES | frozenset(
    ("browser", "engine", "handshakes", "id", "level", "name", "outcome", "spec", "type", "version")
)
"""Members with words of wsprobe and of specifications, which decide how to show the others: a secret that is
such a word, as in ``?mode=open``, masks none of them."""


def _hidden(value: Any, secrets: Secrets, done: dict[str, str] | None = None) -> Any:
    """*value* with all known secrets masked in each of its texts. *done*: texts, and what became of them; views
    of the same session have most in common."""
    done = {} if done is None else done
    match value:
        case str():
            if value not in done:
                done[value] = secrets.echo_text(value)
            return done[value]
        case bytes():
            return secrets.echo(value)
        case tuple():
            return tuple(_hidden(each, secrets, done) for each in value)
        case Struct():
            texts = ((name, each) for name, each in asdict(value).items() if name not in OWN_WORDS)
            return replace(value, **{name: _hidden(each, secrets, done) for name, each in texts})
        case _:
            return value
