//! The capability's only door.

mod authorization_server;
mod key_set;
mod signing_keys;

use std::sync::Arc;

use comporta_db::{Db, Tx};
use comporta_kernel::{Clock, IdSource, Rng};

use crate::password_hash::Hasher;
use crate::store::{self, Store};
use crate::{AdminToken, Error, Password, Staff, StaffEmail};

pub use authorization_server::{AuthorizationServer, Clients, ClientsUnavailable};
pub(crate) use authorization_server::{Credentials, Refusal};
pub use signing_keys::SigningKeys;

/// Staff users. Cheap to clone.
#[derive(Clone)]
pub struct Identity {
    store: Arc<dyn Store>,
    db: Db,
    clock: Clock,
    rng: Rng,
    ids: IdSource,
    hasher: Arc<Hasher>,
}

/// A staff user just added, with its secrets: this once.
#[derive(Clone)]
pub struct NewStaff {
    /// The user.
    pub staff: Staff,
    /// Its password, which is kept only as a hash.
    pub password: Password,
    /// Its admin token, which is kept only as a digest.
    pub token: AdminToken,
    pub(crate) password_hash: String,
}

impl Identity {
    /// The service on a database.
    #[must_use]
    pub fn new(db: &Db, clock: Clock, rng: Rng) -> Self {
        let ids = IdSource::new(clock.clone(), rng.clone());
        let hasher = Arc::new(Hasher::new(rng.clone()));
        Self { store: store::of(db), db: db.clone(), clock, rng, ids, hasher }
    }

    /// Adds a staff user.
    ///
    /// # Errors
    /// [`Error::EmailTaken`].
    pub async fn add(&self, email: StaffEmail, password: Password) -> Result<NewStaff, Error> {
        let new = self.prepare(email, password).await?;
        let mut tx = self.db.begin().await?;
        self.store.insert(&mut tx, &new).await?;
        tx.commit().await?;
        tracing::info!(staff_id = %new.staff.id, "a staff user was added");
        Ok(new)
    }

    /// Adds a staff user with a password made up for it, in a transaction of the caller's. The transaction waits
    /// for the hashing: for a first start, when nobody else waits.
    ///
    /// # Errors
    /// [`Error::EmailTaken`].
    pub async fn add_with_random_password_in(
        &self,
        tx: &mut Tx,
        email: StaffEmail,
    ) -> Result<NewStaff, Error> {
        let new = self.prepare(email, Password::random(&self.rng)).await?;
        self.store.insert(tx, &new).await?;
        Ok(new)
    }

    async fn prepare(&self, email: StaffEmail, password: Password) -> Result<NewStaff, Error> {
        let password_hash = self.hasher.hash(password.clone()).await?;
        let staff = Staff { id: self.ids.next(), email, created_at: self.clock.now() };
        let token = AdminToken::random(staff.id, &self.rng);
        Ok(NewStaff { staff, password, token, password_hash })
    }

    /// Gives a staff user another password.
    ///
    /// # Errors
    /// [`Error::NoSuchStaff`].
    pub async fn change_password(&self, email: &StaffEmail, password: Password) -> Result<Staff, Error> {
        let hash = self.hasher.hash(password).await?;
        let staff = self.store.set_password(email, &hash).await?;
        tracing::info!(staff_id = %staff.id, "a password was changed");
        Ok(staff)
    }

    /// The staff user whose e-mail address and password these are. Takes as long when it is nobody's.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn verify_password(
        &self,
        email: &StaffEmail,
        password: Password,
    ) -> Result<Option<Staff>, Error> {
        let (staff, hash) = self.store.by_email(email).await?.unzip();
        let right = self.hasher.verify(password, hash).await?;
        Ok(staff.filter(|_| right))
    }

    /// Gives a staff user another admin token; the one before stops working.
    ///
    /// # Errors
    /// [`Error::NoSuchStaff`].
    pub async fn issue_token(&self, email: &StaffEmail) -> Result<AdminToken, Error> {
        let (staff, _) = self.store.by_email(email).await?.ok_or(Error::NoSuchStaff)?;
        let token = AdminToken::random(staff.id, &self.rng);
        self.store.set_token(staff.id, &token.digest()).await?;
        tracing::info!(staff_id = %staff.id, "an admin token was issued");
        Ok(token)
    }

    /// The staff user whose admin token this is, if it is anybody's.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn authenticate_token(&self, text: &str) -> Result<Option<Staff>, Error> {
        let Ok(token) = AdminToken::parse(text) else { return Ok(None) };
        let kept = self.store.by_id(token.staff()).await?;
        Ok(kept.filter(|(_, digest)| token.matches(digest)).map(|(staff, _)| staff))
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("db", &self.db).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for NewStaff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewStaff").field("staff", &self.staff).finish_non_exhaustive()
    }
}
