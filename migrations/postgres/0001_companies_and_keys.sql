-- Companies and the API keys they call with. A key is kept only as a keyed digest; the one row of key_epoch
-- rises with every change, so that a gateway learns what changed with one cheap read.
CREATE TABLE company (
    id          uuid PRIMARY KEY,
    name        text NOT NULL,
    document    text,
    email       text,
    address     text,
    status      text NOT NULL CHECK (status IN ('active', 'suspended')),
    created_at  timestamptz NOT NULL
);

CREATE TABLE key_epoch (
    only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch     bigint NOT NULL
);
INSERT INTO key_epoch (epoch) VALUES (0);

CREATE TABLE api_key (
    id           uuid PRIMARY KEY,
    company_id   uuid NOT NULL REFERENCES company (id),
    name         text NOT NULL,
    mode         text NOT NULL CHECK (mode IN ('live', 'test')),
    digest       bytea NOT NULL CHECK (length(digest) = 32),
    scopes       text NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    replaced_by  uuid REFERENCES api_key (id),
    epoch        bigint NOT NULL
);
CREATE INDEX api_key_company ON api_key (company_id, id);
CREATE INDEX api_key_epoch ON api_key (epoch);
