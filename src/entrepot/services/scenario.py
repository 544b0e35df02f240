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
when there is one seller. The clock's verbs without it turn the clocks of all sellers of the file. `repeat: 100` repeats
a step with `{n}` in its texts counted 1, 2, 3… `fails: Shortage` beside a verb says that it must be refused so.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from entrepot.domain.errors import Invalid, Problem
from entrepot.domain.verbs import VERBS

Act = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]
AddSeller = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]

STEPS_MAX: Final = 1_000_000
TEXT_MAX: Final = 16_000_000
VALUES_MAX: Final = 2_000_000
DEPTH_MAX: Final = 50
NAME_LENGTH_MAX: Final = 150  # it stands in idempotency keys
_SHORT_ARGUMENT: Final = {"advance": "duration", "advance_to": "to", "run": "rate", "seed": "seed"}
_STEP_WORDS: Final = {"as", "repeat", "fails"}
_TURNING_VERBS: Final = {"advance", "advance_to", "freeze", "run"}
_READING_VERBS: Final = {"now", "explain"}
_CLOCK_VERBS: Final = {*_TURNING_VERBS, *_READING_VERBS, "seed", "assert"}


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
    content = _plain(text)
    if not isinstance(content, dict) or not isinstance(content.get("sellers"), dict):
        raise Invalid("scenario", "a scenario is an object with 'sellers' and 'steps'")
    unknown = set(content) - {"scenario", "sellers", "steps"}
    if unknown:
        raise Invalid("scenario", f"unknown: {', '.join(sorted(unknown))}")
    name = content.get("scenario", "scenario")
    if not isinstance(name, str) or not 1 <= len(name) <= NAME_LENGTH_MAX:
        raise Invalid("scenario", f"the name of a scenario is a text of 1 to {NAME_LENGTH_MAX} characters")
    sellers = {alias: _seller(alias, seller) for alias, seller in content["sellers"].items()}
    given = content.get("steps")
    given = [] if given is None else given
    if not isinstance(given, list):
        raise Invalid("steps", "'steps' is a list")
    steps: list[Step] = []
    for number, step in enumerate(given, 1):
        for one in _unrolled(number, step):
            if len(steps) >= STEPS_MAX:
                raise Invalid("steps", f"a scenario has at most {STEPS_MAX} steps")
            steps.append(_step(number, one, sellers))
    return Scenario(name, sellers, steps)


_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is ten times as fast


def _plain(text: str) -> Any:
    """The content of a YAML text: texts, numbers, instants, lists and objects, bounded; Invalid otherwise."""
    if len(text) > TEXT_MAX:
        raise Invalid("scenario", f"a scenario has at most {TEXT_MAX} characters")
    try:
        _check_depth(text)
        content = yaml.load(text, Loader=_Loader)  # noqa: S506  (both loaders are safe ones)
        _check(content, iter(range(VALUES_MAX)))
    except yaml.MarkedYAMLError as problem:
        line = f" in line {problem.problem_mark.line + 1}" if problem.problem_mark else ""
        raise Invalid("scenario", f"not valid YAML{line}: {problem.problem}") from None
    except (yaml.YAMLError, ValueError, OverflowError, AttributeError) as problem:  # the last: `!!timestamp x`
        raise Invalid("scenario", f"not valid YAML: {' '.join(str(problem).split())[:300]}") from None
    except (RecursionError, StopIteration):
        raise Invalid("scenario", "too large when its aliases are written out") from None
    return content


