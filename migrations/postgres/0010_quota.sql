-- How much of a company's quota is in use, by calendar day (2026-11-22) or month (2026-11), exact over any number of
-- gateways. A gateway is granted units ahead, a lease, and returns what it did not need. granted of a period is always
-- the sum over its leases of what was granted and not returned. All sums only rise but that one, so that a message
-- that comes twice changes nothing. A lease of a gateway that died stays: what it had spent by then nobody knows.
-- warned: the highest threshold, in percent, that the company was told of; the row's lock makes it once.
CREATE TABLE quota_period (
    company_id  uuid NOT NULL REFERENCES company (id),
    period      text NOT NULL,
    ends_at     timestamptz NOT NULL,
    granted     bigint NOT NULL DEFAULT 0 CHECK (granted >= 0),
    warned      smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (company_id, period)
);

-- instance: one run of one process.
CREATE TABLE quota_lease (
    company_id  uuid NOT NULL,
    period      text NOT NULL,
    instance    uuid NOT NULL,
    granted     bigint NOT NULL,
    returned    bigint NOT NULL CHECK (returned BETWEEN 0 AND granted),
    PRIMARY KEY (company_id, period, instance),
    FOREIGN KEY (company_id, period) REFERENCES quota_period ON DELETE CASCADE
);
-- Both change many times a second for a company that calls much: room on their page keeps that cheap.
ALTER TABLE quota_period SET (fillfactor = 70);
ALTER TABLE quota_lease SET (fillfactor = 70);
