"""The floors of the house, and what may not lie about in it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "entrepot"
SNIPPET = SOURCE / "demo" / "snippet.py"  # printed, to be pasted


def test_imports_go_downward_only() -> None:
    # A process of its own: called from here it would disable every other logger.
    words = [str(Path(sys.executable).with_name("lint-imports")), "--config", str(ROOT / ".importlinter"), "--no-cache"]

    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=False)

    assert done.returncode == 0, done.stdout


def modules() -> list[Path]:
    return sorted(path for path in SOURCE.rglob("*.py") if path != SNIPPET)


@pytest.mark.parametrize("module", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_module_opens_with_what_it_is(module: Path) -> None:
    docstring = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))

    assert docstring
    assert docstring.split("\n\n")[0].rstrip().endswith((".", ":"))


def tracked() -> list[Path]:
    """The files that are, or would be, in the repository."""
    words = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("this is not a checkout of the repository")
    return [path for line in listed.splitlines() if (path := ROOT / line).is_file()]


def texts() -> list[tuple[Path, str]]:
    found = []
    for path in tracked():
        try:
            found.append((path, path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    assert len(found) > 50
    return found


# A path of somebody's machine, unless it is part of an address or of a longer path.
_HOME = re.compile(r"(?<![\w.>$}~/:*-])/(?:home|root|Users|work|workspace|builds)/[\w.-]+")
_REGISTRY = re.compile(
    r"(?:https?://[^\s\"']*(?:py[p]i|python[h]osted|artifactory|nexus|/simple\b)[^\s\"']*)"
    r"|^\s*--(?:index-url|extra-index-url|find-links|trusted-host)\b",
    re.MULTILINE,
)


@pytest.mark.parametrize("what", [_HOME, _REGISTRY], ids=["paths of a machine", "addresses of a package registry"])
def test_nothing_in_the_repository_names(what: re.Pattern[str]) -> None:
    found = [f"{path.relative_to(ROOT)}: {match[0].strip()}" for path, text in texts() for match in what.finditer(text)]

    assert found == []


def test_nothing_that_was_made_is_in_the_repository() -> None:
    made = {".whl", ".pyc", ".log", ".db", ".gz"}

    assert [str(path.relative_to(ROOT)) for path in tracked() if path.suffix in made] == []
