//! What both stores must do, run on each engine through the catalogue's door.

use comporta_db::{Db, Options};
use comporta_http::{IdempotencyError, Remembered, RequestKey};
use comporta_kernel::{Clock, CompanyId, IdSource, ManualClock, Rng, TypedId as _, Uuid};

use crate::{
    Addition, Book, BookKey, Catalogue, Change, Details, Error, Expected, Filter, Listing, Outcome,
    PublishedYear, ShelfNumber, Version,
};

macro_rules! on_both_engines {
    ($($test:ident)*) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $test() {
                super::$test(&super::catalogue(&comporta_neighbours::fresh_sqlite_url()).await).await;
            })*
        }

        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(&super::catalogue(&comporta_neighbours::fresh_postgres_url()).await).await;
            })*
        }
    };
}

on_both_engines! {
    a_book_reads_back_as_it_was_added
    another_company_sees_nothing_of_it
    numbers_count_up_per_company_and_are_not_given_twice
    a_chosen_number_is_kept_and_counting_goes_on_after_it
    a_taken_number_is_refused_and_leaves_no_trace
    a_change_makes_the_next_version
    of_two_changes_to_one_version_exactly_one_wins
    changes_at_the_same_time_are_never_lost
    a_removed_book_is_gone_for_every_call
    a_change_of_a_book_removed_meanwhile_finds_none
    a_list_is_walked_by_number_page_by_page
    a_list_is_filtered_by_text_and_by_author_in_any_case
    books_added_at_the_same_time_get_numbers_of_their_own
    a_request_key_adds_once_and_gives_the_first_answer_again
    a_request_key_of_refused_work_stays_free
    adding_and_removing_give_the_list_as_it_then_is
}

async fn catalogue(url: &str) -> Catalogue {
    let options = Options { url: url.parse().unwrap(), read_url: None, max_connections: 8 };
    let db = Db::open(&options).await.unwrap();
    db.migrate().await.unwrap();
    let clock = Clock::from(ManualClock::at("2026-03-01T12:00:00.000001Z".parse().unwrap()));
    Catalogue::new(db, clock.clone(), IdSource::new(clock, Rng::seeded(1)))
}

fn ours() -> CompanyId {
    CompanyId::from_uuid(Uuid::from_u128(1))
}

fn theirs() -> CompanyId {
    CompanyId::from_uuid(Uuid::from_u128(2))
}

fn a_book(title: &str, author: &str) -> Addition {
    let details = Details {
        title: title.parse().unwrap(),
        author: author.parse().unwrap(),
        isbn: None,
        published_year: None,
    };
    Addition { details, number: None }
}

fn at_number(number: i64, addition: Addition) -> Addition {
    Addition { number: ShelfNumber::try_from(number).ok(), ..addition }
}

async fn added(catalogue: &Catalogue, company: CompanyId, addition: Addition) -> Book {
    match catalogue.add(company, addition, None, |_| unreachable!("no key, no answer")).await.unwrap() {
        Outcome::Done(book) => book,
        Outcome::Repeated(_) => panic!("repeated without a key"),
    }
}

fn title(text: &str) -> Change {
    Change { title: text.parse().ok(), ..Change::default() }
}

fn all() -> Listing {
    Listing { filter: Filter::default(), after: 0, limit: 1_000 }
}

async fn numbers(catalogue: &Catalogue, listing: &Listing) -> Vec<i64> {
    catalogue.list(ours(), listing).await.unwrap().iter().map(|book| book.number).collect()
}

async fn a_book_reads_back_as_it_was_added(catalogue: &Catalogue) {
    let mut addition = a_book("Ficções 📚", "Jorge Luis Borges");
    addition.details.isbn = "0-8044-2957-X".parse().ok();
    addition.details.published_year = PublishedYear::try_from(-3000).ok();
    let book = added(catalogue, ours(), addition.clone()).await;
    assert_eq!((&book.details, book.number, book.version), (&addition.details, 1, Version::FIRST));
    assert_eq!(book.created_at.to_string(), "2026-03-01T12:00:00.000001Z");
    assert_eq!(catalogue.find(ours(), BookKey::Id(book.id)).await.unwrap(), book);
    assert_eq!(catalogue.find(ours(), BookKey::Number(1)).await.unwrap(), book);
    assert_eq!(catalogue.list(ours(), &all()).await.unwrap(), [book]);
}

