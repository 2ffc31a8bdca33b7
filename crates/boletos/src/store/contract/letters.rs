//! Letters: claimed once, settled by whom they were claimed by, and sent in rounds.

use comporta_kernel::TypedId as _;
use comporta_mail::{Mailer, Transport};

use super::*;
use crate::model::{Boleto, BoletoId, DeliveryStatus, ShownDelivery, chunk_ids};
use crate::service::{Attempt, Round};
use crate::store::boletos::BoletoFilter;
use crate::store::delivery::{Claim, Claims, IdRange, Settled};
use crate::store::open;
use crate::{Deliveries, DeliveryOptions, MailWhen};

impl World {
    fn deliveries(&self, transport: Transport, mail_when: MailWhen) -> Deliveries {
        let mailer = Mailer::new(transport, "contas@localhost", Clock::from(self.clock.clone())).unwrap();
        let options = DeliveryOptions { mail_when, in_flight: 3 };
        Deliveries::new(self.boletos.clone(), mailer, Rng::seeded(1), options)
    }

    fn outbox(&self) -> Transport {
        Transport::File { folder: self.files.path().join("outbox") }
    }

    /// Writes every letter into the outbox.
    pub(crate) async fn deliver_all(&self) {
        let deliveries = self.deliveries(self.outbox(), MailWhen::Issued);
        deliveries.deliver(self.everything(), attempt(1)).await.unwrap();
    }

    /// Everything that the company has.
    fn everything(&self) -> Round {
        let range = IdRange { company: self.company, from: Uuid::nil(), to: Uuid::max() };
        Round { range, begin: range.from, number: 1, is_repeated: false, is_single: false }
    }

    async fn claim(&self, limit: u32) -> Claims {
        let range = self.everything().range;
        let claim =
            Claim { range, only_registered: false, limit, at: "2026-11-21T15:00:00Z".parse().unwrap() };
        let mut tx = self.db.begin().await.unwrap();
        let claims = open(&self.db).claim_letters(&mut tx, &claim).await.unwrap();
        tx.commit().await.unwrap();
        claims
    }

    async fn settle(&self, id: BoletoId, attempt: u32, status: DeliveryStatus) -> u64 {
        let settled = Settled { id, attempt, status, error: Some("why".to_owned()) };
        let mut tx = self.db.begin().await.unwrap();
        let at = "2026-11-21T15:00:01Z".parse().unwrap();
        let count = open(&self.db).settle_letters(&mut tx, self.company, &[settled], at).await.unwrap();
        tx.commit().await.unwrap();
        count
    }

