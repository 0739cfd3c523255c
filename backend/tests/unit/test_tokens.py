"""Tokens: PyJWT reads what we write and we read what it writes; what it refuses, so do we."""

import base64
import json

import jwt
import msgspec
import pytest
import time_machine
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.protocol import json_values, text
from vestnik.core.errors import LocalError
from vestnik.core.tokens import (
    MAX_TOKEN_LENGTH,
    ConnectionClaims,
    ExpiredToken,
    InvalidToken,
    SubscriptionClaims,
    SubscriptionOptions,
    issue,
    verify,
    verify_subscription,
)

NOW = 1_800_000_000
SECRET = "a secret that is long enough for HS256"
OLD_SECRET = "an older one, also long enough for HS256"
NO_CLOCK = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}

printable = text.map(lambda value: value.replace("\0", ""))
times = st.integers(0, 2**40)
raw = json_values.map(lambda value: msgspec.Raw(msgspec.json.encode(value)))
common = {
    "sub": printable,
    "exp": times,
    "iat": times,
    "nbf": times,
    "jti": printable,
    "tid": printable,
    "info": raw,
}
options = st.fixed_dictionaries({}, optional={"info": raw, "data": raw}).map(
    lambda fields: SubscriptionOptions(**fields)
)
connection_claims = st.fixed_dictionaries(
    {},
    optional={
        **common,
        "channels": st.lists(printable, max_size=3).map(tuple),
        "subs": st.dictionaries(printable, options, max_size=3),
    },
).map(lambda fields: ConnectionClaims(**fields))
subscription_claims = st.fixed_dictionaries(
    {"channel": printable}, optional={**common, "client": printable, "expire_at": times}
).map(lambda fields: SubscriptionClaims(**fields))


def signed(payload, secret=SECRET, algorithm="HS256", **headers):
    return jwt.encode(payload, secret, algorithm=algorithm, headers=headers)


def signed_text(header, payload, secret):
    parts = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in (header, payload))
    algorithm = jwt.get_algorithm_by_name("HS256")
    signature = algorithm.sign(parts, algorithm.prepare_key(secret))
    return (parts + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def reason(token, secrets=(SECRET,), now=NOW):
    with pytest.raises(InvalidToken) as refusal:
        verify(token, secrets, now=now)
    return refusal.value.reason


# Against PyJWT -----------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(claims=connection_claims | subscription_claims)
def test_pyjwt_reads_what_is_issued(claims):
    theirs = jwt.decode(issue(claims, SECRET), SECRET, algorithms=["HS256"], options=NO_CLOCK)
    assert theirs == json.loads(msgspec.json.encode(claims))


@settings(deadline=None)
@given(claims=connection_claims)
def test_what_pyjwt_issues_is_read(claims):
    token = signed(json.loads(msgspec.json.encode(claims)))
    if claims.exp is not None and claims.exp <= NOW:
        with pytest.raises(ExpiredToken if (claims.nbf or 0) <= NOW else InvalidToken):
            verify(token, [SECRET], now=NOW)
    elif claims.nbf is not None and claims.nbf > NOW:
        assert reason(token) == "claims"
    else:
        assert _comparable(verify(token, [SECRET], now=NOW)) == _comparable(claims)


@settings(deadline=None)
@given(claims=subscription_claims)
def test_subscription_tokens_go_round(claims):
    claims = msgspec.structs.replace(claims, nbf=NOW, exp=NOW + 1)
    assert _comparable(verify_subscription(issue(claims, SECRET), [SECRET], now=NOW)) == _comparable(claims)


def _comparable(claims):
    return msgspec.json.decode(msgspec.json.encode(claims))


@settings(deadline=None, max_examples=300)
@given(
    header=st.sampled_from([b'{"alg":"HS256"}', b'{"alg":"HS256","typ":"JWT"}', b'{"alg":"none"}', b"{}", b"[]", b"{"]),
    payload=json_values.map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=20)
    | st.dictionaries(
        st.sampled_from(["sub", "exp", "iat", "nbf", "jti", "aud", "tid"]),
        json_values | st.integers(NOW - 5, NOW + 5),
    ).map(lambda value: json.dumps(value).encode()),
)
@example(header=b'{"alg":"HS256"}', payload=b'{"sub":"7","exp":1800000000}')
def test_whatever_pyjwt_refuses_is_refused(header, payload):
    token = signed_text(header, payload, SECRET)
    try:
        verify(token, [SECRET], now=NOW)
    except (InvalidToken, ExpiredToken):
        return
    with time_machine.travel(NOW, tick=False):
        jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_iat": False})


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=60) | st.text(alphabet="eyJhbGciOiJIUzI1NiJ9.-_=", max_size=60))
def test_no_text_whatever_raises_anything_else(token):
    with pytest.raises(InvalidToken):
        verify(token, [SECRET], now=NOW)


