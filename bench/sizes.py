"""How much is measured, and for how long: the one place where the harness keeps its numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """`seconds` is how long one round of one figure lasts; ours and the limit take turns, `rounds` times."""

    skus: int = 200_000
    rounds: int = 5
    seconds: float = 2.0
    spread: int = 10_000  # SKUs that reservations are spread over
    together: int = 256  # reservations of one instant
    requests: int = 10_000  # before memory is read
    starts: int = 5

    @property
    def data(self) -> str:
        return f"{self.skus:,} SKUs"


FULL = Sizes()
QUICK = Sizes(skus=20_000, rounds=3, seconds=0.7, requests=2_000, starts=2)
