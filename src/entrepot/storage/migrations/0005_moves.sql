-- The journal as it is made: each row a move of units from one balance to another, so that both sides are always there.
-- Half as many rows as with a row a side, which were half the cost of a quantity that a seller sets.

create table moves (
    seller_id      text not null,
    seq            bigint not null,
    move           integer not null,              -- within the entry, from 0
    item           text not null collate "C",
    quantity       bigint not null check (quantity between 1 and 999999999),
    account        text not null,                 -- what gives
    place          text not null,
    disposition    text not null,
    detail         text not null,
    ref            text not null,
    at             timestamptz not null,          -- '-infinity': no instant
    country        text not null,                 -- of the place; '' outside
    to_account     text not null,                 -- what receives
    to_place       text not null,
    to_disposition text not null,
    to_detail      text not null,
    to_ref         text not null,
    to_at          timestamptz not null,
    to_country     text not null
);
insert into moves
select seller_id, seq, g.line / 2, g.item, r.delta,
       g.account, g.place, g.disposition, g.detail, g.ref, g.at, g.country,
       r.account, r.place, r.disposition, r.detail, r.ref, r.at, r.country
from lines g join lines r using (seller_id, seq)
where g.line % 2 = 0 and r.line = g.line + 1
order by seller_id, seq, g.line;
drop table lines;

alter table moves add primary key (seller_id, seq, move);
-- Only what moves through warehouses is looked up by item all the time.
create index moves_item on moves (seller_id, item, seq) where country <> '' or to_country <> '';
create trigger moves_append_only before update or delete or truncate on moves
    for each statement execute function refuse_change();

-- Both sides of each move. warehouse: those of the index by item.
create view lines as
select m.seller_id, m.seq, 2 * m.move + l.side as line, m.item, l.account, l.place, l.disposition, l.detail, l.ref,
       l.at, l.country, l.delta, m.country <> '' or m.to_country <> '' as warehouse
from moves m
cross join lateral (values
    (0, m.account, m.place, m.disposition, m.detail, m.ref, m.at, m.country, - m.quantity),
    (1, m.to_account, m.to_place, m.to_disposition, m.to_detail, m.to_ref, m.to_at, m.to_country, m.quantity)
) as l(side, account, place, disposition, detail, ref, at, country, delta);
