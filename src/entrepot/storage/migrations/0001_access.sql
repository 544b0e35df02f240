-- Who may knock: sellers, developer applications, and the authorisation between them.

create table sellers (
    seller_id             text primary key check (seller_id ~ '^A[0-9A-Z]{5,19}$'),
    email                 text not null,
    name                  text not null,
    password_hash         text not null,                 -- argon2
    region                text not null check (region in ('NA', 'EU', 'FE')),
    marketplaces          text[] not null check (cardinality(marketplaces) > 0),
    fidelity              text check (fidelity in ('forgiving', 'strict')),  -- null: as the server
    mws_access_key_id     text not null unique,
    mws_secret_sealed     bytea not null,
    mws_auth_token_sealed bytea not null,
    created_at            timestamptz not null default now()
);
create unique index sellers_email on sellers (lower(email));

create table applications (
    client_id     text primary key,
    name          text not null,
    secret_sealed bytea not null,
    roles         text[] not null,
    redirect_uris text[] not null default '{}',
    created_at    timestamptz not null default now()
);

create table authorizations (
    seller_id            text not null references sellers,
    authorization_id     text not null,
    client_id            text not null references applications,
    refresh_token_hash   bytea not null unique,          -- sha256: the token itself is found by it
    refresh_token_sealed bytea not null,
    created_at           timestamptz not null default now(),
    revoked_at           timestamptz,
    primary key (seller_id, authorization_id)
);
-- one authorisation in force between a seller and an application, however many were revoked
create unique index authorizations_in_force on authorizations (seller_id, client_id) where revoked_at is null;

create table authorization_codes (
    code_hash    bytea primary key,                      -- sha256
    seller_id    text not null references sellers,
    client_id    text not null references applications,
    redirect_uri text not null,
    expires_at   timestamptz not null,
    used_at      timestamptz
);
create index authorization_codes_expiry on authorization_codes (expires_at);
