//! Books in SQLite.

use async_trait::async_trait;
use comporta_db::columns::{from_micros, from_text, to_micros};
use comporta_db::{Connection, Sqlite, Tx};
use comporta_kernel::{CompanyId, TypedId as _};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection, SqliteExecutor};

use super::{NewBook, Revision, Store};
use crate::{Book, BookId, BookKey, Details, Error, Expected, Listing, PublishedYear, ShelfNumber, Version};

#[derive(Debug)]
pub(super) struct SqliteBooks(Sqlite);

impl SqliteBooks {
    pub(super) const fn new(db: Sqlite) -> Self {
        Self(db)
    }
}

macro_rules! select {
    ($where:literal) => {
        concat!(
            "SELECT id, number, title, author, isbn, published_year, version, created_at, updated_at FROM book
             WHERE company_id = $1 AND ",
            $where
        )
    };
}

#[async_trait]
impl Store for SqliteBooks {
    async fn add(&self, tx: &mut Tx, company: CompanyId, new: NewBook) -> Result<Book, Error> {
        let db = connection(tx)?;
        let chosen = new.number;
        let number = take_number(db, company, chosen).await?;
        let book = new.numbered(number);
        insert(db, company, &book).await.map_err(|error| match chosen {
            Some(number) if error.constraint() == Some("book.company_id, book.number") => {
                Error::NumberTaken { number }
            }
            _ => error.into(),
        })?;
        Ok(book)
    }

    async fn find(&self, company: CompanyId, key: BookKey) -> Result<Option<Book>, Error> {
        select_one(self.0.readers(), company, key).await
    }

    async fn list(&self, company: CompanyId, listing: &Listing) -> Result<Vec<Book>, Error> {
        select_many(self.0.scans(), company, listing).await
    }

    async fn list_in(&self, tx: &mut Tx, company: CompanyId, listing: &Listing) -> Result<Vec<Book>, Error> {
        select_many(connection(tx)?, company, listing).await
    }

    async fn revise(
        &self,
        tx: &mut Tx,
        company: CompanyId,
        key: BookKey,
        revision: Revision,
    ) -> Result<Book, Error> {
        let db = connection(tx)?;
        let before = select_one(&mut *db, company, key).await?.ok_or(Error::NoSuchBook)?;
        let after = before.changed(&revision.change, &revision.expected, revision.at)?;
        if after != before {
            update(db, company, &after).await?;
        }
        Ok(after)
    }

    async fn remove(
        &self,
        tx: &mut Tx,
        company: CompanyId,
        key: BookKey,
        expected: &Expected,
    ) -> Result<(), Error> {
        let db = connection(tx)?;
        let book = select_one(&mut *db, company, key).await?.ok_or(Error::NoSuchBook)?;
        book.check(expected)?;
        const SQL: &str = "DELETE FROM book WHERE company_id = $1 AND id = $2";
        sqlx::query(SQL).bind(company.uuid()).bind(book.id.uuid()).execute(db).await?;
        Ok(())
    }
}

fn connection(tx: &mut Tx) -> Result<&mut SqliteConnection, Error> {
    match tx.connection() {
        Connection::Sqlite(db) => Ok(db),
        Connection::Postgres(_) => Err(comporta_db::Error::WrongEngine.into()),
    }
}

/// The chosen number, or the next one. There is one writer, so books become visible in the order of their numbers
/// and a list by number passes none over.
async fn take_number(
    db: &mut SqliteConnection,
    company: CompanyId,
    chosen: Option<ShelfNumber>,
) -> Result<i64, Error> {
    const SQL: &str = "INSERT INTO shelf (company_id, last_number) VALUES ($1, coalesce($2, 1))
        ON CONFLICT (company_id) DO UPDATE
        SET last_number = max(shelf.last_number, coalesce($2, shelf.last_number + 1))
        RETURNING last_number";
    let chosen = chosen.map(i64::from);
    let row = sqlx::query(SQL).bind(company.uuid()).bind(chosen).fetch_one(db).await?;
    let last = row.try_get(0)?;
    Ok(chosen.unwrap_or(last))
}