async fn another_company_sees_nothing_of_it(catalogue: &Catalogue) {
    let book = added(catalogue, ours(), a_book("Ours", "Us")).await;
    for key in [BookKey::Id(book.id), BookKey::Number(book.number)] {
        assert!(matches!(catalogue.find(theirs(), key).await, Err(Error::NoSuchBook)));
        let revised = catalogue.revise(theirs(), key, title("Theirs"), Expected::Any).await;
        assert!(matches!(revised, Err(Error::NoSuchBook)));
        assert!(matches!(catalogue.remove(theirs(), key, &Expected::Any).await, Err(Error::NoSuchBook)));
    }
    assert_eq!(catalogue.list(theirs(), &all()).await.unwrap(), []);
    assert_eq!(catalogue.find(ours(), BookKey::Id(book.id)).await.unwrap(), book);
}

async fn numbers_count_up_per_company_and_are_not_given_twice(catalogue: &Catalogue) {
    for expected in 1..=2 {
        assert_eq!(added(catalogue, ours(), a_book("A", "B")).await.number, expected);
    }
    assert_eq!(added(catalogue, theirs(), a_book("A", "B")).await.number, 1);
    catalogue.remove(ours(), BookKey::Number(2), &Expected::Any).await.unwrap();
    assert_eq!(added(catalogue, ours(), a_book("A", "B")).await.number, 3);
}

async fn a_chosen_number_is_kept_and_counting_goes_on_after_it(catalogue: &Catalogue) {
    for (chosen, expected) in
        [(Some(40), 40), (None, 41), (Some(7), 7), (None, 42), (Some(2_147_483_647), 2_147_483_647)]
    {
        let addition = match chosen {
            Some(number) => at_number(number, a_book("A", "B")),
            None => a_book("A", "B"),
        };
        assert_eq!(added(catalogue, ours(), addition).await.number, expected);
    }
    // The highest choice there is does not use the numbers up.
    assert_eq!(added(catalogue, ours(), a_book("A", "B")).await.number, 2_147_483_648);
}

async fn a_taken_number_is_refused_and_leaves_no_trace(catalogue: &Catalogue) {
    let first = added(catalogue, ours(), a_book("First", "A")).await;
    let addition = at_number(1, a_book("Second", "A"));
    let refused = catalogue.add(ours(), addition, None, |_| unreachable!("no key")).await;
    assert!(matches!(refused, Err(Error::NumberTaken { number }) if i64::from(number) == 1), "{refused:?}");
    assert_eq!(catalogue.list(ours(), &all()).await.unwrap(), [first]);
}

async fn a_change_makes_the_next_version(catalogue: &Catalogue) {
    let mut addition = a_book("Before", "Someone");
    addition.details.isbn = "9780306406157".parse().ok();
    let book = added(catalogue, ours(), addition).await;
    let change = Change { isbn: Some(None), ..title("AFTER") };
    let expected = Expected::OneOf(vec![Version::FIRST]);
    let revised = catalogue.revise(ours(), BookKey::Id(book.id), change, expected).await.unwrap();
    assert_eq!((revised.version, revised.details.isbn), (Version::new(2), None));
    assert_eq!(catalogue.find(ours(), BookKey::Id(book.id)).await.unwrap(), revised);
    let filter = Filter { text: "after".parse().ok(), author: None };
    assert_eq!(numbers(catalogue, &Listing { filter, ..all() }).await, [1], "the search follows the change");
}