def _check_depth(text: str) -> None:
    """Refuse what is nested so deep that the loader in C would overflow its stack."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_MAX:
            raise Invalid("scenario", f"nested more than {DEPTH_MAX} deep")


def _check(value: object, left: Iterator[int]) -> None:
    """Refuse names that are no texts, and by RecursionError or StopIteration what has no end."""
    next(left)
    if isinstance(value, dict):
        for name, inner in value.items():
            if not isinstance(name, str):
                raise Invalid("scenario", f"'{name}' is used as a name; write it in quotes")
            _check(inner, left)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, left)


def _seller(alias: str, seller: object) -> dict[str, Any]:
    if not isinstance(seller, dict):
        raise Invalid("sellers", f"seller '{alias}' is not an object with email, password and name")
    return dict(seller)


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
        return re.sub(r"\{n(?::(0\d{1,2}d?))?\}", lambda match: format(n, match[1] or ""), value)
    if isinstance(value, dict):
        return {name: _counted(inner, n) for name, inner in value.items()}
    if isinstance(value, list):
        return [_counted(inner, n) for inner in value]
    return value


def _step(number: int, step: dict[str, Any], sellers: Mapping[str, Any]) -> Step:
    verbs = [word for word in step if word not in _STEP_WORDS]
    if len(verbs) != 1:
        raise Invalid("steps", f"step {number} needs exactly one verb, not {' and '.join(verbs) or 'none'}")
    verb = verbs[0].replace("-", "_")
    if verb not in _CLOCK_VERBS and (verb not in VERBS or VERBS[verb].timer):
        raise Invalid("steps", f"step {number}: there is no verb '{verb}'")
    for word in ("as", "fails"):
        if not isinstance(step.get(word, ""), str):
            raise Invalid(word, f"step {number}: '{word}' is a text")
    arguments = step[verbs[0]]
    if not isinstance(arguments, dict):
        arguments = {} if arguments is None else {_SHORT_ARGUMENT.get(verb, "sku"): arguments}
    arguments = dict(arguments)
    seller = arguments.pop("seller", None)
    if seller is None and len(sellers) == 1:
        seller = next(iter(sellers))
    if seller is not None and not (isinstance(seller, str) and seller in sellers):
        raise Invalid("seller", f"step {number}: there is no seller '{seller}' in this scenario")
    if seller is None and verb not in _TURNING_VERBS:
        raise Invalid("seller", f"step {number}: say which seller")
    return Step(number, verb, seller, arguments, step.get("as"), step.get("fails"))


async def play(
    scenario: Scenario, add_seller: AddSeller, act: Act, progress: Callable[[int, int], None] = lambda done, of: None
) -> dict[str, dict[str, Any]]:
    """Add the sellers, then do the steps; the sellers' credentials by alias. Raises StepFailed at the first refusal."""
    credentials = {alias: await _added(alias, seller, add_seller) for alias, seller in scenario.sellers.items()}
    known: dict[str, Any] = dict(credentials)
    for done, step in enumerate(scenario.steps):
        progress(done, len(scenario.steps))
        arguments = {name: _resolved(value, known, step) for name, value in step.arguments.items()}
        for seller in [step.seller] if step.seller is not None else list(credentials):
            his = {**arguments, "seller": credentials[seller]["seller_id"]}
            if step.verb not in _READING_VERBS:
                his["idempotency_key"] = f"{scenario.name} {done}"
            answer = await _do(step, act, his)
            if step.remember:
                known[step.remember] = answer
    progress(len(scenario.steps), len(scenario.steps))
    return credentials


async def _added(alias: str, seller: dict[str, Any], add_seller: AddSeller) -> dict[str, Any]:
    try:
        return await add_seller(seller)
    except Problem as problem:
        raise Invalid("sellers", f"seller '{alias}': {problem.message}") from problem


async def _do(step: Step, act: Act, arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        answer = await act(step.verb, arguments)
    except Problem as problem:
        meaning = type(problem).__name__
        if step.fails is None or meaning not in (step.fails, "KeyReused"):
            raise StepFailed(step.number, step.verb, problem.message) from problem
        if meaning == step.fails:
            # It takes the key, so that playing the file again does not try it again, when it might succeed.
            await act("set_policy", {name: arguments[name] for name in ("seller", "idempotency_key")})
        return {}
    if step.fails and not answer.get("replayed"):
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
