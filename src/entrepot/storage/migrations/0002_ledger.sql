-- The stock ledger. Seller first in every key: every transaction touches one seller.

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only: % refused', tg_table_name, tg_op using errcode = 'restrict_violation';
end $$;

-- One row per seller: its lock, its sequence, its clock (world time = clock_world + (real - clock_real) * clock_rate).
create table ledgers (
    seller_id    text primary key,
    seed         bigint not null,
    counter      bigint not null default 0,       -- identifiers allotted
    last_seq     bigint not null default 0,
    last_at      timestamptz not null,            -- effective time of the last entry: never goes back
    clock_world  timestamptz not null,
    clock_real   timestamptz not null,
    clock_rate   double precision not null default 1 check (clock_rate >= 0),
    policies     jsonb not null default '{}'
);

-- The journal: an entry is one event of one command.
create table entries (
    seller_id       text not null,
    seq             bigint not null,              -- without gaps, in commit order
    event           text not null,
    effective_at    timestamptz not null,         -- world time
    recorded_at     timestamptz not null default clock_timestamp(),
    channel         text not null,                -- through which door
    actor           text not null,                -- who asked
    idempotency_key text,
    reference_kind  text not null,
    reference       text not null,
    reason          text not null,
    primary key (seller_id, seq)
);
create trigger entries_append_only before update or delete or truncate on entries
    for each statement execute function refuse_change();

-- The first entry at or after an instant (one past the last if there is none). World time never goes back along the
-- sequence, so it is found by halving, and entries need no index by time.
create function first_seq_since(seller text, since timestamptz) returns bigint language plpgsql stable as $$
declare
    low bigint := 1;
    high bigint := (select last_seq + 1 from ledgers where seller_id = seller);
    middle bigint;
begin
    while low < high loop
        middle := (low + high) / 2;
        if (select effective_at >= since from entries where seller_id = seller and seq = middle) then
            high := middle;
        else
            low := middle + 1;
        end if;
    end loop;
    return low;
end $$;

-- Two lines a posting: giving, then receiving.
create table lines (
    seller_id   text not null,
    seq         bigint not null,
    line        integer not null,
    item        text not null,
    account     text not null,
    place       text not null,
    disposition text not null,
    detail      text not null,
    ref         text not null,
    at          timestamptz not null,             -- '-infinity': no instant
    country     text not null,                    -- of the place; '' outside
    delta       bigint not null check (delta <> 0 and abs(delta) <= 999999999),
    primary key (seller_id, item, seq, line)
);
create trigger lines_append_only before update or delete or truncate on lines
    for each statement execute function refuse_change();

-- Running sums of the lines. Stock is never negative; the world outside may be.
create table balances (
    seller_id   text not null,
    item        text not null,
    account     text not null,
    ref         text not null,
    place       text not null,
    disposition text not null,
    detail      text not null,
    at          timestamptz not null,
    quantity    bigint not null,
    primary key (seller_id, item, account, ref, place, disposition, detail, at),
    constraint balances_never_negative check (quantity >= 0 or account in ('X_SUPPLIER', 'X_CORRECTION')),
    constraint balances_bounded check (abs(quantity) <= 999999999)
);

-- The same sums by item, country and state, for reading, with the marks of the last changes.
create table positions (
    seller_id           text not null,
    country             text not null,
    item                text not null,
    available           bigint not null default 0,
    ordered             bigint not null default 0,
    in_transfer         bigint not null default 0,
    processing          bigint not null default 0,
    researching         bigint not null default 0,
    customer_damaged    bigint not null default 0,
    warehouse_damaged   bigint not null default 0,
    distributor_damaged bigint not null default 0,
    carrier_damaged     bigint not null default 0,
    defective           bigint not null default 0,
    expired             bigint not null default 0,
    working             bigint not null default 0,
    shipped             bigint not null default 0,
    receiving           bigint not null default 0,
    stock_seq           bigint not null,          -- last entry that changed more than what is inbound
    any_seq             bigint not null,          -- last entry that changed anything
    any_at              timestamptz not null,
    primary key (seller_id, country, item)
);
create index positions_stock on positions (seller_id, country, stock_seq);

-- Commands with an idempotency key, and what they answered.
create table commands (
    seller_id       text not null,
    idempotency_key text not null,
    request_hash    bytea not null,
    answer          text not null,
    recorded_at     timestamptz not null default clock_timestamp(),
    primary key (seller_id, idempotency_key)
);

create table timers (
    seller_id text not null,
    timer_no  bigint not null,
    due_at    timestamptz not null,               -- world time
    kind      text not null,
    arguments jsonb not null,
    primary key (seller_id, timer_no)
);
create index timers_due on timers (seller_id, due_at, timer_no);

-- The papers that travel with stock.
create table skus (
    seller_id text not null,
    sku       text not null collate "C",
    fnsku     text not null,
    asin      text not null,
    condition text not null,
    barcode   text not null,
    primary key (seller_id, sku)
);
create index skus_fnsku on skus (seller_id, fnsku);
create index skus_asin on skus (seller_id, asin);

-- A SKU in a marketplace, from the entry that created it to the one that closed it.
create table offers (
    seller_id      text not null,
    marketplace_id text not null,
    sku            text not null collate "C",
    created_seq    bigint not null,
    title          text not null,
    created_at     timestamptz not null,
    closed_seq     bigint,
    primary key (seller_id, marketplace_id, sku, created_seq)
);
create unique index offers_open on offers (seller_id, marketplace_id, sku) where closed_seq is null;

create table shipments (
    seller_id   text not null,
    shipment_id text not null,
    status      text not null,
    destination text not null,
    eta         timestamptz,
    primary key (seller_id, shipment_id)
);

create table shipment_items (
    seller_id   text not null,
    shipment_id text not null,
    fnsku       text not null,
    sku         text not null,
    announced   bigint not null,
    received    bigint not null,
    cancelled   bigint not null,
    lost        bigint not null,
    primary key (seller_id, shipment_id, fnsku)
);

create table orders (
    seller_id      text not null,
    order_id       text not null,
    status         text not null,
    channel        text not null,
    marketplace_id text not null,
    placed_at      timestamptz not null,
    primary key (seller_id, order_id)
);

create table order_items (
    seller_id     text not null,
    order_item_id text not null,
    order_id      text not null,
    sku           text not null,
    fnsku         text not null,
    ordered       bigint not null,
    cancelled     bigint not null,
    shipped       bigint not null,
    returned      bigint not null,
    lost          bigint not null,
    primary key (seller_id, order_item_id)
);
create index order_items_order on order_items (seller_id, order_id);

create table transfers (
    seller_id   text not null,
    transfer_id text not null,
    fnsku       text not null,
    sku         text not null,
    origin      text not null,
    destination text not null,
    eta         timestamptz,
    sent        bigint not null,
    arrived     bigint not null,
    lost        bigint not null,
    sold        bigint not null,
    primary key (seller_id, transfer_id)
);

create table removals (
    seller_id   text not null,
    removal_id  text not null,
    fnsku       text not null,
    sku         text not null,
    disposition text not null,
    method      text not null,
    requested   bigint not null,
    cancelled   bigint not null,
    shipped     bigint not null,
    disposed    bigint not null,
    primary key (seller_id, removal_id)
);
