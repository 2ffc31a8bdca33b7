//! PostgreSQL's statements: a snapshot that others can share, what it holds, and databases beside it.

use std::str::FromStr as _;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

use crate::model::{Tables, Totals, WalName};

/// Where what a restore replaces waits until the restore has ended well.
const ASIDE: &str = "comporta_before_restore";

/// A connection whose statements may take as long as they must.
pub(crate) async fn connect(url: &str) -> Result<PgConnection, sqlx::Error> {
    let patient =
        [("statement_timeout", "0"), ("idle_in_transaction_session_timeout", "0"), ("timezone", "UTC")];
    let options = PgConnectOptions::from_str(url)?.application_name("comporta backup").options(patient);
    PgConnection::connect_with(&options).await
}

/// The server's major version.
pub(crate) async fn version(connection: &mut PgConnection) -> Result<u32, sqlx::Error> {
    let version: String = sqlx::query_scalar("SHOW server_version_num").fetch_one(connection).await?;
    Ok(version.parse::<u32>().unwrap_or(0) / 10_000)
}

/// Begins a transaction that sees one state for as long as it lasts, and gives the name under which others see it.
pub(crate) async fn share_snapshot(connection: &mut PgConnection) -> Result<String, sqlx::Error> {
    sqlx::query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").execute(&mut *connection).await?;
    sqlx::query_scalar("SELECT pg_export_snapshot()").fetch_one(connection).await
}

/// What the database holds, by the connection's snapshot if it has one.
pub(crate) async fn totals(connection: &mut PgConnection) -> Result<Totals, sqlx::Error> {
    let names = "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition";
    let names: Vec<String> = sqlx::query_scalar(names).fetch_all(&mut *connection).await?;
    let mut tables = Tables::new();
    for name in names {
        // The name comes from the catalogue itself.
        let rows = AssertSqlSafe(format!("SELECT count(*) FROM public.\"{}\"", name.replace('"', "\"\"")));
        let rows: i64 = sqlx::query_scalar(rows).fetch_one(&mut *connection).await?;
        tables.insert(name, u64::try_from(rows).unwrap_or(0));
    }
    let mut totals = Totals { tables, credits: "0".to_owned(), debits: "0".to_owned() };
    if totals.tables.contains_key("entry") {
        let sums = "SELECT kind, sum(amount)::text FROM public.entry GROUP BY kind";
        for row in sqlx::query(sums).fetch_all(connection).await? {
            let (kind, sum): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            *(if kind == "credit" { &mut totals.credits } else { &mut totals.debits }) = sum;
        }
    }
    Ok(totals)
}

/// Whether any table is in it, or waits aside because a restore was killed.
pub(crate) async fn holds_tables(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    Ok(holds(connection, "public").await? || holds(connection, ASIDE).await?)
}

async fn holds(connection: &mut PgConnection, schema: &str) -> Result<bool, sqlx::Error> {
    let held = "SELECT EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = $1 AND c.relkind IN ('r', 'p'))";
    sqlx::query_scalar(held).bind(schema).fetch_one(connection).await
}

/// Whether anybody else is connected to this database.
pub(crate) async fn is_in_use(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let others = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity
                  WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend')";
    sqlx::query_scalar(others).fetch_one(connection).await
}

/// Puts what the database holds aside, so that it can be had back. What a killed restore has left there is that still,
/// unless tables have come since into the place that it left.
pub(crate) async fn put_aside(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    if holds(connection, ASIDE).await? && !holds(connection, "public").await? {
        take_back(connection).await?;
    }
    let mut transaction = connection.begin().await?;
    for statement in [
        format!("DROP SCHEMA IF EXISTS {ASIDE} CASCADE"),
        format!("ALTER SCHEMA public RENAME TO {ASIDE}"),
        "CREATE SCHEMA public".to_owned(),
    ] {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *transaction).await?;
    }
    transaction.commit().await
}

/// Gives back what was put aside, in the place of whatever is there.
pub(crate) async fn take_back(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    for statement in
        ["DROP SCHEMA public CASCADE".to_owned(), format!("ALTER SCHEMA {ASIDE} RENAME TO public")]
    {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *transaction).await?;
    }
    transaction.commit().await
}

