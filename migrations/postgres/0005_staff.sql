-- People who run Comporta. Passwords are Argon2id hashes; an admin token is kept only as a digest.
CREATE TABLE staff (
    id             uuid PRIMARY KEY,
    email          text NOT NULL UNIQUE,
    password_hash  text NOT NULL,
    token_digest   bytea UNIQUE,
    created_at     timestamptz NOT NULL
);
