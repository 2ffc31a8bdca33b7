-- Boletos, the accounts they are paid into, and the files they come from. A boleto is found by its id and by its debt:
-- both indexes begin with the company and neither is larger than it must be, because a file of a million debts writes
-- a million entries to each. What is asked more rarely is found by walking the company's boletos, newest first. A
-- debt has one boleto, whoever sends it again. A file is cut into chunks; what a chunk issues, its problems and how
-- far it has come are written together, so that it goes on where it stopped.
CREATE TABLE bank_account (
    company_id       uuid NOT NULL REFERENCES company (id),
    id               uuid NOT NULL,
    -- What the beneficiary knows of it, a JSON document: banks need different things.
    fields           text NOT NULL,
    -- What makes its barcodes its own. Two accounts alike would count the same numbers.
    numbering        text NOT NULL,
    -- The first of our numbers that is not given to anybody. Taken in blocks.
    next_our_number  bigint NOT NULL CHECK (next_our_number > 0),
    created_at       timestamptz NOT NULL,
    PRIMARY KEY (company_id, id),
    UNIQUE (company_id, numbering)
);

CREATE TABLE boleto (
    company_id         uuid NOT NULL,
    id                 uuid NOT NULL,
    debt_id            text NOT NULL,
    bank_account_id    uuid NOT NULL,
    payer_name         text NOT NULL,
    payer_document     text NOT NULL,
    payer_email        text,
    payer_address      text,
    amount             bigint NOT NULL CHECK (amount > 0),
    paid_amount        bigint NOT NULL DEFAULT 0,
    due_date           date NOT NULL,
    our_number         text NOT NULL,
    -- The 44 digits; the line that payers type follows from them.
    barcode            text NOT NULL,
    -- Instructions, fine, interest and discounts, a JSON document, for those that have them.
    terms              text,
    -- Overdue is an open one whose day has passed: nobody writes that down.
    status             text NOT NULL CHECK (status IN ('open', 'paid', 'partially_paid', 'cancelled')),
    registration       text NOT NULL CHECK (registration IN ('pending', 'registered', 'rejected')),
    delivery           text NOT NULL CHECK (delivery IN ('none', 'queued', 'sending', 'sent', 'failed', 'unknown')),
    delivery_attempts  integer NOT NULL DEFAULT 0,
    delivery_error     text,
    delivered_at       timestamptz,
    -- The file it came from and its line in it, for those that came so.
    import_id          uuid,
    import_line        bigint,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    PRIMARY KEY (company_id, id),
    CONSTRAINT boleto_debt UNIQUE (company_id, debt_id)
);

CREATE TABLE boleto_import (
    company_id       uuid NOT NULL REFERENCES company (id),
    id               uuid NOT NULL,
    bank_account_id  uuid NOT NULL,
    status           text NOT NULL CHECK (status IN ('running', 'completed', 'failed')),
    documents        text NOT NULL CHECK (documents IN ('any', 'valid')),
    -- Where the file is kept, its SHA-256, and how it is written: a JSON document.
    file             text NOT NULL,
    file_hash        bytea NOT NULL,
    layout           text NOT NULL,
    bytes_total      bigint NOT NULL,
    bytes_read       bigint NOT NULL DEFAULT 0,
    chunks           integer NOT NULL,
    chunks_done      integer NOT NULL DEFAULT 0,
    -- issued + duplicates + rejected = rows_read at every commit; those warned of are among the issued.
    rows_read        bigint NOT NULL DEFAULT 0,
    issued           bigint NOT NULL DEFAULT 0,
    duplicates       bigint NOT NULL DEFAULT 0,
    rejected         bigint NOT NULL DEFAULT 0,
    warned           bigint NOT NULL DEFAULT 0,
    -- Why it failed.
    error            text,
    started_at       timestamptz NOT NULL,
    finished_at      timestamptz,
    PRIMARY KEY (company_id, id),
    CONSTRAINT boleto_import_finished CHECK ((finished_at IS NULL) = (status = 'running'))
);

CREATE TABLE import_chunk (
    company_id   uuid NOT NULL,
    import_id    uuid NOT NULL,
    number       integer NOT NULL,
    begin_byte   bigint NOT NULL,
    end_byte     bigint NOT NULL,
    -- The line of the file at which it begins, from 1.
    first_line   bigint NOT NULL,
    -- The first of its boletos' ids: they count on from it in the last four bytes, so its boletos are a range.
    first_id     uuid NOT NULL,
    -- How often it was begun; each time gives ids of its own within the range.
    attempts     integer NOT NULL DEFAULT 0,
    -- It is worked through in the order of debt ids, in turns: the last one written so far.
    written_to   text,
    is_done      boolean NOT NULL DEFAULT false,
    PRIMARY KEY (company_id, import_id, number),
    FOREIGN KEY (company_id, import_id) REFERENCES boleto_import (company_id, id)
);

-- Rows not issued, or issued with a warning: some hundreds to a page, a JSON array, for a bad file has a million.
CREATE TABLE import_problem (
    company_id  uuid NOT NULL,
    import_id   uuid NOT NULL,
    chunk       integer NOT NULL,
    page        integer NOT NULL,
    problems    text NOT NULL,
    PRIMARY KEY (company_id, import_id, chunk, page),
    FOREIGN KEY (company_id, import_id) REFERENCES boleto_import (company_id, id)
);