    async fn lose(&self) {
        let mut tx = self.db.begin().await.unwrap();
        let (range, moved) = (self.everything().range, (DeliveryStatus::Sending, DeliveryStatus::Unknown));
        let at = "2026-11-21T15:00:01Z".parse().unwrap();
        open(&self.db).move_letters(&mut tx, &range, moved, Some("lost"), at).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn status(&self, id: BoletoId) -> (DeliveryStatus, u32) {
        let delivery = self.boletos.find(self.company, id).await.unwrap().delivery;
        (delivery.status, delivery.attempts)
    }

    /// How letters stand, newest boleto first.
    async fn letters(&self) -> Vec<DeliveryStatus> {
        let all = self.boletos.list(self.company, &BoletoFilter::default(), None, 100).await.unwrap();
        all.into_iter().map(|boleto| boleto.delivery.status).collect()
    }

    /// The names of what was sent into the outbox.
    pub(crate) fn files(&self) -> Vec<String> {
        let Ok(folder) = self.files.path().join("outbox").read_dir() else { return Vec::new() };
        let mut names: Vec<_> = folder.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Payloads of the jobs of a name that are not over.
    async fn waiting(&self, name: &str) -> Vec<serde_json::Value> {
        let mut tx = self.db.begin().await.unwrap();
        let sql = "SELECT payload FROM job WHERE name = $1 AND finished_at IS NULL ORDER BY id";
        let payloads: Vec<String> = match tx.connection() {
            Connection::Postgres(db) => sqlx::query_scalar(sql).bind(name).fetch_all(db).await.unwrap(),
            Connection::Sqlite(db) => sqlx::query_scalar(sql).bind(name).fetch_all(db).await.unwrap(),
        };
        payloads.iter().map(|payload| serde_json::from_str(payload).unwrap()).collect()
    }
}

fn attempt(number: u32) -> Attempt {
    Attempt { job: Uuid::from_u128(9), number }
}

fn nowhere() -> Transport {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = comporta_kernel::Secret::new(format!("smtp://{closed}?tls=none"));
    Transport::Smtp { url, connections: 2, rate: None }
}

async fn resend(world: &World, id: BoletoId) -> Result<Boleto, Error> {
    let answer = |_: &Boleto, _: &_| unreachable!("there is no key");
    match world.boletos.resend(world.company, id, None, answer).await? {
        Outcome::Done((boleto, _)) => Ok(boleto),
        Outcome::Repeated(_) => unreachable!("there is no key"),
    }
}

on_both_engines! {
    async fn a_letter_is_claimed_once_in_the_order_of_ids_unless_nobody_is_to_pay(world: World) {
        world.import(&rows(1..=5)).await;
        let all = world.boletos.list(world.company, &BoletoFilter::default(), None, 9).await.unwrap();
        let ids: Vec<BoletoId> = all.iter().rev().map(|boleto| boleto.id).collect();
        world.boletos.cancel(world.company, ids[1]).await.unwrap();
        let first = world.claim(3).await;
        let claimed: Vec<BoletoId> = first.letters.iter().map(|letter| letter.boleto.id).collect();
        assert_eq!((claimed, first.last, first.seen), (vec![ids[0], ids[2]], Some(ids[2].uuid()), 3));
        assert_eq!(world.status(ids[0]).await, (DeliveryStatus::Sending, 1));
        assert_eq!(world.status(ids[1]).await.0, DeliveryStatus::None);
        let (left, none) = (world.claim(3).await, world.claim(3).await);
        assert_eq!((left.letters.len(), none.seen, none.last), (2, 0, None));
    }

    async fn only_who_claimed_a_letter_says_what_came_of_it(world: World) {
        world.import(&rows(1..=1)).await;
        let id = world.claim(1).await.letters[0].boleto.id;
        assert_eq!(world.settle(id, 2, DeliveryStatus::Sent).await, 0, "another attempt");
        assert_eq!(world.settle(id, 1, DeliveryStatus::Queued).await, 1);
        assert_eq!(world.claim(1).await.letters[0].boleto.delivery.attempts, 2);
        assert_eq!(world.settle(id, 1, DeliveryStatus::Queued).await, 0, "an attempt that is over");
        world.lose().await;
        assert_eq!(world.status(id).await, (DeliveryStatus::Unknown, 2));
        assert_eq!(world.claim(1).await.seen, 0, "of unknown fate is not queued");
        // Whoever was taken for dead knows better, but has lost the right to try again.
        assert_eq!(world.settle(id, 2, DeliveryStatus::Queued).await, 1);
        assert_eq!(world.status(id).await, (DeliveryStatus::Failed, 2));
        assert_eq!(world.settle(id, 2, DeliveryStatus::Sent).await, 0, "said is said");
    }

    async fn every_boleto_of_a_file_is_sent_once(world: World) {
        let import = world.import(&format!("{}Bia,9,,1,2027-01-01,silent\n", rows(1..=9))).await;
        let deliveries = world.deliveries(world.outbox(), MailWhen::Issued);
        let chunks = world.waiting("deliver_boletos").await;
        assert!(chunks.len() > 1, "a job for each chunk");
        for _ in 0..2 {
            for chunk in &chunks {
                let first: BoletoId = serde_json::from_value(chunk["begin"].clone()).unwrap();
                let (from, to) = chunk_ids(first.uuid());
                let range = IdRange { company: world.company, from, to };
                deliveries.deliver(Round { range, begin: from, ..world.everything() }, attempt(1)).await.unwrap();
            }
            let letters = world.letters().await;
            assert_eq!(letters.iter().filter(|status| **status == DeliveryStatus::Sent).count(), 9);
            assert_eq!(letters.iter().filter(|status| **status == DeliveryStatus::None).count(), 1);
            assert_eq!(world.files().len(), 9);
        }
        assert_eq!(counts(&import), [10, 10, 0, 0, 1]);
        assert_eq!(world.waiting("deliver_boletos").await, chunks, "nothing is left to do");
        assert!(world.files().iter().all(|name| name.ends_with("-issued.eml")));
    }

    async fn letters_wait_for_registration_if_they_are_to(world: World) {
        world.import(&rows(1..=2)).await;
        let deliveries = world.deliveries(world.outbox(), MailWhen::Registered);
        deliveries.deliver(world.everything(), attempt(1)).await.unwrap();
        assert_eq!(world.letters().await, [DeliveryStatus::Queued; 2]);
        let mut tx = world.db.begin().await.unwrap();
        let mut boleto = world.boletos.list(world.company, &BoletoFilter::default(), None, 1).await.unwrap().remove(0);
        boleto.registration = crate::model::Registration::Registered;
        open(&world.db).change_boleto(&mut tx, &boleto).await.unwrap();
        tx.commit().await.unwrap();
        deliveries.deliver(world.everything(), attempt(1)).await.unwrap();
        assert_eq!(world.letters().await, [DeliveryStatus::Sent, DeliveryStatus::Queued]);
    }

    async fn what_no_server_takes_stays_queued_and_is_tried_again_later(world: World) {
        world.import(&rows(1..=2)).await;
        let deliveries = world.deliveries(nowhere(), MailWhen::Issued);
        let before = world.waiting("deliver_boletos").await.len();
        deliveries.deliver(world.everything(), attempt(1)).await.unwrap();
        assert_eq!(world.letters().await, [DeliveryStatus::Queued; 2]);
        let jobs = world.waiting("deliver_boletos").await;
        assert_eq!((jobs.len(), jobs.iter().filter(|job| job["round"] == 2).count()), (before + 1, 1));
        // Run again, because its end was not written down: there is one who goes on, not two.
        deliveries.deliver(world.everything(), attempt(2)).await.unwrap();
        assert_eq!(world.waiting("deliver_boletos").await.len(), before + 1);
        let last = Round { number: 100, ..world.everything() };
        deliveries.deliver(last, Attempt { job: Uuid::from_u128(10), number: 1 }).await.unwrap();
        assert_eq!(world.letters().await, [DeliveryStatus::Failed; 2]);
        assert_eq!(world.waiting("deliver_boletos").await.len(), before + 1);
        let boleto = world.boletos.list(world.company, &BoletoFilter::default(), None, 1).await.unwrap().remove(0);
        assert!(boleto.delivery.last_error.unwrap().contains("cannot be used"));
    }

    async fn what_a_dead_process_was_sending_is_told_and_sent_again_only_on_request(world: World) {
        world.import(&rows(1..=3)).await;
        let lost = world.claim(1).await.letters[0].boleto.id;
        let deliveries = world.deliveries(nowhere(), MailWhen::Issued);
        deliveries.deliver(world.everything(), attempt(2)).await.unwrap();
        assert_eq!(world.status(lost).await, (DeliveryStatus::Unknown, 1));
        let unknown = BoletoFilter { delivery: Some(ShownDelivery::Unknown), ..BoletoFilter::default() };
        let listed = world.boletos.list(world.company, &unknown, None, 9).await.unwrap();
        assert_eq!((listed.len(), listed[0].id), (1, lost));
        assert_eq!(resend(&world, lost).await.unwrap().delivery.status, DeliveryStatus::Queued);
        assert!(matches!(resend(&world, lost).await, Err(Error::OnItsWay)));
        assert_eq!(world.waiting("deliver_boleto").await.len(), 1);
        world.deliveries(world.outbox(), MailWhen::Issued).deliver(world.everything(), attempt(1)).await.unwrap();
        assert_eq!(world.letters().await, [DeliveryStatus::Sent; 3]);
        assert_eq!(world.files().iter().filter(|name| name.contains("-resent-1")).count(), 1);
        assert!(world.files().contains(&format!("{lost}-resent-1.eml")));
    }

    async fn into_files_a_letter_of_a_dead_process_is_written_again(world: World) {
        world.import(&rows(1..=3)).await;
        world.claim(2).await;
        world.deliveries(world.outbox(), MailWhen::Issued).deliver(world.everything(), attempt(2)).await.unwrap();
        assert_eq!((world.letters().await, world.files().len()), (vec![DeliveryStatus::Sent; 3], 3));
    }

    async fn a_letter_that_was_sent_stays_so_when_another_is_no_longer_wanted(world: World) {
        world.import(&rows(1..=1)).await;
        world.deliver_all().await;
        let id = world.boletos.list(world.company, &BoletoFilter::default(), None, 1).await.unwrap()[0].id;
        resend(&world, id).await.unwrap();
        world.boletos.cancel(world.company, id).await.unwrap();
        world.deliver_all().await;
        assert_eq!(world.status(id).await.0, DeliveryStatus::Sent);
    }

    async fn a_letter_is_resent_only_to_somebody_who_is_to_pay(world: World) {
        world.import(&format!("{}Bia,9,,1,2027-01-01,silent\n", rows(1..=1))).await;
        let find = |debt: &str| BoletoFilter { debt_id: Some(debt.to_owned()), ..BoletoFilter::default() };
        let silent = world.boletos.list(world.company, &find("silent"), None, 1).await.unwrap()[0].id;
        let ana = world.boletos.list(world.company, &find("debt-1"), None, 1).await.unwrap()[0].id;
        assert!(matches!(resend(&world, silent).await, Err(Error::NoAddress)));
        world.boletos.cancel(world.company, ana).await.unwrap();
        assert!(matches!(resend(&world, ana).await, Err(Error::NotOpen { .. })));
        let nobody = BoletoId::from_uuid(Uuid::from_u128(1));
        assert!(matches!(resend(&world, nobody).await, Err(Error::NoSuchBoleto)));
    }
}
