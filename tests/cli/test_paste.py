"""What people paste: cURL commands as browsers write them, and lines of a console."""

import contextlib
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wsprobe
from wsprobe.cli.main import run
from wsprobe.cli.option import Given
from wsprobe.cli.pasted import curl
from wsprobe.cli.pasted.devtools import copied
from wsprobe.cli.request_settings import OwnRequestSettings, RequestSettings
from wsprobe.request.target import TargetError

FILES = Path(__file__).parents[1] / "files" / "paste"
COPIED = tomllib.loads((FILES / "curl.toml").read_text())["copied"]
KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
COOKIE = 'sid=it\'s 100%!; q="a"'


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


# Options -------------------------------------------------------------------------------------------------


def test_headers_of_http_1_stay_out_of_http_2():
    text = f"curl ws://h/ -H 'Connection: keep-alive, Upgrade' -H '{KEY}' -H 'authority: h'"
    made = request_in(text, OwnRequestSettings(http2=True))
    assert made.settings == RequestSettings(headers=("Sec-WebSocket-Extensions:",))
    assert made.notes[0] == "wsprobe generates Connection, Sec-WebSocket-Key and authority"


@pytest.mark.parametrize("command", [["talk"], ["connect", "--talk"]])
def test_a_session_takes_a_copied_command_too(command, tmp_path, capfd):
    kept = tmp_path / "kept"
    words = ["curl", "ws://127.0.0.1:1/x", "-H", KEY, "-H", "Origin: https://app.example", "--compressed"]
    assert run([*command, "-s", "--save", str(kept), *words]) == 4
    assert "wsprobe generates" not in capfd.readouterr().err, "--silent"
    (exchange,) = wsprobe.load(kept)
    assert b"\r\nOrigin: https://app.example\r\n" in exchange.plan.request
    assert exchange.plan.request.count(b"Sec-WebSocket-Key") == 1
    assert b"dGhlIHNhbXBsZSBub25jZQ==" not in exchange.plan.request


# Lines of a console --------------------------------------------------------------------------------------
