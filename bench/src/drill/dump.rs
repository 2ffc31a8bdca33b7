//! PostgreSQL by a dump of its database; then the database is dropped.

use comporta_neighbours::{Options, Postgres};

use super::{Ground, copied};
use crate::Outcome;
use crate::report::Row;

const DATABASE: &str = "drill";

pub(super) async fn drill(ground: &Ground) -> Outcome<Row> {
    let postgres = Postgres::start(&Options::durable())?;
    postgres.create_database(DATABASE)?;
    copied::drill(ground, &postgres.url(DATABASE), "PostgreSQL, dump", || {
        postgres.psql("postgres", &format!("DROP DATABASE {DATABASE} WITH (FORCE)"))?;
        postgres.create_database(DATABASE)?;
        Ok(&["restore"])
    })
    .await
}
