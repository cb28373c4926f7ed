-- +goose Up

-- Units: *_at is Unix milliseconds; minute, quarter, hour and day are Unix time
-- divided by 60, 900, 3600 and 86400 seconds.

-- Every (service, country) that was ever reported. Never deleted, so that its
-- number can be cached. The total over all countries is a sum when reading.
CREATE TABLE series (
    id        INTEGER PRIMARY KEY,
    partition INTEGER NOT NULL,
    service   TEXT    NOT NULL,
    country   TEXT    NOT NULL,
    UNIQUE (service, country)
);
CREATE INDEX series_by_partition ON series (partition);

CREATE TABLE reports (
    id           BLOB    NOT NULL PRIMARY KEY,
    kind         TEXT    NOT NULL DEFAULT 'problem',
    partition    INTEGER NOT NULL,
    series       INTEGER NOT NULL,
    country_from TEXT    NOT NULL,
    source       TEXT    NOT NULL,
    ref          TEXT    NOT NULL,
    problem      TEXT    NOT NULL,
    reporter     BLOB    NOT NULL,
    seat         BLOB,
    origin       BLOB,
    network      INTEGER NOT NULL,
    digest       INTEGER NOT NULL,
    outcome      TEXT    NOT NULL,
    observed_at  INTEGER NOT NULL,
    received_at  INTEGER NOT NULL
) WITHOUT ROWID;
-- By time first: what is inserted together is then one page of the index, not one
-- a partition, and the one process that has this file reads all partitions anyway.
CREATE INDEX reports_by_time ON reports (received_at, partition);
CREATE INDEX reports_by_ref ON reports (source, ref) WHERE ref <> '';

CREATE TABLE minutes (
    series INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    count  INTEGER NOT NULL,
    PRIMARY KEY (series, minute)
) WITHOUT ROWID;

CREATE TABLE quarters (
    series  INTEGER NOT NULL,
    quarter INTEGER NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (series, quarter)
) WITHOUT ROWID;

-- Bit m of minutes says that the source was listening in minute m of the hour.
CREATE TABLE coverage (
    hour    INTEGER NOT NULL,
    source  TEXT    NOT NULL,
    minutes INTEGER NOT NULL,
    PRIMARY KEY (hour, source)
) WITHOUT ROWID;

CREATE TABLE outages (
    id              BLOB    NOT NULL PRIMARY KEY,
    partition       INTEGER NOT NULL,
    service         TEXT    NOT NULL,
    state           TEXT    NOT NULL,
    started_at      INTEGER NOT NULL,
    ended_at        INTEGER,
    closed_at       INTEGER,
    final           INTEGER NOT NULL,
    fence           INTEGER NOT NULL,
    revision        INTEGER NOT NULL,
    -- Whether outage_minutes reaches an hour past the end.
    minutes_kept    INTEGER NOT NULL DEFAULT 0,
    body            TEXT    NOT NULL
) WITHOUT ROWID;
CREATE INDEX outages_by_time ON outages (started_at, id);
CREATE INDEX outages_by_service ON outages (service, started_at, id);
CREATE INDEX outages_unsettled ON outages (partition) WHERE NOT final;
CREATE INDEX outages_by_close ON outages (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX outages_minutes_due ON outages (ended_at) WHERE final AND NOT minutes_kept;

-- started_at is that of the whole outage: the order of pages.
CREATE TABLE impacts (
    outage     BLOB    NOT NULL,
    country    TEXT    NOT NULL,
    started_at INTEGER NOT NULL,
    PRIMARY KEY (outage, country)
) WITHOUT ROWID;
CREATE INDEX impacts_by_country ON impacts (country, started_at, outage);

CREATE TABLE outage_minutes (
    outage BLOB    NOT NULL,
    series INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    count  INTEGER NOT NULL,
    PRIMARY KEY (outage, series, minute)
) WITHOUT ROWID;

-- version is that of the blob's format; the greatest generation is the newest.
CREATE TABLE baselines (
    partition  INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    blob       BLOB    NOT NULL,
    PRIMARY KEY (partition, version, generation)
);

-- What was appended last for each partition, and the greatest fence of its outages.
CREATE TABLE positions (
    partition INTEGER NOT NULL PRIMARY KEY,
    epoch     TEXT    NOT NULL,
    position  TEXT    NOT NULL,
    fence     INTEGER NOT NULL
);

CREATE TABLE day_keys (
    day INTEGER NOT NULL PRIMARY KEY,
    key BLOB    NOT NULL
);