async fn of_two_changes_to_one_version_exactly_one_wins(catalogue: &Catalogue) {
    for _ in 0..20 {
        let book = added(catalogue, ours(), a_book("Shared", "Someone")).await;
        let change = |text| {
            let expected = Expected::OneOf(vec![Version::FIRST]);
            catalogue.revise(ours(), BookKey::Id(book.id), title(text), expected)
        };
        let (left, right) = tokio::join!(change("Left"), change("Right"));
        let (winner, loser) = if left.is_ok() { (left, right) } else { (right, left) };
        assert!(matches!(loser, Err(Error::ChangedSince)), "{loser:?}");
        assert_eq!(catalogue.find(ours(), BookKey::Id(book.id)).await.unwrap(), winner.unwrap());
    }
}

async fn changes_at_the_same_time_are_never_lost(catalogue: &Catalogue) {
    let book = added(catalogue, ours(), a_book("Shared", "Someone")).await;
    let changes = (0..20).map(|round| {
        let catalogue = catalogue.clone();
        tokio::spawn(async move {
            let change = title(&format!("Round {round}"));
            catalogue.revise(ours(), BookKey::Number(1), change, Expected::Any).await
        })
    });
    for change in changes.collect::<Vec<_>>() {
        change.await.unwrap().unwrap();
    }
    let version = catalogue.find(ours(), BookKey::Id(book.id)).await.unwrap().version;
    assert_eq!(version, Version::new(21), "each change counted");
}

async fn a_removed_book_is_gone_for_every_call(catalogue: &Catalogue) {
    let book = added(catalogue, ours(), a_book("A", "B")).await;
    let key = BookKey::Id(book.id);
    let stale = Expected::OneOf(vec![Version::new(9)]);
    assert!(matches!(catalogue.remove(ours(), key, &stale).await, Err(Error::ChangedSince)));
    let current = Expected::OneOf(vec![Version::new(9), Version::FIRST]);
    catalogue.remove(ours(), key, &current).await.unwrap();
    assert!(matches!(catalogue.find(ours(), key).await, Err(Error::NoSuchBook)));
    assert!(matches!(catalogue.remove(ours(), key, &Expected::Any).await, Err(Error::NoSuchBook)));
    assert_eq!(catalogue.list(ours(), &all()).await.unwrap(), []);
}

async fn a_change_of_a_book_removed_meanwhile_finds_none(catalogue: &Catalogue) {
    for _ in 0..20 {
        let key = BookKey::Id(added(catalogue, ours(), a_book("A", "B")).await.id);
        let change = catalogue.revise(ours(), key, title("C"), Expected::Any);
        let remove = catalogue.remove(ours(), key, &Expected::Any);
        let (changed, removed) = tokio::join!(change, remove);
        removed.unwrap();
        assert!(matches!(changed, Ok(_) | Err(Error::NoSuchBook)), "{changed:?}");
        assert!(matches!(catalogue.find(ours(), key).await, Err(Error::NoSuchBook)));
    }
}

async fn a_list_is_walked_by_number_page_by_page(catalogue: &Catalogue) {
    for number in [5, 2, 9] {
        added(catalogue, ours(), at_number(number, a_book("A", "B"))).await;
    }
    assert_eq!(numbers(catalogue, &Listing { limit: 2, ..all() }).await, [2, 5]);
    assert_eq!(numbers(catalogue, &Listing { after: 5, limit: 2, ..all() }).await, [9]);
    assert_eq!(numbers(catalogue, &Listing { after: i64::MAX, ..all() }).await, [] as [i64; 0]);
    assert_eq!(numbers(catalogue, &Listing { after: i64::MIN, ..all() }).await, [2, 5, 9]);
}

