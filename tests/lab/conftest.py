"""What the lab's tests share: plans for scenarios."""

from __future__ import annotations

import pytest
import trio

from tests.cases import named_as
from wsprobe.exchange import Limits, Plan, TlsOptions
from wsprobe.lab.server import serve
from wsprobe.request import opening, target

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def in_lab(**options):
    """Make a test of an asynchronous function: its first parameter is a lab that serves with *options*."""

    def decorate(work):
        async def bounded(given):
            with trio.fail_after(60):
                async with serve(**options) as lab:
                    await work(lab, **given)

        def test(**given):
            trio.run(bounded, given)

        return named_as(work, test)

    return decorate


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
