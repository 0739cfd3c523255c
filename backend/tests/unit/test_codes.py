"""The table of codes is complete, means what its ranges say, and what is generated from it is fresh."""

import json

import centrifuge.codes
import pytest

from tools.generate import codes as generated
from tools.generate.artefact import ROOT
from vestnik.core.codes import (
    DISCONNECT_REASONS,
    ERROR_MESSAGES,
    MEANINGS,
    UNSUBSCRIBE_REASONS,
    DisconnectCode,
    ErrorCode,
    UnsubscribeCode,
    should_reconnect,
    should_resubscribe,
)

ALL = [*ErrorCode, *DisconnectCode, *UnsubscribeCode]


@pytest.mark.parametrize("artefact", generated.artefacts(), ids=lambda artefact: artefact.name)
def test_files_made_from_the_table_are_fresh(artefact):
    assert not artefact.is_stale(), "run `python -m tools.generate`"


def test_a_changed_file_is_stale(tmp_path):
    artefact = generated.artefacts()[0]._replace(path=tmp_path / "codes.json")
    assert artefact.is_stale()
    artefact.write()
    assert not artefact.is_stale()
    artefact.path.write_text(artefact.text.replace("100", "101"))
    assert artefact.is_stale()


def test_every_code_has_words_and_a_meaning():
    assert set(ERROR_MESSAGES) == set(ErrorCode)
    assert set(DISCONNECT_REASONS) == set(DisconnectCode)
    assert set(UNSUBSCRIBE_REASONS) == set(UnsubscribeCode)
    assert list(MEANINGS) == ALL


def test_no_number_has_two_meanings():
    assert len({int(code) for code in ALL}) == len(ALL)


def test_reasons_fit_a_close_frame():
    assert all(0 < len(reason.encode()) <= 123 for reason in DISCONNECT_REASONS.values())


@pytest.mark.parametrize(
    ("code", "comes_back"),
    [
        (3000, True),
        (3499, True),
        (3500, False),
        (3999, False),
        (4000, True),
        (4499, True),
        (4500, False),
        (4999, False),
    ],
)
def test_ranges_decide_whether_a_client_comes_back(code, comes_back):
    assert should_reconnect(code) is comes_back


def test_only_from_2500_is_a_subscription_taken_up_again():
    assert [should_resubscribe(code) for code in UnsubscribeCode] == [False, True, True]


def test_the_number_that_asks_for_a_new_token_is_the_one_that_clients_act_on():
    assert centrifuge.codes._ErrorCode.TOKEN_EXPIRED.value == ErrorCode.TOKEN_EXPIRED


def test_the_json_table_lists_every_code():
    table = json.loads((ROOT / "protocol/codes.json").read_text())
    listed = [row["code"] for part in ("errors", "disconnects", "unsubscribes") for row in table[part]]
    assert listed == [int(code) for code in ALL]
