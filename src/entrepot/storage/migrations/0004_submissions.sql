-- Files that sellers upload, what is to be done with them, and what came of it. The queue is the table itself.

-- Uploaded and made documents; the bytes are in the document store, under `object`.
create table documents (
    seller_id    text not null,
    document_id  text not null collate "C",
    content_type text not null,                   -- as announced; an upload must say exactly this
    object       text,                            -- null: nothing was uploaded yet
    size         bigint not null default 0,       -- bytes as stored
    gzip         boolean not null default false,  -- the stored bytes are a gzip file
    created_at   timestamptz not null,            -- world time
    submission   text,                            -- the one that used it, or that it is the result of
    primary key (seller_id, document_id)
);

create table submissions (
    seller_id     text not null,
    submission_id text not null collate "C",
    arrived       bigint not null,                -- the seller's submissions in order of arrival
    door          text not null,
    actor         text not null,                  -- who submitted: an application, a user
    feed_type     text not null,
    lane          text not null,
    marketplaces  text[] not null,
    document_id   text not null,
    options       jsonb not null,
    strict        boolean not null,               -- the fidelity that it is processed with
    status        text not null check (status in ('IN_QUEUE', 'IN_PROGRESS', 'DONE', 'FATAL', 'CANCELLED')),
    created_at    timestamptz not null,           -- these three: world time
    started_at    timestamptz,
    finished_at   timestamptz,
    result_id     text,
    total         bigint,                         -- messages in it, once known
    applied       bigint not null default 0,      -- messages done, in order: where the next attempt goes on
    attempt       int not null default 0,         -- who writes must hold the current one
    tries         int not null default 0,         -- attempts since the last progress
    queued_at     timestamptz not null default clock_timestamp(),
    primary key (seller_id, submission_id)
);
create unique index submissions_arrived on submissions (seller_id, arrived);
-- One at a time in each lane of a seller.
create unique index submissions_in_progress on submissions (seller_id, lane) where status = 'IN_PROGRESS';
create index submissions_waiting on submissions (queued_at) where status in ('IN_QUEUE', 'IN_PROGRESS');
create index submissions_in_queue on submissions (seller_id, lane, arrived) where status = 'IN_QUEUE';

-- What was wrong with single messages, kept chunk by chunk for the report.
create table submission_issues (
    seller_id     text not null,
    submission_id text not null collate "C",
    number        bigint not null,                -- of the message, or the row
    position      int not null,                   -- among the issues of that message
    severity      text not null check (severity in ('ERROR', 'WARNING', 'INFO')),
    code          text not null,
    message       text not null,
    message_id    bigint,                         -- what the sender calls the message
    sku           text not null,
    attribute     text not null,
    details       jsonb not null,                 -- names and values
    primary key (seller_id, submission_id, number, position)
);
