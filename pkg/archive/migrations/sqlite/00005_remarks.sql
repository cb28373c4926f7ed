-- +goose Up

-- What was said of an outage afterwards: kind is note, retraction, merge or
-- acknowledgement. The outage itself stays as it is.
CREATE TABLE remarks (
    outage  BLOB    NOT NULL,
    id      BLOB    NOT NULL,
    kind    TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    body    TEXT    NOT NULL,
    link    TEXT    NOT NULL,
    said_at INTEGER,
    -- The outage that this one is part of.
    into_outage BLOB,
    author  TEXT    NOT NULL,
    PRIMARY KEY (outage, id)
) WITHOUT ROWID;
-- The outages that do not count.
CREATE INDEX remarks_standing ON remarks (outage) WHERE kind IN ('retraction', 'merge');

-- Lists are chosen from an index alone, and only the bodies of one page are
-- read: each index has every column that a filter asks for.
ALTER TABLE outages ADD COLUMN reports INTEGER NOT NULL DEFAULT 0;
UPDATE outages SET reports = coalesce(json_extract(body, '$.reports'), 0);
DROP INDEX outages_by_time;
DROP INDEX outages_by_service;
CREATE INDEX outages_by_time ON outages (started_at, id, service, state, ended_at, reports);
CREATE INDEX outages_by_service ON outages (service, started_at, id, state, ended_at, reports);
CREATE INDEX outages_ongoing ON outages (started_at, id, service, ended_at, reports) WHERE state = 'ongoing';
-- How long the longest lasted.
CREATE INDEX outages_by_duration ON outages ((ended_at - started_at));

-- service, state, ended_at and reports are those of the whole outage, as is
-- started_at; from_at and to_at are the first onset and the last end in the country.
ALTER TABLE impacts ADD COLUMN service TEXT NOT NULL DEFAULT '';
ALTER TABLE impacts ADD COLUMN state TEXT NOT NULL DEFAULT '';
ALTER TABLE impacts ADD COLUMN ended_at INTEGER;
ALTER TABLE impacts ADD COLUMN reports INTEGER NOT NULL DEFAULT 0;
ALTER TABLE impacts ADD COLUMN from_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE impacts ADD COLUMN to_at INTEGER;
UPDATE impacts SET service = o.service, state = o.state, ended_at = o.ended_at, reports = o.reports,
    from_at = CAST(floor(unixepoch(coalesce(part.value ->> '$.intervals[0].started_at', part.value ->> '$.started_at'), 'subsec') * 1000) AS INTEGER),
    to_at = CAST(floor(unixepoch(part.value ->> '$.ended_at', 'subsec') * 1000) AS INTEGER)
    FROM outages o, json_each(o.body, '$.impacts') AS part
    WHERE o.id = impacts.outage AND part.value ->> '$.country' = impacts.country;
DROP INDEX impacts_by_country;
CREATE INDEX impacts_by_country ON impacts (country, started_at, outage, service, state, ended_at, reports, from_at, to_at);
CREATE INDEX impacts_ongoing ON impacts (country, started_at, outage, service, ended_at, reports) WHERE state = 'ongoing';
CREATE INDEX impacts_by_service ON impacts (service, country, started_at, outage, state, ended_at, reports, from_at, to_at);
