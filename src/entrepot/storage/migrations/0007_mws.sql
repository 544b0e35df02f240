-- MWS, and one set of reports behind all doors.

alter table submissions
    add column acknowledged_at timestamptz,       -- world time; when the seller said that he has a report
    add column schedule_id text;                  -- the schedule that asked for a report

-- Reports that are asked for again and again, one schedule for a type and its marketplaces; `next_at` is world time.
create table recurring_reports (
    seller_id    text not null,
    schedule_id  text not null,
    report_type  text not null,
    marketplaces text[] not null,
    options      jsonb not null default '{}',
    period       text not null,                   -- ISO 8601: PT15M, P1D, P1M
    begun_at     timestamptz not null,            -- what the periods are counted from, so that a month keeps its day
    door         text not null,
    actor        text not null,
    strict       boolean not null,
    next_at      timestamptz not null,
    primary key (seller_id, schedule_id),
    unique (seller_id, report_type, marketplaces)
);
create index recurring_reports_due on recurring_reports (next_at);

-- What an operator has to say of the service, in one language each.
create table service_messages (
    locale     text primary key,
    message_id text not null,
    text       text not null,
    set_at     timestamptz not null default now() -- real time
);
