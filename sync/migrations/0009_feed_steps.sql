-- When a feed written here reached a version, one row for each commit: since when somebody who stands below lacks
-- something (R24). Items alone do not tell, because a later price replaces the one that was missed first.

CREATE TABLE feed_steps (
    scope   TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    at_ms   INTEGER NOT NULL,
    PRIMARY KEY (scope, version)
) STRICT, WITHOUT ROWID;
