-- Merchant-fulfilled stock: locations, listings, products, and the order book's own side of an order.

-- Items, SKUs and FNSKUs are compared by code points wherever they meet.
alter table lines alter column item type text collate "C";
alter table balances alter column item type text collate "C";
alter table positions alter column item type text collate "C";
alter table skus alter column fnsku type text collate "C";
alter table shipment_items alter column fnsku type text collate "C";

-- Lines are kept in the order of the journal. Only what moves through warehouses is looked up by item all the time;
-- a quantity that a seller sets would pay for an index of its own with more than half of its cost.
alter table lines drop constraint lines_pkey;
alter table lines add primary key (seller_id, seq, line);
create index lines_item on lines (seller_id, item, seq) where country <> '';

-- What the world outside owes is in the journal only.
delete from balances where account in ('X_SUPPLIER', 'X_CORRECTION');
alter table balances drop constraint balances_never_negative;
alter table balances add constraint balances_never_negative check (quantity >= 0);
-- Room beside each row, so that a new quantity needs no new place in the index.
alter table balances set (fillfactor = 70);

-- A supply source: a place from which the seller ships.
create table sources (
    seller_id     text not null,
    source_id     text not null collate "C",
    code          text not null,                  -- unique; archived ones keep theirs
    alias         text not null,
    status        text not null,                  -- Active, Inactive, Archived
    address       jsonb not null,
    configuration jsonb not null,
    capabilities  jsonb not null,
    window_start  timestamptz,                    -- orders routed here in the current window of its throughput cap
    window_orders bigint not null,
    created_at    timestamptz not null,
    updated_at    timestamptz not null,
    primary key (seller_id, source_id)
);
create unique index sources_code on sources (seller_id, code);
create index sources_listed on sources (seller_id, created_at, source_id);

insert into sources
select l.seller_id, gen_random_uuid()::text, 'DEFAULT', 'Default location', 'Active',
       jsonb_build_object('name', 'Default location', 'addressLine1', 'not given', 'stateOrRegion', 'not given',
                          'countryCode', case s.region when 'EU' then 'GB' when 'FE' then 'JP' else 'US' end),
       '{}', '{}', null, 0, l.clock_world, l.clock_world
from ledgers l join sellers s using (seller_id);

-- What a seller submitted about a SKU. Live quantities are balances, never here. What quantities and prices change is
-- kept apart from the attributes, which may be long: so files of 100,000 rows do not write these again.
create table listings (
    seller_id    text not null,
    sku          text not null collate "C",
    product_type text not null,
    requirements text not null,
    marketplaces jsonb not null,                  -- the ids of those where it is listed
    availability jsonb not null,                  -- fulfillment_availability by channel: DEFAULT, AMAZON_NA, a source id
    offers       jsonb not null,                  -- purchasable_offer by "marketplace|currency|audience"
    created_at   timestamptz not null,
    updated_at   timestamptz not null,
    deleted_at   timestamptz,                     -- still found for a day, with an issue
    primary key (seller_id, sku)
) with (fillfactor = 70);
create table listing_attributes (
    seller_id  text not null,
    sku        text not null collate "C",
    attributes jsonb not null,                    -- every other attribute: name → instances
    primary key (seller_id, sku)
);

-- Items of the warehouse are readable as listings.
insert into listings
select o.seller_id, o.sku, 'PRODUCT', 'LISTING', jsonb_agg(o.marketplace_id order by o.marketplace_id),
       jsonb_build_object(c.channel, jsonb_build_object('fulfillment_channel_code', c.channel)), '{}',
       min(o.created_at), max(o.created_at), null
from offers o
join sellers s using (seller_id)
cross join lateral (
    select case s.region when 'EU' then 'AMAZON_EU' when 'FE' then 'AMAZON_JP' else 'AMAZON_NA' end as channel
) c
where o.closed_seq is null group by o.seller_id, o.sku, c.channel;
insert into listing_attributes
select seller_id, sku, jsonb_build_object('item_name', jsonb_agg(jsonb_build_object(
    'marketplace_id', marketplace_id, 'language_tag', 'en_US', 'value', title) order by marketplace_id))
from offers where closed_seq is null group by seller_id, sku;

-- The catalogue of a seller's world: one product an ASIN, one ASIN a GTIN.
create table products (
    seller_id    text not null,
    asin         text not null collate "C",
    gtin         text not null,                   -- 14 digits; '' none
    product_type text not null,
    title        text not null,
    primary key (seller_id, asin)
);
create unique index products_gtin on products (seller_id, gtin) where gtin <> '';
insert into products
select k.seller_id, k.asin, '', 'PRODUCT', min(o.title)
from skus k join offers o using (seller_id, sku) where k.asin <> '' group by k.seller_id, k.asin;

-- Orders: who buys, what was promised, what was paid.
alter table orders add column paid_at timestamptz;
alter table orders add column updated_at timestamptz;
alter table orders add column details jsonb not null default '{}';   -- buyer, address, ship option
alter table orders add column promise jsonb not null default '{}';   -- earliest and latest ship and delivery
update orders set updated_at = placed_at;
alter table orders alter column updated_at set not null;
alter table orders alter column details drop default;
alter table orders alter column promise drop default;
create index orders_listed on orders (seller_id, placed_at, order_id);
alter table order_items add column routes jsonb not null default '[]';    -- which location ships how many
alter table order_items add column currency text not null default '';
alter table order_items add column price bigint not null default 0;       -- of one unit, in minor units
alter table order_items add column refunded bigint not null default 0;    -- in minor units
alter table order_items add column packages jsonb not null default '[]';  -- shipments confirmed: carrier, tracking
alter table order_items alter column routes drop default;
alter table order_items alter column currency drop default;
alter table order_items alter column price drop default;
alter table order_items alter column refunded drop default;
alter table order_items alter column packages drop default;
alter table order_items add column line bigint not null default 0;        -- its place in the order
alter table order_items alter column line drop default;
