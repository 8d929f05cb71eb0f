"""What the lab's tests share: plans for scenarios."""

from __future__ import annotations

import pytest

from wsprobe.exchange import Limits, Plan, TlsOptions
from wsprobe.request import opening, target

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


class Asking:
    """How the tests ask a lab."""

    KEY = KEY
    ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

    @staticmethod
    def plan(url, *, limits=Limits(), ca_file=None, key=KEY):
        parsed = target.parse(url)
        request = opening.request(parsed, opening.Offer(key=key))
        return Plan(parsed, request, limits=limits, tls=TlsOptions(ca_file=ca_file))


@pytest.fixture
def asking():
    return Asking
