//! PostgreSQL: a pool to the primary, and one for lists and exports to a replica, or to the primary when there is none.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, PgConnection, PgPool, Row as _};

use crate::{Error, Lent, Options, Place, Turn, Url};

/// How long a request waits for a connection before it is told that the database is not there.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection idle for longer is asked for a sign of life before it is used again.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// Pools of connections to PostgreSQL.
#[derive(Clone, Debug)]
pub struct Postgres {
    primary: Pool,
    replica: Pool,
}

/// Connections to a server, and where that is.
#[derive(Clone, Debug)]
struct Pool {
    connections: PgPool,
    place: Place,
}

impl Postgres {
    pub(crate) async fn open(url: &str, options: &Options) -> Result<Self, Error> {
        let server = Server::find(url).await?;
        let replica = match &options.read_url {
            Some(Url::Postgres(url)) => Server::find(url).await?.pool(options.max_connections),
            Some(Url::Sqlite(_)) => return Err(Error::WrongEngine),
            // Connections of their own even so: however long lists take, a balance or a key's check never waits.
            None => server.pool(options.max_connections.div_ceil(4)),
        };
        Ok(Self { primary: server.pool(options.max_connections), replica })
    }

    /// The server that takes writes and answers whatever must be exact.
    #[must_use]
    pub const fn primary(&self) -> Lent<'_, sqlx::Postgres> {
        self.primary.lend()
    }

    /// The server for lists and exports; it may lag behind.
    #[must_use]
    pub const fn replica(&self) -> Lent<'_, sqlx::Postgres> {
        self.replica.lend()
    }

    /// Begins a transaction on the primary.
    ///
    /// # Errors
    /// [`Error::Sql`] when no connection can be had in time.
    pub async fn begin(&self) -> Result<Turn<sqlx::Postgres>, Error> {
        Turn::begin(self.primary(), None).await
    }

    /// Begins a transaction on the primary that only reads, and sees one state in all of its statements.
    ///
    /// # Errors
    /// [`Error::Sql`] when no connection can be had in time.
    pub async fn snapshot(&self) -> Result<Turn<sqlx::Postgres>, Error> {
        Turn::begin(self.primary(), Some("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")).await
    }

    pub(crate) const fn place(&self) -> &Place {
        &self.primary.place
    }

    pub(crate) const fn primary_pool(&self) -> &PgPool {
        &self.primary.connections
    }

    pub(crate) async fn close(&self) {
        self.primary.connections.close().await;
        self.replica.connections.close().await;
    }
}

impl Pool {
    const fn lend(&self) -> Lent<'_, sqlx::Postgres> {
        Lent::new(&self.connections, &self.place)
    }
}

/// A server that has answered.
struct Server(PgConnectOptions);

impl Server {
    /// A pool keeps trying in silence; one connection is made by hand, so that its failure says why.
    async fn find(url: &str) -> Result<Self, Error> {
        let open_error = |source| Error::Open { url: Url::Postgres(url.to_owned()).redacted(), source };
        // A statement that runs this long is a fault of ours: it must not hold a connection, or locks, for ever.
        let limits = [
            ("statement_timeout", "60s"),
            ("idle_in_transaction_session_timeout", "60s"),
            ("timezone", "UTC"),
        ];
        let options =
            PgConnectOptions::from_str(url).map_err(open_error)?.application_name("comporta").options(limits);
        let mut first = PgConnection::connect_with(&options).await.map_err(open_error)?;
        tell_if_not_durable(&mut first).await.map_err(open_error)?;
        first.close().await.map_err(open_error)?;
        Ok(Self(options))
    }

    /// Connections to it, made when they are needed.
    fn pool(&self, max_connections: u32) -> Pool {
        let options = PgPoolOptions::new().max_connections(max_connections).acquire_timeout(ACQUIRE_TIMEOUT);
        let options = options.test_before_acquire(false).before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > TRUSTED_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        });
        let place = Place::postgres(self.0.get_host(), self.0.get_port(), self.0.get_database());
        Pool { connections: options.connect_lazy_with(self.0.clone()), place }
    }
}

/// An answered write is only as durable as the server's settings say: one that takes it lightly is told of.
async fn tell_if_not_durable(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let row = sqlx::query("SELECT current_setting('synchronous_commit'), current_setting('fsync')");
    let row = row.fetch_one(connection).await?;
    let (commit, fsync): (String, String) = (row.try_get(0)?, row.try_get(1)?);
    if commit == "off" || fsync == "off" {
        tracing::warn!(
            synchronous_commit = commit,
            fsync,
            "this server may lose what it acknowledged in a crash"
        );
    }
    Ok(())
}