@settings(deadline=None, max_examples=200)
@given(position=st.integers(0, 400), replacement=st.characters())
def test_no_character_can_be_exchanged(position, replacement):
    token = issue(ConnectionClaims(sub="7", exp=NOW + 60, jti="0123456789"), SECRET)
    position %= len(token)
    changed = token[:position] + replacement + token[position + 1 :]
    if changed != token:
        with pytest.raises(InvalidToken):
            verify(changed, [SECRET], now=NOW)


# Signatures --------------------------------------------------------------------------------------------------------


def test_several_secrets_are_tried_while_they_are_rotated():
    token = issue(ConnectionClaims(sub="7"), OLD_SECRET)
    assert verify(token, [SECRET, OLD_SECRET], now=NOW).sub == "7"
    assert reason(token, [SECRET]) == "signature"
    assert reason(token, []) == "signature"


def test_an_empty_secret_is_our_own_mistake():
    token = issue(ConnectionClaims(sub="7"), SECRET)
    with pytest.raises(LocalError):
        issue(ConnectionClaims(sub="7"), "")
    with pytest.raises(LocalError):
        verify(token, [""], now=NOW)


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_other_algorithms_are_refused_though_the_signature_fits(algorithm):
    secret = SECRET * 3  # PyJWT warns of keys that are shorter than the digest
    assert reason(signed({"sub": "7"}, secret, algorithm), [secret]) == "algorithm"


@pytest.mark.parametrize("name", ["none", "None", "hs256", "HS256 ", "RS256", "ES256", ""])
def test_what_the_header_says_does_not_choose_the_algorithm(name):
    header = json.dumps({"alg": name}).encode()
    assert reason(signed_text(header, b'{"sub":"7"}', SECRET)) == "algorithm"


def test_a_token_without_signature_is_refused():
    unsigned = jwt.encode({"sub": "7"}, None, algorithm="none")
    assert reason(unsigned) == "algorithm"
    header, payload, _ = issue(ConnectionClaims(sub="7"), SECRET).split(".")
    assert reason(f"{header}.{payload}.") == "signature"


@pytest.mark.parametrize(
    "header", [b"{}", b"[]", b"null", b"{", b"\xff", b'{"alg":null}', b'{"alg":5}', b'{"alg":"HS256","crit":["exp"]}']
)
def test_a_header_that_cannot_be_understood_is_malformed(header):
    assert reason(signed_text(header, b'{"sub":"7"}', SECRET)) == "malformed"


@pytest.mark.parametrize("token", ["", ".", "..", "a.b", "a.b.c", "a.b.c.d", "é.é.é", "Bearer x.y.z", "\ud83d.."])
def test_what_is_no_token_at_all_is_malformed(token):
    assert reason(token) == "malformed"


def test_padding_and_white_space_are_refused():
    """PyJWT skips them; then two texts would be the same token."""
    token = issue(ConnectionClaims(sub="7"), SECRET)
    for changed in (f"{token}=", f" {token}", f"{token}\n", token.replace(".", "=.", 1), token.replace(".", "\n.", 1)):
        assert reason(changed) == "malformed"


def test_length_is_bounded_on_both_sides():
    claims = ConnectionClaims(sub="7", channels=tuple(f"channel:{number}" for number in range(1000)))
    with pytest.raises(LocalError, match=str(MAX_TOKEN_LENGTH)):
        issue(claims, SECRET)
    assert reason(signed({"sub": "7" * MAX_TOKEN_LENGTH})) == "malformed"


# Claims ------------------------------------------------------------------------------------------------------------


def test_a_token_is_good_until_the_moment_it_expires():
    token = issue(ConnectionClaims(sub="7", exp=NOW), SECRET)
    assert verify(token, [SECRET], now=NOW - 0.001).sub == "7"
    with pytest.raises(ExpiredToken) as refusal:
        verify(token, [SECRET], now=NOW)
    assert refusal.value.expired_at == NOW


