"""TLS alerts by number and name (RFC 8446 section 6, IANA "TLS Alerts"), and how OpenSSL reports them."""

from __future__ import annotations

import re
import ssl

NAMES = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    21: "decryption_failed",
    22: "record_overflow",
    30: "decompression_failure",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    52: "too_many_cids_requested",
    60: "export_restriction",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    111: "certificate_unobtainable",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    114: "bad_certificate_hash_value",
    115: "unknown_psk_identity",
    116: "certificate_required",
    117: "general_error",
    120: "no_application_protocol",
    121: "ech_required",
}

_NUMBERS = {name: number for number, name in NAMES.items()} | {"user_cancelled": 90}

_REPORTED = re.compile(r"(?:sslv3|tlsv13|tlsv1)_(?:alert_)?(\w+)")
"""OpenSSL's names for alerts that the peer sent: SSLV3_ALERT_HANDSHAKE_FAILURE, TLSV1_UNRECOGNIZED_NAME ..."""

_FATAL = 2


def reported(error: ssl.SSLError) -> int | None:
    """Return the number of the peer's alert that *error* stands for, None if it stands for something else."""
    words = (error.reason or str(error)).lower().replace(" ", "_")
    found = _REPORTED.search(words)
    if found is None:
        return None
    named = max((name for name in _NUMBERS if found[1].startswith(name)), key=len, default=None)
    return None if named is None else _NUMBERS[named]


def in_records(data: bytes) -> int | None:
    """Return the number of the first fatal alert that stands unencrypted in the TLS records of *data*."""
    at = 0
    while at + 7 <= len(data):
        kind, length = data[at], int.from_bytes(data[at + 3 : at + 5])
        if kind == 21 and length == 2 and data[at + 5] == _FATAL:
            return data[at + 6]
        at += 5 + length
    return None


def described(number: int) -> str:
    """Return e.g. ``TLS alert 40 (handshake_failure)``."""
    return f"TLS alert {number} ({NAMES.get(number, 'not registered')})"
