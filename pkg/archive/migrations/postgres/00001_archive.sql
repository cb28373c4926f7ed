-- +goose Up

-- Units: *_at is Unix milliseconds; minute, quarter, hour and day are Unix time
-- divided by 60, 900, 3600 and 86400 seconds.

-- Every (service, country) that was ever reported. Never deleted, so that its
-- number can be cached. The total over all countries is a sum when reading.
CREATE TABLE series (
    id        INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    partition SMALLINT NOT NULL,
    service   TEXT    NOT NULL,
    country   TEXT    NOT NULL,
    UNIQUE (service, country)
);
CREATE INDEX series_by_partition ON series (partition);

CREATE TABLE reports (
    id           BYTEA   NOT NULL PRIMARY KEY,
    kind         TEXT    NOT NULL DEFAULT 'problem',
    partition    SMALLINT NOT NULL,
    series       INTEGER NOT NULL,
    country_from TEXT    NOT NULL,
    source       TEXT    NOT NULL,
    ref          TEXT    NOT NULL,
    problem      TEXT    NOT NULL,
    reporter     BYTEA   NOT NULL,
    seat         BYTEA,
    origin       BYTEA,
    network      BIGINT NOT NULL,
    digest       BIGINT NOT NULL,
    outcome      TEXT    NOT NULL,
    observed_at  BIGINT NOT NULL,
    received_at  BIGINT NOT NULL
);
CREATE INDEX reports_by_time ON reports (partition, received_at);
CREATE INDEX reports_by_ref ON reports (source, ref) WHERE ref <> '';

CREATE TABLE minutes (
    series INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    count  INTEGER NOT NULL,
    PRIMARY KEY (series, minute)
);

CREATE TABLE quarters (
    series  INTEGER NOT NULL,
    quarter INTEGER NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (series, quarter)
);

-- Bit m of minutes says that the source was listening in minute m of the hour.
CREATE TABLE coverage (
    hour    INTEGER NOT NULL,
    source  TEXT    NOT NULL,
    minutes BIGINT NOT NULL,
    PRIMARY KEY (hour, source)
);

CREATE TABLE outages (
    id              BYTEA   NOT NULL PRIMARY KEY,
    partition       SMALLINT NOT NULL,
    service         TEXT    NOT NULL,
    state           TEXT    NOT NULL,
    started_at      BIGINT NOT NULL,
    ended_at        BIGINT,
    closed_at       BIGINT,
    final           BOOLEAN NOT NULL,
    fence           BIGINT NOT NULL,
    revision        BIGINT NOT NULL,
    -- Whether outage_minutes reaches an hour past the end.
    minutes_kept    BOOLEAN NOT NULL DEFAULT false,
    body            TEXT    NOT NULL
);
CREATE INDEX outages_by_time ON outages (started_at, id);
CREATE INDEX outages_by_service ON outages (service, started_at, id);
CREATE INDEX outages_unsettled ON outages (partition) WHERE NOT final;
CREATE INDEX outages_by_close ON outages (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX outages_minutes_due ON outages (ended_at) WHERE final AND NOT minutes_kept;

-- started_at is that of the whole outage: the order of pages.
CREATE TABLE impacts (
    outage     BYTEA   NOT NULL,
    country    TEXT    NOT NULL,
    started_at BIGINT NOT NULL,
    PRIMARY KEY (outage, country)
);
CREATE INDEX impacts_by_country ON impacts (country, started_at, outage);

CREATE TABLE outage_minutes (
    outage BYTEA   NOT NULL,
    series INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    count  INTEGER NOT NULL,
    PRIMARY KEY (outage, series, minute)
);

-- version is that of the blob's format; the greatest generation is the newest.
CREATE TABLE baselines (
    partition  SMALLINT NOT NULL,
    version    INTEGER NOT NULL,
    generation BIGINT NOT NULL,
    blob       BYTEA   NOT NULL,
    PRIMARY KEY (partition, version, generation)
);

-- What was appended last for each partition, and the greatest fence of its outages.
CREATE TABLE positions (
    partition SMALLINT NOT NULL PRIMARY KEY,
    epoch     TEXT    NOT NULL,
    position  TEXT    NOT NULL,
    fence     BIGINT NOT NULL
);

CREATE TABLE day_keys (
    day INTEGER NOT NULL PRIMARY KEY,
    key BYTEA   NOT NULL
);
