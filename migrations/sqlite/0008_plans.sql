-- Plans: how often a company may call, how much in a day or month, and what that costs. The document is the plan as
-- it was put, read strictly by the program; a company without a plan has no limit but its routes'. A plan's epoch is
-- the one of key_epoch, so that a gateway learns of a change in the same way as of a key's.
CREATE TABLE plan (
    name        TEXT PRIMARY KEY,
    document    TEXT NOT NULL,
    epoch       INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX plan_epoch ON plan (epoch);

ALTER TABLE company ADD COLUMN plan TEXT REFERENCES plan (name);
