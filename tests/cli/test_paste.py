"""What people paste: cURL commands as browsers write them, and lines of a console."""

from __future__ import annotations

import contextlib
import io
import json
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wsprobe
from wsprobe.cli.main import run
from wsprobe.cli.paste import url_in
from wsprobe.cli.pasted import curl, is_curl, is_curl_command
from wsprobe.cli.pasted.devtools import copied
from wsprobe.cli.request_settings import OwnRequestSettings, RequestSettings
from wsprobe.cli.section import Given
from wsprobe.cli.targets import Word, sources
from wsprobe.request.target import TargetError

FILES = Path(__file__).parents[1] / "files" / "paste"
COPIED = tomllib.loads((FILES / "curl.toml").read_text())["copied"]
Capture = pytest.CaptureFixture[str]
KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
COOKIE = 'sid=it\'s 100%!; q="a"'


def asked(capsys, *arguments):
    """The headers of the request that a call makes, by their names, and what it says on standard error."""
    run(["connect", "--json", *arguments])
    out, err = capsys.readouterr()
    headers = {}
    for name, value in json.loads(out)["request"]["headers"]:
        headers.setdefault(name, []).append(value)
    return headers, err


def request_in(text, *given):
    """The request of the cURL command in *text*, beside the settings that are *given*."""
    made = curl.pasted(text)
    return copied(made.url, made.lines, Given(given))


# What browsers copy --------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", COPIED, ids=[case["by"] for case in COPIED])
def test_what_a_browser_copies_is_the_same_request(case):
    made = request_in(case["text"])
    assert made.url == "wss://chat.example/ws?room=a%20b&tag=[1]&set={x}"
    by_option = [value for name, value in curl.pasted(case["text"]).options if name == "--cookie"]
    assert [*by_option, *made.settings.cookies] == [COOKIE]
    assert made.settings.origin == "https://app.example"
    assert made.settings.protocols == ("chat", "v2.chat")
    assert made.settings.user_agent.startswith("Mozilla/5.0 (")
    headers = made.settings.headers
    assert any(each.startswith("Sec-WebSocket-Extensions: permessage-deflate") for each in headers)
    assert "Pragma: no-cache" in headers
    assert not any("Key" in each or "Version: 13" in each for each in headers)
    assert made.notes[0].startswith("wsprobe generates ")
    assert "Sec-WebSocket-Key" in made.notes[0]
    assert ("Connection: keep-alive, Upgrade" in headers) == case["by"].startswith("Firefox")


def chrome_posix(text):
    """escapeStringPosix of Chrome's NetworkLogView.ts."""
    if re.search("[\0-\x1f\x7f-\x9f!']", text) is None:
        return f"'{text}'"
    text = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return "$'" + re.sub("[\0-\x1f\x7f-\x9f!]", lambda found: f"\\u{ord(found[0]):04x}", text) + "'"


def chrome_windows(text):
    """escapeStringWin of the same, as in Chromium 156; of what is not ASCII it makes a space."""
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    text = re.sub(r"[^a-zA-Z0-9\s_\-:=+~'/.',?;*]", r"^\g<0>", text)
    return '^"' + re.sub(r"%(?=[a-zA-Z0-9_])", "%^", text) + '^"'


def chrome_windows_2020(text):
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    text = re.sub(r"[^a-zA-Z0-9\s_\-:=+~'/.',?;()*`&]", r"^\g<0>", text)
    return '"' + re.sub(r"%(?=[a-zA-Z0-9_])", "%^", text) + '"'


def firefox_posix(text):
    """escapeStringPosix of Firefox's curl.js."""
    if re.search(r"[^\x20-\x7e]|!|'", text) is None:
        return f"'{text}'"
    text = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return "$'" + re.sub(r"[^\x20-\x7e]", _in_hex, text.replace("!", "\\041")) + "'"


def _in_hex(found):
    if ord(found[0]) < 256:
        return f"\\x{ord(found[0]):02x}"
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def firefox_windows(text):
    text = re.sub(r"[^a-zA-Z0-9\s_\-:=+~/.',?;()*`]", r"^\g<0>", text.replace('"', '\\"'))
    return '^"' + re.sub(r"%(?=[a-zA-Z0-9_])", "%^", text) + '^"'


def safari(text):
    """escapeStringPosix of WebKit's Resource.js."""
    if re.search(r"[^\x20-\x7e]|'", text) is None:
        return f"'{text}'"
    text = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return "$'" + re.sub(r"[^\x20-\x7e]", _in_hex, text.replace("!", "\\041")) + "'"


WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
ASCII = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E))


@given(st.lists(WORDS, max_size=4))
def test_what_chrome_quotes_for_bash_is_read_back(words):
    assert curl.commands("curl " + " \\\n  ".join(map(chrome_posix, ["x", *words]))) == [["x", *words]]


@given(st.lists(ASCII, max_size=4))
def test_what_chrome_quotes_for_cmd_is_read_back(words):
    text = " ^\n  ".join(map(chrome_windows, ["x", *words]))
    assert curl.commands(f"curl --url {text}") == [["--url", "x", *words]]


@given(st.lists(ASCII, max_size=4))
def test_what_an_older_chrome_quotes_for_cmd_is_read_back(words):
    text = " ^\n  ".join(map(chrome_windows_2020, ["x", *words, "end"]))
    assert curl.commands(f"curl {text}") == [["x", *words, "end"]]


@pytest.mark.parametrize("quoted", [firefox_posix, safari])
@given(words=st.lists(WORDS, max_size=4))
def test_what_firefox_and_safari_quote_for_bash_is_read_back(quoted, words):
    assert callable(quoted)
    text = "curl " + " \\\n  ".join(map(quoted, ["x", *words]))
    # \xE9 is a byte for bash, and what these browsers mean by it is the byte of the header.
    read = [[word.encode("utf-8", "surrogateescape") for word in words] for words in curl.commands(text)]
    meant = [
        b"".join(each.encode("latin-1" if ord(each) < 256 else "utf-8") for each in word) for word in words
    ]
    plain = [word.encode() if quoted(word)[0] == "'" else data for word, data in zip(words, meant, strict=True)]
    assert read == [[b"x", *plain]]


@given(st.lists(ASCII.filter(lambda text: not re.search(r'\\(?:"|\Z)', text)), max_size=4))
def test_what_firefox_quotes_for_cmd_is_read_back(words):
    """But for a backslash before a quotation mark, which Firefox does not double: curl.exe would not see it."""
    text = " ^\n  ".join(map(firefox_windows, ["x", *words]))
    assert curl.commands(f"curl.exe {text}") == [["x", *words]]


@given(st.text())
def test_no_text_makes_another_error(text):
    for each in (text, f"curl {text}", f'curl ^"{text}', f"curl $'{text}"):
        with contextlib.suppress(curl.CurlError, TargetError):
            request_in(each)


