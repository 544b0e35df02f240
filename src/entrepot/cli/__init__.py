"""The command line: one file per family of commands; each talks to a running server, except `serve` itself."""

from entrepot.cli.main import main

__all__ = ["main"]
