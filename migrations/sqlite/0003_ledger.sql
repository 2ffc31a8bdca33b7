-- Cash flow. Entries are append-only; each writes its delta in the same transaction; a background consolidator
-- folds deltas into movements per day, month and category. A balance is movements plus the deltas still waiting,
-- read in one statement, so it is exact whether or not the consolidator lives. Amounts are whole centavos. A sum
-- is kept in two columns, billions of centavos and the rest, because SQLite's integers have 64 bits and no
-- number of entries may overflow a sum. Days and months are text (YYYY-MM-DD), a month by its first day.
CREATE TABLE ledger (
    company_id       BLOB PRIMARY KEY,
    main_account_id  BLOB NOT NULL,
    opened_at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE account (
    company_id       BLOB NOT NULL REFERENCES ledger (company_id),
    id               BLOB NOT NULL,
    name             TEXT NOT NULL,
    currency         TEXT NOT NULL,
    time_zone        TEXT NOT NULL,
    opening_balance  INTEGER NOT NULL,
    opening_date     TEXT NOT NULL,
    created_at       INTEGER NOT NULL,
    PRIMARY KEY (company_id, id),
    UNIQUE (company_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger_period (
    company_id  BLOB NOT NULL REFERENCES ledger (company_id),
    month       TEXT NOT NULL,
    closed      INTEGER NOT NULL CHECK (closed IN (0, 1)),
    changed_at  INTEGER NOT NULL,
    changed_by  TEXT NOT NULL,
    PRIMARY KEY (company_id, month)
) STRICT, WITHOUT ROWID;

CREATE TABLE entry (
    company_id        BLOB NOT NULL,
    id                BLOB NOT NULL,
    account_id        BLOB NOT NULL,
    kind              TEXT NOT NULL CHECK (kind IN ('credit', 'debit')),
    amount            INTEGER NOT NULL CHECK (amount > 0),
    currency          TEXT NOT NULL,
    business_date     TEXT NOT NULL,
    occurred_at       INTEGER NOT NULL,
    recorded_at       INTEGER NOT NULL,
    description       TEXT NOT NULL,
    category          TEXT,
    external_id       TEXT,
    metadata          TEXT,
    reverses          BLOB,
    -- The Idempotency-Key of the request that made it, its place in that request, and (on place 0) the
    -- request's hash. Kept for ever: a key of money never expires.
    request_key       TEXT,
    request_position  INTEGER,
    request_hash      BLOB,
    PRIMARY KEY (company_id, id),
    FOREIGN KEY (company_id, account_id) REFERENCES account (company_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX entry_request ON entry (company_id, request_key, request_position) WHERE request_key IS NOT NULL;
CREATE UNIQUE INDEX entry_reverses ON entry (company_id, reverses) WHERE reverses IS NOT NULL;
CREATE INDEX entry_day ON entry (company_id, account_id, business_date, id);
CREATE INDEX entry_company_day ON entry (company_id, business_date, id);
CREATE INDEX entry_external ON entry (company_id, external_id) WHERE external_id IS NOT NULL;

CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry
BEGIN
    SELECT RAISE(ABORT, 'an entry is never changed or deleted; reverse it');
END;
CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry
BEGIN
    SELECT RAISE(ABORT, 'an entry is never changed or deleted; reverse it');
END;

CREATE TABLE entry_delta (
    id             INTEGER PRIMARY KEY,
    company_id     BLOB NOT NULL,
    account_id     BLOB NOT NULL,
    business_date  TEXT NOT NULL,
    category       TEXT NOT NULL,
    credits        INTEGER NOT NULL,
    debits         INTEGER NOT NULL,
    entries        INTEGER NOT NULL
) STRICT;
CREATE INDEX entry_delta_day ON entry_delta (company_id, account_id, business_date, credits, debits, entries);

CREATE TABLE daily_balance (
    company_id       BLOB NOT NULL,
    account_id       BLOB NOT NULL,
    business_date    TEXT NOT NULL,
    credit_billions  INTEGER NOT NULL,
    credit_rest      INTEGER NOT NULL,
    debit_billions   INTEGER NOT NULL,
    debit_rest       INTEGER NOT NULL,
    entries          INTEGER NOT NULL,
    PRIMARY KEY (company_id, account_id, business_date)
) STRICT, WITHOUT ROWID;

CREATE TABLE monthly_balance (
    company_id       BLOB NOT NULL,
    account_id       BLOB NOT NULL,
    month            TEXT NOT NULL,
    credit_billions  INTEGER NOT NULL,
    credit_rest      INTEGER NOT NULL,
    debit_billions   INTEGER NOT NULL,
    debit_rest       INTEGER NOT NULL,
    entries          INTEGER NOT NULL,
    PRIMARY KEY (company_id, account_id, month)
) STRICT, WITHOUT ROWID;

CREATE TABLE daily_category (
    company_id       BLOB NOT NULL,
    account_id       BLOB NOT NULL,
    business_date    TEXT NOT NULL,
    category         TEXT NOT NULL,
    credit_billions  INTEGER NOT NULL,
    credit_rest      INTEGER NOT NULL,
    debit_billions   INTEGER NOT NULL,
    debit_rest       INTEGER NOT NULL,
    entries          INTEGER NOT NULL,
    PRIMARY KEY (company_id, account_id, business_date, category)
) STRICT, WITHOUT ROWID;
