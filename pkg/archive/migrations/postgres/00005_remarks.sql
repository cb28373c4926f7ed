-- +goose Up

-- What was said of an outage afterwards: kind is note, retraction, merge or
-- acknowledgement. The outage itself stays as it is.
CREATE TABLE remarks (
    outage  BYTEA  NOT NULL,
    id      BYTEA  NOT NULL,
    kind    TEXT   NOT NULL,
    at      BIGINT NOT NULL,
    body    TEXT   NOT NULL,
    link    TEXT   NOT NULL,
    said_at BIGINT,
    -- The outage that this one is part of.
    into_outage BYTEA,
    author  TEXT   NOT NULL,
    PRIMARY KEY (outage, id)
);
-- The outages that do not count.
CREATE INDEX remarks_standing ON remarks (outage) WHERE kind IN ('retraction', 'merge');

-- Lists are chosen from an index alone, and only the bodies of one page are
-- read: each index has every column that a filter asks for.
ALTER TABLE outages ADD COLUMN reports BIGINT NOT NULL DEFAULT 0;
UPDATE outages SET reports = coalesce((body::jsonb ->> 'reports')::bigint, 0);
DROP INDEX outages_by_time;
DROP INDEX outages_by_service;
CREATE INDEX outages_by_time ON outages (started_at, id) INCLUDE (service, state, ended_at, reports);
CREATE INDEX outages_by_service ON outages (service, started_at, id) INCLUDE (state, ended_at, reports);
CREATE INDEX outages_ongoing ON outages (started_at, id) INCLUDE (service, state, ended_at, reports) WHERE state = 'ongoing';
-- How long the longest lasted.
CREATE INDEX outages_by_duration ON outages ((ended_at - started_at));

-- service, state, ended_at and reports are those of the whole outage, as is
-- started_at; from_at and to_at are the first onset and the last end in the country.
ALTER TABLE impacts ADD COLUMN service TEXT NOT NULL DEFAULT '';
ALTER TABLE impacts ADD COLUMN state TEXT NOT NULL DEFAULT '';
ALTER TABLE impacts ADD COLUMN ended_at BIGINT;
ALTER TABLE impacts ADD COLUMN reports BIGINT NOT NULL DEFAULT 0;
ALTER TABLE impacts ADD COLUMN from_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE impacts ADD COLUMN to_at BIGINT;
UPDATE impacts i SET service = o.service, state = o.state, ended_at = o.ended_at, reports = o.reports,
    from_at = floor(extract(epoch FROM coalesce(part -> 'intervals' -> 0 ->> 'started_at', part ->> 'started_at')::timestamptz) * 1000),
    to_at = floor(extract(epoch FROM (part ->> 'ended_at')::timestamptz) * 1000)
    FROM outages o, jsonb_array_elements(o.body::jsonb -> 'impacts') AS part
    WHERE o.id = i.outage AND jsonb_typeof(o.body::jsonb -> 'impacts') = 'array' AND part ->> 'country' = i.country;
DROP INDEX impacts_by_country;
CREATE INDEX impacts_by_country ON impacts (country, started_at, outage) INCLUDE (service, state, ended_at, reports, from_at, to_at);
CREATE INDEX impacts_ongoing ON impacts (country, started_at, outage) INCLUDE (service, state, ended_at, reports) WHERE state = 'ongoing';
CREATE INDEX impacts_by_service ON impacts (service, country, started_at, outage) INCLUDE (state, ended_at, reports, from_at, to_at);
