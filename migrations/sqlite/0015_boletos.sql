-- Boletos, the accounts they are paid into, and the files they come from. A boleto is found by its id and by its debt:
-- both indexes begin with the company and neither is larger than it must be, because a file of a million debts writes
-- a million entries to each. What is asked more rarely is found by walking the company's boletos, newest first. A
-- debt has one boleto, whoever sends it again. A file is cut into chunks; what a chunk issues, its problems and how
-- far it has come are written together, so that it goes on where it stopped.
-- Instants are microseconds since 1970-01-01 UTC; days are text (YYYY-MM-DD). boleto keeps its rows by number, in the order
-- they are written: rows as wide as its own would make a tree of keys deep and slow to append to.
CREATE TABLE bank_account (
    company_id       BLOB NOT NULL REFERENCES company (id),
    id               BLOB NOT NULL,
    -- What the beneficiary knows of it, a JSON document: banks need different things.
    fields           TEXT NOT NULL,
    -- What makes its barcodes its own. Two accounts alike would count the same numbers.
    numbering        TEXT NOT NULL,
    -- The first of our numbers that is not given to anybody. Taken in blocks.
    next_our_number  INTEGER NOT NULL CHECK (next_our_number > 0),
    created_at       INTEGER NOT NULL,
    PRIMARY KEY (company_id, id),
    UNIQUE (company_id, numbering)
) STRICT, WITHOUT ROWID;

CREATE TABLE boleto (
    company_id         BLOB NOT NULL,
    id                 BLOB NOT NULL,
    debt_id            TEXT NOT NULL,
    bank_account_id    BLOB NOT NULL,
    payer_name         TEXT NOT NULL,
    payer_document     TEXT NOT NULL,
    payer_email        TEXT,
    payer_address      TEXT,
    amount             INTEGER NOT NULL CHECK (amount > 0),
    paid_amount        INTEGER NOT NULL DEFAULT 0,
    due_date           TEXT NOT NULL,
    our_number         TEXT NOT NULL,
    -- The 44 digits; the line that payers type follows from them.
    barcode            TEXT NOT NULL,
    -- Instructions, fine, interest and discounts, a JSON document, for those that have them.
    terms              TEXT,
    -- Overdue is an open one whose day has passed: nobody writes that down.
    status             TEXT NOT NULL CHECK (status IN ('open', 'paid', 'partially_paid', 'cancelled')),
    registration       TEXT NOT NULL CHECK (registration IN ('pending', 'registered', 'rejected')),
    delivery           TEXT NOT NULL CHECK (delivery IN ('none', 'queued', 'sending', 'sent', 'failed', 'unknown')),
    delivery_attempts  INTEGER NOT NULL DEFAULT 0,
    delivery_error     TEXT,
    delivered_at       INTEGER,
    -- The file it came from and its line in it, for those that came so.
    import_id          BLOB,
    import_line        INTEGER,
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL,
    PRIMARY KEY (company_id, id),
    UNIQUE (company_id, debt_id)
) STRICT;

CREATE TABLE boleto_import (
    company_id       BLOB NOT NULL REFERENCES company (id),
    id               BLOB NOT NULL,
    bank_account_id  BLOB NOT NULL,
    status           TEXT NOT NULL CHECK (status IN ('running', 'completed', 'failed')),
    documents        TEXT NOT NULL CHECK (documents IN ('any', 'valid')),
    -- Where the file is kept, its SHA-256, and how it is written: a JSON document.
    file             TEXT NOT NULL,
    file_hash        BLOB NOT NULL,
    layout           TEXT NOT NULL,
    bytes_total      INTEGER NOT NULL,
    bytes_read       INTEGER NOT NULL DEFAULT 0,
    chunks           INTEGER NOT NULL,
    chunks_done      INTEGER NOT NULL DEFAULT 0,
    -- issued + duplicates + rejected = rows_read at every commit; those warned of are among the issued.
    rows_read        INTEGER NOT NULL DEFAULT 0,
    issued           INTEGER NOT NULL DEFAULT 0,
    duplicates       INTEGER NOT NULL DEFAULT 0,
    rejected         INTEGER NOT NULL DEFAULT 0,
    warned           INTEGER NOT NULL DEFAULT 0,
    -- Why it failed.
    error            TEXT,
    started_at       INTEGER NOT NULL,
    finished_at      INTEGER,
    PRIMARY KEY (company_id, id),
    CONSTRAINT boleto_import_finished CHECK ((finished_at IS NULL) = (status = 'running'))
) STRICT, WITHOUT ROWID;

CREATE TABLE import_chunk (
    company_id   BLOB NOT NULL,
    import_id    BLOB NOT NULL,
    number       INTEGER NOT NULL,
    begin_byte   INTEGER NOT NULL,
    end_byte     INTEGER NOT NULL,
    -- The line of the file at which it begins, from 1.
    first_line   INTEGER NOT NULL,
    -- The first of its boletos' ids: they count on from it in the last four bytes, so its boletos are a range.
    first_id     BLOB NOT NULL,
    -- How often it was begun; each time gives ids of its own within the range.
    attempts     INTEGER NOT NULL DEFAULT 0,
    -- It is worked through in the order of debt ids, in turns: the last one written so far.
    written_to   TEXT,
    is_done      INTEGER NOT NULL DEFAULT 0 CHECK (is_done IN (0, 1)),
    PRIMARY KEY (company_id, import_id, number),
    FOREIGN KEY (company_id, import_id) REFERENCES boleto_import (company_id, id)
) STRICT, WITHOUT ROWID;

-- Rows not issued, or issued with a warning: some hundreds to a page, a JSON array, for a bad file has a million.
CREATE TABLE import_problem (
    company_id  BLOB NOT NULL,
    import_id   BLOB NOT NULL,
    chunk       INTEGER NOT NULL,
    page        INTEGER NOT NULL,
    problems    TEXT NOT NULL,
    PRIMARY KEY (company_id, import_id, chunk, page),
    FOREIGN KEY (company_id, import_id) REFERENCES boleto_import (company_id, id)
) STRICT, WITHOUT ROWID;
