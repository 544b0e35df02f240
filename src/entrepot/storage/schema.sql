-- The sum of the migrations, for reading. Written by `python -m entrepot.storage.migrate --write-schema`.

CREATE FUNCTION public.first_seq_since(seller text, since timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql STABLE
    AS $$
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

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception '% is append-only: % refused', tg_table_name, tg_op using errcode = 'restrict_violation';
end $$;

CREATE TABLE public.applications (
    client_id text NOT NULL,
    name text NOT NULL,
    secret_sealed bytea NOT NULL,
    roles text[] NOT NULL,
    redirect_uris text[] DEFAULT '{}'::text[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.authorization_codes (
    code_hash bytea NOT NULL,
    seller_id text NOT NULL,
    client_id text NOT NULL,
    redirect_uri text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
);

CREATE TABLE public.authorizations (
    seller_id text NOT NULL,
    authorization_id text NOT NULL,
    client_id text NOT NULL,
    refresh_token_hash bytea NOT NULL,
    refresh_token_sealed bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    revoked_at timestamp with time zone
);

CREATE TABLE public.balances (
    seller_id text NOT NULL,
    item text NOT NULL COLLATE pg_catalog."C",
    account text NOT NULL,
    ref text NOT NULL,
    place text NOT NULL,
    disposition text NOT NULL,
    detail text NOT NULL,
    at timestamp with time zone NOT NULL,
    quantity bigint NOT NULL,
    CONSTRAINT balances_bounded CHECK ((abs(quantity) <= 999999999)),
    CONSTRAINT balances_never_negative CHECK ((quantity >= 0))
)
WITH (fillfactor='70');

CREATE SEQUENCE public.batch_numbers
    START WITH 2600000000
    INCREMENT BY 1
    MINVALUE 2600000000
    MAXVALUE 9999999999
    CACHE 1;

CREATE TABLE public.commands (
    seller_id text NOT NULL,
    idempotency_key text NOT NULL,
    request_hash bytea NOT NULL,
    answer text NOT NULL,
    recorded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE public.documents (
    seller_id text NOT NULL,
    document_id text NOT NULL COLLATE pg_catalog."C",
    content_type text NOT NULL,
    object text,
    size bigint DEFAULT 0 NOT NULL,
    gzip boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone NOT NULL,
    submission text
);

CREATE TABLE public.entries (
    seller_id text NOT NULL,
    seq bigint NOT NULL,
    event text NOT NULL,
    effective_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    channel text NOT NULL,
    actor text NOT NULL,
    idempotency_key text,
    reference_kind text NOT NULL,
    reference text NOT NULL,
    reason text NOT NULL
);

CREATE TABLE public.ledgers (
    seller_id text NOT NULL,
    seed bigint NOT NULL,
    counter bigint DEFAULT 0 NOT NULL,
    last_seq bigint DEFAULT 0 NOT NULL,
    last_at timestamp with time zone NOT NULL,
    clock_world timestamp with time zone NOT NULL,
    clock_real timestamp with time zone NOT NULL,
    clock_rate double precision DEFAULT 1 NOT NULL,
    policies jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT ledgers_clock_rate_check CHECK ((clock_rate >= (0)::double precision))
);

CREATE TABLE public.moves (
    seller_id text NOT NULL,
    seq bigint NOT NULL,
    move integer NOT NULL,
    item text NOT NULL COLLATE pg_catalog."C",
    quantity bigint NOT NULL,
    account text NOT NULL,
    place text NOT NULL,
    disposition text NOT NULL,
    detail text NOT NULL,
    ref text NOT NULL,
    at timestamp with time zone NOT NULL,
    country text NOT NULL,
    to_account text NOT NULL,
    to_place text NOT NULL,
    to_disposition text NOT NULL,
    to_detail text NOT NULL,
    to_ref text NOT NULL,
    to_at timestamp with time zone NOT NULL,
    to_country text NOT NULL,
    CONSTRAINT moves_quantity_check CHECK (((quantity >= 1) AND (quantity <= 999999999)))
);

CREATE VIEW public.lines AS
 SELECT m.seller_id,
    m.seq,
    ((2 * m.move) + l.side) AS line,
    m.item,
    l.account,
    l.place,
    l.disposition,
    l.detail,
    l.ref,
    l.at,
    l.country,
    l.delta,
    ((m.country <> ''::text) OR (m.to_country <> ''::text)) AS warehouse
   FROM (public.moves m
     CROSS JOIN LATERAL ( VALUES (0,m.account,m.place,m.disposition,m.detail,m.ref,m.at,m.country,(- m.quantity)), (1,m.to_account,m.to_place,m.to_disposition,m.to_detail,m.to_ref,m.to_at,m.to_country,m.quantity)) l(side, account, place, disposition, detail, ref, at, country, delta));

CREATE TABLE public.listing_attributes (
    seller_id text NOT NULL,
    sku text NOT NULL COLLATE pg_catalog."C",
    attributes jsonb NOT NULL
);

CREATE TABLE public.listings (
    seller_id text NOT NULL,
    sku text NOT NULL COLLATE pg_catalog."C",
    product_type text NOT NULL,
    requirements text NOT NULL,
    marketplaces jsonb NOT NULL,
    availability jsonb NOT NULL,
    offers jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    deleted_at timestamp with time zone,
    mark bigint
)
WITH (fillfactor='70');

CREATE TABLE public.mail (
    seller_id text NOT NULL,
    mail_id bigint NOT NULL,
    recipient text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    sent_at timestamp with time zone,
    problem text,
    tries integer DEFAULT 0 NOT NULL,
    due_at timestamp with time zone DEFAULT now()
);

CREATE TABLE public.offers (
    seller_id text NOT NULL,
    marketplace_id text NOT NULL,
    sku text NOT NULL COLLATE pg_catalog."C",
    created_seq bigint NOT NULL,
    title text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    closed_seq bigint
);

CREATE TABLE public.order_items (
    seller_id text NOT NULL,
    order_item_id text NOT NULL,
    order_id text NOT NULL,
    sku text NOT NULL,
    fnsku text NOT NULL,
    ordered bigint NOT NULL,
    cancelled bigint NOT NULL,
    shipped bigint NOT NULL,
    returned bigint NOT NULL,
    lost bigint NOT NULL,
    routes jsonb NOT NULL,
    currency text NOT NULL,
    price bigint NOT NULL,
    refunded bigint NOT NULL,
    packages jsonb NOT NULL,
    line bigint NOT NULL
);

CREATE TABLE public.orders (
    seller_id text NOT NULL,
    order_id text NOT NULL,
    status text NOT NULL,
    channel text NOT NULL,
    marketplace_id text NOT NULL,
    placed_at timestamp with time zone NOT NULL,
    paid_at timestamp with time zone,
    updated_at timestamp with time zone NOT NULL,
    details jsonb NOT NULL,
    promise jsonb NOT NULL
);

CREATE TABLE public.positions (
    seller_id text NOT NULL,
    country text NOT NULL,
    item text NOT NULL COLLATE pg_catalog."C",
    available bigint DEFAULT 0 NOT NULL,
    ordered bigint DEFAULT 0 NOT NULL,
    in_transfer bigint DEFAULT 0 NOT NULL,
    processing bigint DEFAULT 0 NOT NULL,
    researching bigint DEFAULT 0 NOT NULL,
    customer_damaged bigint DEFAULT 0 NOT NULL,
    warehouse_damaged bigint DEFAULT 0 NOT NULL,
    distributor_damaged bigint DEFAULT 0 NOT NULL,
    carrier_damaged bigint DEFAULT 0 NOT NULL,
    defective bigint DEFAULT 0 NOT NULL,
    expired bigint DEFAULT 0 NOT NULL,
    working bigint DEFAULT 0 NOT NULL,
    shipped bigint DEFAULT 0 NOT NULL,
    receiving bigint DEFAULT 0 NOT NULL,
    stock_seq bigint NOT NULL,
    any_seq bigint NOT NULL,
    any_at timestamp with time zone NOT NULL
);

CREATE TABLE public.products (
    seller_id text NOT NULL,
    asin text NOT NULL COLLATE pg_catalog."C",
    gtin text NOT NULL,
    product_type text NOT NULL,
    title text NOT NULL
);

CREATE TABLE public.recurring_reports (
    seller_id text NOT NULL,
    schedule_id text NOT NULL,
    report_type text NOT NULL,
    marketplaces text[] NOT NULL,
    options jsonb DEFAULT '{}'::jsonb NOT NULL,
    period text NOT NULL,
    begun_at timestamp with time zone NOT NULL,
    door text NOT NULL,
    actor text NOT NULL,
    strict boolean NOT NULL,
    next_at timestamp with time zone NOT NULL
);

CREATE TABLE public.removals (
    seller_id text NOT NULL,
    removal_id text NOT NULL,
    fnsku text NOT NULL,
    sku text NOT NULL,
    disposition text NOT NULL,
    method text NOT NULL,
    requested bigint NOT NULL,
    cancelled bigint NOT NULL,
    shipped bigint NOT NULL,
    disposed bigint NOT NULL
);

CREATE TABLE public.report_schedules (
    seller_id text NOT NULL,
    report_type text NOT NULL,
    hours integer NOT NULL,
    due_at timestamp with time zone NOT NULL,
    CONSTRAINT report_schedules_hours_check CHECK ((hours > 0))
);

CREATE TABLE public.schema_migrations (
    number integer NOT NULL,
    name text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    checksum text NOT NULL
);

CREATE TABLE public.sellers (
    seller_id text NOT NULL,
    email text NOT NULL,
    name text NOT NULL,
    password_hash text NOT NULL,
    region text NOT NULL,
    marketplaces text[] NOT NULL,
    fidelity text,
    mws_access_key_id text NOT NULL,
    mws_secret_sealed bytea NOT NULL,
    mws_auth_token_sealed bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT sellers_fidelity_check CHECK ((fidelity = ANY (ARRAY['forgiving'::text, 'strict'::text]))),
    CONSTRAINT sellers_marketplaces_check CHECK ((cardinality(marketplaces) > 0)),
    CONSTRAINT sellers_region_check CHECK ((region = ANY (ARRAY['NA'::text, 'EU'::text, 'FE'::text]))),
    CONSTRAINT sellers_seller_id_check CHECK ((seller_id ~ '^A[0-9A-Z]{5,19}$'::text))
);

CREATE TABLE public.service_messages (
    locale text NOT NULL,
    message_id text NOT NULL,
    text text NOT NULL,
    set_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.shipment_items (
    seller_id text NOT NULL,
    shipment_id text NOT NULL,
    fnsku text NOT NULL COLLATE pg_catalog."C",
    sku text NOT NULL,
    announced bigint NOT NULL,
    received bigint NOT NULL,
    cancelled bigint NOT NULL,
    lost bigint NOT NULL
);

CREATE TABLE public.shipments (
    seller_id text NOT NULL,
    shipment_id text NOT NULL,
    status text NOT NULL,
    destination text NOT NULL,
    eta timestamp with time zone
);

CREATE TABLE public.skus (
    seller_id text NOT NULL,
    sku text NOT NULL COLLATE pg_catalog."C",
    fnsku text NOT NULL COLLATE pg_catalog."C",
    asin text NOT NULL,
    condition text NOT NULL,
    barcode text NOT NULL
);

CREATE TABLE public.sources (
    seller_id text NOT NULL,
    source_id text NOT NULL COLLATE pg_catalog."C",
    code text NOT NULL,
    alias text NOT NULL,
    status text NOT NULL,
    address jsonb NOT NULL,
    configuration jsonb NOT NULL,
    capabilities jsonb NOT NULL,
    window_start timestamp with time zone,
    window_orders bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);

CREATE TABLE public.submission_issues (
    seller_id text NOT NULL,
    submission_id text NOT NULL COLLATE pg_catalog."C",
    number bigint NOT NULL,
    "position" integer NOT NULL,
    severity text NOT NULL,
    code text NOT NULL,
    message text NOT NULL,
    message_id bigint,
    sku text NOT NULL,
    attribute text NOT NULL,
    details jsonb NOT NULL,
    CONSTRAINT submission_issues_severity_check CHECK ((severity = ANY (ARRAY['ERROR'::text, 'WARNING'::text, 'INFO'::text])))
);

CREATE TABLE public.submissions (
    seller_id text NOT NULL,
    submission_id text NOT NULL COLLATE pg_catalog."C",
    arrived bigint NOT NULL,
    door text NOT NULL,
    actor text NOT NULL,
    feed_type text NOT NULL,
    lane text NOT NULL,
    marketplaces text[] NOT NULL,
    document_id text NOT NULL,
    options jsonb NOT NULL,
    strict boolean NOT NULL,
    status text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    result_id text,
    total bigint,
    applied bigint DEFAULT 0 NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    queued_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    ready_at timestamp with time zone,
    counts jsonb DEFAULT '{}'::jsonb NOT NULL,
    acknowledged_at timestamp with time zone,
    schedule_id text,
    CONSTRAINT submissions_status_check CHECK ((status = ANY (ARRAY['IN_QUEUE'::text, 'IN_PROGRESS'::text, 'DONE'::text, 'FATAL'::text, 'CANCELLED'::text])))
);

CREATE TABLE public.timers (
    seller_id text NOT NULL,
    timer_no bigint NOT NULL,
    due_at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    arguments jsonb NOT NULL
);

CREATE TABLE public.transfers (
    seller_id text NOT NULL,
    transfer_id text NOT NULL,
    fnsku text NOT NULL,
    sku text NOT NULL,
    origin text NOT NULL,
    destination text NOT NULL,
    eta timestamp with time zone,
    sent bigint NOT NULL,
    arrived bigint NOT NULL,
    lost bigint NOT NULL,
    sold bigint NOT NULL
);

ALTER TABLE ONLY public.applications
    ADD CONSTRAINT applications_pkey PRIMARY KEY (client_id);

ALTER TABLE ONLY public.authorization_codes
    ADD CONSTRAINT authorization_codes_pkey PRIMARY KEY (code_hash);

ALTER TABLE ONLY public.authorizations
    ADD CONSTRAINT authorizations_pkey PRIMARY KEY (seller_id, authorization_id);

ALTER TABLE ONLY public.authorizations
    ADD CONSTRAINT authorizations_refresh_token_hash_key UNIQUE (refresh_token_hash);

ALTER TABLE ONLY public.balances
    ADD CONSTRAINT balances_pkey PRIMARY KEY (seller_id, item, account, ref, place, disposition, detail, at);

ALTER TABLE ONLY public.commands
    ADD CONSTRAINT commands_pkey PRIMARY KEY (seller_id, idempotency_key);

ALTER TABLE ONLY public.documents
    ADD CONSTRAINT documents_pkey PRIMARY KEY (seller_id, document_id);

ALTER TABLE ONLY public.entries
    ADD CONSTRAINT entries_pkey PRIMARY KEY (seller_id, seq);

ALTER TABLE ONLY public.ledgers
    ADD CONSTRAINT ledgers_pkey PRIMARY KEY (seller_id);

ALTER TABLE ONLY public.listing_attributes
    ADD CONSTRAINT listing_attributes_pkey PRIMARY KEY (seller_id, sku);

ALTER TABLE ONLY public.listings
    ADD CONSTRAINT listings_pkey PRIMARY KEY (seller_id, sku);

ALTER TABLE ONLY public.mail
    ADD CONSTRAINT mail_pkey PRIMARY KEY (seller_id, mail_id);

ALTER TABLE ONLY public.moves
    ADD CONSTRAINT moves_pkey PRIMARY KEY (seller_id, seq, move);

ALTER TABLE ONLY public.offers
    ADD CONSTRAINT offers_pkey PRIMARY KEY (seller_id, marketplace_id, sku, created_seq);

ALTER TABLE ONLY public.order_items
    ADD CONSTRAINT order_items_pkey PRIMARY KEY (seller_id, order_item_id);

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (seller_id, order_id);

ALTER TABLE ONLY public.positions
    ADD CONSTRAINT positions_pkey PRIMARY KEY (seller_id, country, item);

ALTER TABLE ONLY public.products
    ADD CONSTRAINT products_pkey PRIMARY KEY (seller_id, asin);

ALTER TABLE ONLY public.recurring_reports
    ADD CONSTRAINT recurring_reports_pkey PRIMARY KEY (seller_id, schedule_id);

ALTER TABLE ONLY public.recurring_reports
    ADD CONSTRAINT recurring_reports_seller_id_report_type_marketplaces_key UNIQUE (seller_id, report_type, marketplaces);

ALTER TABLE ONLY public.removals
    ADD CONSTRAINT removals_pkey PRIMARY KEY (seller_id, removal_id);

ALTER TABLE ONLY public.report_schedules
    ADD CONSTRAINT report_schedules_pkey PRIMARY KEY (seller_id, report_type);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.sellers
    ADD CONSTRAINT sellers_mws_access_key_id_key UNIQUE (mws_access_key_id);

ALTER TABLE ONLY public.sellers
    ADD CONSTRAINT sellers_pkey PRIMARY KEY (seller_id);

ALTER TABLE ONLY public.service_messages
    ADD CONSTRAINT service_messages_pkey PRIMARY KEY (locale);

ALTER TABLE ONLY public.shipment_items
    ADD CONSTRAINT shipment_items_pkey PRIMARY KEY (seller_id, shipment_id, fnsku);

ALTER TABLE ONLY public.shipments
    ADD CONSTRAINT shipments_pkey PRIMARY KEY (seller_id, shipment_id);

ALTER TABLE ONLY public.skus
    ADD CONSTRAINT skus_pkey PRIMARY KEY (seller_id, sku);

ALTER TABLE ONLY public.sources
    ADD CONSTRAINT sources_pkey PRIMARY KEY (seller_id, source_id);

ALTER TABLE ONLY public.submission_issues
    ADD CONSTRAINT submission_issues_pkey PRIMARY KEY (seller_id, submission_id, number, "position");

ALTER TABLE ONLY public.submissions
    ADD CONSTRAINT submissions_pkey PRIMARY KEY (seller_id, submission_id);

ALTER TABLE ONLY public.timers
    ADD CONSTRAINT timers_pkey PRIMARY KEY (seller_id, timer_no);

ALTER TABLE ONLY public.transfers
    ADD CONSTRAINT transfers_pkey PRIMARY KEY (seller_id, transfer_id);

CREATE INDEX authorization_codes_expiry ON public.authorization_codes USING btree (expires_at);

CREATE UNIQUE INDEX authorizations_in_force ON public.authorizations USING btree (seller_id, client_id) WHERE (revoked_at IS NULL);

CREATE INDEX mail_due ON public.mail USING btree (due_at) WHERE (due_at IS NOT NULL);

CREATE INDEX moves_item ON public.moves USING btree (seller_id, item, seq) WHERE ((country <> ''::text) OR (to_country <> ''::text));

CREATE UNIQUE INDEX offers_open ON public.offers USING btree (seller_id, marketplace_id, sku) WHERE (closed_seq IS NULL);

CREATE INDEX order_items_order ON public.order_items USING btree (seller_id, order_id);

CREATE INDEX orders_listed ON public.orders USING btree (seller_id, placed_at, order_id);

CREATE INDEX orders_paid ON public.orders USING btree (seller_id, paid_at) WHERE (paid_at IS NOT NULL);

CREATE INDEX positions_stock ON public.positions USING btree (seller_id, country, stock_seq);

CREATE UNIQUE INDEX products_gtin ON public.products USING btree (seller_id, gtin) WHERE (gtin <> ''::text);

CREATE INDEX recurring_reports_due ON public.recurring_reports USING btree (next_at);

CREATE INDEX report_schedules_due ON public.report_schedules USING btree (due_at);

CREATE UNIQUE INDEX sellers_email ON public.sellers USING btree (lower(email));

CREATE INDEX skus_asin ON public.skus USING btree (seller_id, asin);

CREATE INDEX skus_fnsku ON public.skus USING btree (seller_id, fnsku);

CREATE UNIQUE INDEX sources_code ON public.sources USING btree (seller_id, code);

CREATE INDEX sources_listed ON public.sources USING btree (seller_id, created_at, source_id);

CREATE UNIQUE INDEX submissions_arrived ON public.submissions USING btree (seller_id, arrived);

CREATE INDEX submissions_by_type ON public.submissions USING btree (seller_id, feed_type, arrived);

CREATE UNIQUE INDEX submissions_in_progress ON public.submissions USING btree (seller_id, lane) WHERE (status = 'IN_PROGRESS'::text);

CREATE INDEX submissions_in_queue ON public.submissions USING btree (seller_id, lane, arrived) WHERE (status = 'IN_QUEUE'::text);

CREATE INDEX submissions_waiting ON public.submissions USING btree (queued_at) WHERE (status = ANY (ARRAY['IN_QUEUE'::text, 'IN_PROGRESS'::text]));

CREATE INDEX timers_due ON public.timers USING btree (seller_id, due_at, timer_no);

CREATE TRIGGER entries_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.entries FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER moves_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.moves FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

ALTER TABLE ONLY public.authorization_codes
    ADD CONSTRAINT authorization_codes_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.applications(client_id);

ALTER TABLE ONLY public.authorization_codes
    ADD CONSTRAINT authorization_codes_seller_id_fkey FOREIGN KEY (seller_id) REFERENCES public.sellers(seller_id);

ALTER TABLE ONLY public.authorizations
    ADD CONSTRAINT authorizations_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.applications(client_id);

ALTER TABLE ONLY public.authorizations
    ADD CONSTRAINT authorizations_seller_id_fkey FOREIGN KEY (seller_id) REFERENCES public.sellers(seller_id);
