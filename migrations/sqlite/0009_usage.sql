-- Calls that were served: per minute for diagnosis, per business day for bills. Both are added to by the one
-- transaction that notes a meter's segment as flushed, so a segment that is offered twice counts once.
-- class: first digit of the status, 1 to 5; 9 for what a limit or quota refused (429), which is shown among 4xx and
-- never billed. live: whether the key was a live one; calls with test keys are not billed.
-- A minute is its first instant in microseconds since 1970-01-01 UTC; a day is text (YYYY-MM-DD).
CREATE TABLE meter_flush (
    instance    BLOB NOT NULL CHECK (length(instance) = 16),
    sequence    INTEGER NOT NULL,
    flushed_at  INTEGER NOT NULL,
    PRIMARY KEY (instance, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX meter_flush_age ON meter_flush (flushed_at);

CREATE TABLE usage_minute (
    company_id  BLOB NOT NULL,
    minute      INTEGER NOT NULL,
    route       TEXT NOT NULL,
    class       INTEGER NOT NULL CHECK (class BETWEEN 1 AND 9),
    live        INTEGER NOT NULL CHECK (live IN (0, 1)),
    requests    INTEGER NOT NULL CHECK (requests >= 0),
    bytes_in    INTEGER NOT NULL CHECK (bytes_in >= 0),
    bytes_out   INTEGER NOT NULL CHECK (bytes_out >= 0),
    PRIMARY KEY (company_id, minute, route, class, live)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_minute_age ON usage_minute (minute);

CREATE TABLE usage_day (
    company_id  BLOB NOT NULL,
    day         TEXT NOT NULL,
    route       TEXT NOT NULL,
    class       INTEGER NOT NULL CHECK (class BETWEEN 1 AND 9),
    live        INTEGER NOT NULL CHECK (live IN (0, 1)),
    requests    INTEGER NOT NULL CHECK (requests >= 0),
    bytes_in    INTEGER NOT NULL CHECK (bytes_in >= 0),
    bytes_out   INTEGER NOT NULL CHECK (bytes_out >= 0),
    PRIMARY KEY (company_id, day, route, class, live)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_day_day ON usage_day (day);
