-- What companies owe for a month. Who holds which plan since when is kept, because a month is billed by the plan held
-- at its end, whenever the run comes; of a plan that was removed its document is kept there. An invoice is issued once for a company and month, with its price, its parties
-- and its lines as they were: none of them changes again. What a later look finds different becomes lines of the next
-- invoice, each with the month whose calls it is for and the invoice it corrects, so that all lines of a month add up
-- to the price of its calls. A line's tier is 0 for the base price; units are in millionths, amounts in centavos.
-- Instants are microseconds since 1970-01-01 UTC; days are text (YYYY-MM-DD), a month by its first day.
CREATE TABLE company_plan (
    company_id  BLOB NOT NULL REFERENCES company (id),
    since       INTEGER NOT NULL,
    plan        TEXT,
    document    TEXT,
    PRIMARY KEY (company_id, since)
) STRICT, WITHOUT ROWID;
INSERT INTO company_plan (company_id, since, plan) SELECT id, created_at, plan FROM company WHERE plan IS NOT NULL;

-- The company that bills where the settings name none; the first run says which.
CREATE TABLE biller (
    only_one    INTEGER PRIMARY KEY DEFAULT 1 CHECK (only_one = 1),
    company_id  BLOB NOT NULL REFERENCES company (id)
) STRICT;

CREATE TABLE invoice (
    company_id  BLOB NOT NULL REFERENCES company (id),
    id          BLOB NOT NULL,
    month       TEXT NOT NULL,
    status      TEXT NOT NULL CHECK (status IN ('issued', 'paid')),
    currency    TEXT NOT NULL,
    plan        TEXT,
    price       TEXT,
    issuer      TEXT NOT NULL,
    customer    TEXT NOT NULL,
    total       INTEGER NOT NULL,
    issued_at   INTEGER NOT NULL,
    issue_date  TEXT NOT NULL,
    due_date    TEXT NOT NULL,
    paid_at     INTEGER,
    PRIMARY KEY (company_id, id),
    UNIQUE (company_id, month)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX invoice_id ON invoice (id);
CREATE INDEX invoice_month ON invoice (month, id);

CREATE TABLE invoice_line (
    company_id  BLOB NOT NULL,
    invoice_id  BLOB NOT NULL,
    position    INTEGER NOT NULL,
    month       TEXT NOT NULL,
    tier        INTEGER NOT NULL CHECK (tier >= 0),
    after       INTEGER NOT NULL,
    up_to       INTEGER,
    quantity    INTEGER NOT NULL,
    unit        INTEGER,
    amount      INTEGER NOT NULL,
    corrects    BLOB,
    PRIMARY KEY (company_id, invoice_id, position),
    FOREIGN KEY (company_id, invoice_id) REFERENCES invoice (company_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX invoice_line_month ON invoice_line (company_id, month);
CREATE TRIGGER invoice_line_no_update BEFORE UPDATE ON invoice_line
BEGIN
    SELECT RAISE(ABORT, 'an invoice''s line is never changed or deleted; correct it on the next invoice');
END;
CREATE TRIGGER invoice_line_no_delete BEFORE DELETE ON invoice_line
BEGIN
    SELECT RAISE(ABORT, 'an invoice''s line is never changed or deleted; correct it on the next invoice');
END;
