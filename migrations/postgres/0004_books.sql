-- The books catalogue. number is the small integer id that /livros shows, given per company by shelf. The folded
-- columns are title and author in lower case, letter by letter, so that both engines search them alike.
CREATE TABLE shelf (
    company_id   uuid PRIMARY KEY,
    last_number  bigint NOT NULL
);

CREATE TABLE book (
    company_id      uuid NOT NULL,
    id              uuid NOT NULL,
    number          bigint NOT NULL,
    title           text NOT NULL,
    author          text NOT NULL,
    title_folded    text NOT NULL,
    author_folded   text NOT NULL,
    isbn            text,
    published_year  integer,
    version         bigint NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (company_id, id),
    CONSTRAINT book_number UNIQUE (company_id, number)
);
