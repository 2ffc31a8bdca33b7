-- People who run Comporta. Passwords are Argon2id hashes; an admin token is kept only as a digest.
CREATE TABLE staff (
    id             BLOB PRIMARY KEY CHECK (length(id) = 16),
    email          TEXT NOT NULL UNIQUE,
    password_hash  TEXT NOT NULL,
    token_digest   BLOB UNIQUE,
    created_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
