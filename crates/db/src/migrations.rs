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

/// The zeros that bring the numbers of a group to four digits stand before it.
macro_rules! migrations {
    ($($zeros:literal { $($number:literal $name:literal),+ $(,)? })+) => {
        const POSTGRES: &[(i64, &str, &str)] = &[$($((
            $number, $name,
            include_str!(concat!("../../../migrations/postgres/", $zeros, $number, "_", $name, ".sql")),
        ),)+)+];
        const SQLITE: &[(i64, &str, &str)] = &[$($((
            $number, $name,
            include_str!(concat!("../../../migrations/sqlite/", $zeros, $number, "_", $name, ".sql")),
        ),)+)+];
    };
}

migrations! {
    "000" {
        1 "companies_and_keys",
        2 "jobs_and_idempotency",
        3 "ledger",
        4 "books",
        5 "staff",
        6 "signing_keys",
        7 "company_epochs",
        8 "plans",
        9 "usage",
    }
    "00" {
        10 "quota",
        11 "keys",
        12 "audit",
    }
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
