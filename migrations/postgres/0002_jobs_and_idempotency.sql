-- Durable jobs, enqueued in the transaction that causes them, and the answers remembered for requests that
-- carried an Idempotency-Key (money keeps its keys with its own rows, for ever).
CREATE TABLE job (
    id           uuid PRIMARY KEY,
    name         text NOT NULL,
    payload      text NOT NULL,
    unique_key   text,
    status       text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'running', 'done', 'failed')),
    -- When a waiting job may run; when a running one's lease ends, and any process may take it over.
    due_at       timestamptz NOT NULL,
    -- Rises with each claim, so that it also tells which claim a lease belongs to.
    attempts     integer NOT NULL DEFAULT 0,
    last_error   text,
    created_at   timestamptz NOT NULL,
    finished_at  timestamptz,
    CONSTRAINT job_unique UNIQUE (name, unique_key),
    CONSTRAINT job_finished CHECK ((finished_at IS NOT NULL) = (status IN ('done', 'failed')))
);
CREATE INDEX job_due ON job (due_at) WHERE finished_at IS NULL;
CREATE INDEX job_done ON job (finished_at) WHERE status = 'done';
-- A queue's rows change often and its index is read at its oldest end, where the dead ones gather.
ALTER TABLE job SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

CREATE TABLE idempotent_answer (
    company_id    uuid NOT NULL,
    key           text NOT NULL,
    request_hash  bytea NOT NULL,
    status        smallint,
    body          text,
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (company_id, key)
);
CREATE INDEX idempotent_answer_age ON idempotent_answer (created_at);
