"""``--report FILE``: a file for others, beside what is printed."""

import os
import re
import subprocess

import click
import pytest

from tests.cli.processes import python, started
from tests.played import ran
from wsprobe.cli.commands.connect import command as connect
from wsprobe.cli.files import check_replaceable, write_whole
from wsprobe.cli.main import program, run
from wsprobe.cli.option import Option
from wsprobe.cli.output_settings import OUTPUT, REPORTS, VERDICT
from wsprobe.cli.repeat_command import RULES, Call
from wsprobe.report.outcome import Exit
from wsprobe.text import quoted

SECRET = "hunter2Sesame4711xyz"
EVERYWHERE = [
    *("-u", f"me:{SECRET}", "-b", f"s={SECRET}", "-H", f"X-Api-Key: {SECRET}", "--protocol", SECRET),
    *("--protocol", "chat"),
]
QUICK = ("--pause", "0", "--hold", "0.05", "--linger", "0.02")
CALLS = {
    "connect": ["connect", "lab:status-403"],
    "compare": ["compare", "--browser", "chromium", "lab:status-403"],
    "trace": ["trace", *QUICK, "lab:status-403"],
}


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize("suffix", REPORTS)
@pytest.mark.parametrize("open_to_all", [False, True])
def test_it_is_masked_unless_it_is_not_to_be(kind, suffix, open_to_all, tmp_path, capsys):
    file = tmp_path / f"r{suffix}"
    where = f"lab:/status/403?header=Set-Cookie:s={SECRET}&body={SECRET}&reason={SECRET}"
    asked = [where if word.startswith("lab:") else word for word in CALLS[kind]]
    run([*asked, *EVERYWHERE, "--report", str(file), *(["--no-redact"] if open_to_all else [])])
    assert SECRET in capsys.readouterr().out  # what is printed stays as it is
    text = file.read_text("utf-8")
    assert (SECRET in text) is open_to_all
    assert ("are masked" in text) is not open_to_all
    assert ("Nothing in this file is masked" in text) is open_to_all
    assert "-H 'X-Api-Key: ********************'" in text.replace("&#x27;", "'") or open_to_all


@pytest.mark.programs
@pytest.mark.parametrize("kind", CALLS)
def test_a_full_disk_takes_nothing_from_what_is_printed(kind, tmp_path):
    """A limit on the size of files stands for the disk."""
    file = tmp_path / "r.html"
    file.write_text("what was there before")
    code = (
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "from wsprobe.cli.main import main\n"
        "main()\n"
    )
    done = python(code, *CALLS[kind], "--report", str(file))
    assert done.returncode == Exit.USAGE
    assert "403" in done.stdout
    assert re.fullmatch(rf"wsprobe[ a-z]*: --report: .*{file.name}: File too large.*\n", done.stderr)
    assert file.read_text() == "what was there before"
    assert [each.name for each in tmp_path.iterdir()] == ["r.html"]


def test_a_file_is_there_as_a_whole_or_not_at_all(tmp_path):
    file = tmp_path / "r.md"
    link = tmp_path / "link.md"
    link.symlink_to(file)
    file.write_text("before")
    file.chmod(0o640)

    def fails():
        raise KeyboardInterrupt

    def pieces():
        yield "begun"
        fails()

    with pytest.raises(KeyboardInterrupt):
        write_whole(str(link), pieces(), "report")
    assert file.read_text() == "before"
    write_whole(str(link), ["a", "b"], "report")
    assert (file.read_text(), file.stat().st_mode & 0o777, link.is_symlink()) == ("ab", 0o640, True)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link.md", "r.md"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_no_file_takes_the_place_of_a_device_or_a_pipe(tmp_path):
    """Root may replace /dev/null, for every program."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        check_replaceable(str(pipe), "report")
        write_whole(str(pipe), ["a", "b"], "report", secret=True)
        assert os.read(reader, 9) == b"ab"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def call(*words):
    whole = click.Context(program, info_name="wsprobe")
    return Call(connect.make_context("connect", list(words), parent=whole))


@pytest.mark.programs
@pytest.mark.parametrize(
    "word", ["plain", "it's", "a b", "", "$HOME", "\x1b[31m'\\", "\u202e", "caf\u00e9", "\udcff"]
)
def test_a_shell_reads_the_word_back(word):
    made = quoted(word)
    assert made.isprintable()
    done = subprocess.run(["bash", "-c", f"printf %s {made}"], capture_output=True, timeout=60)
    assert done.stdout == word.encode("utf-8", "surrogateescape")


NO_SECRETS = """
    backend bearer_env browsers cacert capath cert ciphers clear_port cluster config connect_timeout
    connect_to connections cookie_jar csp entry extensions fail_on from_curl haproxy_clientip hold hosts
    http_version interface key linger listen max_body max_redirs max_time measured netrc_file noproxy only
    origin origins page_address page_http parallel pause per_host permissions pinnedpubkey rate
    raw_request resolve resume run_browser sarif servername since skip specs tls_max tls_min unix_socket
    user_agent wire workers ws_key ws_version
"""
"""Options whose values are no secret: names, places, files, numbers."""


@pytest.mark.parametrize("kind", [*CALLS, "relay"])
def test_of_every_option_somebody_has_thought_whether_it_is_a_secret(kind):
    found = program.get_command(click.Context(program), kind)
    assert found is not None
    for each in found.params:
        if isinstance(each, Option) and each.section not in (OUTPUT, VERDICT) and not each.is_flag:
            known = {*NO_SECRETS.split(), *RULES}
            assert each.name in known, f"{each.name}: how to mask it, in cli/repeat_command.py, or a row above"


def reported(line):
    """The file of ``--report``."""
    (made,) = ran([f"wsprobe {line} -s --report r.md"])
    assert made.status == 0
    return made.files["r.md"].decode()


def test_an_exchange_is_repeated_in_its_order():
    exchange = f"--send {SECRET} --await es --ping --send-hex 6f6b --await ok --answer 2 {SECRET}"
    text = reported(f"talk {exchange} lab:/echo")
    line = "--send '*' --await es --ping --send-hex '*' --await ok --answer '*' '*' lab:/echo\n"
    assert line in re.sub(r"\*+", "*", text)
    assert SECRET not in text


@pytest.mark.programs
def test_what_was_typed_in_a_session_is_masked(tmp_path):
    file = tmp_path / "r.md"
    words = ("connect", "--talk", "--linger", "0.1", "--report", str(file), "lab:/echo")
    with started(*words, stdin=subprocess.PIPE) as process:
        assert process.communicate(f"{SECRET}\n", timeout=60)[0] == f"{SECRET}\n"
    text = file.read_text("utf-8")
    assert SECRET not in text
    assert text.count(f'Text "{"*" * len(SECRET)}"') == 2


def test_an_open_session_over_http2_wants_no_remedy():
    text = reported("connect --http2 lab:h2-on")
    assert ":status: 200" in text
    assert "To let the page know why" not in text
