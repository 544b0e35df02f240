"""A whole test world in one YAML file: sellers, clock, and steps in order.

    scenario: two-shelves            # names the idempotency keys: playing the file again changes nothing
    sellers:
      ada: {email: ada@example.test, password: a good one, name: Ada's Books, marketplaces: [US], seed: 7}
    steps:
      - create_item: {sku: ADA-1, title: Atlas}
      - plan: {sku: ADA-1, quantity: 10}
        as: shipment                 # remember the answer …
      - ship: {shipment: $shipment.shipment, eta: 2026-02-01T00:00:00Z}   # … and use a part of it
      - advance: 2d
      - assert: {sku: ADA-1, numbers: {inbound_shipped: 10}}

A step is one verb of the world or the clock, with its arguments; `seller` says whose world it is and may be left out
when there is one seller. `repeat: 100` repeats a step with `{n}` in its texts counted 1, 2, 3…
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from entrepot.domain.errors import Invalid, Problem

Act = Callable[[str, dict[str, Any], str], Awaitable[dict[str, Any]]]
AddSeller = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]

STEPS_MAX: Final = 1_000_000
_SHORT_ARGUMENT: Final = {"advance": "duration", "advance_to": "to", "run": "rate", "seed": "seed"}
_STEP_WORDS: Final = {"as", "repeat", "fails"}
_CLOCK_VERBS: Final = {"advance", "advance_to", "freeze", "run", "now", "seed", "assert", "explain"}


class StepFailed(Problem):
    """A step of a scenario was refused, or was not although the file says it fails."""

    def __init__(self, number: int, verb: str, why: str) -> None:
        super().__init__(f"step {number} ({verb}): {why}")
        self.number = number


@dataclass(frozen=True)
class Step:
    number: int
    verb: str
    seller: str | None
    arguments: dict[str, Any]
    remember: str | None
    fails: str | None  # the meaning expected, as Shortage


@dataclass(frozen=True)
class Scenario:
    name: str
    sellers: dict[str, dict[str, Any]]
    steps: list[Step]


def parse(text: str) -> Scenario:
    """The scenario of a YAML text; Invalid says what is wrong and in which step."""
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as problem:
        raise Invalid("scenario", f"not valid YAML: {str(problem)[:300]}") from None
    if not isinstance(content, dict) or not isinstance(content.get("sellers"), dict):
        raise Invalid("scenario", "a scenario is an object with 'sellers' and 'steps'")
    unknown = set(content) - {"scenario", "sellers", "steps"}
    if unknown:
        raise Invalid("scenario", f"unknown: {', '.join(map(str, sorted(unknown, key=str)))}")
    sellers = {str(alias): dict(seller or {}) for alias, seller in content["sellers"].items()}
    given = content.get("steps") or []
    if not isinstance(given, list):
        raise Invalid("steps", "'steps' is a list")
    steps: list[Step] = []
    for number, step in enumerate(given, 1):
        for one in _unrolled(number, step):
            if len(steps) >= STEPS_MAX:
                raise Invalid("steps", f"a scenario has at most {STEPS_MAX} steps")
            steps.append(_step(number, one, sellers))
    return Scenario(str(content.get("scenario", "scenario")), sellers, steps)


def _unrolled(number: int, step: object) -> Iterator[dict[str, Any]]:
    if not isinstance(step, dict):
        raise Invalid("steps", f"step {number} is not an object")
    times = step.get("repeat", 1)
    if not isinstance(times, int) or isinstance(times, bool) or not 1 <= times <= STEPS_MAX:
        raise Invalid("repeat", f"step {number}: 'repeat' is a whole number from 1 to {STEPS_MAX}")
    for n in range(1, times + 1):
        yield _counted(step, n) if "repeat" in step else step


def _counted(value: Any, n: int) -> Any:
    if isinstance(value, str):
        return re.sub(r"\{n(?::(0\d+d?))?\}", lambda match: format(n, match[1] or ""), value)
    if isinstance(value, dict):
        return {name: _counted(inner, n) for name, inner in value.items()}
    if isinstance(value, list):
        return [_counted(inner, n) for inner in value]
    return value


def _step(number: int, step: dict[str, Any], sellers: Mapping[str, Any]) -> Step:
    verbs = [word for word in step if word not in _STEP_WORDS]
    if len(verbs) != 1:
        raise Invalid("steps", f"step {number} needs exactly one verb, not {verbs or 'none'}")
    verb = str(verbs[0])
    arguments = step[verb]
    if not isinstance(arguments, dict):
        arguments = {} if arguments is None else {_SHORT_ARGUMENT.get(verb, "sku"): arguments}
    arguments = dict(arguments)
    seller = arguments.pop("seller", None)
    if seller is None and len(sellers) == 1:
        seller = next(iter(sellers))
    if seller is not None and seller not in sellers:
        raise Invalid("seller", f"step {number}: there is no seller '{seller}' in this scenario")
    if seller is None and verb not in _CLOCK_VERBS:
        raise Invalid("seller", f"step {number}: say which seller")
    return Step(number, verb, seller, arguments, step.get("as"), step.get("fails"))


async def play(
    scenario: Scenario, add_seller: AddSeller, act: Act, progress: Callable[[int, int], None] = lambda done, of: None
) -> dict[str, dict[str, Any]]:
    """Add the sellers, then do the steps; the sellers' credentials by alias. Raises StepFailed at the first refusal."""
    credentials = {alias: await add_seller(seller) for alias, seller in scenario.sellers.items()}
    known: dict[str, Any] = dict(credentials)
    for done, step in enumerate(scenario.steps):
        progress(done, len(scenario.steps))
        arguments = {name: _resolved(value, known, step) for name, value in step.arguments.items()}
        if step.seller is not None:
            arguments["seller"] = credentials[step.seller]["seller_id"]
        answer = await _do(step, act, arguments, f"{scenario.name} {done}")
        if step.remember:
            known[step.remember] = answer
    progress(len(scenario.steps), len(scenario.steps))
    return credentials


async def _do(step: Step, act: Act, arguments: dict[str, Any], key: str) -> dict[str, Any]:
    try:
        answer = await act(step.verb, arguments, key)
    except Problem as problem:
        if step.fails and type(problem).__name__ == step.fails:
            return {}
        raise StepFailed(step.number, step.verb, problem.message) from problem
    if step.fails:
        raise StepFailed(step.number, step.verb, f"should have failed with {step.fails}")
    return answer


def _resolved(value: Any, known: Mapping[str, Any], step: Step) -> Any:
    """`$name.part.0.part` becomes that part of a remembered answer."""
    if isinstance(value, dict):
        return {name: _resolved(inner, known, step) for name, inner in value.items()}
    if isinstance(value, list):
        return [_resolved(inner, known, step) for inner in value]
    if not (isinstance(value, str) and value.startswith("$")):
        return value
    found: Any = known
    for part in value[1:].split("."):
        try:
            found = found[int(part)] if isinstance(found, list) else found[part]
        except (KeyError, IndexError, ValueError, TypeError):
            raise StepFailed(step.number, step.verb, f"'{value}' is not known here") from None
    return found