async fn a_list_is_filtered_by_text_and_by_author_in_any_case(catalogue: &Catalogue) {
    for (title, author) in
        [("100% Ação", "Érico"), ("Sagarana", "Guimarães Rosa"), ("Rosa_dos_ventos", "ÉRICO")]
    {
        added(catalogue, ours(), a_book(title, author)).await;
    }
    for (text, author, expected) in [
        (Some("AÇÃO"), None, vec![1]),
        (Some("rosa"), None, vec![2, 3]),
        (Some("%"), None, vec![1]),
        (Some("_"), None, vec![3]),
        (Some("'"), None, vec![]),
        (None, Some("érico"), vec![1, 3]),
        (None, Some("éric"), vec![]),
        (Some("rosa"), Some("Érico"), vec![3]),
    ] {
        let needle = |text: Option<&str>| text.map(|text| text.parse().unwrap());
        let filter = Filter { text: needle(text), author: needle(author) };
        assert_eq!(numbers(catalogue, &Listing { filter, ..all() }).await, expected, "{text:?} {author:?}");
    }
}

async fn books_added_at_the_same_time_get_numbers_of_their_own(catalogue: &Catalogue) {
    let additions = (0..20).map(|_| {
        let catalogue = catalogue.clone();
        tokio::spawn(async move { added(&catalogue, ours(), a_book("A", "B")).await.number })
    });
    let mut given = Vec::new();
    for addition in additions.collect::<Vec<_>>() {
        given.push(addition.await.unwrap());
    }
    given.sort_unstable();
    assert_eq!(given, (1..=20).collect::<Vec<_>>());
}

fn request(key: &str, hash: u8) -> RequestKey {
    RequestKey { key: key.to_owned(), hash: [hash; 32] }
}

fn told(book: &Book) -> Remembered {
    Remembered { status: 201, body: book.id.to_string() }
}

async fn a_request_key_adds_once_and_gives_the_first_answer_again(catalogue: &Catalogue) {
    let add =
        |hash| async move { catalogue.add(ours(), a_book("A", "B"), Some(&request("k", hash)), told).await };
    let (left, right) = tokio::join!(add(1), add(1));
    let (done, repeated) = match (left.unwrap(), right.unwrap()) {
        (Outcome::Done(book), Outcome::Repeated(before))
        | (Outcome::Repeated(before), Outcome::Done(book)) => (book, before),
        both => panic!("not once: {both:?}"),
    };
    assert_eq!(repeated, told(&done));
    let reused = add(2).await;
    assert!(matches!(reused, Err(Error::Idempotency(IdempotencyError::KeyReused))), "{reused:?}");
    assert_eq!(numbers(catalogue, &all()).await, [1]);
}

async fn a_request_key_of_refused_work_stays_free(catalogue: &Catalogue) {
    added(catalogue, ours(), a_book("A", "B")).await;
    let key = request("k", 1);
    let taken = catalogue.add(ours(), at_number(1, a_book("C", "D")), Some(&key), told).await;
    assert!(matches!(taken, Err(Error::NumberTaken { .. })), "{taken:?}");
    let free = catalogue.add(ours(), at_number(2, a_book("C", "D")), Some(&key), told).await.unwrap();
    assert!(matches!(free, Outcome::Done(book) if book.number == 2));
}

async fn adding_and_removing_give_the_list_as_it_then_is(catalogue: &Catalogue) {
    let key = request("k", 1);
    let told = |books: &[Book]| Remembered { status: 200, body: books.len().to_string() };
    let add =
        async || catalogue.add_and_list(ours(), a_book("A", "B"), &all(), Some(&key), told).await.unwrap();
    assert!(matches!(add().await, Outcome::Done(books) if books.len() == 1));
    assert!(matches!(add().await, Outcome::Repeated(before) if before.body == "1"));
    added(catalogue, ours(), a_book("C", "D")).await;
    let left = catalogue.remove_and_list(ours(), BookKey::Number(1), &all()).await.unwrap();
    assert_eq!(left.iter().map(|book| book.number).collect::<Vec<_>>(), [2]);
    let again = catalogue.remove_and_list(ours(), BookKey::Number(1), &all()).await;
    assert!(matches!(again, Err(Error::NoSuchBook)));
}
