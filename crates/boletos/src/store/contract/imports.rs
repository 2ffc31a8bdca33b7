//! Imports: every row accounted for, one boleto for each debt.

use std::collections::BTreeSet;

use super::*;
use crate::model::{Boleto, FileFault, ImportStatus};
use crate::store::boletos::BoletoFilter;
use crate::store::imports::Step;

async fn all(world: &World) -> Vec<Boleto> {
    world.boletos.list(world.company, &BoletoFilter::default(), None, 10_000).await.unwrap()
}

async fn debts(world: &World) -> BTreeSet<String> {
    let all = all(world).await;
    let debts: BTreeSet<_> = all.iter().map(|boleto| boleto.debt_id.clone()).collect();
    assert_eq!(debts.len(), all.len(), "one boleto for each debt");
    let numbers: BTreeSet<_> = all.iter().map(|boleto| boleto.our_number.clone()).collect();
    assert_eq!(numbers.len(), all.len(), "one number for each boleto");
    debts
}

/// An import, and how many debts have boletos, between two turns: one that was dropped comes to its end first.
async fn at_rest(world: &World, import: &Import) -> (Import, u64) {
    loop {
        let before = world.boletos.import(world.company, import.id).await.unwrap();
        let written = debts(world).await.len() as u64;
        if world.boletos.import(world.company, import.id).await.unwrap() == before {
            return (before, written);
        }
    }
}

