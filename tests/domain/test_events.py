"""The events against the specification's tables, written out here once more and independently."""

from __future__ import annotations

import pytest

from entrepot.domain.accounts import ACCOUNTS, Account
from entrepot.domain.events import EVENTS
from entrepot.domain.verbs import VERBS

# code: what gives → what receives, as the event tables of the specification (§1.4, §3.2) have it
SPECIFIED = {
    "F01": "X_SUPPLIER→IN_WORKING",
    "F02": "X_SUPPLIER→IN_WORKING IN_WORKING→X_SUPPLIER",
    "F03": "IN_WORKING→X_SUPPLIER",
    "F04": "IN_WORKING→IN_SHIPPED",
    "F05": "",
    "F06": "IN_SHIPPED→IN_RECEIVING",
    "F07": "IN_RECEIVING→FC_AVAIL IN_RECEIVING→FC_PROC",
    "F08": "IN_RECEIVING→FC_UNS",
    "F09": "X_SUPPLIER→FC_AVAIL",
    "F10": "IN_RECEIVING→X_LOST IN_SHIPPED→X_LOST",
    "F11": "X_LOST→FC_AVAIL",
    "F12": "IN_SHIPPED→X_SUPPLIER",
    "F20": "FC_AVAIL→FC_ORDER",
    "F20b": "FC_XFER→FC_ORDER",
    "F21": "FC_ORDER→FC_AVAIL",
    "F22": "FC_ORDER→X_CUSTOMER",
    "F23": "FC_ORDER→FC_RESEARCH",
    "F24": "X_CUSTOMER→X_LOST",
    "F25": "X_CUSTOMER→FC_AVAIL X_CUSTOMER→FC_PROC",
    "F26": "X_CUSTOMER→FC_UNS",
    "F27": "X_CUSTOMER→X_AMAZON",
    "F30": "FC_AVAIL→FC_XFER",
    "F31": "FC_XFER→FC_AVAIL FC_XFER→FC_PROC",
    "F31b": "FC_ORDER→FC_ORDER",
    "F32": "FC_XFER→X_LOST",
    "F40": "FC_AVAIL→FC_PROC",
    "F41": "FC_PROC→FC_AVAIL",
    "F50": "FC_AVAIL→FC_RESEARCH",
    "F51": "FC_RESEARCH→FC_AVAIL",
    "F52": "FC_RESEARCH→X_LOST",
    "F53": "FC_AVAIL→X_LOST",
    "F54": "X_LOST→FC_AVAIL",
    "F55": "X_LOST→X_AMAZON",
    "F56": "X_AMAZON→FC_AVAIL",
    "F57": "X_AMAZON→FC_AVAIL",
    "F58": "FC_AVAIL→X_CORRECTION X_CORRECTION→FC_AVAIL",
    "F59": "FC_UNS→X_AMAZON",
    "F60": "FC_AVAIL→FC_UNS",
    "F60x": "FC_UNS→FC_UNS",
    "F61": "FC_AVAIL→FC_RESEARCH FC_RESEARCH→FC_UNS",
    "F62": "FC_UNS→FC_UNS FC_AVAIL→FC_UNS FC_UNS→FC_AVAIL",
    "F63": "FC_AVAIL→FC_UNS",
    "F64": "FC_UNS→FC_AVAIL",
    "F65": "FC_AVAIL→X_CORRECTION X_CORRECTION→FC_AVAIL",
    "F70": "FC_AVAIL→FC_PROC FC_UNS→FC_PROC",
    "F71": "FC_PROC→FC_AVAIL FC_PROC→FC_UNS",
    "F72": "FC_PROC→X_REMOVED",
    "F73": "FC_PROC→X_DISPOSED",
    "F74": "FC_PROC→X_DISPOSED",
    "F80": "X_CORRECTION→FC_AVAIL FC_AVAIL→X_CORRECTION",
    "F90": "X_SUPPLIER→FC_AVAIL",
    "F91": " ".join(
        f"X_CORRECTION→{account}"
        for account in (
            "IN_WORKING IN_SHIPPED IN_RECEIVING FC_AVAIL FC_ORDER FC_XFER FC_PROC FC_RESEARCH FC_UNS".split()
        )
    ),
    "M01": "X_SELLER→M_AVAIL M_AVAIL→X_SELLER",
    "M02": "M_AVAIL→M_RES_PENDING",
    "M03": "M_RES_PENDING→M_RES_UNSHIPPED",
    "M04": "M_RES_PENDING→M_AVAIL M_RES_UNSHIPPED→M_AVAIL",
    "M05": "M_RES_PENDING→X_SELLER M_RES_UNSHIPPED→X_SELLER",
    "M06": "M_RES_UNSHIPPED→X_CUSTOMER",
    "M07": "X_CUSTOMER→M_AVAIL",
    "M08": "M_AVAIL→M_AVAIL",
    "M09": "M_RES_UNSHIPPED→M_AVAIL M_AVAIL→M_RES_UNSHIPPED X_SELLER→M_RES_UNSHIPPED",
    "M10": "M_AVAIL→X_SELLER",
    "M11": "",
    "M12": "",
}
# Our own: what the table leaves out, and why.
OURS = {
    "C01": "",  # an item is created: the journal says who and when
    "C02": "",  # and closed
    "C03": "",  # a listing is created
    "C04": "",  # and deleted
    "C05": "",  # a location is created
    "C06": "",  # and changed
    "T07": "FC_AVAIL→FC_AVAIL",  # put-away is done
    "T50": "FC_RESEARCH→FC_RESEARCH",  # research grew older
    "F09": "X_SUPPLIER→FC_PROC X_SUPPLIER→FC_UNS",  # more than announced, set aside or damaged
    "F21": "FC_ORDER→FC_XFER",  # the cancel of F20b
    "F80": "FC_UNS→X_CORRECTION",  # unsellable units of a closed item
}
INBOUND = {account for account, traits in ACCOUNTS.items() if traits.inbound}
MAY_OWE = {account for account, traits in ACCOUNTS.items() if traits.may_owe}


