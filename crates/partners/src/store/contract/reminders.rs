//! Who is told that a key ends, on both engines.

use comporta_db::Connection;
use comporta_jobs::Queue;
use comporta_kernel::{IdSource, Rng};
use jiff::SignedDuration;

use super::{World, day, new_company};
use crate::{CompanyStatus, KeyChange, KeyId, NewCompany};

impl World {
    /// How many letters that are due have been enqueued by now, after another look.
    async fn told(&self) -> i64 {
        let clock = comporta_kernel::Clock::from(self.clock.clone());
        let queue = Queue::new(clock.clone(), IdSource::new(clock, Rng::system()));
        self.partners.remind_of_keys(&queue, &[30, 7, 1]).await.unwrap();
        let mut tx = self.db.begin().await.unwrap();
        const SQL: &str = "SELECT count(*) FROM job WHERE name = 'send_key_reminder'";
        match tx.connection() {
            Connection::Postgres(db) => sqlx::query_scalar(SQL).fetch_one(db).await.unwrap(),
            Connection::Sqlite(db) => sqlx::query_scalar(SQL).fetch_one(db).await.unwrap(),
        }
    }

    async fn ending(&self, hours: i64) -> KeyId {
        let company = self.company("Ana").await.id;
        self.key(company, Some(self.now() + SignedDuration::from_hours(hours))).await.key.id
    }

    fn days_pass(&self, days: i64) {
        self.clock.advance(SignedDuration::from_hours(24 * days));
    }
}

async fn each_step_tells_once_however_often_one_looks(world: World) {
    world.ending(24 * 60).await;
    let mut told = Vec::new();
    // Days 0, 29, 30, 52, 53, 58, 59, 60, each looked at twice.
    for days in [0, 29, 1, 22, 1, 5, 1, 1] {
        world.days_pass(days);
        world.told().await;
        told.push(world.told().await);
    }
    assert_eq!(told, [0, 0, 1, 1, 2, 2, 3, 3]);
}

async fn another_end_is_told_of_anew(world: World) {
    let key = world.ending(24 * 60).await;
    world.days_pass(55);
    assert_eq!(world.told().await, 1);
    let end = Some(Some(world.now() + SignedDuration::from_hours(24 * 6)));
    world.partners.change_key(key, KeyChange { expires_at: end, ..KeyChange::default() }).await.unwrap();
    assert_eq!(world.told().await, 2);
}

async fn nobody_is_told_of_a_key_that_nobody_will_miss(world: World) {
    let (replaced, revoked) = (world.ending(24 * 60).await, world.ending(24 * 60).await);
    let suspended = world.ending(24 * 60).await;
    let nobody =
        world.partners.create_company(NewCompany { email: None, ..new_company("Bia") }).await.unwrap();
    world.key(nobody.id, Some(world.now() + SignedDuration::from_hours(24 * 60))).await;
    world.days_pass(54);
    let company = world.partners.key(suspended).await.unwrap().company_id;
    world.partners.set_company_status(company, CompanyStatus::Suspended).await.unwrap();
    world.partners.revoke_key(revoked).await.unwrap();
    world.partners.rotate_key(replaced, day()).await.unwrap();
    assert_eq!(world.told().await, 0);
}

on_both_engines! {
    each_step_tells_once_however_often_one_looks,
    another_end_is_told_of_anew,
    nobody_is_told_of_a_key_that_nobody_will_miss,
}
