"""What keeps a request from being sent, and what each library calls it."""

import pytest

from tests.browsers_views.recordings import recorded
from wsprobe.browsers.network import Hindered, column, hindered

LIBRARIES = {
    "connect": ("chromium", "glibc"),
    "certificate": ("chromium", "firefox", "gnutls", "node", "bun"),
    "alert": ("chromium", "gnutls", "openssl", "boringssl", "rustls"),
}


@pytest.mark.parametrize("kind", LIBRARIES)
def test_every_column_has_words(kind):
    for library in LIBRARIES[kind]:
        assert column(kind, library)
    assert column(kind, "nobody") == {}
    assert column("name", "chromium") == {}


@pytest.mark.parametrize(
    ("library", "word"),
    [
        ("chromium", "ERR_SSL_VERSION_OR_CIPHER_MISMATCH"),
        ("gnutls", "Error in protocol version"),
        ("openssl", "tlsv1 alert protocol version"),
        ("boringssl", "TLSV1_ALERT_PROTOCOL_VERSION"),
        ("rustls", "ProtocolVersion"),
    ],
)
def test_one_alert_has_a_name_in_each_library(library, word):
    assert Hindered(1, "alert", "", "h", "70").word(library) == word
    assert Hindered(1, "alert", "", "h", "255").word(library, "none") == "none"
    assert Hindered(1, "fin", "", "h").word(library, "none") == "none"


def test_of_several_faults_the_most_serious_comes_first():
    assert list(column("certificate", "chromium"))[:3] == ["unknown-ca", "self-signed", "wrong-name"]


def test_what_was_sent_was_not_hindered():
    assert hindered(recorded(b"")) is None
