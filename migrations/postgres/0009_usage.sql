-- Calls that were served: per minute for diagnosis, per business day for bills. Both are added to by the one
-- transaction that notes a meter's segment as flushed, so a segment that is offered twice counts once.
-- class: first digit of the status, 1 to 5; 9 for what a limit or quota refused (429), which is shown among 4xx and
-- never billed. live: whether the key was a live one; calls with test keys are not billed.
CREATE TABLE meter_flush (
    instance    uuid NOT NULL,
    sequence    bigint NOT NULL,
    flushed_at  timestamptz NOT NULL,
    PRIMARY KEY (instance, sequence)
);
CREATE INDEX meter_flush_age ON meter_flush (flushed_at);

CREATE TABLE usage_minute (
    company_id  uuid NOT NULL,
    minute      timestamptz NOT NULL,
    route       text NOT NULL,
    class       smallint NOT NULL CHECK (class BETWEEN 1 AND 9),
    live        boolean NOT NULL,
    requests    bigint NOT NULL CHECK (requests >= 0),
    bytes_in    bigint NOT NULL CHECK (bytes_in >= 0),
    bytes_out   bigint NOT NULL CHECK (bytes_out >= 0),
    PRIMARY KEY (company_id, minute, route, class, live)
);
CREATE INDEX usage_minute_age ON usage_minute (minute);

CREATE TABLE usage_day (
    company_id  uuid NOT NULL,
    day         date NOT NULL,
    route       text NOT NULL,
    class       smallint NOT NULL CHECK (class BETWEEN 1 AND 9),
    live        boolean NOT NULL,
    requests    bigint NOT NULL CHECK (requests >= 0),
    bytes_in    bigint NOT NULL CHECK (bytes_in >= 0),
    bytes_out   bigint NOT NULL CHECK (bytes_out >= 0),
    PRIMARY KEY (company_id, day, route, class, live)
);
CREATE INDEX usage_day_day ON usage_day (day);
