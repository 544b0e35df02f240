"""The `entrepot` command."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_group

from entrepot.cli.output import errors
from entrepot.cli.refusals import Refused, Unreachable
from entrepot.datadir import InUse, NotRunning
from entrepot.domain.errors import Problem
from entrepot.services.secrets import KeyFileError

# Where each command is. Only the one that is asked for is loaded: to load all takes longer than most of them run.
COMMANDS: Final[dict[str, str]] = {
    "serve": "serving",
    "worker": "serving",
    "exec": "serving",
    "verify": "serving",
    "demo": "demo",
    "seller": "selling",
    "application": "selling",
    "order": "selling",
    "aim": "aim",
    "mail": "aim",
    "world": "laboratory",
    "explain": "laboratory",
    "service": "service",
}


class Commands(TyperGroup):
    """The commands of the table, loaded when they are needed."""

    def list_commands(self, ctx: object) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: object, cmd_name: str) -> Any:
        return _loaded(COMMANDS[cmd_name])[cmd_name] if cmd_name in COMMANDS else None


@cache
def _loaded(module: str) -> Mapping[str, Any]:
    """The commands of a module, as it registers them."""
    home = typer.Typer()
    import_module(f"entrepot.cli.{module}").register(home)
    return get_group(home).commands


app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback(help=__doc__)
def entrepot() -> None: ...


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