# Quoting by hand -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("curl ws://h/", ["ws://h/"]),
        ("$ curl ws://h/ # why?", ["ws://h/"]),
        ("/usr/bin/curl -H 'a: b'\"c\"d\\ e ws://h/", ["-H", "a: bcd e", "ws://h/"]),
        ('curl -H "a: \\"b\\" \\$c \\x" ws://h/', ["-H", 'a: "b" $c \\x', "ws://h/"]),
        ("curl \\\r\n  -H a:b \\\n ws://h/\n", ["-H", "a:b", "ws://h/"]),
        (r"curl $'\t\x41\101\cA\e\U0001F600\q'", ["\tAA\x01\x1b\U0001f600\\q"]),
        ("curl '' ws://h/", ["", "ws://h/"]),
        ('curl.exe ^"C:\\a\\\\^" ^"b\\\\\\^"c^"', ["C:\\a\\", 'b\\"c']),
        ('curl ^"a^"^"b^"', ['a"b']),
        ('curl ^"a^\n\nb^"', ["a\nb"]),
        ('curl ^"a^\r\n\r\nb^"', ["a\nb"]),
        ("curl 'cost: $5 and 100%'", ["cost: $5 and 100%"]),
        ('curl "cost: $5"', ["cost: $5"]),
    ],
)
def test_quoting(text, words):
    assert curl.commands(text) == [words]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "",
            "no cURL command in it: in the browser's Network panel choose Copy, Copy as cURL (bash), or (cmd)",
        ),
        ("curl 'ws://h/", "a quotation mark (') is not closed"),
        ('curl "ws://h/', 'a quotation mark (") is not closed'),
        ('curl ^"ws://h/', 'a quotation mark (") is not closed'),
        ('curl -H "Authorization: Bearer $TOKEN" ws://h/', "'$TOKEN' is shell syntax"),
        ("curl ws://h/$(id -u)", "'$(id -u)' is shell syntax"),
        ("curl ws://h/ > out", "'>' is shell syntax"),
        (
            "$session = New-Object Microsoft.PowerShell.Commands.WebRequestSession\nInvoke-WebRequest",
            "PowerShell",
        ),
        ('Invoke-WebRequest -UseBasicParsing -Uri "wss://h/"', "PowerShell"),
        ('fetch("wss://h/", {"method": "GET"});', "JavaScript (fetch)"),
        ('await fetch("wss://h/", {});', "JavaScript (fetch)"),
        ('new WebSocket("wss://h/")', "JavaScript"),
        ("wget ws://h/", "wget"),
        ("wscat -c ws://h/", "'wscat' is not curl"),
        ("curl", "it names no URL"),
        ("curl ws://a/ ws://b/", "it names 2 URLs: paste one"),
        ("curl -d x ws://h/", "-d: a handshake is a GET without a body"),
        ("curl -X POST ws://h/", "-X POST: a handshake is a GET"),
        ("curl -I ws://h/", "-I: a handshake is a GET"),
        ("curl --aws-sigv4 X ws://h/", "--aws-sigv4: wsprobe does not support it"),
        ("curl --frobnicate ws://h/", "--frobnicate is not a curl option that wsprobe knows"),
        ("curl -@ ws://h/", "-@ is not a curl option"),
        ("curl ws://h/ -H", "-H has no value: was the command copied whole?"),
        ("curl https://a/ ; curl https://b/", "2 cURL commands in it, none of them to ws: or wss: URLs"),
    ],
)
def test_what_cannot_be_asked_is_said_in_one_line(text, says, capsys, tmp_path):
    file = tmp_path / "copied"
    file.write_text(text)
    assert run(["connect", "--from-curl", str(file)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"wsprobe connect: --from-curl: {file}: ")
    assert says in err
    assert err.count("\n") == 1


def test_of_all_requests_of_a_page_the_websocket_is_asked():
    for text in (
        "curl 'https://h/' \\\n  -H 'a: b' ;\ncurl 'ws://h/ws' -H 'c: d'",
        'curl ^"https://h/^" &\r\ncurl ^"ws://h/ws^" -H ^"c: d^"',
    ):
        made = curl.pasted(text)
        assert (made.url, made.lines) == ("ws://h/ws", ("c: d",))
        assert made.note == "of 2 commands the one to ws:"


@pytest.mark.parametrize(
    ("word", "program", "whole"),
    [
        ("curl", True, False),
        ("/usr/bin/curl", True, False),
        ("C:\\Program Files\\curl.exe", True, False),
        ("ws://h.example/curl", False, False),
        ("wss://h.example/api/curl.exe", False, False),
        ("curl 'wss://h.example/'", False, True),
        ("% CURL.EXE wss://h.example/", False, True),
        ("ws://h.example/curl -v", False, False),
    ],
)
def test_what_is_taken_for_curl(word, program, whole):
    assert is_curl(word) is program
    assert is_curl_command(word) is whole


# Options -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "options", "left_out"),
    [
        ("-sSkL", "--insecure --location", "-s -S"),
        ("-ma:b -Aagent", "--max-time=a:b --user-agent=agent", ""),
        ("-4 --tlsv1.2 --http1.1 -G", "-4 --tls-min=1.2", ""),
        ("--http1.0 --no-keepalive --no-alpn", "--http-version=1.0", "--no-keepalive --no-alpn"),
        ("--oauth2-bearer t", "--bearer=t", ""),
        (
            "--socks5-hostname p:1 --resolve +h:80:127.0.0.1",
            "--proxy=socks5h://p:1 --resolve=h:80:127.0.0.1",
            "",
        ),
        ("-w x --max-redirs -1 -X GET --retry 3", "", "-w --retry"),
        ("--proxy p -U a:b --digest", "--proxy=p --proxy-user=a:b --digest", ""),
        ("--proxy p --preproxy", None, None),
    ],
)
def test_options_of_curl(words, options, left_out):
    if options is None or left_out is None:
        with pytest.raises(curl.CurlError):
            curl.command([*words.split(), "x", "ws://h/"])
        return
    made = curl.command([*words.split(), "ws://h/"])
    found = [name if value is None else f"{name}={value}" for name, value in made.options]
    assert (found, list(made.left_out), made.lines) == (options.split(), left_out.split(), ())


def test_headers_of_curl():
    made = curl.command(["-e", "https://a/;auto", "-H", "Name;", "-H", "Accept:", "ws://h/"])
    assert made.lines == ("Referer: https://a/", "Name;", "Accept:")
    request = copied(made.url, made.lines, Given())
    assert request.settings == RequestSettings(headers=made.lines)


