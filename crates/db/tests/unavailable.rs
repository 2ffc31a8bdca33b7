//! Which failures of PostgreSQL are the server's for now, and which the statement's for ever.

#![expect(clippy::unwrap_used, clippy::panic, reason = "in a test they are the failure")]

use comporta_db::{Connection, Db, Error, Options};

async fn open(url: &str) -> Result<Db, Error> {
    Db::open(&Options { url: url.parse().unwrap(), read_url: None, max_connections: 1 }).await
}

async fn run(db: &Db, statements: &[&str]) -> Result<(), Error> {
    let mut tx = db.begin().await?;
    for statement in statements {
        let Connection::Postgres(connection) = tx.connection() else { panic!("not PostgreSQL") };
        sqlx::query(sqlx::AssertSqlSafe((*statement).to_owned())).execute(connection).await?;
    }
    tx.commit().await
}

#[tokio::test]
async fn a_primary_that_became_a_replica_takes_no_writes_for_now() {
    let db = open(&comporta_neighbours::fresh_postgres_url()).await.unwrap();
    run(&db, &["CREATE TABLE x (y int)"]).await.unwrap();
    let demoted = run(&db, &["SET TRANSACTION READ ONLY", "INSERT INTO x VALUES (1)"]).await.unwrap_err();
    assert!(demoted.is_unavailable(), "{demoted:?}");
    let wrong = run(&db, &["INSERT INTO nowhere VALUES (1)"]).await.unwrap_err();
    assert!(!wrong.is_unavailable(), "{wrong:?}");
}

#[tokio::test]
async fn a_role_that_may_not_log_in_may_later() {
    let url = comporta_neighbours::fresh_postgres_url();
    let db = open(&url).await.unwrap();
    run(&db, &["CREATE ROLE locked NOLOGIN"]).await.unwrap();
    let (scheme, rest) = url.split_once("://").unwrap();
    let host = rest.split_once('@').map_or(rest, |(_, host)| host);
    let refused = open(&format!("{scheme}://locked@{host}")).await.err().unwrap();
    assert!(refused.is_unavailable(), "{refused:?}");
}
