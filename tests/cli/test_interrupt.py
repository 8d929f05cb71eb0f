"""^C while `connect` or `compare` works: what was recorded until then is reported and kept, with status 130."""

import gc
import io
import json
import signal
import subprocess
import sys
import threading
import weakref
from contextlib import suppress

import pytest

from tests.cli.processes import started
from wsprobe import net
from wsprobe.cli.environment import Environment
from wsprobe.cli.main import interrupt_again, listen, main, run
from wsprobe.exchange import Ended, Exchange, Resolved
from wsprobe.recording import archive
from wsprobe.report.outcome import Exit


def interrupted(when, *arguments):
    """Run ``connect -v`` and interrupt it once *when* stands in a line of its standard error."""
    process = started("connect", "-v", *arguments)
    seen = ""
    for each in process.stderr:
        seen += each
        if when in each:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, out, seen + err)


@pytest.mark.programs
@pytest.mark.parametrize(
    ("when", "name", "says"),
    [
        ("User-Agent", "lab:silence", "dropped  lab:silence: interrupted after"),
        ("connected to", "lab:wss-accept-silence", "in the TLS handshake"),
        ("Sec-WebSocket-Accept", "lab:/echo", "while the session was open"),
    ],
)
def test_what_was_recorded_is_reported_and_saved(when, name, says, tmp_path):
    file = tmp_path / "kept"
    done = interrupted(when, "--linger", "60", "-m", "60", "--connect-timeout", "60", "--save", str(file), name)
    assert done.returncode == Exit.INTERRUPTED
    assert says in done.stdout
    assert "Traceback" not in done.stderr
    (line,) = file.read_text().splitlines()
    last = archive.load(line).events[-1]
    assert isinstance(last, Ended)
    assert last.how == "interrupted"


def test_a_second_interrupt_finds_nothing_to_interrupt(monkeypatch, own_signals):
    """It comes while worker processes are waited for, at the exit of the interpreter."""
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)  # which main replaces
    with pytest.raises(SystemExit) as left:
        main(["connect"])
    gc.unfreeze()
    assert left.value.code == Exit.USAGE
    now = {each: signal.getsignal(each) for each in own_signals}
    assert now == own_signals | {signal.SIGINT: signal.SIG_IGN}


def test_an_interrupt_that_a_callback_swallows_is_raised_again(monkeypatch):
    """As when it comes while a module is imported, which ends with such a callback."""

    class Module:
        """Something that weak references may refer to."""

    def callback(reference):
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "unraisablehook", interrupt_again)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    module = Module()
    reference = weakref.ref(module, callback)
    try:
        with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - it comes while the thread waits
            del module
            threading.Event().wait(20)
    finally:
        signal.signal(signal.SIGINT, before)
    assert reference() is None


def test_another_exception_that_is_ignored_is_printed(capsys):
    def callback(reference):
        raise ValueError("why")

    def forget():
        module = type("Module", (), {})()
        references.append(weakref.ref(module, callback))

    references = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "unraisablehook", interrupt_again)
        forget()
    assert "ValueError: why" in capsys.readouterr().err


class Interrupt(Environment):
    """^C as soon as the name of the *nth* exchange has resolved."""

    def __init__(self, nth):
        self.left = nth

    async def probe(self, plan, watch, *more, **how):
        def seen(event):
            self.left -= isinstance(event, Resolved)
            if not self.left:
                raise KeyboardInterrupt
            watch(event)

        return await net.probe(plan, seen, *more, **how)


def test_every_url_that_was_asked_has_its_line(capsys):
    """Two are asked at a time, so that the third is asked only when the second is over; the first never is."""
    names = ["lab:silence", "lab:status-403", "lab:status-404", "lab:status-504"]
    assert run(["connect", "--json", "--parallel", "2", *names], Interrupt(3)) == Exit.INTERRUPTED
    out, err = capsys.readouterr()
    assert err == ""  # no empty line, where no terminal stands behind ^C
    told = [json.loads(line) for line in out.splitlines()]
    assert [(each["name"], each["outcome"], each["exit_status"]) for each in told] == [
        ("lab:silence", "dropped", 130),
        ("lab:status-403", "refused", 12),
        ("lab:status-404", "dropped", 130),
    ]
    assert [f["id"] for f in told[0]["findings"]] == ["interrupted"]


