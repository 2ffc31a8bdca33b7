//! SQLite's statements: a copy of a file in use, what it holds, whether it is in use.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, SqliteConnection};

use crate::model::{Tables, Totals};

/// Entries' amounts are added in two parts, so that no number of them overflows.
const BILLION: i128 = 1_000_000_000;

/// Writes the file as one transaction sees it into a new one. In WAL mode it reads beside the writer, and neither
/// waits for the other.
pub(crate) async fn copy(source: &Path, into: &Path) -> Result<(), sqlx::Error> {
    let mut connection = SqliteConnectOptions::new().filename(source).read_only(true).connect().await?;
    let into = into.to_string_lossy().into_owned();
    sqlx::query("VACUUM INTO ?").bind(into).execute(&mut connection).await?;
    connection.close().await
}

/// What a file holds that nobody writes to, and whether it is sound.
pub(crate) async fn totals(path: &Path) -> Result<Totals, sqlx::Error> {
    let mut connection = SqliteConnectOptions::new().filename(path).read_only(true).connect().await?;
    let sound: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut connection).await?;
    if sound != "ok" {
        return Err(sqlx::Error::Protocol(format!("the file is not sound: {sound}")));
    }
    let totals = count(&mut connection).await?;
    connection.close().await?;
    Ok(totals)
}

/// Whether a file, which is there, has any table.
pub(crate) async fn holds_tables(path: &Path) -> Result<bool, sqlx::Error> {
    let mut connection = SqliteConnectOptions::new().filename(path).read_only(true).connect().await?;
    let held = !names(&mut connection).await?.is_empty();
    connection.close().await?;
    Ok(held)
}

/// Takes a file for oneself, its log folded into it: nobody else has it open, or can write to it while this lasts.
/// `None` when somebody has.
pub(crate) async fn seize(path: &Path) -> Result<Option<SqliteConnection>, sqlx::Error> {
    let options =
        SqliteConnectOptions::new().filename(path).busy_timeout(std::time::Duration::from_millis(500));
    let mut connection = options.connect().await?;
    // SQLite leaves WAL mode only for the last connection there is.
    let mode =
        sqlx::query_scalar::<_, String>("PRAGMA journal_mode = DELETE").fetch_one(&mut connection).await;
    let seized = match mode {
        Ok(mode) if mode == "delete" => {
            sqlx::query("BEGIN EXCLUSIVE").execute(&mut connection).await.map(drop)
        }
        Ok(_) => return Ok(None),
        Err(error) => Err(error),
    };
    match seized {
        Ok(()) => Ok(Some(connection)),
        // 5, SQLITE_BUSY, and its kin.
        Err(sqlx::Error::Database(error)) if is_busy(error.code().as_deref()) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a failure says that a file is no database, or not a whole one: there is nothing in it to be lost.
pub(crate) fn is_ruined(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else { return false };
    // SQLITE_CORRUPT and SQLITE_NOTADB.
    primary(error.code().as_deref()).is_some_and(|code| code == 11 || code == 26)
}

/// Whether [`totals`] found that a file is not sound.
pub(crate) const fn is_unsound(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Protocol(_))
}

fn is_busy(code: Option<&str>) -> bool {
    primary(code).is_some_and(|code| code == 5 || code == 6)
}

/// The lowest byte of an extended code.
fn primary(code: Option<&str>) -> Option<u32> {
    Some(code?.parse::<u32>().ok()? & 0xff)
}

async fn names(connection: &mut SqliteConnection) -> Result<Vec<String>, sqlx::Error> {
    let tables =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    sqlx::query_scalar(tables).fetch_all(connection).await
}

async fn count(connection: &mut SqliteConnection) -> Result<Totals, sqlx::Error> {
    let mut tables = Tables::new();
    for name in names(connection).await? {
        // The name comes from the schema itself.
        let rows = AssertSqlSafe(format!("SELECT count(*) FROM \"{}\"", name.replace('"', "\"\"")));
        let rows: i64 = sqlx::query_scalar(rows).fetch_one(&mut *connection).await?;
        tables.insert(name, u64::try_from(rows).unwrap_or(0));
    }
    let mut totals = Totals { tables, credits: "0".to_owned(), debits: "0".to_owned() };
    if totals.tables.contains_key("entry") {
        let sums = "SELECT kind, sum(amount / 1000000000), sum(amount % 1000000000) FROM entry GROUP BY kind";
        for row in sqlx::query(sums).fetch_all(connection).await? {
            let (kind, billions, rest): (String, i64, i64) =
                (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            let sum = (i128::from(billions) * BILLION + i128::from(rest)).to_string();
            *(if kind == "credit" { &mut totals.credits } else { &mut totals.debits }) = sum;
        }
    }
    Ok(totals)
}
