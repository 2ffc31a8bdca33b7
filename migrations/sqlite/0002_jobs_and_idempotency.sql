-- Durable jobs, enqueued in the transaction that causes them, and the answers remembered for requests that
-- carried an Idempotency-Key (money keeps its keys with its own rows, for ever).
CREATE TABLE job (
    id           BLOB PRIMARY KEY CHECK (length(id) = 16),
    name         TEXT NOT NULL,
    payload      TEXT NOT NULL,
    unique_key   TEXT,
    status       TEXT NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'running', 'done', 'failed')),
    -- When a waiting job may run; when a running one's lease ends, and any process may take it over.
    due_at       INTEGER NOT NULL,
    -- Rises with each claim, so that it also tells which claim a lease belongs to.
    attempts     INTEGER NOT NULL DEFAULT 0,
    last_error   TEXT,
    created_at   INTEGER NOT NULL,
    finished_at  INTEGER,
    CONSTRAINT job_unique UNIQUE (name, unique_key),
    CONSTRAINT job_finished CHECK ((finished_at IS NOT NULL) = (status IN ('done', 'failed')))
) STRICT, WITHOUT ROWID;
CREATE INDEX job_due ON job (due_at) WHERE finished_at IS NULL;
CREATE INDEX job_done ON job (finished_at) WHERE status = 'done';

CREATE TABLE idempotent_answer (
    company_id    BLOB NOT NULL,
    key           TEXT NOT NULL,
    request_hash  BLOB NOT NULL,
    status        INTEGER,
    body          TEXT,
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (company_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotent_answer_age ON idempotent_answer (created_at);
