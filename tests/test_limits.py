"""The limits that rules have, each with its number: a change of one is meant, and no slip.

What happens at a limit and one past it is tested with the rule, most often by the limit's name.
"""

from __future__ import annotations

from importlib import import_module

from tests.cases import every

KIB = 1024
SECOND = 1_000_000

LIMITS: dict[str, dict[str, int]] = {
    "conversation": {
        "BODY_WAIT": 5 * SECOND,
        "NOT_HTTP_WAIT": SECOND,
        "BEHIND_WAIT": 5 * SECOND,
        "BEGINNING": 64,
        "ANSWER_WAIT": 2 * SECOND,
        "FIN_WAIT": SECOND,
        "MOST_FIN_WAIT": 15 * SECOND,
        "PONGS_MAX": 1000,
    },
    "conversation_http2": {
        "LATE_SETTINGS": 300_000,
        "ACKS_MAX": 1000,
        "IDLE_MAX": 10_000,
        "WINDOW_MAX": 2_147_483_647,
    },
    "judge.finding": {"_SHOWN": 200},
    "judge.message": {"LARGE_HEAD": 16 * KIB, "MANY_FIELDS": 100},
    "judge.refusal": {"_SEARCHED": 64 * KIB},
    "judge.selection": {"_LISTED": 10, "_TOLD": 8},
    "judge.session": {"_MSB": 9_223_372_036_854_775_808, "_HEADER_MAX": 14},
    "judge.status": {"_LATEST_KNOWN": 599},
    "judge.tls": {"_NAMES_LISTED": 12},
    "read": {"OPINION_BODY": 64 * KIB},
    "read.body": {
        "_MEMBERS_MAX": 1000,
        "SLICE": 64 * KIB,
        "FRAMING_FREE": 32 * KIB,
        "DIGITS_MAX": 20,
    },
    "read.frames": {
        "FRAMES_MAX": 50_000,
        "_WINDOW": 32 * KIB,
        "STREAMS_MAX": 1000,
        "INFLATED_MAX": 16 * KIB * KIB,
        "RSV1": 4,
    },
    "read.head": {"LINES_MAX": 20_000, "PLAIN_MAX": 64 * KIB, "USUAL": 256, "JUNK_MAX": 4},
    "read.http2": {
        "FRAMES_MAX": 50_000,
        "FIELDS_MAX": 20_000,
        "FIRST_LENGTH_MAX": 16_384,
        "FIRST_TYPE_MAX": 32,
        "DIGITS_MAX": 4,
        "OUR_TABLE": 64 * KIB,
    },
    "read.http2_opinion": {"FRAMES": 1000, "BYTES": 256 * KIB, "WIDE": 2_147_418_112},
    "read.http2_values": {"DEFAULT_WINDOW": 65_535, "FRAME_MAX": 16_384},
    "read.looks": {"_ENOUGH": 4 * KIB},
    "read.reading": {"INTERIM_MAX": 1000},
    "read.tokens": {"VALUE_MAX": 64 * KIB},
    "redaction": {"ECHO_MIN": 4, "SECRETS_MAX": 1000, "BASE64_MIN": 6, "TOKEN_MIN": 20},
    "redaction_http2": {"OUR_TABLE": 64 * KIB, "HUFFMAN": 128},
    "wire.hixie": {
        "SPACES_MAX": 12,
        "LETTERS_MAX": 12,
        "BODY": 8,
        "ANSWER": 16,
        "_DIGITS_MAX": 12,
        "LENGTH_MAX": 4_611_686_018_427_387_904,
        "OTHER": 3,
    },
    "wire.hybi": {"NONCE": 4, "ORIGIN_OPTIONAL": 6},
    "wire.rfc6455": {"CONTROL_MAX": 125, "AT_ONCE": 8 * KIB},
}
"""Bytes, microseconds, or how many; the names as they stand below ``wsprobe``."""


@every(tuple(LIMITS))
def test_limits(module: str) -> None:
    found = vars(import_module(f"wsprobe.{module}"))
    assert {name: found[name] for name in LIMITS[module]} == LIMITS[module]
