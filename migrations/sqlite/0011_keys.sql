-- More of keys: from where they may be used, when they last were, and under which pepper they are hashed (its id; null
-- for one made before peppers had ids). A gateway follows changes page by page, so epochs are indexed with the id.
-- key_reminder: the e-mails that a company was sent before a key ends, each once.
ALTER TABLE api_key ADD COLUMN allowed_addresses TEXT;
ALTER TABLE api_key ADD COLUMN last_used_at INTEGER;
ALTER TABLE api_key ADD COLUMN pepper TEXT;
CREATE INDEX api_key_followed ON api_key (epoch, id);
DROP INDEX api_key_epoch;
CREATE INDEX company_followed ON company (epoch, id);
DROP INDEX company_epoch;
CREATE INDEX api_key_ending ON api_key (expires_at)
    WHERE expires_at IS NOT NULL AND revoked_at IS NULL AND replaced_by IS NULL;

CREATE TABLE key_reminder (
    key_id      BLOB NOT NULL REFERENCES api_key (id),
    ends_at     INTEGER NOT NULL,
    days        INTEGER NOT NULL CHECK (days > 0),
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (key_id, ends_at, days)
) STRICT, WITHOUT ROWID;
