-- +goose Up

-- Counted reports of the hour by source: how much of what is heard comes from
-- which, so that the loss of one that brings much is not taken for silence.
ALTER TABLE coverage ADD COLUMN reports INTEGER NOT NULL DEFAULT 0;

-- An account that is gone is known by what its links begin with.
CREATE INDEX reports_by_ref ON reports (ref) WHERE ref <> '';

-- Several processes may run one source, each with a state of its own. They share
-- the cursor.
CREATE TABLE source_states (
    source     TEXT    NOT NULL,
    instance   TEXT    NOT NULL,
    process    TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (source, instance, process)
);
INSERT INTO source_states (source, instance, process, state, updated_at)
    SELECT source, instance, '', state, updated_at FROM sources;
ALTER TABLE sources DROP COLUMN state;
ALTER TABLE sources DROP COLUMN updated_at;
ALTER TABLE sources RENAME TO source_cursors;
