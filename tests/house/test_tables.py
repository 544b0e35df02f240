"""The tables that must not forget a row: errors in every dialect, and what the documents promise to list."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer
import typer.main
from typer.core import TyperGroup

from entrepot.api.mws import feeds as mws_feeds
from entrepot.api.mws.operation import MwsOperation
from entrepot.api.mws.operations import OPERATIONS as MWS
from entrepot.api.operation import Operation
from entrepot.api.operator import room as operator
from entrepot.api.operator.operations import OPERATIONS as OPERATOR
from entrepot.api.spapi import lwa, messages
from entrepot.api.spapi.fba_inventory import OPERATIONS as FBA_INVENTORY
from entrepot.cli.main import app
from entrepot.domain import errors
from entrepot.domain.errors import Problem
from entrepot.domain.verbs import VERBS
from entrepot.reports.types import NEWER
from entrepot.services.access import GrantRefused
from entrepot.settings import Settings

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "entrepot"

MEANINGS = [
    kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Problem) and kind is not Problem
]


@pytest.mark.parametrize("meaning", MEANINGS)
def test_every_dialect_has_a_word_for_every_meaning(meaning: type[Problem]) -> None:
    assert meaning in messages.ERRORS
    assert meaning in operator.ERRORS


def test_every_reason_to_deny_has_a_sentence() -> None:
    assert set(messages.DENIALS) == set(errors.DENIALS)


def raised(kind: str) -> Iterator[str]:
    """The first argument, where it is a text, of everything of that name that the source raises."""
    for path in SOURCE.rglob("*.py"):
        yield from re.findall(rf"\b{kind}\(\s*\"([^\"]+)\"", path.read_text(encoding="utf-8"))


def test_only_listed_reasons_are_given() -> None:
    assert set(raised("Denied")) <= set(errors.DENIALS)


def test_every_refusal_of_a_grant_has_a_sentence() -> None:
    refused = set(raised(GrantRefused.__name__))

    assert refused
    assert refused <= set(lwa.REFUSALS)


def document(name: str) -> str:
    path = ROOT / "docs" / name
    if not path.exists():
        pytest.skip(f"docs/{name} is not written yet")
    return path.read_text(encoding="utf-8")


OPERATIONS = (*FBA_INVENTORY, *OPERATOR)


@pytest.mark.parametrize("operation", FBA_INVENTORY, ids=lambda operation: operation.name)
def test_the_coverage_lists_every_operation(operation: Operation) -> None:
    assert re.search(rf"\b{operation.name}\b", document("coverage.md"))


@pytest.mark.parametrize("operation", MWS, ids=lambda operation: operation.name)
def test_the_coverage_lists_every_operation_of_mws(operation: MwsOperation) -> None:
    assert f"| `{operation.action}` |" in document("coverage.md")


@pytest.mark.parametrize("name", [*mws_feeds.TYPES, *NEWER])
def test_the_coverage_lists_every_type_of_feeds_and_reports(name: str) -> None:
    assert f"| `{name}` | done |" in document("coverage.md")


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_the_name_of_an_operation_is_unique(operation: Operation) -> None:
    assert [other.name for other in OPERATIONS].count(operation.name) == 1


@pytest.mark.parametrize("verb", [name for name, verb in VERBS.items() if not verb.timer])
def test_the_manual_names_every_verb(verb: str) -> None:
    assert re.search(rf"\b{verb}\b", document("manual.md"))


def options() -> list[str]:
    """Every command with each of its options: `seller add --email`."""
    found: list[str] = []

    def visit(command: Any, words: str) -> None:
        context = typer.Context(command)
        for name in command.list_commands(context) if isinstance(command, TyperGroup) else ():
            visit(command.get_command(context, name), f"{words} {name}".strip())
        for parameter in getattr(command, "params", ()):
            found.extend(f"{words} {option}" for option in parameter.opts if option.startswith("--"))

    visit(typer.main.get_command(app), "")
    return [option for option in found if not option.endswith(" --help")]


@pytest.mark.parametrize("option", options())
def test_the_manual_mentions_every_option(option: str) -> None:
    command, _, name = option.rpartition(" ")
    manual = document("manual.md")

    assert re.search(rf"{name}\b", manual)
    assert re.search(rf"\b{command}\b", manual)


def test_every_setting_but_the_form_of_the_log_is_an_option_of_serve() -> None:
    of_serve = {
        option.removeprefix("serve --").replace("-", "_") for option in options() if option.startswith("serve ")
    }

    assert {field.name for field in fields(Settings)} - {"log_format"} == of_serve


def test_every_test_that_the_documents_name_is_there() -> None:
    named = {
        found
        for path in (ROOT / "docs").glob("*.md")
        for found in re.findall(r"tests/[\w/]+\.py::(?:\w+)", path.read_text("utf-8"))
    }

    missing = [name for name in sorted(named) if not exists(name)]

    assert missing == []


def exists(test: str) -> bool:
    path, _, name = test.partition("::")
    return (ROOT / path).exists() and bool(re.search(rf"\b{name}\b", (ROOT / path).read_text("utf-8")))


def test_the_table_of_invariants_has_all_thirty_nine() -> None:
    rows = re.findall(r"^\| (\d+) \|", document("invariants.md"), re.MULTILINE)

    assert sorted(map(int, rows)) == list(range(1, 40))
