"""Origins that people take for one another."""

import pytest

from wsprobe.diagnosis.faults import near


@pytest.mark.parametrize(
    ("origin", "host", "secure", "meant"),
    [
        ("http://localhost:3000", "127.0.0.1:8000", False, "http://127.0.0.1:3000"),
        ("http://127.0.0.1:3000", "127.0.0.1:8000", False, "http://localhost:3000"),
        ("http://[::1]:3000", "localhost:3000", False, "http://localhost:3000"),
        ("http://chat.example", "chat.example", True, "https://chat.example"),
        ("https://chat.example", "chat.example:8080", False, "http://chat.example:8080"),
        ("https://localhost:3000", "127.0.0.1", True, "https://127.0.0.1:3000"),
        ("https://chat.example", "chat.example", True, None),
        ("https://app.example", "chat.example", True, None),
        ("null", "chat.example", True, None),
        ("http://a:b:c", "chat.example", True, None),
        ("chrome-extension://localhost", "chat.example", True, None),
    ],
)
def test_near_origins(origin, host, secure, meant):
    found = near(origin, host, secure=secure)
    assert (None if found is None else found[0]) == meant
