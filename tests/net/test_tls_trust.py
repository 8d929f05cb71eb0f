from wsprobe.exchange import TlsOptions
from wsprobe.net.tls import context


def test_only_the_authorities_that_were_named(authority):
    assert len(context(TlsOptions(ca_file=authority.ca_file)).get_ca_certs()) == 1


def test_a_folder_of_authorities(tmp_path):
    assert context(TlsOptions(ca_path=str(tmp_path))).get_ca_certs() == []
