-- +goose Up

-- Where each source stands: its state as JSON, and the cursor after which it goes on.
CREATE TABLE sources (
    source     TEXT    NOT NULL,
    instance   TEXT    NOT NULL,
    cursor     TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (source, instance)
);

-- Links are forgotten by the id of the report, which follows from that of the post.
DROP INDEX reports_by_ref;
