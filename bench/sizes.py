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
    listings: int = 200_000  # of the seller whose files are processed
    patches: int = 25_000  # messages of a JSON_LISTINGS_FEED
    flat_rows: int = 100_000  # rows of a price-and-quantity file
    feeds: int = 3  # of each kind
    aim_rows: int = 100_000  # rows of an AIM inventory file, about 10 MB
    reported: int = 1_000_000  # listings of the seller of reports

    @property
    def data(self) -> str:
        return f"{self.skus:,} SKUs"


FULL = Sizes()
QUICK = Sizes(
    skus=20_000,
    rounds=3,
    seconds=0.7,
    requests=2_000,
    starts=2,
    listings=20_000,
    patches=5_000,
    flat_rows=10_000,
    aim_rows=10_000,
    reported=50_000,
)
