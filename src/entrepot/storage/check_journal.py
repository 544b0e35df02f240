"""Checks of the journal: its entries, their moves, and the lines of these."""

from __future__ import annotations

from typing import Final

from entrepot.domain.accounts import ACCOUNTS, DEFAULT_LOCATION, MERCHANT_ACCOUNTS
from entrepot.domain.events import EVENTS
from entrepot.domain.places import AIRPORTS
from entrepot.storage.check import Check, columns


def _having(part: str) -> list[str]:
    return [account.value for account, traits in ACCOUNTS.items() if part in traits.parts]


CHECKS: Final = (
    Check(
        "The moves of every entry are numbered without gaps",
        (1, 2),
        ("moves",),
        """
        select m.seller_id, 'entry ' || m.seq as subject, 'moves from 0 to ' || count(*) - 1 as expected,
               'moves from ' || min(m.move) || ' to ' || max(m.move)
        from moves m where {m} group by m.seller_id, m.seq having min(m.move) <> 0 or max(m.move) <> count(*) - 1
        """,
    ),
    Check(
        "Every move is one that its event allows",
        (1, 2),
        ("moves",),
        """
        select m.seller_id, 'entry ' || m.seq || ', move ' || m.move as subject, 'a move of ' || e.event as expected,
               m.account || ' to ' || m.to_account
        from moves m
        join entries e on e.seller_id = m.seller_id and e.seq = m.seq
        left join unnest($2::text[], $3::text[], $4::text[]) as a(event, gives, receives)
            on a.event = e.event and a.gives = m.account and a.receives = m.to_account
        where {m} and a.event is null
        """,
        columns((code, *move) for code, event in EVENTS.items() for move in event.moves),
    ),
    Check(
        "Only events that move nothing have entries without moves",
        (2,),
        ("entries",),
        """
        select e.seller_id, 'entry ' || e.seq as subject, 'moves' as expected, e.event || ' without moves'
        from entries e where {e} and e.event <> all($2::text[])
        and not exists (select from moves m where m.seller_id = e.seller_id and m.seq = e.seq)
        """,
        ([code for code, event in EVENTS.items() if not event.moves],),
    ),
    Check(
        "Every move belongs to an entry",
        (2, 4),
        ("moves",),
        """
        select m.seller_id, 'move ' || m.move || ' of entry ' || m.seq as subject, 'an entry' as expected, 'none'
        from moves m where {m}
        and not exists (select from entries e where e.seller_id = m.seller_id and e.seq = m.seq)
        """,
    ),
    Check(
        "Every journal is numbered without gaps, up to its ledger's last number",
        (4,),
        ("entries",),
        """
        select seller_id, 'journal' as subject, 'entries 1 to ' || coalesce(l.last_seq, 0) as expected,
               coalesce(e.entries, 0) || ' entries, ' || coalesce(e.first, 0) || ' to ' || coalesce(e.last, 0)
        from (select * from ledgers l where {l}) l
        full join (
            select e.seller_id, count(*) as entries, min(e.seq) as first, max(e.seq) as last
            from entries e where {e} group by e.seller_id
        ) e using (seller_id)
        where coalesce(l.last_seq, 0) <> coalesce(e.entries, 0) or coalesce(l.last_seq, 0) <> coalesce(e.last, 0)
        or e.first <> 1
        """,
    ),
    Check(
        "World time never goes back along a journal",
        (4, 37),
        ("entries",),
        """
        select e.seller_id, 'entry ' || e.seq as subject, 'not before ' || e.before as expected, e.effective_at::text
        from (
            select e.*, lag(e.effective_at) over (partition by e.seller_id order by e.seq) as before
            from entries e where {e}
        ) e where e.effective_at < e.before
        union all
        select l.seller_id, 'last entry', l.last_at::text, e.effective_at::text
        from ledgers l join entries e on e.seller_id = l.seller_id and e.seq = l.last_seq
        where {l} and e.effective_at <> l.last_at
        """,
    ),
    Check(
        "Every idempotency key posted once what its answer says",
        (5,),
        ("commands", "entries"),
        """
        select seller_id, 'idempotency key ' || idempotency_key as subject,
               coalesce(c.entries, 0) || ' entries from ' || coalesce(c.first, 0) as expected,
               coalesce(e.entries, 0) || ' entries from ' || coalesce(e.first, 0) || ' to ' || coalesce(e.last, 0)
        from (
            select c.seller_id, c.idempotency_key, jsonb_array_length(c.answer::jsonb -> 0) as entries,
                   (c.answer::jsonb #>> '{0,0,seq}')::bigint as first
            from commands c where {c}
        ) c
        full join (
            select e.seller_id, e.idempotency_key, count(*) as entries, min(e.seq) as first, max(e.seq) as last
            from entries e where {e} and e.idempotency_key is not null group by e.seller_id, e.idempotency_key
        ) e using (seller_id, idempotency_key)
        where coalesce(c.entries, 0) <> coalesce(e.entries, 0)
        or e.first is distinct from c.first or e.last - e.first + 1 <> e.entries
        """,
    ),
    Check(
        "Every line names a balance that the chart of accounts knows",
        (2, 3),
        ("lines",),
        """
        select l.seller_id, 'entry ' || l.seq || ', line ' || l.line as subject, 'a balance of the chart' as expected,
               concat_ws(' ', l.account, l.place, l.disposition, l.detail, l.ref, nullif(l.at, '-infinity'))
        from lines l
        left join unnest($2::text[], $3::text[]) as a(account, disposition)
            on a.account = l.account and a.disposition = l.disposition
        where {l} and (
            a.account is null
            or (l.place <> '') <> (l.account = any($4::text[]))
            or (l.detail <> '' and l.account <> all($5::text[]))
            or (l.ref <> '' and l.account <> all($6::text[]))
            or (l.at <> '-infinity' and l.account <> all($7::text[]))
        )
        """,
        (
            *columns((a, d) for a, traits in ACCOUNTS.items() for d in traits.dispositions or ("",)),
            _having("place"),
            _having("detail"),
            _having("ref"),
            _having("at"),
        ),
    ),
    Check(
        "Every line's country is that of its place",
        (4,),
        ("lines",),
        """
        select l.seller_id, 'entry ' || l.seq || ', line ' || l.line || ', place ' || l.place as subject,
               coalesce(c.country, '') as expected, l.country
        from lines l left join unnest($2::text[], $3::text[]) as c(airport, country)
            on c.airport = left(l.place, 3) and l.account <> all($4::text[])
        where {l} and l.country <> coalesce(c.country, '')
        """,
        (*columns(AIRPORTS.items()), list(MERCHANT_ACCOUNTS)),
    ),
    Check(
        "What the seller has himself is at DEFAULT or at one of his locations",
        (30,),
        ("lines",),
        """
        select l.seller_id, 'place ' || l.place || ' in ' || l.account as subject,
               'one of the locations of the seller' as expected, 'none'
        from (select distinct l.seller_id, l.account, l.place from lines l where {l} and l.account = any($2::text[])) l
        where l.place <> $3
        and not exists (select from sources s where s.seller_id = l.seller_id and s.source_id = l.place)
        """,
        (list(MERCHANT_ACCOUNTS), DEFAULT_LOCATION),
    ),
)