class InterruptedOutput(io.StringIO):
    """^C when something is written for the first time, this many *times*."""

    def __init__(self, times):
        super().__init__()
        self.left = times

    def write(self, text):
        while self.left:
            self.left -= 1
            signal.raise_signal(signal.SIGINT)
        return super().write(text)


@pytest.mark.parametrize(("times", "kept"), [(0, 1), (1, 1), (2, 0)])
def test_a_second_interrupt_takes_nothing_from_the_report_and_a_third_ends_it(
    times, kept, monkeypatch, capsys, tmp_path
):
    out = InterruptedOutput(times)
    monkeypatch.setattr("sys.stdout", out)
    file = tmp_path / "kept"
    assert run(["connect", "--json", "--save", str(file), "lab:silence"], Interrupt(1)) == Exit.INTERRUPTED
    assert capsys.readouterr().err == ""
    assert len(out.getvalue().splitlines()) == kept
    assert len(file.read_text().splitlines() if file.exists() else []) == kept
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.programs
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_two_signals_one_after_the_other(number, tmp_path):
    """The second arrives once the first has ended the exchange."""
    file = tmp_path / "kept"
    command = ["connect", "-v", "--linger", "60", "-m", "60", "--save", str(file), "lab:/echo"]
    process = started(*command)
    for awaited in ("Sec-WebSocket-Accept", "interrupted"):
        assert any(awaited in each for each in process.stderr)
        process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "while the session was open" in out
    assert "Traceback" not in err
    assert len(file.read_text().splitlines()) == 1


def test_between_two_tries_the_last_one_is_kept(capsys):
    class Impatient(Environment):
        async def sleep(self, seconds):
            raise KeyboardInterrupt

    assert run(["connect", "--retry", "3", "lab:503-retry-after"], Impatient()) == Exit.INTERRUPTED
    assert capsys.readouterr().out.startswith("server-error 503  lab:503-retry-after\n")


def test_after_a_redirect_the_hops_are_kept(capsys):
    assert run(["connect", "--json", "-L", "lab:302-self-loop"], Interrupt(2)) == Exit.INTERRUPTED
    value = json.loads(capsys.readouterr().out)
    assert [hop["response"]["status"] for hop in value["hops"]] == [302]
    assert value["exit_status"] == 130


@pytest.mark.parametrize("redact", [(), ("--redact",)])
def test_compare_reports_the_urls_that_are_finished(redact, tmp_path, capsys):
    asked = []

    class Interrupted(Environment):
        async def probe(self, plan, *more, **how):
            asked.append(plan.target.resource)
            if asked[-1] == "/s/302-ws":
                raise KeyboardInterrupt
            return await net.probe(plan, *more, **how)

    kept = tmp_path / "kept"
    command = ["compare", *redact, "--browser-mode", "--json", "--save", str(kept)]
    urls = ["lab:status-403", "lab:redirect-302", "lab:refused"]
    assert run([*command, *urls], Interrupted()) == Exit.INTERRUPTED
    assert [json.loads(each)["name"] for each in capsys.readouterr().out.splitlines()] == ["lab:status-403"]
    assert len(kept.read_text().splitlines()) == 1
    assert {*asked} == {"/s/403", "/s/302-ws"}


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_command_that_takes_an_interrupt_itself_has_the_status_of_the_signal(number, status, own_signals):
    class Taken(Environment):
        def run(self, *work, **how):
            with suppress(KeyboardInterrupt):
                signal.raise_signal(number)
            return net.run(*work, **how)

        async def probe(self, plan, *more, **how):
            return Exchange(plan, (Ended(1, "interrupted"),))

    listen()
    assert run(["connect", "-s", "ws://127.0.0.1:1/"], Taken()) == status
