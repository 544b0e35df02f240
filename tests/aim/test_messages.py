"""The golden rule: answers byte for byte as every known client can read them; and nothing of our own insides."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from entrepot.api.aim import messages
from entrepot.api.aim.messages import ERRORS, TOKENS, Batch, Refused, Report, element, problem_response, refusal
from entrepot.domain import errors
from tests.house.test_tables import MEANINGS

SUMMER = datetime(2009, 8, 7, 8, 48, 23, tzinfo=UTC)
DONE = Batch("2586376232", "DONE", SUMMER, 1020, 0, 0)


@pytest.mark.parametrize("meaning", MEANINGS)
def test_aim_has_a_word_for_every_meaning(meaning: type[errors.Problem]) -> None:
    assert ERRORS[meaning].token in TOKENS


@pytest.mark.parametrize(
    ("token", "body"),
    [
        ("CUSTOMER_UNAUTHORIZED", b"<BusinessLogicError>CUSTOMER_UNAUTHORIZED</BusinessLogicError>"),
        ("INVALID_FILE_FORMAT", b"<BusinessLogicError>INVALID_FILE_FORMAT</BusinessLogicError>"),
        ("INVALID_LISTING_PROGRAM", b"<BusinessLogicError>INVALID_LISTING_PROGRAM</BusinessLogicError>"),
        ("INVALID_BATCH", b"<BusinessLogicError>INVALID_BATCH</BusinessLogicError>"),
        ("ACCESS_DENIED", b"<BusinessLogicError>ACCESS_DENIED</BusinessLogicError>"),
        ("FILE_NOT_FOUND", b"<FileError>FILE_NOT_FOUND</FileError>"),
    ],
)
def test_a_refusal_is_one_element_and_not_an_http_error(token: str, body: bytes) -> None:
    response = refusal(Refused(token))

    assert (response.status, response.body, response.content_type) == (200, body, "text/xml")


def test_simple_answers_have_no_declaration_no_blanks_and_no_newline() -> None:
    assert messages.success().body == b"<Success>SUCCESS</Success>"
    assert element("BatchID", "2585199250").body == b"<BatchID>2585199250</BatchID>"
    assert element("PendingUploadsCount", "1").body == b"<PendingUploadsCount>1</PendingUploadsCount>"


def test_a_batch_is_listed_as_it_was_on_the_wire_in_2009() -> None:
    assert messages.batches([DONE]).body == (
        b"<Batches> <Batch>batchid=2586376232 status=Done dateandtime=08/07/2009 01:48:23 PDT activateditems=1020"
        b" numberofwarnings=0 itemsnotacivated=0 </Batch></Batches>"
    )


def test_reports_are_listed_as_they_were_on_the_wire_in_2010() -> None:
    found = [
        Report("2893717072", datetime(2009, 12, 27, 3, 0, 2, tzinfo=UTC), datetime(2010, 1, 11, 3, 0, 2, tzinfo=UTC)),
        Report("2893636754", datetime(2010, 1, 10, 22, tzinfo=UTC), datetime(2010, 1, 11, 2, tzinfo=UTC)),
    ]

    assert messages.reports(found).body == (
        b"<Reports> <Report>reportstarttime=12-26-2009:19-00-02 reportendtime=01-10-2010:19-00-02 reportid=2893717072"
        b" </Report><Report>reportstarttime=01-10-2010:14-00-00 reportendtime=01-10-2010:18-00-00 reportid=2893636754"
        b" </Report></Reports>"
    )


def test_empty_lists_are_empty_elements() -> None:
    assert messages.batches([]).body == b"<Batches></Batches>"
    assert messages.reports([]).body == b"<Reports></Reports>"


@pytest.mark.parametrize(
    ("status", "word"),
    [("IN_QUEUE", "Submitted"), ("IN_PROGRESS", "In Progress"), ("DONE", "Done"), ("FATAL", "Failed")],
)
def test_a_status_has_its_word(status: str, word: str) -> None:
    batch = Batch("1", status, SUMMER, 0, 0, 0)

    assert f" status={word} ".encode() in messages.batches([batch]).body


def test_winter_is_pacific_standard_time() -> None:
    batch = Batch("1", "DONE", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), 0, 0, 0)

    assert b"dateandtime=01/01/2026 19:04:05 PST " in messages.batches([batch]).body


@pytest.mark.parametrize(
    ("problem", "status", "token"),
    [
        (RuntimeError("secret"), 500, "INTERNAL_ERROR"),
        (errors.Problem("secret"), 500, "INTERNAL_ERROR"),
        (errors.Unavailable("secret"), 503, "SERVICE_UNAVAILABLE"),
        (TimeoutError(), 408, "REQUEST_TIMEOUT"),
        (errors.TooLarge(1), 200, "INVALID_FILE_FORMAT"),
    ],
)
def test_a_failure_says_no_more_than_its_token(problem: Exception, status: int, token: str) -> None:
    response = problem_response(problem)

    assert (response.status, response.body) == (status, f"<{TOKENS[token]}>{token}</{TOKENS[token]}>".encode())
