-- Companies and the API keys they call with. A key is kept only as a keyed digest; the one row of key_epoch
-- rises with every change, so that a gateway learns what changed with one cheap read.
-- Instants are microseconds since 1970-01-01 UTC; ids are the 16 bytes of a UUID.
CREATE TABLE company (
    id          BLOB PRIMARY KEY CHECK (length(id) = 16),
    name        TEXT NOT NULL,
    document    TEXT,
    email       TEXT,
    address     TEXT,
    status      TEXT NOT NULL CHECK (status IN ('active', 'suspended')),
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE key_epoch (
    only_row  INTEGER PRIMARY KEY DEFAULT 1 CHECK (only_row = 1),
    epoch     INTEGER NOT NULL
) STRICT;
INSERT INTO key_epoch (epoch) VALUES (0);

CREATE TABLE api_key (
    id           BLOB PRIMARY KEY CHECK (length(id) = 16),
    company_id   BLOB NOT NULL REFERENCES company (id),
    name         TEXT NOT NULL,
    mode         TEXT NOT NULL CHECK (mode IN ('live', 'test')),
    digest       BLOB NOT NULL CHECK (length(digest) = 32),
    scopes       TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    replaced_by  BLOB REFERENCES api_key (id),
    epoch        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX api_key_company ON api_key (company_id, id);
CREATE INDEX api_key_epoch ON api_key (epoch);
