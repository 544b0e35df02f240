"""The `entrepot` command."""

from __future__ import annotations

import sys

import typer

from entrepot.cli import aim, demo, laboratory, selling, service, serving
from entrepot.cli.client import Refused, Unreachable
from entrepot.cli.output import errors
from entrepot.datadir import InUse, NotRunning
from entrepot.domain.errors import Problem
from entrepot.services.secrets import KeyFileError

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
serving.register(app)
demo.register(app)
selling.register(app)
aim.register(app)
laboratory.register(app)
service.register(app)


def main() -> None:
    """Run a command; a refusal is one clear line and exit code 1, never a traceback."""
    try:
        app()
    except Refused as refusal:
        _give_up(f"{refusal.code}: {refusal.message}")
    except Problem as problem:
        _give_up(f"{type(problem).__name__}: {problem.message}")
    except (InUse, NotRunning, Unreachable, KeyFileError) as problem:
        _give_up(str(problem))
    except BrokenPipeError:
        sys.exit(141)
    except OSError as problem:
        _give_up(f"{problem.filename}: {problem.strerror}" if problem.filename else str(problem.strerror or problem))


def _give_up(text: str) -> None:
    errors.print(" ".join(text.splitlines()), style="red" if errors.is_terminal else None, markup=False, soft_wrap=True)
    sys.exit(1)
