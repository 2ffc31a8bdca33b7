//! Bank accounts, and their numbers.

use super::*;
use crate::model::CnabLayout;
use crate::service::AccountChange;

on_both_engines! {
    async fn the_first_account_is_the_default_and_a_change_is_checked(world: World) {
        let answer = |_: &_| unreachable!("there is no key");
        world.clock.advance(jiff::SignedDuration::from_millis(1));
        let second = AccountDocument { account: Some("54321".to_owned()), account_digit: None, ..itau() };
        let Outcome::Done(second) = world.boletos.add_account(world.company, second, None, answer).await.unwrap() else {
            unreachable!("there is no key")
        };
        let accounts = world.boletos.accounts(world.company, None, 10).await.unwrap();
        assert_eq!((accounts.len(), accounts[1].id, accounts[0].document.clone()), (2, second.id, itau()));
        let after = world.boletos.accounts(world.company, Some(accounts[0].id), 10).await.unwrap();
        assert_eq!(after, std::slice::from_ref(&second));
        let store = crate::store::open(&world.db);
        assert_eq!(store.default_account(world.company).await.unwrap().unwrap().id, accounts[0].id);

        let change = |text: &str| AccountChange(serde_json::from_str(text).unwrap());
        let changed = world.boletos.change_account(world.company, second.id, change(r#"{"layout": 240, "account_digit": null}"#)).await.unwrap();
        assert_eq!(changed.document.layout, CnabLayout::Cnab240);
        assert_eq!(world.boletos.find_account(world.company, second.id).await.unwrap(), changed);
        for wrong in [r#"{"bank": "999"}"#, r#"{"wallet": null}"#, r#"{"wallt": "109"}"#, r#"{"agency": 57}"#] {
            assert!(world.boletos.change_account(world.company, second.id, change(wrong)).await.is_err(), "{wrong}");
        }
        let stranger = CompanyId::from_uuid(Uuid::from_u128(8));
        assert!(matches!(world.boletos.find_account(stranger, second.id).await, Err(Error::NoSuchAccount)));
    }

    async fn an_account_that_would_give_the_same_numbers_is_refused(world: World) {
        let answer = |_: &_| unreachable!("there is no key");
        let again = AccountDocument { layout: CnabLayout::Cnab240, account_digit: None, ..itau() };
        let refused = world.boletos.add_account(world.company, again, None, answer).await.unwrap_err();
        assert!(matches!(refused, Error::AccountKnown), "{refused}");
        let other = AccountDocument { wallet: Some("175".to_owned()), ..itau() };
        let Outcome::Done(other) = world.boletos.add_account(world.company, other, None, answer).await.unwrap() else {
            unreachable!("there is no key")
        };
        let change = AccountChange(serde_json::from_str(r#"{"wallet": "109"}"#).unwrap());
        let refused = world.boletos.change_account(world.company, other.id, change).await.unwrap_err();
        assert!(matches!(refused, Error::AccountKnown), "{refused}");
        let same = AccountChange(serde_json::from_str(r#"{"layout": 240}"#).unwrap());
        assert!(world.boletos.change_account(world.company, other.id, same).await.is_ok());
    }

    async fn numbers_are_taken_once(world: World) {
        let store = crate::store::open(&world.db);
        let account = store.default_account(world.company).await.unwrap().unwrap().id;
        let mut taken = Vec::new();
        for count in [1, 10, 5] {
            let mut tx = world.db.begin().await.unwrap();
            taken.push(store.take_numbers(&mut tx, world.company, account, count).await.unwrap());
            tx.commit().await.unwrap();
        }
        assert_eq!(taken, [Some(1), Some(2), Some(12)]);
    }
}