on_both_engines! {
    async fn a_file_becomes_a_boleto_for_each_debt(world: World) {
        let import = world.import(&rows(0..50)).await;
        assert_eq!((import.status, counts(&import)), (ImportStatus::Completed, [50, 50, 0, 0, 0]));
        assert_eq!((import.bytes_read, import.finished_at.is_some()), (import.bytes_total, true));
        assert_eq!(debts(&world).await.len(), 50);
        let boleto = all(&world).await.into_iter().find(|boleto| boleto.debt_id == "debt-7").unwrap();
        assert_eq!((boleto.payer.name.as_str(), boleto.amount.to_string().as_str()), ("Ana 7", "8.50"));
        assert_eq!((boleto.due_date.to_string().as_str(), boleto.source), ("2027-01-08", Some((import.id, 9))));
        assert!(boleto.barcode.starts_with("3419") && boleto.barcode.ends_with("000"), "{}", boleto.barcode);
        assert!(boleto.barcode.contains(&format!("109{}", boleto.our_number)));
        assert!(world.report(&import).await.is_empty());
    }

    async fn every_row_is_told_of_and_counted_once(world: World) {
        let mut file = rows(0..20);
        file.push_str("Bia,1,bia@example.com,1.001,2027-01-01,bad\n");
        file.push_str("Bia,1,nowhere,1.00,2027-01-01,warned\n");
        file.push_str(&rows([3, 19]));
        file.push_str("Other,3,,4.50,2027-01-04,debt-3\n");
        let import = world.import(&file).await;
        assert_eq!(counts(&import), [25, 21, 3, 1, 1]);
        let report = world.report(&import).await;
        let expected = [(22, "invalid_amount"), (23, "invalid_email"), (24, "duplicate"), (25, "duplicate"), (26, "conflict")];
        assert_eq!(report, expected);
    }

    async fn the_same_file_again_issues_nothing_and_takes_no_numbers(world: World) {
        world.import(&rows(0..40)).await;
        let again = world.import(&rows(0..40)).await;
        assert_eq!((again.status, counts(&again)), (ImportStatus::Completed, [40, 0, 40, 0, 0]));
        assert_eq!(world.report(&again).await.len(), 40);
        let next = world.import(&rows(40..41)).await;
        assert_eq!(counts(&next), [1, 1, 0, 0, 0]);
        let newest = &all(&world).await[0];
        assert_eq!((newest.debt_id.as_str(), newest.our_number.as_str()), ("debt-40", "00000041"));
    }

    async fn what_a_row_repeats_is_its_debts_boleto(world: World) {
        let (kept, other) = ("Ana,1,,10.00,2027-01-01,one\n", "Ana,1,,11.00,2027-01-01,one\n");
        world.import(kept).await;
        let again = world.import(&format!("{other}{kept}{other}{kept}")).await;
        assert_eq!(counts(&again), [4, 0, 4, 0, 0]);
        let expected = [(2, "conflict"), (3, "duplicate"), (4, "conflict"), (5, "duplicate")];
        assert_eq!(world.report(&again).await, expected);
    }

    async fn an_account_that_runs_out_of_numbers_loses_none(world: World) {
        let account = world.boletos.accounts(world.company, None, 1).await.unwrap().remove(0).id;
        // Itaú has eight digits for them; three are left.
        let (last, left) = (99_999_999_u64, 3);
        let mut tx = world.db.begin().await.unwrap();
        crate::store::open(&world.db).take_numbers(&mut tx, world.company, account, last - left).await.unwrap();
        tx.commit().await.unwrap();
        let import = world.take_in(&format!("{HEAD}{}", rows(0..10))).await.unwrap();
        let key = ChunkKey { company: world.company, import: import.id, number: 0 };
        let refused = world.boletos.issue_chunk(key).await;
        assert!(matches!(refused, Err(Error::Number(_))), "{refused:?}");
        assert_eq!(debts(&world).await.len(), 0);
        let fits = world.import(&rows(0..3)).await;
        assert_eq!(counts(&fits), [3, 3, 0, 0, 0]);
        assert_eq!(all(&world).await[0].our_number, last.to_string());
    }

    async fn two_files_at_once_issue_each_debt_once(world: World) {
        let world = Arc::new(world);
        let clients = (0..4).map(|_| {
            let world = world.another();
            tokio::spawn(async move { world.import(&rows(0..120)).await })
        });
        let mut issued = 0;
        for client in futures_util::future::join_all(clients).await {
            let import = client.unwrap();
            let [read, new, duplicates, ..] = counts(&import);
            assert_eq!((import.status, read, new + duplicates), (ImportStatus::Completed, 120, 120));
            issued += new;
        }
        assert_eq!((issued, debts(&world).await.len()), (120, 120));
    }

    async fn many_processes_share_the_chunks_and_complete_it_once(world: World) {
        let import = world.take_in(&format!("{HEAD}{}", rows(0..200))).await.unwrap();
        let workers = (0..3).map(|_| {
            let (world, import) = (world.another(), import.clone());
            tokio::spawn(async move { world.work(&import).await })
        });
        for worker in futures_util::future::join_all(workers).await {
            worker.unwrap();
        }
        let import = world.boletos.import(world.company, import.id).await.unwrap();
        assert_eq!((import.status, counts(&import)), (ImportStatus::Completed, [200, 200, 0, 0, 0]));
        assert_eq!(debts(&world).await.len(), 200);
    }

    async fn what_stopped_in_the_middle_of_a_chunk_goes_on_there(world: World) {
        let file = format!("{HEAD}{}{}", "bad,1,,x,2027-01-01,bad\n", rows(0..30));
        let import = world.take_in(&file).await.unwrap();
        // A job that is dropped at any of its steps: each time somewhat later.
        for patience in 0..12_u32 {
            let key = ChunkKey { company: world.company, import: import.id, number: 0 };
            let _ = tokio::time::timeout(Duration::from_millis(u64::from(patience) * 3), world.boletos.issue_chunk(key)).await;
            let (so_far, written) = at_rest(&world, &import).await;
            let [read, issued, duplicates, rejected, _] = counts(&so_far);
            assert_eq!(read, issued + duplicates + rejected);
            assert_eq!(issued, written, "counted with what is written");
        }
        world.work(&import).await;
        let import = world.boletos.import(world.company, import.id).await.unwrap();
        assert_eq!((import.status, counts(&import)), (ImportStatus::Completed, [31, 30, 0, 1, 0]));
        assert_eq!(world.report(&import).await, [(2, "invalid_amount")]);
    }

    async fn a_step_is_taken_once(world: World) {
        let import = world.take_in(&format!("{HEAD}{}", rows(0..3))).await.unwrap();
        let key = ChunkKey { company: world.company, import: import.id, number: 0 };
        let step = Step { from: None, to: Some("debt-1"), is_last: false };
        let store = crate::store::open(&world.db);
        for expected in [true, false] {
            let mut tx = world.db.begin().await.unwrap();
            assert_eq!(store.step_chunk(&mut tx, key, step).await.unwrap(), expected);
            tx.commit().await.unwrap();
        }
        assert_eq!(store.begin_chunk(key).await.unwrap().unwrap().written_to.as_deref(), Some("debt-1"));
    }

    async fn an_import_that_failed_goes_no_further(world: World) {
        let import = world.take_in(&format!("{HEAD}{}", rows(0..60))).await.unwrap();
        let key = ChunkKey { company: world.company, import: import.id, number: 0 };
        world.boletos.issue_chunk(key).await.unwrap();
        world.boletos.fail_import(world.company, import.id, &Error::NoFile).await.unwrap();
        world.work(&import).await;
        let failed = world.boletos.import(world.company, import.id).await.unwrap();
        assert_eq!((failed.status, failed.error.as_deref()), (ImportStatus::Failed, Some("the file of the import is gone")));
        assert_eq!(failed.counts.issued as usize, debts(&world).await.len());
        let again = world.import(&rows(0..60)).await;
        assert_eq!((again.status, debts(&world).await.len()), (ImportStatus::Completed, 60));
    }

    async fn a_file_that_is_none_leaves_nothing_behind(world: World) {
        for (file, fault) in [
            (String::new(), FileFault::Empty),
            ("a,b,c\n1,2,3\n".to_owned(), FileFault::MissingColumns { missing: "name, governmentId, email, debtAmount, debtDueDate, debtId".to_owned() }),
            (format!("{HEAD}{}\"x", rows(0..20)), FileFault::UnclosedQuote { line: 22 }),
            (format!("{HEAD}{}", "x".repeat(100_000)), FileFault::RecordTooLong { line: 2 }),
        ] {
            let error = world.take_in(&file).await.unwrap_err();
            assert!(matches!(&error, Error::File(told) if *told == fault), "{error}");
        }
        let upload = Upload { documents: DocumentProfile::Any, bank_account_id: None, key: None };
        let broken = [Ok(Bytes::from(format!("{HEAD}{}", rows(0..20)))), Err(std::io::Error::other("gone"))];
        let answer = |_: &Import| Remembered::new(StatusCode::ACCEPTED, &"");
        let error = world.boletos.take_in(world.company, upload, stream::iter(broken), answer).await.unwrap_err();
        assert!(matches!(error, Error::BrokeOff(_)), "{error}");
        let left: Vec<_> = std::fs::read_dir(world.files.path().join("boleto-imports")).into_iter().flatten().collect();
        assert!(left.is_empty(), "{left:?}");
        assert!(debts(&world).await.is_empty());
    }

    async fn a_header_alone_is_complete_at_once(world: World) {
        let import = world.take_in(HEAD).await.unwrap();
        assert_eq!((import.status, import.bytes_read), (ImportStatus::Completed, import.bytes_total));
        let kept = world.boletos.import(world.company, import.id).await.unwrap();
        assert_eq!(kept, import);
    }

    async fn only_files_that_nobody_needs_are_swept(world: World) {
        let done = world.import(&rows(0..2)).await;
        let running = world.take_in(&format!("{HEAD}{}", rows(2..4))).await.unwrap();
        assert_eq!(world.boletos.sweep_files().await.unwrap(), 0, "they are new");
        let kept = |file: &str| world.files.path().join(file).exists();
        assert!(kept(&done.file) && kept(&running.file));
        let store = crate::store::open(&world.db);
        assert!(!store.is_file_needed(&done.file).await.unwrap());
        assert!(store.is_file_needed(&running.file).await.unwrap());
    }
}
