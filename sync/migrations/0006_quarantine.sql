-- Entries that stepped aside (R14) and forks (R5), with their money and what was decided about them.
-- Rows of the two projections of crate sync-proto, module quarantine; the forks' bytes stay in `forks`.

CREATE TABLE set_aside (
    stream         TEXT NOT NULL CHECK (length(stream) = 64),
    seq            INTEGER NOT NULL CHECK (seq > 0),
    fork           TEXT NOT NULL,
    station        TEXT NOT NULL,
    terminal       INTEGER,
    cause          TEXT NOT NULL CHECK (cause IN ('unknown', 'unreadable', 'rejected', 'forbidden', 'failed', 'fork')),
    reason         TEXT NOT NULL,
    kind           TEXT NOT NULL,
    receipt        TEXT,
    business_day   TEXT NOT NULL,
    amount         INTEGER,
    sales          INTEGER NOT NULL,
    written_at_ms  INTEGER,
    arrived_at_ms  INTEGER NOT NULL,
    tried_at_ms    INTEGER NOT NULL,
    tried_by       TEXT NOT NULL,
    replayed_at_ms INTEGER,
    replayed_by    TEXT,
    PRIMARY KEY (stream, seq, fork)
) STRICT, WITHOUT ROWID;
CREATE INDEX set_aside_open ON set_aside (station, business_day) WHERE replayed_at_ms IS NULL;
CREATE INDEX set_aside_by_arrival ON set_aside (arrived_at_ms);

CREATE TABLE settlements (
    station    TEXT NOT NULL,
    stream     TEXT NOT NULL CHECK (length(stream) = 64),
    seq        INTEGER NOT NULL CHECK (seq > 0),
    fork       TEXT NOT NULL,
    money      TEXT NOT NULL CHECK (money IN ('counted', 'leftout')),
    role       TEXT NOT NULL CHECK (role IN ('hq', 'agent')),
    decided_by TEXT NOT NULL,
    why        TEXT NOT NULL,
    at_ms      INTEGER NOT NULL,
    PRIMARY KEY (station, stream, seq, fork)
) STRICT, WITHOUT ROWID;

-- What stood aside before: the money that was found then, and what can be read of the bytes.
INSERT INTO set_aside
SELECT lower(hex(s.device)) || lower(hex(s.incarnation)), q.seq, '', s.station, s.terminal, 'rejected', q.reason,
       coalesce(json_extract(e.text, '$.t'), ''), json_extract(e.text, '$.d.sale'),
       coalesce(json_extract(e.text, '$.day'), ''), q.amount,
       iif(json_extract(e.text, '$.t') IN ('Sold', 'SaleCancelled'), coalesce(q.amount, 0), 0),
       iif(json_type(e.text, '$.at.w') = 'integer', json_extract(e.text, '$.at.w'), NULL), q.at_ms, q.at_ms, '', NULL, NULL
FROM quarantine q
JOIN streams s ON s.stream_id = q.stream_id
JOIN (SELECT stream_id, seq,
             iif(json_valid(CAST(bytes AS TEXT)), CAST(bytes AS TEXT), '{}') AS text
      FROM entries) e ON e.stream_id = q.stream_id AND e.seq = q.seq;

INSERT INTO set_aside
SELECT lower(hex(s.device)) || lower(hex(s.incarnation)), f.seq, lower(hex(f.hash)), s.station, s.terminal, 'fork',
       'another entry came first under this entry''s number', '', NULL, '', NULL, 0, NULL, f.at_ms, f.at_ms, '', NULL,
       NULL
FROM forks f JOIN streams s ON s.stream_id = f.stream_id;

DROP TABLE quarantine;
