-- The request log: every error and a sample of the rest, for diagnosis by operators and by each company of its own.
-- One table, whose oldest rows a job deletes in short turns.
-- A request's id may come from its caller, so it does not tell rows apart: the row's own id does. company_id: null for
-- callers that were not known. Times are in microseconds. details: headers and bodies, redacted, as JSON.
CREATE TABLE request_log (
    number       INTEGER PRIMARY KEY,
    id           BLOB NOT NULL CHECK (length(id) = 16),
    at           INTEGER NOT NULL,
    company_id   BLOB CHECK (length(company_id) = 16),
    key_id       TEXT,
    request_id   TEXT NOT NULL,
    trace_id     BLOB NOT NULL CHECK (length(trace_id) = 16),
    method       TEXT NOT NULL,
    path         TEXT NOT NULL,
    query        TEXT,
    route        TEXT,
    status       INTEGER NOT NULL,
    broken_off   INTEGER NOT NULL CHECK (broken_off IN (0, 1)),
    sampled      INTEGER NOT NULL CHECK (sampled IN (0, 1)),
    problem      TEXT,
    target       TEXT,
    client       TEXT NOT NULL,
    bytes_in     INTEGER NOT NULL,
    bytes_out    INTEGER NOT NULL,
    who_us       INTEGER NOT NULL,
    limit_us     INTEGER NOT NULL,
    before_us    INTEGER,
    upstream_us  INTEGER,
    body_us      INTEGER,
    total_us     INTEGER NOT NULL,
    details      TEXT NOT NULL,
    UNIQUE (at, id)
) STRICT;
CREATE INDEX request_log_company ON request_log (company_id, at, id);
CREATE INDEX request_log_request ON request_log (request_id);
CREATE INDEX request_log_trace ON request_log (trace_id);
