"""What script in a runtime is told that no browser tells: messages, and the words of a library."""

import subprocess
import sys

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from tests.browsers_views.recordings import OPEN, frame, recorded, seen
from wsprobe.browsers import ENGINES, RUNTIMES
from wsprobe.browsers.engine import Page, until_end
from wsprobe.exchange import Connected, Ended, TlsFailed
from wsprobe.lab import find, load
from wsprobe.lab.play import rehearse
from wsprobe.read import read
from wsprobe.show.as_json import view_value

REFUSAL = b"HTTP/1.1 403 No\r\nX-Id: a\r\nContent-Length: 5\r\n\r\nwhy??"


def shown(name, scenario):
    return rehearse(ENGINES[name], find(scenario), load())


def test_a_listener_of_ws_reads_the_whole_refusal():
    view = seen(REFUSAL, browser="ws")
    assert view.beyond == ("a listener for unexpected-response reads status 403, 2 headers, 5-byte body",)
    assert view_value(view, None).beyond == view.beyond
    assert view_value(seen(REFUSAL, browser="undici"), None).beyond is UNSET
    assert view.hidden == ()


def test_deno_opens_on_a_wrong_accept():
    opened = {name for name in RUNTIMES if any(e.type == "open" for e in shown(name, "accept-wrong").events)}
    assert opened == {"deno"}


