-- How often a boleto's letter was asked for again: each time is a letter of its own, with an id of its own. How it is
-- delivered is on the boleto's row, so that a claim and what came of it change one row each, and no index.
ALTER TABLE boleto ADD COLUMN delivery_resends integer NOT NULL DEFAULT 0;
