//! The statements, which read the same to both engines; only the columns' types differ.

macro_rules! company_columns {
    () => {
        "id, name, document, email, address, plan, status, created_at"
    };
}

macro_rules! key_columns {
    () => {
        "id, company_id, name, mode, scopes, created_at, expires_at, revoked_at, replaced_by, allowed_addresses, last_used_at"
    };
}

macro_rules! holdings {
    () => {
        "SELECT k.id, k.company_id, k.digest, k.pepper, k.allowed_addresses, k.mode, k.scopes, k.expires_at, k.revoked_at IS NOT NULL AS revoked,
            c.status = 'suspended' AS suspended, c.plan, k.epoch
        FROM api_key k JOIN company c ON c.id = k.company_id WHERE "
    };
}

pub(super) const EPOCH: &str = "SELECT epoch FROM key_epoch";
pub(super) const RAISE_EPOCH: &str = "UPDATE key_epoch SET epoch = epoch + 1 RETURNING epoch";

pub(super) const HAS_COMPANIES: &str = "SELECT EXISTS (SELECT 1 FROM company)";
pub(super) const INSERT_COMPANY: &str = concat!(
    "INSERT INTO company (",
    company_columns!(),
    ", epoch) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
);
pub(super) const COMPANY: &str = concat!("SELECT ", company_columns!(), " FROM company WHERE id = $1");
pub(super) const COMPANIES: &str =
    concat!("SELECT ", company_columns!(), " FROM company WHERE id > $1 ORDER BY id LIMIT $2");
pub(super) const UPDATE_COMPANY: &str = "UPDATE company SET name = $2, document = $3, email = $4, address = $5, plan = $6, status = $7, epoch = $8 WHERE id = $1";
pub(super) const STAMP_KEYS: &str = "UPDATE api_key SET epoch = $2 WHERE company_id = $1";

/// Inserts nothing when there is no such company.
pub(super) const INSERT_KEY: &str = concat!(
    "INSERT INTO api_key (",
    key_columns!(),
    ", digest, pepper, epoch) SELECT $1, id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14 FROM company WHERE id = $2"
);
pub(super) const KEY: &str = concat!("SELECT ", key_columns!(), " FROM api_key WHERE id = $1");
pub(super) const KEYS: &str = concat!(
    "SELECT ",
    key_columns!(),
    " FROM api_key WHERE company_id = $1 AND id > $2 ORDER BY id LIMIT $3"
);
pub(super) const REPLACE_KEY: &str =
    "UPDATE api_key SET expires_at = $2, replaced_by = $3, epoch = $4 WHERE id = $1";
pub(super) const REVOKE_KEY: &str = "UPDATE api_key SET revoked_at = $2, epoch = $3 WHERE id = $1";
pub(super) const UPDATE_KEY: &str =
    "UPDATE api_key SET name = $2, expires_at = $3, allowed_addresses = $4, epoch = $5 WHERE id = $1";
/// Unless somebody was first.
pub(super) const REHASH_KEY: &str =
    "UPDATE api_key SET digest = $3, pepper = $4, epoch = $5 WHERE id = $1 AND digest = $2";
pub(super) const KEYS_BY_PEPPER: &str = "SELECT pepper, count(*) FROM api_key
    WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $1) GROUP BY pepper ORDER BY pepper";

pub(super) const CHANGED_KEYS: &str =
    concat!(holdings!(), "(k.epoch, k.id) > ($1, $2) ORDER BY k.epoch, k.id LIMIT $3");
pub(super) const CHANGED_COMPANIES: &str =
    "SELECT id, status = 'suspended' AS suspended, plan, epoch FROM company
    WHERE (epoch, id) > ($1, $2) ORDER BY epoch, id LIMIT $3";
pub(super) const HOLDING: &str = concat!(holdings!(), "k.id = $1");

pub(super) const PLAN_EXISTS: &str = "SELECT EXISTS (SELECT 1 FROM plan WHERE name = $1)";
pub(super) const CHANGED_PLANS: &str = "SELECT name, document, epoch FROM plan WHERE epoch > $1";
pub(super) const PUT_PLAN: &str = "INSERT INTO plan (name, document, epoch, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
    ON CONFLICT (name) DO UPDATE SET document = excluded.document, epoch = excluded.epoch, updated_at = excluded.updated_at
    RETURNING name, document, created_at, updated_at";
pub(super) const PLAN: &str = "SELECT name, document, created_at, updated_at FROM plan WHERE name = $1";
pub(super) const PLANS: &str =
    "SELECT name, document, created_at, updated_at FROM plan WHERE name > $1 ORDER BY name LIMIT $2";
pub(super) const PLAN_HELD: &str = "SELECT EXISTS (SELECT 1 FROM company WHERE plan = $1)";
/// Those that were told of 80 % at least, by an index of their own.
pub(super) const QUOTAS_NEAR: &str = "SELECT q.period, q.granted, p.document
    FROM quota_period q JOIN company c ON c.id = q.company_id JOIN plan p ON p.name = c.plan
    WHERE q.warned >= 80 AND q.ends_at > $1 LIMIT $2";
pub(super) const REMOVE_PLAN: &str = "DELETE FROM plan WHERE name = $1";
