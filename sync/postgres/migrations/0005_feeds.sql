-- Snapshots of feeds, how old their items are, and the lives of writers that were left behind: the tables of
-- SQLite's 0005_feeds.sql.

-- Tombstones up to here may be gone: whoever stands below gets a snapshot (R26).
ALTER TABLE feeds ADD COLUMN horizon BIGINT NOT NULL DEFAULT 0 CHECK (horizon >= 0);
ALTER TABLE feed_items ADD COLUMN at_ms BIGINT NOT NULL DEFAULT 0;

-- Lives of a feed's writer that the feed went on from: nobody who merely passes it on brings them back.
CREATE TABLE feed_writers_left (
    scope  TEXT NOT NULL,
    writer BYTEA NOT NULL CHECK (octet_length(writer) = 16),
    at_ms  BIGINT NOT NULL,
    PRIMARY KEY (scope, writer)
);

-- A snapshot on its way here, beside what is in use, until all of it is there (R22).
CREATE TABLE feed_stages (
    scope         TEXT PRIMARY KEY,
    asked_writer  BYTEA NOT NULL CHECK (octet_length(asked_writer) = 16),
    asked_version BIGINT NOT NULL CHECK (asked_version >= 0),
    writer        BYTEA NOT NULL CHECK (octet_length(writer) = 16),
    version       BIGINT NOT NULL CHECK (version >= 0),
    whole         BIGINT NOT NULL CHECK (whole IN (0, 1)),
    snapshot      BYTEA NOT NULL CHECK (octet_length(snapshot) = 32),
    part_count    BIGINT NOT NULL CHECK (part_count > 0)
);

CREATE TABLE feed_stage_parts (
    scope TEXT NOT NULL REFERENCES feed_stages (scope) ON DELETE CASCADE,
    part  BIGINT NOT NULL CHECK (part >= 0),
    bytes BYTEA NOT NULL,
    PRIMARY KEY (scope, part)
);
