"""Client libraries, unmodified, against a server."""

import pytest

pytest.register_assert_rewrite("tests.clients.multi_location")
