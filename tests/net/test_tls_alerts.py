import ssl

import pytest

from wsprobe.net.tls import NAMES, described, in_records, reported


@pytest.mark.parametrize(
    ("reason", "number"),
    [
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", 40),
        ("SSLV3_ALERT_BAD_CERTIFICATE", 42),
        ("TLSV1_ALERT_PROTOCOL_VERSION", 70),
        ("TLSV1_ALERT_UNKNOWN_CA", 48),
        ("TLSV1_ALERT_USER_CANCELLED", 90),
        ("TLSV1_UNRECOGNIZED_NAME", 112),
        ("TLSV1_BAD_CERTIFICATE_STATUS_RESPONSE", 113),
        ("TLSV1_BAD_CERTIFICATE_HASH_VALUE", 114),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", 116),
        ("TLSV13_ALERT_MISSING_EXTENSION", 109),
        ("TLSV1_ALERT_NO_APPLICATION_PROTOCOL", 120),
        ("WRONG_VERSION_NUMBER", None),
        ("CERTIFICATE_VERIFY_FAILED", None),
        ("TLSV1_ALERT_OF_ANOTHER_WORLD", None),
    ],
)
def test_what_openssl_reports(reason, number):
    error = ssl.SSLError(1, f"[SSL: {reason}] some words (_ssl.c:1006)")
    error.reason = reason
    assert reported(error) == number


def test_a_reason_that_python_has_no_name_for():
    error = ssl.SSLError(1, "[SSL] tlsv1 alert no application protocol (_ssl.c:1006)")
    error.reason = None
    assert reported(error) == 120


FATAL_40 = b"\x15\x03\x03\x00\x02\x02\x28"


@pytest.mark.parametrize(
    ("data", "number"),
    [
        (FATAL_40, 40),
        (b"\x16\x03\x03\x00\x03abc" + FATAL_40, 40),
        (b"\x15\x03\x03\x00\x02\x01\x70", None),
        (b"\x15\x03\x03\x00\x02\x01\x70" + FATAL_40, 40),
        (FATAL_40[:6], None),
        (b"\x15\x03\x03\x00\x13" + bytes(19), None),
        (b"", None),
        (b"\x16\x03\x03\xff\xff" + FATAL_40, None),
    ],
)
def test_in_records(data, number):
    assert in_records(data) == number


def test_described():
    assert described(40) == "TLS alert 40 (handshake_failure)"
    assert described(90) == "TLS alert 90 (user_canceled)"
    assert described(249) == "TLS alert 249 (not registered)"
    assert len(set(NAMES.values())) == len(NAMES)
