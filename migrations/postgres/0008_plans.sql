-- Plans: how often a company may call, how much in a day or month, and what that costs. The document is the plan as
-- it was put, read strictly by the program; a company without a plan has no limit but its routes'. A plan's epoch is
-- the one of key_epoch, so that a gateway learns of a change in the same way as of a key's.
CREATE TABLE plan (
    name        text PRIMARY KEY,
    document    text NOT NULL,
    epoch       bigint NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);
CREATE INDEX plan_epoch ON plan (epoch);

ALTER TABLE company ADD COLUMN plan text REFERENCES plan (name);
