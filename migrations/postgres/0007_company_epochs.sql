-- A token of another issuer may speak for a company that holds no API key: a gateway must learn of companies
-- themselves, in the same way as of keys. Each company carries the epoch of its last change.
ALTER TABLE company ADD COLUMN epoch bigint NOT NULL DEFAULT 0;
CREATE INDEX company_epoch ON company (epoch);
