-- The books catalogue. number is the small integer id that /livros shows, given per company by shelf. The folded
-- columns are title and author in lower case, letter by letter, so that both engines search them alike.
CREATE TABLE shelf (
    company_id   BLOB PRIMARY KEY,
    last_number  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE book (
    company_id      BLOB NOT NULL,
    id              BLOB NOT NULL,
    number          INTEGER NOT NULL,
    title           TEXT NOT NULL,
    author          TEXT NOT NULL,
    title_folded    TEXT NOT NULL,
    author_folded   TEXT NOT NULL,
    isbn            TEXT,
    published_year  INTEGER,
    version         INTEGER NOT NULL DEFAULT 1,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    PRIMARY KEY (company_id, id),
    UNIQUE (company_id, number)
) STRICT, WITHOUT ROWID;
