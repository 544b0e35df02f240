-- AIM: batches and reports on the same queue as feeds, mail, and order reports that come by themselves.

-- What batches and reports of AIM are called: one rising sequence, always of ten digits.
create sequence batch_numbers minvalue 2600000000 maxvalue 9999999999;

alter table submissions
    add column ready_at timestamptz,              -- world time; not to be started before
    add column counts jsonb not null default '{}';  -- what came of it: name → number
create index submissions_by_type on submissions (seller_id, feed_type, arrived);

-- What a file said of a listing beside prices and quantities, as a number: the same row again changes nothing of it.
-- Whoever else changes the listing takes the mark away.
alter table listings add column mark bigint;

-- Reports that are made by themselves; `due_at` is world time, the end of the period that is next.
create table report_schedules (
    seller_id   text not null,
    report_type text not null,
    hours       int not null check (hours > 0),
    due_at      timestamptz not null,
    primary key (seller_id, report_type)
);
create index report_schedules_due on report_schedules (due_at);

-- Mail that was to be sent. `sent_at` and `due_at` are real time; `due_at`: when to try next, null: never again.
-- `problem`: why the last attempt failed.
create table mail (
    seller_id  text not null,
    mail_id    bigint not null,
    recipient  text not null,
    subject    text not null,
    body       text not null,
    created_at timestamptz not null,              -- world time
    sent_at    timestamptz,
    problem    text,
    tries      int not null default 0,
    due_at     timestamptz default now(),
    primary key (seller_id, mail_id)
);
create index mail_due on mail (due_at) where due_at is not null;

-- Order reports are about the orders that were paid for in a span of time.
create index orders_paid on orders (seller_id, paid_at) where paid_at is not null;