def test_a_token_is_not_good_before_its_time():
    token = issue(ConnectionClaims(sub="7", nbf=NOW), SECRET)
    assert verify(token, [SECRET], now=NOW).sub == "7"
    assert reason(token, now=NOW - 0.001) == "claims"


def test_a_forged_token_is_not_said_to_have_expired():
    assert reason(issue(ConnectionClaims(sub="7", exp=1), OLD_SECRET)) == "signature"


def test_broken_times_of_others_are_read_and_own_ones_are_whole():
    assert verify(signed({"exp": NOW + 0.5}), [SECRET], now=NOW + 0.4).exp == NOW + 0.5
    claims = ConnectionClaims(exp=NOW + 60.9, iat=NOW + 0.9, nbf=NOW + 0.1)
    assert jwt.decode(issue(claims, SECRET), SECRET, algorithms=["HS256"], options=NO_CLOCK) == {
        "exp": NOW + 60,
        "iat": NOW,
        "nbf": NOW,
    }


@pytest.mark.parametrize(
    "payload",
    [
        {"sub": 7},
        {"sub": None},
        {"exp": None},
        {"nbf": None},
        {"exp": "1"},
        {"exp": True},
        {"exp": -1},
        {"exp": 2**53},
        {"nbf": []},
        {"iat": "yesterday"},
        {"jti": 5},
        {"tid": 5},
        {"channels": "a"},
        {"channels": [1]},
        {"subs": ["a"]},
        {"subs": {"a": 1}},
        {"aud": "another service"},
        {"channel": "chat:42"},
    ],
)
def test_claims_of_the_wrong_type_or_kind_are_refused(payload):
    assert reason(signed_text(b'{"alg":"HS256"}', json.dumps(payload).encode(), SECRET)) in ("claims", "malformed")


@pytest.mark.parametrize("payload", [b"[]", b"7", b'""', b"null"])
def test_claims_that_are_no_object_are_refused(payload):
    assert reason(signed_text(b'{"alg":"HS256"}', payload, SECRET)) == "claims"


@pytest.mark.parametrize(
    "payload", [b"", b"{", b"{}x", b'{"sub":"\xff"}', b'{"info":"\xff"}', rb'{"sub":"\u0000"}', b"[" * 3000]
)
def test_a_payload_that_cannot_be_kept_is_malformed(payload):
    assert reason(signed_text(b'{"alg":"HS256"}', payload, SECRET)) == "malformed"


def test_info_written_over_several_lines_is_brought_onto_one():
    """It goes into frames, where a line feed would end the message."""
    token = signed_text(b'{"alg":"HS256"}', b'{"sub":"7",\n"info":{\n"name":\r\n"Anna"}}', SECRET)
    assert bytes(verify(token, [SECRET], now=NOW).info) == b'{"name":"Anna"}'


def test_unknown_claims_are_ignored():
    assert verify(signed({"sub": "7", "role": "admin"}), [SECRET], now=NOW) == ConnectionClaims(sub="7")


def test_a_subscription_token_does_not_sign_anybody_in():
    token = issue(SubscriptionClaims(sub="7", channel="chat:42"), SECRET)
    assert reason(token) == "claims"


def test_a_connection_token_does_not_open_a_channel():
    token = issue(ConnectionClaims(sub="7"), SECRET)
    with pytest.raises(InvalidToken, match="channel"):
        verify_subscription(token, [SECRET], now=NOW)


def test_a_subscription_ends_with_its_token_unless_it_says_otherwise():
    assert SubscriptionClaims(channel="a").expires_at is None
    assert SubscriptionClaims(channel="a", exp=NOW).expires_at == NOW
    assert SubscriptionClaims(channel="a", exp=NOW, expire_at=NOW + 60).expires_at == NOW + 60
    assert SubscriptionClaims(channel="a", exp=NOW, expire_at=0).expires_at is None


def test_errors_say_what_is_wrong_and_nothing_of_the_token():
    token = signed({"sub": 7, "secret": "swordfish"})
    with pytest.raises(InvalidToken) as refusal:
        verify(token, [SECRET], now=NOW)
    assert str(refusal.value) == "invalid token: claims (sub: expected str, got int)"
    assert str(ExpiredToken(NOW)) == "token expired at 1800000000"
