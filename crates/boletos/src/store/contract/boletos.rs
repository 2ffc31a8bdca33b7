//! Single boletos.

use super::*;
use crate::model::{Amount, Boleto, BoletoId, Payer, Status, Terms};
use crate::service::NewBoleto;
use crate::store::boletos::BoletoFilter;
use comporta_kernel::{BusinessDate, Money};

fn new(debt: &str, due: &str) -> NewBoleto {
    let payer = Payer {
        name: "Zoë Müller".to_owned(),
        document: "52998224725".to_owned(),
        email: None,
        address: Some("Rua A, 1".to_owned()),
    };
    let amount = Amount::try_from(Money::from_centavos(15_000).unwrap()).unwrap();
    let terms =
        Terms { instructions: vec!["Não receber após o vencimento".to_owned()], ..Terms::default() };
    NewBoleto { debt_id: debt.to_owned(), bank_account_id: None, payer, amount, due_date: day(due), terms }
}

fn day(text: &str) -> BusinessDate {
    text.parse().unwrap()
}

async fn issue(world: &World, debt: &str, due: &str) -> Result<Boleto, Error> {
    world.clock.advance(jiff::SignedDuration::from_millis(1));
    let answer = |_: &_, _: &_| unreachable!("there is no key");
    match world.boletos.issue(world.company, new(debt, due), None, answer).await? {
        Outcome::Done((boleto, _)) => Ok(boleto),
        Outcome::Repeated(_) => unreachable!("there is no key"),
    }
}

async fn listed(world: &World, filter: BoletoFilter) -> Vec<String> {
    let found = world.boletos.list(world.company, &filter, None, 10).await.unwrap();
    found.into_iter().map(|boleto| boleto.debt_id).collect()
}

on_both_engines! {
    async fn a_boleto_reads_back_as_it_was_issued(world: World) {
        let boleto = issue(&world, "one", "2027-01-10").await.unwrap();
        assert_eq!(world.boletos.find(world.company, boleto.id).await.unwrap(), boleto);
        assert!(matches!(issue(&world, "one", "2027-01-11").await, Err(Error::DebtHasBoleto)));
        assert!(matches!(issue(&world, "two", "2049-01-11").await, Err(Error::Invalid(_))));
        let stranger = CompanyId::from_uuid(Uuid::from_u128(8));
        assert!(matches!(world.boletos.find(stranger, boleto.id).await, Err(Error::NoSuchBoleto)));
        let next = issue(&world, "two", "2027-01-10").await.unwrap();
        assert_eq!((boleto.our_number.as_str(), next.our_number.as_str()), ("00000001", "00000002"), "a refusal takes none");
    }

    async fn lists_go_by_each_filter_newest_first(world: World) {
        for (debt, due) in [("late", "2026-11-20"), ("today", "2026-11-21"), ("soon", "2026-12-01")] {
            issue(&world, debt, due).await.unwrap();
        }
        let cancelled = issue(&world, "gone", "2026-12-02").await.unwrap();
        world.boletos.cancel(world.company, cancelled.id).await.unwrap();
        let none = BoletoFilter::default;
        assert_eq!(listed(&world, none()).await, ["gone", "soon", "today", "late"]);
        assert_eq!(listed(&world, BoletoFilter { status: Some(Status::Open), ..none() }).await, ["soon", "today"]);
        assert_eq!(listed(&world, BoletoFilter { status: Some(Status::Overdue), ..none() }).await, ["late"]);
        assert_eq!(listed(&world, BoletoFilter { status: Some(Status::Cancelled), ..none() }).await, ["gone"]);
        let range = BoletoFilter { due_from: Some(day("2026-11-21")), due_to: Some(day("2026-12-01")), ..none() };
        assert_eq!(listed(&world, range).await, ["soon", "today"]);
        assert_eq!(listed(&world, BoletoFilter { debt_id: Some("soon".to_owned()), ..none() }).await, ["soon"]);
        assert_eq!(listed(&world, BoletoFilter { document: Some("52998224725".to_owned()), ..none() }).await.len(), 4);
        assert_eq!(listed(&world, BoletoFilter { document: Some("5299822472".to_owned()), ..none() }).await.len(), 0);
        assert_eq!(listed(&world, BoletoFilter { q: Some("zoë".to_owned()), ..none() }).await.len(), 4);
        assert_eq!(listed(&world, BoletoFilter { q: Some("%".to_owned()), ..none() }).await.len(), 0);
        let page = world.boletos.list(world.company, &none(), Some(cancelled.id), 2).await.unwrap();
        let page: Vec<BoletoId> = page.iter().map(|boleto| boleto.id).collect();
        assert!(page.len() == 2 && page[0] < cancelled.id && page[1] < page[0]);
    }

    async fn another_due_date_changes_the_barcode_and_nothing_of_the_number(world: World) {
        let boleto = issue(&world, "one", "2026-12-01").await.unwrap();
        let moved = world.boletos.set_due_date(world.company, boleto.id, day("2026-12-11")).await.unwrap();
        assert_eq!((moved.our_number.clone(), moved.due_date), (boleto.our_number.clone(), day("2026-12-11")));
        assert_eq!((&moved.barcode[..4], &moved.barcode[9..]), (&boleto.barcode[..4], &boleto.barcode[9..]));
        assert_ne!(moved.barcode, boleto.barcode);
        assert_eq!(world.boletos.find(world.company, boleto.id).await.unwrap(), moved);
        let back = world.boletos.set_due_date(world.company, boleto.id, day("2026-12-01")).await.unwrap();
        assert_eq!(back.barcode, boleto.barcode);
        for _ in 0..2 {
            assert_eq!(world.boletos.cancel(world.company, boleto.id).await.unwrap().status, Status::Cancelled);
        }
        let error = world.boletos.set_due_date(world.company, boleto.id, day("2026-12-11")).await.unwrap_err();
        assert!(matches!(error, Error::NotOpen { status: Status::Cancelled }), "{error}");
    }
}