/// Forgets what was put aside.
pub(crate) async fn forget_aside(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let gone = AssertSqlSafe(format!("DROP SCHEMA IF EXISTS {ASIDE} CASCADE"));
    sqlx::raw_sql(gone).execute(connection).await.map(drop)
}

/// Makes an empty database beside this one, in the place of one of that name. Nobody else does that until the
/// connection closes: two who look into one backup wait for each other.
pub(crate) async fn create_beside(connection: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    let alone = sqlx::query("SELECT pg_advisory_lock(hashtextextended($1, 0))").bind(name);
    alone.execute(&mut *connection).await?;
    drop_beside(connection, name).await?;
    let made = AssertSqlSafe(format!("CREATE DATABASE \"{name}\" TEMPLATE template0"));
    sqlx::raw_sql(made).execute(connection).await.map(drop)
}

/// Drops a database beside this one, whoever is connected to it.
pub(crate) async fn drop_beside(connection: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    let gone = AssertSqlSafe(format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)"));
    // A user may take a role as it connects (`ALTER ROLE … SET role`). Its connections, such as those that looked into this
    // database and are on their way out, stay the user's own, and the role may not end them.
    sqlx::raw_sql("SET ROLE NONE").execute(&mut *connection).await?;
    let outcome = sqlx::raw_sql(gone).execute(&mut *connection).await;
    sqlx::raw_sql("RESET ROLE").execute(connection).await?;
    outcome.map(drop)
}

/// Whether the server archives its log.
pub(crate) async fn archives(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let mode: String = sqlx::query_scalar("SHOW archive_mode").fetch_one(connection).await?;
    Ok(mode != "off")
}

/// The segment of the log that is written to now.
pub(crate) async fn present_segment(connection: &mut PgConnection) -> Result<WalName, sqlx::Error> {
    let name: String = sqlx::query_scalar("SELECT pg_walfile_name(pg_current_wal_insert_lsn())")
        .fetch_one(connection)
        .await?;
    name.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

/// The segment before the present one: the last that the end of a base backup can have needed, because it begins
/// a new one.
pub(crate) async fn last_full_segment(connection: &mut PgConnection) -> Result<String, sqlx::Error> {
    let name = "SELECT pg_walfile_name(pg_current_wal_insert_lsn()
                    - (SELECT setting::numeric FROM pg_settings WHERE name = 'wal_segment_size'))";
    sqlx::query_scalar(name).fetch_one(connection).await
}

/// Whether a segment has left for the archive.
pub(crate) async fn has_archived(connection: &mut PgConnection, segment: &str) -> Result<bool, sqlx::Error> {
    let archived = "SELECT coalesce(left(last_archived_wal, 24) >= $1, false) FROM pg_stat_archiver";
    sqlx::query_scalar(archived).bind(segment).fetch_one(connection).await
}

/// Whether a server that recovers has come to its end, and takes writes.
pub(crate) async fn is_recovering(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT pg_is_in_recovery()").fetch_one(connection).await
}

#[cfg(test)]
mod tests {
    use comporta_neighbours::{Options, Postgres};

    use super::*;

    #[tokio::test]
    async fn who_takes_a_role_drops_what_it_is_still_connected_to() {
        let server = Postgres::start(&Options::fast()).unwrap();
        let roles = "CREATE ROLE owner NOLOGIN CREATEDB; CREATE ROLE ann LOGIN IN ROLE owner;
                     ALTER ROLE ann SET role = 'owner'";
        server.psql("postgres", roles).unwrap();
        let url = |database: &str| server.url(database).replace("postgres@", "ann@");
        let mut connection = connect(&url("postgres")).await.unwrap();
        create_beside(&mut connection, "beside").await.unwrap();
        let lingering = connect(&url("beside")).await.unwrap();
        drop_beside(&mut connection, "beside").await.unwrap();
        create_beside(&mut connection, "beside").await.unwrap();
        drop(lingering);
    }
}