def moves(text: str) -> set[tuple[str, ...]]:
    return {tuple(move.split("→")) for move in text.split()}


def test_there_are_exactly_the_events_of_the_specification_and_our_own() -> None:
    assert set(EVENTS) == set(SPECIFIED) | set(OURS)


@pytest.mark.parametrize("code", EVENTS)
def test_an_event_moves_units_as_specified(code: str) -> None:
    wanted = moves(SPECIFIED.get(code, "")) | moves(OURS.get(code, ""))

    assert {(gives.value, receives.value) for gives, receives in EVENTS[code].moves} == wanted
    assert EVENTS[code].code == code
    assert EVENTS[code].title


def test_what_is_forbidden_is_in_no_event() -> None:
    every = {move for event in EVENTS.values() for move in event.moves}
    receivers_only = {Account.X_REMOVED, Account.X_DISPOSED}

    assert (Account.FC_ORDER, Account.FC_UNS) not in every
    assert (Account.FC_RESEARCH, Account.FC_ORDER) not in every
    assert (Account.FC_UNS, Account.FC_XFER) not in every
    assert not [move for move in every if move[0] in receivers_only]
    assert {gives for gives, receives in every if receives in INBOUND} <= {*INBOUND, *MAY_OWE}


def test_a_move_within_one_account_is_one_of_six() -> None:
    same = {(code, gives) for code, event in EVENTS.items() for gives, receives in event.moves if gives is receives}

    assert same == {
        ("T07", Account.FC_AVAIL),
        ("T50", Account.FC_RESEARCH),
        ("F31b", Account.FC_ORDER),
        ("F60x", Account.FC_UNS),
        ("F62", Account.FC_UNS),
        ("M08", Account.M_AVAIL),
    }


def test_every_event_is_posted_by_some_verb() -> None:
    posted = {event for verb in VERBS.values() for event in verb.events}

    assert set(EVENTS) - posted == set()


def test_a_verb_takes_from_what_its_events_take_from() -> None:
    assert VERBS["place_order"].takes_from == (Account.FC_AVAIL, Account.FC_XFER, Account.M_AVAIL)
    assert VERBS["set_policy"].takes_from == ()


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_names_known_events_only(name: str) -> None:
    assert set(VERBS[name].events) <= set(EVENTS)


def test_what_happens_by_itself_is_no_verb_of_a_door() -> None:
    timers = {name for name, verb in VERBS.items() if verb.timer}

    assert timers == {"age_research", "finish_putaway", "end_processing", "reach_expiry", "end_pending"}
