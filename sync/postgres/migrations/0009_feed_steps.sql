-- The same as on SQLite: when a feed written here reached a version (R24).

CREATE TABLE feed_steps (
    scope   TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    at_ms   BIGINT NOT NULL,
    PRIMARY KEY (scope, version)
);
