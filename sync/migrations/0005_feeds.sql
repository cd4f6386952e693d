-- Snapshots of feeds, how old their items are, and the lives of writers that were left behind.

-- Tombstones up to here may be gone: whoever stands below gets a snapshot (R26).
ALTER TABLE feeds ADD COLUMN horizon INTEGER NOT NULL DEFAULT 0 CHECK (horizon >= 0);
ALTER TABLE feed_items ADD COLUMN at_ms INTEGER NOT NULL DEFAULT 0;

-- Lives of a feed's writer that the feed went on from: nobody who merely passes it on brings them back.
CREATE TABLE feed_writers_left (
    scope  TEXT NOT NULL,
    writer BLOB NOT NULL CHECK (length(writer) = 16),
    at_ms  INTEGER NOT NULL,
    PRIMARY KEY (scope, writer)
) STRICT, WITHOUT ROWID;

-- A snapshot on its way here, beside what is in use, until all of it is there (R22).
CREATE TABLE feed_stages (
    scope         TEXT PRIMARY KEY,
    asked_writer  BLOB NOT NULL CHECK (length(asked_writer) = 16),
    asked_version INTEGER NOT NULL CHECK (asked_version >= 0),
    writer        BLOB NOT NULL CHECK (length(writer) = 16),
    version       INTEGER NOT NULL CHECK (version >= 0),
    whole         INTEGER NOT NULL CHECK (whole IN (0, 1)),
    snapshot      BLOB NOT NULL CHECK (length(snapshot) = 32),
    part_count    INTEGER NOT NULL CHECK (part_count > 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE feed_stage_parts (
    scope TEXT NOT NULL REFERENCES feed_stages (scope) ON DELETE CASCADE,
    part  INTEGER NOT NULL CHECK (part >= 0),
    bytes BLOB NOT NULL,
    PRIMARY KEY (scope, part)
) STRICT, WITHOUT ROWID;
