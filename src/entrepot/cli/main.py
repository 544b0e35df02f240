"""The `entrepot` command."""

from __future__ import annotations

import sys

import typer

from entrepot.cli import laboratory, selling, serving
from entrepot.cli.client import Refused, Unreachable
from entrepot.cli.output import errors
from entrepot.datadir import InUse, NotRunning
from entrepot.domain.errors import Problem

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
serving.register(app)
selling.register(app)
laboratory.register(app)


def main() -> None:
    """Run a command; a refusal is one clear line and exit code 1, never a traceback."""
    try:
        app()
    except Refused as refusal:
        _give_up(f"{refusal.code}: {refusal.message}")
    except Problem as problem:
        _give_up(f"{type(problem).__name__}: {problem.message}")
    except (InUse, NotRunning, Unreachable) as problem:
        _give_up(str(problem))
    except BrokenPipeError:
        sys.exit(141)


def _give_up(text: str) -> None:
    errors.print(f"[red]{text}[/]" if errors.is_terminal else text, markup=errors.is_terminal)
    sys.exit(1)
