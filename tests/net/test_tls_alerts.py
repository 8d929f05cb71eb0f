import ssl

import pytest

from wsprobe.net.tls import reported


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