def test_the_last_of_a_value_counts_and_what_is_given_goes_before_all(capsys):
    line = ["curl", "ws://127.0.0.1:1/", "-A", "old", "-A", "copied", "-b", "a=1", "-b", "b=2", "-vv"]
    headers, _ = asked(capsys, *line)
    assert (headers["User-Agent"], headers["Cookie"]) == (["copied"], ["a=1; b=2"])
    headers, _ = asked(capsys, "-A", "mine", "-b", "c=3", *line)
    assert (headers["User-Agent"], headers["Cookie"]) == (["mine"], ["a=1; b=2; c=3"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["curl", "ws://h/", "-m", "a:b"],
            "Invalid value for '-m' / '--max-time': 'a:b' is not a number of seconds above 0",
        ),
        (
            ["-m", "x", "curl", "ws://h/"],
            "Invalid value for '-m' / '--max-time': 'x' is not a number of seconds above 0",
        ),
        (["curl", "ws://h/", "ws://other/"], "curl ...: it names 2 URLs: paste one"),
        (["curl ws://h/", "ws://other/"], "what is pasted is one request: leave the other URLs out"),
        (["--nothing", "curl", "ws://h/"], "No such option '--nothing'"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_what_is_wrong_beside_a_paste_is_said(arguments, says, capsys):
    assert run(["connect", *arguments]) == 2
    assert capsys.readouterr() == ("", f"wsprobe connect: {says} (see wsprobe connect --help)\n")


def test_the_command_line_as_it_was_copied(capsys):
    headers, err = asked(
        capsys, "curl", "http://127.0.0.1:1/ws", "-H", KEY, "-H", "Host: 127.0.0.1:1", "-H",
        "Upgrade: websocket", "-b", "a=1", "--compressed", "-v", "--redact",
    )  # fmt: skip
    assert headers["Sec-WebSocket-Key"] != [KEY.partition(": ")[2]]
    assert headers["Cookie"] == ["a=*"]
    assert "Sec-WebSocket-Extensions" not in headers  # the browser did not offer any
    assert err.splitlines()[0] == (
        "wsprobe: as pasted, but: wsprobe generates Sec-WebSocket-Key, Host and Upgrade; "
        "http:// is sent as ws://; --compressed is left out"
    )


def test_what_is_given_besides_goes_before_what_was_pasted(capsys, monkeypatch):
    text = f"curl 'ws://127.0.0.1:1/' -H 'Authorization: old' -H 'Origin: https://a' -H '{KEY}' -H 'X: 1'"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    headers, _ = asked(capsys, "--from-curl", "-", "-H", "Authorization: new", "--origin", "https://b")
    assert headers["Authorization"] == ["new"]
    assert headers["Origin"] == ["https://b"]
    assert headers["X"] == ["1"]


def test_headers_of_http_1_stay_out_of_http_2():
    text = f"curl ws://h/ -H 'Connection: keep-alive, Upgrade' -H '{KEY}' -H 'authority: h'"
    made = request_in(text, OwnRequestSettings(http2=True))
    assert made.settings == RequestSettings(headers=("Sec-WebSocket-Extensions:",))
    assert made.notes[0] == "wsprobe generates Connection, Sec-WebSocket-Key and authority"


def test_another_host_and_other_values_are_kept():
    lines = ("Host: other", "Upgrade: WebSocket/8", "Sec-WebSocket-Version: 8")
    made = copied("ws://h/", lines, Given())
    assert (made.settings, made.notes) == (RequestSettings(headers=lines), ())


def test_a_command_in_quotes_is_the_same(capsys):
    headers, _ = asked(capsys, "-H", "X: 2", "curl 'ws://127.0.0.1:1/' \\\n  -H 'X: 1' -H 'Y: 1'")
    assert (headers["X"], headers["Y"]) == (["2"], ["1"])
    assert run(["connect", "curl 'ws://127.0.0.1:1/"]) == 2
    assert "wsprobe connect: curl ...: a quotation mark (') is not closed" in capsys.readouterr().err


def test_silent_says_nothing(capsys):
    assert run(["connect", "-s", "curl", "ws://127.0.0.1:1/", "-H", KEY]) == 4
    assert capsys.readouterr() == ("", "")


def test_compare_and_trace_take_it_too(capsys):
    assert run(
        [
            "compare",
            "--browser",
            "chromium,firefox",
            "curl",
            "ws://127.0.0.1:1/",
            "-L",
            "-H",
            "Origin: https://app.example",
        ]
    ) in (0, 1)
    out, err = capsys.readouterr()
    assert "https://app.example/" in out
    assert err == "wsprobe: as pasted, but: --location is not an option of this command, and left out\n"
    assert run(["trace", "--dry-run", "curl", "ws://127.0.0.1:1/", "-H", KEY]) == 0
    assert "wsprobe generates Sec-WebSocket-Key" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [["talk"], ["connect", "--talk"], ["watch", "--count", "1"]],
    ids=["talk", "connect --talk", "watch"],
)
def test_a_session_and_a_watch_take_a_copied_command_too(command, tmp_path, capfd):
    kept = tmp_path / "kept"
    words = ["curl", "ws://127.0.0.1:1/x", "-H", KEY, "-H", "Origin: https://app.example", "--compressed"]
    assert run([*command, "-s", "--save", str(kept), *words]) == 4
    assert "wsprobe generates" not in capfd.readouterr().err, "--silent"
    (exchange,) = wsprobe.load(kept)
    assert b"\r\nOrigin: https://app.example\r\n" in exchange.plan.request
    assert exchange.plan.request.count(b"Sec-WebSocket-Key") == 1
    assert b"dGhlIHNhbXBsZSBub25jZQ==" not in exchange.plan.request


@pytest.mark.parametrize("command", ["connect", "watch", "talk", "compare"])
@pytest.mark.parametrize("url", ["ws://127.0.0.1:1/", "lab:ok"])
def test_a_bare_word_before_a_url_is_no_host(command, url, capsys, monkeypatch):
    def no_network(*_):
        pytest.fail("a bare word was looked up")

    monkeypatch.setattr("wsprobe.net.run", no_network)
    assert run([command, "websocat", url]) == 2
    assert capsys.readouterr().err == (
        f"wsprobe {command}: 'websocat' is not a URL: it has no scheme, dot or port; for a host with that "
        f"name: ws://websocat/ (see wsprobe {command} --help)\n"
    )


@pytest.mark.parametrize(
    "words", [["localhost", "ws://h/"], ["h"], ["h:80", "lab:ok"], ["ws://h/", "other"], ["h", "i"]]
)
def test_a_host_may_stand_before_another_url(words):
    assert [each.text for each in sources(words) if isinstance(each, Word)] == words


def test_a_word_curl_that_is_a_value_is_none(capsys):
    headers, err = asked(capsys, "--protocol", "curl", "-A", "curl", "ws://127.0.0.1:1/")
    assert (headers["Sec-WebSocket-Protocol"], headers["User-Agent"], err) == (["curl"], ["curl"], "")


# Lines of a console --------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["connect", "compare", "trace"])
def test_a_line_of_a_console_names_the_next_command(command, capsys):
    line = "WebSocket connection to 'wss://a.example/ws?x=1' failed: Error during WebSocket handshake"
    assert run([command, *(["--browser-mode"] if command == "compare" else []), line]) == 2
    assert capsys.readouterr().err == (
        f"wsprobe {command}: this line contains a URL, but is not one; to try the URL: wsprobe connect "
        f"'wss://a.example/ws?x=1'; to explain the line: wsprobe explain, and the line in quotes (see wsprobe "
        f"{command} --help)\n"
    )


@pytest.mark.parametrize(
    ("line", "url"),
    [
        ("WebSocket connection to 'wss://a.example/ws' failed: ", "wss://a.example/ws"),
        ("Firefox can\u2019t establish a connection to the server at wss://a.example/.", "wss://a.example/"),
        (
            "Mixed Content: The page at 'https://b.example/' was loaded over 'ws://a.example/ws'.",
            "ws://a.example/ws",
        ),
        ("curl: (22) https://a.example/ws refused", "https://a.example/ws"),
        ("no URL", None),
    ],
)
def test_the_url_in_a_line(line, url):
    assert url_in(line) == url


@pytest.mark.parametrize(
    ("lines", "note"),
    [
        (["Proxy-Connection: close"], "Proxy-Connection is left out"),
        (
            ["Proxy-Connection: close", "Proxy-Authorization: x"],
            "Proxy-Connection and Proxy-Authorization are left out",
        ),
    ],
)
def test_what_was_for_a_proxy_is_left_out(lines, note):
    made = copied("ws://h/", lines, Given())
    assert (made.settings, made.notes) == (RequestSettings(), (note,))
