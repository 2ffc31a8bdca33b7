-- What watching asks for often must be cheap to answer: the companies near their quota, of all that have one.
CREATE INDEX quota_period_near ON quota_period (ends_at) WHERE warned >= 80;

-- What is wrong, so that people are told of it once, whichever process saw it and however often they restart. A row lasts
-- from when something was found until its end has been told. Instants are in microseconds since 1970-01-01 UTC.
CREATE TABLE alert (
    -- What is wrong: one of a few names.
    name           TEXT PRIMARY KEY,
    -- What was measured last, and what is allowed, as text for people.
    measured       TEXT NOT NULL,
    allowed        TEXT NOT NULL,
    began_at       INTEGER NOT NULL,
    -- When a process saw it last.
    seen_at        INTEGER NOT NULL,
    -- What people are told of it, or were told last; null before. And since when.
    notice         TEXT CHECK (notice IN ('began', 'still', 'ended')),
    notice_since   INTEGER CHECK ((notice_since IS NULL) = (notice IS NULL)),
    -- Who has got that: addresses, and "webhook", one a line.
    reached        TEXT NOT NULL,
    -- Until when a process is telling them; who has not got it by then is told again.
    claimed_until  INTEGER
) STRICT;

-- Who speaks for the installation while the database is away: the process that held this lease last. Its lock also puts
-- the processes one after the other.
CREATE TABLE alert_keeper (
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    instance     BLOB,
    leased_until INTEGER
) STRICT;
INSERT INTO alert_keeper (id) VALUES (1);
