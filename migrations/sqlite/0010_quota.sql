-- How much of a company's quota is in use, by calendar day (2026-11-22) or month (2026-11), exact over any number of
-- gateways. A gateway is granted units ahead, a lease, and returns what it did not need. granted of a period is always
-- the sum over its leases of what was granted and not returned. All sums only rise but that one, so that a message
-- that comes twice changes nothing. A lease of a gateway that died stays: what it had spent by then nobody knows.
-- warned: the highest threshold, in percent, that the company was told of; the row's lock makes it once.
-- ends_at is in microseconds since 1970-01-01 UTC.
CREATE TABLE quota_period (
    company_id  BLOB NOT NULL REFERENCES company (id),
    period      TEXT NOT NULL,
    ends_at     INTEGER NOT NULL,
    granted     INTEGER NOT NULL DEFAULT 0 CHECK (granted >= 0),
    warned      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (company_id, period)
) STRICT, WITHOUT ROWID;

-- instance: one run of one process.
CREATE TABLE quota_lease (
    company_id  BLOB NOT NULL,
    period      TEXT NOT NULL,
    instance    BLOB NOT NULL,
    granted     INTEGER NOT NULL,
    returned    INTEGER NOT NULL CHECK (returned BETWEEN 0 AND granted),
    PRIMARY KEY (company_id, period, instance),
    FOREIGN KEY (company_id, period) REFERENCES quota_period ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
