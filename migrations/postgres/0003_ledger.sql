-- Cash flow. Entries are append-only; each writes its delta in the same transaction; a background consolidator
-- folds deltas into movements per day, month and category. A balance is movements plus the deltas still waiting,
-- read in one statement, so it is exact whether or not the consolidator lives. Amounts are whole centavos; sums
-- are numeric because no number of entries may overflow them.
CREATE TABLE ledger (
    company_id       uuid PRIMARY KEY,
    main_account_id  uuid NOT NULL,
    opened_at        timestamptz NOT NULL
);

CREATE TABLE account (
    company_id       uuid NOT NULL REFERENCES ledger (company_id),
    id               uuid NOT NULL,
    name             text NOT NULL,
    currency         text NOT NULL,
    time_zone        text NOT NULL,
    opening_balance  bigint NOT NULL,
    opening_date     date NOT NULL,
    created_at       timestamptz NOT NULL,
    PRIMARY KEY (company_id, id),
    CONSTRAINT account_name UNIQUE (company_id, name)
);

-- Once closed, a month takes no entry. The row of ledger is the lock: entries share it, closing takes it alone.
CREATE TABLE ledger_period (
    company_id  uuid NOT NULL REFERENCES ledger (company_id),
    month       date NOT NULL,
    closed      boolean NOT NULL,
    changed_at  timestamptz NOT NULL,
    changed_by  text NOT NULL,
    PRIMARY KEY (company_id, month)
);

CREATE TABLE entry (
    company_id        uuid NOT NULL,
    id                uuid NOT NULL,
    account_id        uuid NOT NULL,
    kind              text NOT NULL CHECK (kind IN ('credit', 'debit')),
    amount            bigint NOT NULL CHECK (amount > 0),
    currency          text NOT NULL,
    business_date     date NOT NULL,
    occurred_at       timestamptz NOT NULL,
    recorded_at       timestamptz NOT NULL,
    description       text NOT NULL,
    category          text,
    external_id       text,
    metadata          text,
    reverses          uuid,
    -- The Idempotency-Key of the request that made it, its place in that request, and (on place 0) the
    -- request's hash. Kept for ever: a key of money never expires.
    request_key       text,
    request_position  integer,
    request_hash      bytea,
    PRIMARY KEY (company_id, id),
    FOREIGN KEY (company_id, account_id) REFERENCES account (company_id, id)
);
CREATE UNIQUE INDEX entry_request ON entry (company_id, request_key, request_position) WHERE request_key IS NOT NULL;
CREATE UNIQUE INDEX entry_reverses ON entry (company_id, reverses) WHERE reverses IS NOT NULL;
CREATE INDEX entry_day ON entry (company_id, account_id, business_date, id);
CREATE INDEX entry_company_day ON entry (company_id, business_date, id);
CREATE INDEX entry_external ON entry (company_id, external_id) WHERE external_id IS NOT NULL;

CREATE FUNCTION entry_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an entry is never changed or deleted; reverse it';
END
$$;
CREATE TRIGGER entry_append_only BEFORE UPDATE OR DELETE ON entry
    FOR EACH ROW EXECUTE FUNCTION entry_is_append_only();
CREATE TRIGGER entry_no_truncate BEFORE TRUNCATE ON entry
    FOR EACH STATEMENT EXECUTE FUNCTION entry_is_append_only();

CREATE TABLE entry_delta (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    company_id     uuid NOT NULL,
    account_id     uuid NOT NULL,
    business_date  date NOT NULL,
    category       text NOT NULL,
    credits        bigint NOT NULL,
    debits         bigint NOT NULL,
    entries        bigint NOT NULL
);
CREATE INDEX entry_delta_day ON entry_delta (company_id, account_id, business_date) INCLUDE (credits, debits, entries);
-- Rows live for a fraction of a second: without eager vacuum the index grows on the dead ones.
ALTER TABLE entry_delta SET (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 20000,
    autovacuum_vacuum_cost_delay = 0
);

CREATE TABLE daily_balance (
    company_id     uuid NOT NULL,
    account_id     uuid NOT NULL,
    business_date  date NOT NULL,
    credits        numeric NOT NULL,
    debits         numeric NOT NULL,
    entries        bigint NOT NULL,
    PRIMARY KEY (company_id, account_id, business_date)
) WITH (fillfactor = 80);

CREATE TABLE monthly_balance (
    company_id     uuid NOT NULL,
    account_id     uuid NOT NULL,
    month          date NOT NULL,
    credits        numeric NOT NULL,
    debits         numeric NOT NULL,
    entries        bigint NOT NULL,
    PRIMARY KEY (company_id, account_id, month)
) WITH (fillfactor = 80);

CREATE TABLE daily_category (
    company_id     uuid NOT NULL,
    account_id     uuid NOT NULL,
    business_date  date NOT NULL,
    category       text NOT NULL,
    credits        numeric NOT NULL,
    debits         numeric NOT NULL,
    entries        bigint NOT NULL,
    PRIMARY KEY (company_id, account_id, business_date, category)
) WITH (fillfactor = 80);
