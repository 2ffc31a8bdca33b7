-- Who did what to what: a row for each act, written in the transaction that does it, never changed or deleted.
-- actor: a staff user's e-mail address, a key's id, `cli` or `system`. detail: JSON without any secret.
CREATE TABLE audit (
    id          BLOB PRIMARY KEY CHECK (length(id) = 16),
    at          INTEGER NOT NULL,
    actor       TEXT NOT NULL,
    action      TEXT NOT NULL,
    subject     TEXT NOT NULL,
    company_id  BLOB CHECK (length(company_id) = 16),
    request_id  TEXT,
    detail      TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_at ON audit (at, id);
CREATE INDEX audit_company ON audit (company_id, at, id);
CREATE INDEX audit_actor ON audit (actor, at, id);
CREATE INDEX audit_action ON audit (action, at, id);

CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is never changed or deleted');
END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is never changed or deleted');
END;
