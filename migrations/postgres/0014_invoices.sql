-- What companies owe for a month. Who holds which plan since when is kept, because a month is billed by the plan held
-- at its end, whenever the run comes; of a plan that was removed its document is kept there. An invoice is issued once for a company and month, with its price, its parties
-- and its lines as they were: none of them changes again. What a later look finds different becomes lines of the next
-- invoice, each with the month whose calls it is for and the invoice it corrects, so that all lines of a month add up
-- to the price of its calls. A line's tier is 0 for the base price; units are in millionths, amounts in centavos.
CREATE TABLE company_plan (
    company_id  uuid NOT NULL REFERENCES company (id),
    since       timestamptz NOT NULL,
    plan        text,
    document    text,
    PRIMARY KEY (company_id, since)
);
INSERT INTO company_plan (company_id, since, plan) SELECT id, created_at, plan FROM company WHERE plan IS NOT NULL;

-- The company that bills where the settings name none; the first run says which.
CREATE TABLE biller (
    only_one    boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    company_id  uuid NOT NULL REFERENCES company (id)
);

CREATE TABLE invoice (
    company_id  uuid NOT NULL REFERENCES company (id),
    id          uuid NOT NULL,
    month       date NOT NULL,
    status      text NOT NULL CHECK (status IN ('issued', 'paid')),
    currency    text NOT NULL,
    plan        text,
    price       text,
    issuer      text NOT NULL,
    customer    text NOT NULL,
    total       bigint NOT NULL,
    issued_at   timestamptz NOT NULL,
    issue_date  date NOT NULL,
    due_date    date NOT NULL,
    paid_at     timestamptz,
    PRIMARY KEY (company_id, id),
    CONSTRAINT invoice_company_month UNIQUE (company_id, month)
);
CREATE UNIQUE INDEX invoice_id ON invoice (id);
CREATE INDEX invoice_month ON invoice (month, id);

CREATE TABLE invoice_line (
    company_id  uuid NOT NULL,
    invoice_id  uuid NOT NULL,
    position    integer NOT NULL,
    month       date NOT NULL,
    tier        integer NOT NULL CHECK (tier >= 0),
    after       bigint NOT NULL,
    up_to       bigint,
    quantity    bigint NOT NULL,
    unit        bigint,
    amount      bigint NOT NULL,
    corrects    uuid,
    PRIMARY KEY (company_id, invoice_id, position),
    FOREIGN KEY (company_id, invoice_id) REFERENCES invoice (company_id, id)
);
CREATE INDEX invoice_line_month ON invoice_line (company_id, month);

CREATE FUNCTION invoice_line_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an invoice''s line is never changed or deleted; correct it on the next invoice';
END
$$;
CREATE TRIGGER invoice_line_append_only BEFORE UPDATE OR DELETE ON invoice_line
    FOR EACH ROW EXECUTE FUNCTION invoice_line_is_append_only();