async fn insert(
    db: &mut SqliteConnection,
    company: CompanyId,
    book: &Book,
) -> Result<(), comporta_db::Error> {
    const SQL: &str =
        "INSERT INTO book (company_id, id, number, title, author, title_folded, author_folded, isbn,
            published_year, version, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let Details { title, author, isbn, published_year } = &book.details;
    sqlx::query(SQL)
        .bind(company.uuid())
        .bind(book.id.uuid())
        .bind(book.number)
        .bind(title.as_str())
        .bind(author.as_str())
        .bind(title.folded())
        .bind(author.folded())
        .bind(isbn.map(|isbn| isbn.to_string()))
        .bind(published_year.map(PublishedYear::number))
        .bind(book.version.number())
        .bind(to_micros(book.created_at))
        .bind(to_micros(book.updated_at))
        .execute(db)
        .await?;
    Ok(())
}

async fn update(db: &mut SqliteConnection, company: CompanyId, book: &Book) -> Result<(), Error> {
    const SQL: &str =
        "UPDATE book SET title = $3, author = $4, title_folded = $5, author_folded = $6, isbn = $7,
            published_year = $8, version = $9, updated_at = $10
        WHERE company_id = $1 AND id = $2";
    let Details { title, author, isbn, published_year } = &book.details;
    sqlx::query(SQL)
        .bind(company.uuid())
        .bind(book.id.uuid())
        .bind(title.as_str())
        .bind(author.as_str())
        .bind(title.folded())
        .bind(author.folded())
        .bind(isbn.map(|isbn| isbn.to_string()))
        .bind(published_year.map(PublishedYear::number))
        .bind(book.version.number())
        .bind(to_micros(book.updated_at))
        .execute(db)
        .await?;
    Ok(())
}

async fn select_one(
    db: impl SqliteExecutor<'_>,
    company: CompanyId,
    key: BookKey,
) -> Result<Option<Book>, Error> {
    const BY_ID: &str = select!("id = $2");
    const BY_NUMBER: &str = select!("number = $2");
    let query = match key {
        BookKey::Id(id) => sqlx::query(BY_ID).bind(company.uuid()).bind(id.uuid()),
        BookKey::Number(number) => sqlx::query(BY_NUMBER).bind(company.uuid()).bind(number),
    };
    query.fetch_optional(db).await?.map(|row| book(&row)).transpose()
}

async fn select_many(
    db: impl SqliteExecutor<'_>,
    company: CompanyId,
    listing: &Listing,
) -> Result<Vec<Book>, Error> {
    const SQL: &str = select!(
        "number > $2
         AND ($3 IS NULL OR instr(title_folded, $3) > 0 OR instr(author_folded, $3) > 0)
         AND ($4 IS NULL OR author_folded = $4)
         ORDER BY number LIMIT $5"
    );
    let rows = sqlx::query(SQL)
        .bind(company.uuid())
        .bind(listing.after)
        .bind(listing.filter.text.as_ref().map(|text| text.as_str()))
        .bind(listing.filter.author.as_ref().map(|author| author.as_str()))
        .bind(i64::from(listing.limit))
        .fetch_all(db)
        .await?;
    rows.iter().map(book).collect()
}

fn book(row: &SqliteRow) -> Result<Book, Error> {
    let isbn: Option<&str> = row.try_get("isbn")?;
    let year: Option<i32> = row.try_get("published_year")?;
    let unreadable = |_| comporta_db::Error::Corrupt { column: "book.published_year" };
    Ok(Book {
        id: BookId::from_uuid(row.try_get("id")?),
        number: row.try_get("number")?,
        version: Version::new(row.try_get("version")?),
        details: Details {
            title: from_text(row.try_get("title")?, "book.title")?,
            author: from_text(row.try_get("author")?, "book.author")?,
            isbn: isbn.map(|isbn| from_text(isbn, "book.isbn")).transpose()?,
            published_year: year.map(PublishedYear::try_from).transpose().map_err(unreadable)?,
        },
        created_at: from_micros(row.try_get("created_at")?, "book.created_at")?,
        updated_at: from_micros(row.try_get("updated_at")?, "book.updated_at")?,
    })
}