def test_undici_asks_once_more_after_a_401():
    undici = ENGINES["undici"]
    first = recorded(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", browser="undici")
    then = undici.follow([first], Page(), "dGhlIHNhbXBsZSBub25jZQ==")
    assert then.request == first.exchange.plan.request
    assert undici.follow([first, first], Page(), "") is None
    assert undici.view("ws://127.0.0.1:9000/x", Page(), [first]).outcome == "follows"


def test_no_close_event_before_the_server_ends_tcp():
    closing = frame(0x88, b"\x03\xe8")
    undici = seen(OPEN, closing, how="local", browser="undici")
    assert (undici.ready_state, until_end(undici).ready_state) == (3, 2)
    assert [event.type for event in until_end(undici).events] == ["open"]
    assert [
        seen(OPEN, closing, how="local", browser=name).events[-1].code for name in ("ws", "deno", "bun")
    ] == [
        1000,
        1000,
        1000,
    ]


@pytest.mark.programs
def test_none_is_loaded_unless_asked_for():
    code = "import sys, wsprobe.browsers as b; list(b.ENGINES); b.ENGINES['whatwg']; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    packages = {f"wsprobe.browsers.{name}" for name in ("runtime", *RUNTIMES)}
    assert not packages & set(done.stdout.split())


RUSTLS = """0 CloseNotify 10 UnexpectedMessage 20 BadRecordMac 21 DecryptionFailed 22 RecordOverflow
    30 DecompressionFailure 40 HandshakeFailure 41 NoCertificate 42 BadCertificate 43 UnsupportedCertificate
    44 CertificateRevoked 45 CertificateExpired 46 CertificateUnknown 47 IllegalParameter 48 UnknownCA
    49 AccessDenied 50 DecodeError 51 DecryptError 60 ExportRestriction 70 ProtocolVersion
    71 InsufficientSecurity 80 InternalError 86 InappropriateFallback 90 UserCanceled 100 NoRenegotiation
    109 MissingExtension 110 UnsupportedExtension 111 CertificateUnobtainable 112 UnrecognisedName
    113 BadCertificateStatusResponse 114 BadCertificateHashValue 115 UnknownPSKIdentity
    120 NoApplicationProtocol"""
"""AlertDescription in rustls, src/enums.rs."""


OPENSSL = """10 sslv3 alert unexpected message; 20 sslv3 alert bad record mac; 22 tlsv1 alert record overflow;
    40 sslv3 alert handshake failure; 42 sslv3 alert bad certificate; 43 sslv3 alert unsupported certificate;
    44 sslv3 alert certificate revoked; 45 sslv3 alert certificate expired; 46 sslv3 alert certificate unknown;
    47 sslv3 alert illegal parameter; 48 tlsv1 alert unknown ca; 49 tlsv1 alert access denied;
    50 tlsv1 alert decode error; 51 tlsv1 alert decrypt error; 70 tlsv1 alert protocol version;
    71 tlsv1 alert insufficient security; 80 tlsv1 alert internal error;
    86 tlsv1 alert inappropriate fallback; 90 tlsv1 alert user cancelled; 109 tlsv13 alert missing extension;
    110 tlsv1 unsupported extension; 112 tlsv1 unrecognized name; 115 tlsv1 unknown psk identity;
    116 tlsv13 alert certificate required; 120 tlsv1 alert no application protocol"""
"""Reasons in OpenSSL, ssl/ssl_err.c; those of other numbers have no words."""


SSLV3 = """0 CLOSE_NOTIFY 10 UNEXPECTED_MESSAGE 20 BAD_RECORD_MAC 30 DECOMPRESSION_FAILURE 40 HANDSHAKE_FAILURE
    41 NO_CERTIFICATE 42 BAD_CERTIFICATE 43 UNSUPPORTED_CERTIFICATE 44 CERTIFICATE_REVOKED
    45 CERTIFICATE_EXPIRED 46 CERTIFICATE_UNKNOWN 47 ILLEGAL_PARAMETER"""


TLSV1 = """21 DECRYPTION_FAILED 22 RECORD_OVERFLOW 48 UNKNOWN_CA 49 ACCESS_DENIED 50 DECODE_ERROR
    51 DECRYPT_ERROR
    60 EXPORT_RESTRICTION 70 PROTOCOL_VERSION 71 INSUFFICIENT_SECURITY 80 INTERNAL_ERROR
    86 INAPPROPRIATE_FALLBACK 90 USER_CANCELLED 100 NO_RENEGOTIATION 110 UNSUPPORTED_EXTENSION
    112 UNRECOGNIZED_NAME 115 UNKNOWN_PSK_IDENTITY 116 CERTIFICATE_REQUIRED 120 NO_APPLICATION_PROTOCOL"""
"""Reasons in BoringSSL, which Bun has: include/openssl/ssl.h."""


def numbered(text, before=""):
    words = text.split()
    return {int(number): before + name for number, name in zip(words[::2], words[1::2], strict=True)}


def alerted(browser, number):
    made = recorded(OPEN).exchange
    events = (Connected(1, "127.0.0.1", 9), TlsFailed(2, "alert", "", alert=number), Ended(3, "error"))
    view = ENGINES[browser].view(made.plan.target.url, Page(), [read(replace(made, events=events))])
    return next(event.message or "" for event in view.events if event.type == "error")


def test_alerts_have_the_names_that_their_libraries_give_them():
    rustls = numbered(RUSTLS)
    boring = numbered(SSLV3, "SSLV3_ALERT_") | numbered(TLSV1, "TLSV1_ALERT_")
    openssl = {
        int(number): reason for number, _, reason in (e.strip().partition(" ") for e in OPENSSL.split(";"))
    }
    for number in range(256):
        if number != 116:
            assert rustls.get(number, f"Unknown(0x{number:x})") in alerted("deno", number).split(": ")
        named = boring.get(number, f"reason({1000 + number})")
        assert f"error:{0x100003E8 + number:08x}:SSL routines:OPENSSL_internal:{named}" in alerted(
            "bun", number
        )
        reason = openssl.get(number, f"reason({1000 + number})")
        said = alerted("ws", number)
        assert f":error:{0x0A0003E8 + number:08X}:SSL routines:ssl3_read_bytes:{reason}:" in said
        assert said.startswith("write EPROTO ") is (number != 116)
    assert "CertificateRequired" not in alerted("deno", 116)
