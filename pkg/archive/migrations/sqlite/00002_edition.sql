-- +goose Up

-- The edition of the counts grows with each import: what was learned or rebuilt
-- from an earlier one lacks what was imported. One row.
CREATE TABLE counts_edition (
    edition INTEGER NOT NULL
);
INSERT INTO counts_edition (edition) VALUES (0);

-- That of the counts which a baseline was learned from.
ALTER TABLE baselines ADD COLUMN edition INTEGER NOT NULL DEFAULT 0;
