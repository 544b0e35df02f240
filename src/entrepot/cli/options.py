"""Options that most commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[Path, typer.Option(help="The server's data directory.", envvar="ENTREPOT_DATA")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
