-- Journal, outbox, inbox and feeds: the same in every program. Never edited; a change is a new file.

CREATE TABLE streams (
    stream_id    INTEGER PRIMARY KEY,
    device       BLOB NOT NULL CHECK (length(device) = 16),
    incarnation  BLOB NOT NULL CHECK (length(incarnation) = 16),
    station      TEXT NOT NULL,
    role         TEXT NOT NULL CHECK (role IN ('terminal', 'agent', 'hq')),
    terminal     INTEGER,
    own          INTEGER NOT NULL CHECK (own IN (0, 1)),
    head_seq     INTEGER NOT NULL CHECK (head_seq >= 0),
    head_hash    BLOB NOT NULL CHECK (length(head_hash) = 32),
    opened_at_ms INTEGER NOT NULL,
    UNIQUE (device, incarnation)
) STRICT;

CREATE TABLE entries (
    pos            INTEGER PRIMARY KEY,
    stream_id      INTEGER NOT NULL REFERENCES streams (stream_id),
    seq            INTEGER NOT NULL CHECK (seq > 0),
    hash           BLOB NOT NULL CHECK (length(hash) = 32),
    received_at_ms INTEGER NOT NULL,
    bytes          BLOB NOT NULL,
    UNIQUE (stream_id, seq)
) STRICT;

CREATE TRIGGER entries_are_never_changed BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'an entry of the journal is never changed'); END;

CREATE TRIGGER entries_are_never_deleted BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'an entry of the journal is never deleted'); END;

-- How far each upstream holds each stream durably (R10, R36: one cursor per upstream).
CREATE TABLE acks (
    upstream  TEXT NOT NULL,
    stream_id INTEGER NOT NULL REFERENCES streams (stream_id),
    through   INTEGER NOT NULL CHECK (through >= 0),
    at_ms     INTEGER NOT NULL,
    PRIMARY KEY (upstream, stream_id)
) STRICT, WITHOUT ROWID;

-- A feed as far as it was written or applied here.
CREATE TABLE feeds (
    scope   TEXT PRIMARY KEY,
    writer  BLOB NOT NULL CHECK (length(writer) = 16),
    version INTEGER NOT NULL CHECK (version >= 0)
) STRICT, WITHOUT ROWID;

-- The live item of every key, for those who pull from here.
CREATE TABLE feed_items (
    scope   TEXT NOT NULL,
    key     TEXT NOT NULL,
    version INTEGER NOT NULL,
    bytes   BLOB NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX feed_items_by_version ON feed_items (scope, version);

-- Named places in the order of `entries.pos`, for consumers inside a program.
CREATE TABLE cursors (
    name TEXT PRIMARY KEY,
    pos  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Entries that are stored but could not be projected, with their money (R14).
CREATE TABLE quarantine (
    quarantine_id INTEGER PRIMARY KEY,
    stream_id     INTEGER NOT NULL REFERENCES streams (stream_id),
    seq           INTEGER NOT NULL,
    reason        TEXT NOT NULL,
    amount        INTEGER,
    at_ms         INTEGER NOT NULL,
    UNIQUE (stream_id, seq)
) STRICT;

-- Entries that contradict a stored one under the same key: kept, never discarded (R5).
CREATE TABLE forks (
    fork_id   INTEGER PRIMARY KEY,
    stream_id INTEGER NOT NULL REFERENCES streams (stream_id),
    seq       INTEGER NOT NULL,
    hash      BLOB NOT NULL CHECK (length(hash) = 32),
    at_ms     INTEGER NOT NULL,
    bytes     BLOB NOT NULL,
    UNIQUE (stream_id, seq, hash)
) STRICT;

-- Devices enrolled here; only the digest of a secret is kept.
CREATE TABLE devices (
    device         BLOB PRIMARY KEY CHECK (length(device) = 16),
    station        TEXT NOT NULL,
    role           TEXT NOT NULL CHECK (role IN ('terminal', 'agent')),
    terminal       INTEGER,
    secret_sha256  BLOB NOT NULL CHECK (length(secret_sha256) = 32),
    enrolled_at_ms INTEGER NOT NULL,
    revoked_at_ms  INTEGER
) STRICT, WITHOUT ROWID;
