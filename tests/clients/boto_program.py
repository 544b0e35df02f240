"""boto, unmodified, in a process of its own: each line read is one call, each line written what it answered.

    {"call": "list_inventory_supply", "arguments": {"SellerSkus": ["A"]}}

It must be a process of its own, as its copy of `six` changes how all of Python imports. The arguments of MWSConnection
are the first argument of the command, as JSON; the configuration of boto is in BOTO_CONFIG, as its manual says.
"""

# mypy: ignore-errors
from __future__ import annotations

import json
import sys

from boto.exception import BotoServerError
from boto.mws.connection import MWSConnection
from boto.mws.response import ResponseElement


def plain(found: object) -> object:
    """An answer as JSON has it."""
    if isinstance(found, bytes):
        return found.decode("latin-1")
    if isinstance(found, list):
        return [plain(one) for one in found]
    if isinstance(found, ResponseElement):
        return {name: plain(value) for name, value in vars(found).items() if name[0] != "_"}
    return found if found is None else str(found)


def main() -> None:
    connection = MWSConnection(**json.loads(sys.argv[1]))
    out, sys.stdout = sys.stdout, sys.stderr  # the library prints what it meets
    for line in sys.stdin:
        asked = json.loads(line)
        arguments = asked["arguments"]
        if "FeedContent" in arguments:
            arguments["FeedContent"] = arguments["FeedContent"].encode("latin-1")
        try:
            found = getattr(connection, asked["call"])(**arguments)
            answer = {"answer": plain(getattr(found, "_result", found))}
        except BotoServerError as error:
            answer = {"status": error.status, "code": error.error_code}
        print(json.dumps(answer), file=out, flush=True)


if __name__ == "__main__":
    main()
