-- Entries that stepped aside (R14) and forks (R5), with their money and what was decided about them: the tables of
-- SQLite's 0006_quarantine.sql. No database of an earlier version is on PostgreSQL, so nothing is carried over.

CREATE TABLE set_aside (
    stream         TEXT NOT NULL CHECK (length(stream) = 64),
    seq            BIGINT NOT NULL CHECK (seq > 0),
    fork           TEXT NOT NULL,
    station        TEXT NOT NULL,
    terminal       BIGINT,
    cause          TEXT NOT NULL CHECK (cause IN ('unknown', 'unreadable', 'rejected', 'forbidden', 'failed', 'fork')),
    reason         TEXT NOT NULL,
    kind           TEXT NOT NULL,
    receipt        TEXT,
    business_day   TEXT NOT NULL,
    amount         BIGINT,
    sales          BIGINT NOT NULL,
    written_at_ms  BIGINT,
    arrived_at_ms  BIGINT NOT NULL,
    tried_at_ms    BIGINT NOT NULL,
    tried_by       TEXT NOT NULL,
    replayed_at_ms BIGINT,
    replayed_by    TEXT,
    PRIMARY KEY (stream, seq, fork)
);
CREATE INDEX set_aside_open ON set_aside (station, business_day) WHERE replayed_at_ms IS NULL;
CREATE INDEX set_aside_by_arrival ON set_aside (arrived_at_ms);

CREATE TABLE settlements (
    station    TEXT NOT NULL,
    stream     TEXT NOT NULL CHECK (length(stream) = 64),
    seq        BIGINT NOT NULL CHECK (seq > 0),
    fork       TEXT NOT NULL,
    money      TEXT NOT NULL CHECK (money IN ('counted', 'leftout')),
    role       TEXT NOT NULL CHECK (role IN ('hq', 'agent')),
    decided_by TEXT NOT NULL,
    why        TEXT NOT NULL,
    at_ms      BIGINT NOT NULL,
    PRIMARY KEY (station, stream, seq, fork)
);

DROP TABLE quarantine;
