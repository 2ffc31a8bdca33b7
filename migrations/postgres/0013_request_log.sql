-- The request log: every error and a sample of the rest, for diagnosis by operators and by each company of its own.
-- A partition for each day (UTC) of `at`, named request_log_YYYYMMDD, is made ahead by a job, or by the first row of its
-- day: what is older than the settings say goes by dropping a table, and leaves nothing for vacuum to do.
-- A request's id may come from its caller, so it does not tell rows apart: the row's own id does. company_id: null for
-- callers that were not known. Times beside `at` are in microseconds. details: headers and bodies, redacted, as JSON.
CREATE TABLE request_log (
    id           uuid NOT NULL,
    at           timestamptz NOT NULL,
    company_id   uuid,
    key_id       text,
    request_id   text NOT NULL,
    trace_id     uuid NOT NULL,
    method       text NOT NULL,
    path         text NOT NULL,
    query        text,
    route        text,
    status       smallint NOT NULL,
    broken_off   boolean NOT NULL,
    sampled      boolean NOT NULL,
    problem      text,
    target       text,
    client       text NOT NULL,
    bytes_in     bigint NOT NULL,
    bytes_out    bigint NOT NULL,
    who_us       bigint NOT NULL,
    limit_us     bigint NOT NULL,
    before_us    bigint,
    upstream_us  bigint,
    body_us      bigint,
    total_us     bigint NOT NULL,
    details      text NOT NULL,
    PRIMARY KEY (at, id)
) PARTITION BY RANGE (at);
CREATE INDEX request_log_company ON request_log (company_id, at, id);
CREATE INDEX request_log_request ON request_log (request_id);
CREATE INDEX request_log_trace ON request_log (trace_id);
