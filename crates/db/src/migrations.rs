//! The schema's history, embedded: the same numbers and names for both engines.

use std::borrow::Cow;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, Row as _, SqlSafeStr as _};

use crate::{Engine, Error};

/// How the database's schema stands to this version of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MigrationState {
    /// Nothing was ever made in it.
    Empty,
    /// Migrations of this version are missing in it.
    Behind,
    /// It is what this version wants.
    Current,
    /// It was migrated by a newer version.
    Ahead,
}

/// Each by its file, the same for both engines: four digits and a name.
macro_rules! migrations {
    ($($file:literal),+ $(,)?) => {
        const POSTGRES: &[(i64, &str, &str)] = &[$((
            number($file), name($file), include_str!(concat!("../../../migrations/postgres/", $file, ".sql")),
        )),+];
        const SQLITE: &[(i64, &str, &str)] = &[$((
            number($file), name($file), include_str!(concat!("../../../migrations/sqlite/", $file, ".sql")),
        )),+];
    };
}

migrations! {
    "0001_companies_and_keys",
    "0002_jobs_and_idempotency",
    "0003_ledger",
    "0004_books",
    "0005_staff",
    "0006_signing_keys",
    "0007_company_epochs",
    "0008_plans",
    "0009_usage",
    "0010_quota",
    "0011_keys",
    "0012_audit",
    "0013_request_log",
    "0014_invoices",
    "0015_boletos",
    "0016_boleto_resends",
    "0017_watching",
}

/// The number that a file's name begins with. What is no digit does not compile.
const fn number(file: &str) -> i64 {
    let (digits, mut number, mut at) = (file.split_at(4).0.as_bytes(), 0, 0);
    while at < digits.len() {
        number = number * 10 + (digits[at] - b'0') as i64;
        at += 1;
    }
    number
}

const fn name(file: &str) -> &str {
    file.split_at(5).1
}

pub(crate) fn postgres() -> Migrator {
    migrator(POSTGRES)
}

pub(crate) fn sqlite() -> Migrator {
    migrator(SQLITE)
}

fn migrator(list: &'static [(i64, &'static str, &'static str)]) -> Migrator {
    let migration = |&(number, name, text): &(i64, &'static str, &'static str)| {
        Migration::new(
            number,
            Cow::Borrowed(name),
            MigrationType::Simple,
            AssertSqlSafe(text).into_sql_str(),
            false,
        )
    };
    Migrator::with_migrations(list.iter().map(migration).collect())
}

pub(crate) async fn state(engine: &Engine) -> Result<MigrationState, Error> {
    let newest = match engine {
        Engine::Postgres(db) => {
            let known = sqlx::query("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
                .fetch_one(db.primary())
                .await?;
            if !known.try_get::<bool, _>(0)? {
                return Ok(MigrationState::Empty);
            }
            sqlx::query(NEWEST).fetch_one(db.primary()).await?.try_get::<i64, _>(0)?
        }
        Engine::Sqlite(db) => {
            let known = sqlx::query("SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'")
                .fetch_one(db.readers())
                .await?;
            if known.try_get::<i64, _>(0)? == 0 {
                return Ok(MigrationState::Empty);
            }
            sqlx::query(NEWEST).fetch_one(db.readers()).await?.try_get::<i64, _>(0)?
        }
    };
    let wanted = POSTGRES.last().map_or(0, |migration| migration.0);
    Ok(match newest.cmp(&wanted) {
        _ if newest == 0 => MigrationState::Empty,
        std::cmp::Ordering::Less => MigrationState::Behind,
        std::cmp::Ordering::Equal => MigrationState::Current,
        std::cmp::Ordering::Greater => MigrationState::Ahead,
    })
}

const NEWEST: &str = "SELECT coalesce(max(version), 0) FROM _sqlx_migrations WHERE success";
