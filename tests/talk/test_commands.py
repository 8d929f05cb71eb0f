"""What a person types in a session."""

import pytest

from wsprobe.talk.input import COMMANDS, PromptCommand, TypedError, typed
from wsprobe.talk.session import Outgoing


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("hello", Outgoing("text", (b"hello",))),
        ("", Outgoing("text", (b"",))),
        ("two\nlines", Outgoing("text", (b"two\nlines",))),
        ("é", Outgoing("text", ("é".encode(),))),
        ("//close", Outgoing("text", (b"/close",))),
        (" /close", Outgoing("text", (b" /close",))),
        ("/ping", Outgoing("ping", (b"",))),
        ("/ping a b", Outgoing("ping", (b"a b",))),
        ("/close", Outgoing("close", code=1000)),
        ("/close 4001", Outgoing("close", (b"",), 4001)),
        ("/close 4001 good bye", Outgoing("close", (b"good bye",), 4001)),
        ("/binary 00 ff", Outgoing("binary", (b"\x00\xff",))),
        ("/frame mask=no payload=x", Outgoing("frame", (b"\x81\x01x",))),
        ("/send some file", PromptCommand("send", "some file")),
        ("/info", PromptCommand("info")),
        ("/json", PromptCommand("json")),
        ("/help", PromptCommand("help")),
    ],
)
def test_a_line_is_a_text_or_what_its_slash_names(line, wanted):
    assert typed(line) == wanted


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("/cloes 4000", "did you mean /close?"),
        ("/nothing", "//nothing is the text"),
        ("/close 99999", "0 to 65535"),
        ("/close bye", "0 to 65535"),
        ("/close 4000 " + "x" * 124, "123 bytes"),
        ("/ping " + "x" * 126, "125 bytes"),
        ("/binary xyz", "not hexadecimal"),
        ("/frame opcode=99", "/frame: opcode=99"),
        ("/send", "give a file"),
    ],
)
def test_what_is_no_command_is_not_sent(line, why):
    with pytest.raises(TypedError) as raised:
        typed(line)
    assert why in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_known(name):
    arguments = {"/send": "file", "/frame": "raw=00"}
    assert typed(f"{name} {arguments.get(name, '')}") is not None
