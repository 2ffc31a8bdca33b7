-- The keys that tokens are signed with. Their private parts are sealed under a key derived from the installation's
-- pepper, so that who holds a copy of the database can sign nothing.
CREATE TABLE signing_key (
    id           BLOB PRIMARY KEY CHECK (length(id) = 16),
    algorithm    TEXT NOT NULL,
    -- Counts the keys of an algorithm: of the processes that make the next one at the same time, one succeeds.
    generation   INTEGER NOT NULL,
    sealed       BLOB NOT NULL,
    created_at   INTEGER NOT NULL,
    -- It signs from here until the next generation does.
    signs_from   INTEGER NOT NULL,
    CONSTRAINT signing_key_generation UNIQUE (algorithm, generation)
) STRICT, WITHOUT ROWID;
