"""Preorder: what buyers wait for. Nobody's demand is modelled, so the operator installs the file; we only encode it.

Source: AIM reference §9.6.
"""

from __future__ import annotations

from entrepot.feeds.applying import whole
from entrepot.feeds.job import Job, Result
from entrepot.reports.files import encoding_of
from entrepot.reports.making import marketplace_of


async def installed(job: Job) -> Result:
    encoding = encoding_of(marketplace_of(job))
    text = (await whole(job)).decode()
    return Result("DONE", encoding.content_type, text.encode(encoding.codec, "replace"))
