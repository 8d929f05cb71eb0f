"""Challenges and their answers, held against the examples of RFC 7616 and the grammar of RFC 9110."""

import pytest

from wsprobe.wire.authentication import (
    Challenge,
    Digest,
    UserAndPassword,
    authorization,
    challenges,
    digest,
    parameters,
    parted,
    unspoken,
)

MUFASA = UserAndPassword(b"Mufasa", b"Circle of Life")
NONCE = b"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
OFFERED = (
    b'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, '
    b'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    b'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
    b'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5, '
    b'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    b'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
)


def answered(fields, own, uri, cnonce):
    """The parameters of the Authorization that answers the first challenge of *fields* that can be answered."""
    challenge = digest(challenges(fields), cnonce)
    scheme, _, said = authorization(challenge.again(), own, "GET", uri).partition(" ")
    assert scheme == "Digest"
    return {name: value.decode() for name, value in parameters(said.encode()).items()}


@pytest.mark.parametrize(
    ("which", "algorithm", "response"),
    [
        (0, "SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        (1, "MD5", "8ca523f5e9506fed4657c9700eebdbec"),
    ],
)
def test_rfc_7616_section_3_9_1(which, algorithm, response):
    assert answered(OFFERED[which:], MUFASA, "/dir/index.html", CNONCE) == {
        "username": "Mufasa",
        "realm": "http-auth@example.org",
        "uri": "/dir/index.html",
        "algorithm": algorithm,
        "nonce": NONCE.decode(),
        "nc": "00000001",
        "cnonce": CNONCE,
        "qop": "auth",
        "response": response,
        "opaque": "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
    }


def test_rfc_7616_section_3_9_2():
    """SHA-512-256 with charset and userhash. The RFC's own values are of another hash: erratum 4897."""
    field = (
        b'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, '
        b'nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", '
        b'opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", '
        b"charset=UTF-8, userhash=true"
    )
    own = UserAndPassword("Jäsøn Doe".encode(), b"Secret, or not?")
    said = answered((field,), own, "/doe.json", "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v")
    assert said["username"] == "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
    assert said["response"] == "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"
    assert said["userhash"] == "true"


def test_the_session_variant_is_that_of_its_first_nonce():
    """RFC 7616 section 3.4.2: A1 is made once, with the nonce and cnonce that the session began with."""
    one = digest(
        [Challenge("Digest", {"realm": b"r", "nonce": b"a", "qop": b"auth", "algorithm": b"MD5-sess"})], "c"
    )
    renewed = one.again().renewed(b"b").renewed(b"d").again()
    assert (renewed.nonce, renewed.first, renewed.count) == (b"d", b"a", 1)
    fresh = Digest(
        realm=b"r", nonce=b"d", cnonce="c", algorithm="md5-sess", named=b"MD5-sess", qop="auth", count=1
    )
    said = [authorization(each, MUFASA, "GET", "/") for each in (renewed, fresh)]
    assert said[0] != said[1]
    # By hand: H(H(H(user:realm:password):a:c):d:00000001:c:auth:H(GET:/)), with MD5.
    assert 'response="b20fc9219466ae3efed6e218d50d5cea"' in said[0]


def test_without_qop_it_is_that_of_rfc_2069():
    said = answered((b'Digest realm="r", nonce="n"',), MUFASA, "/", "c")
    assert said.keys() == {"username", "realm", "nonce", "uri", "response"}


def test_what_is_sent_is_quoted_as_it_must_be():
    said = authorization(
        Digest(realm=b'a "b" \\', nonce=b"n", cnonce="c", named=b"MD5", qop="auth", count=11),
        MUFASA,
        "GET",
        "/",
    )
    assert 'realm="a \\"b\\" \\\\"' in said
    assert ", algorithm=MD5, qop=auth, nc=0000000b, " in said


def test_a_name_beyond_ascii_is_extended_where_utf_8_is_said():
    own = UserAndPassword("Jäs".encode(), b"x")
    plain = Digest(realm=b"r", nonce=b"n", cnonce="c")
    assert "username*=UTF-8''J%C3%A4s, " in authorization(
        Digest(realm=b"r", nonce=b"n", cnonce="c", utf8=True), own, "GET", "/"
    )
    assert 'username="Jäs", ' in authorization(plain, own, "GET", "/")


def test_several_challenges_in_one_field():
    field = (
        b'Digest realm="a, b=c", nonce="x\\"y" , stale = TRUE, Basic realm=shop, NTLM, Negotiate YII==, Bearer'
    )
    assert challenges([field, b"basic"]) == (
        Challenge("Digest", {"realm": b"a, b=c", "nonce": b'x"y', "stale": b"TRUE"}),
        Challenge("Basic", {"realm": b"shop"}),
        Challenge("NTLM"),
        Challenge("Negotiate"),
        Challenge("Bearer"),
        Challenge("basic"),
    )
    assert unspoken(challenges([field, b"ntlm"])) == ("NTLM", "Negotiate")


def test_auth_int_where_nothing_else_is_offered():
    made = digest(challenges([b'Digest nonce="n", qop="auth-int"']), "c")
    assert (made.qop, made.named) == ("auth-int", None)


def test_a_password_may_have_a_colon():
    assert parted(b"Aladdin:open:sesame") == UserAndPassword(b"Aladdin", b"open:sesame")
