-- Entries that an audit missed and that were put back (R29), with what stood in their place. `hash` and `bytes` are
-- absent where nothing stood there.

CREATE TABLE mended (
    mend_id   INTEGER PRIMARY KEY,
    stream_id INTEGER NOT NULL REFERENCES streams (stream_id),
    seq       INTEGER NOT NULL CHECK (seq > 0),
    at_ms     INTEGER NOT NULL,
    open      INTEGER NOT NULL CHECK (open IN (0, 1)),
    hash      BLOB CHECK (hash IS NULL OR length(hash) = 32),
    bytes     BLOB
) STRICT;
CREATE UNIQUE INDEX mended_open ON mended (stream_id, seq) WHERE open = 1;

CREATE TRIGGER what_was_mended_is_never_deleted BEFORE DELETE ON mended
BEGIN SELECT RAISE(ABORT, 'what was mended stays on record'); END;

-- An altered entry makes room for the true one in the transaction that keeps it here.
DROP TRIGGER entries_are_never_deleted;
CREATE TRIGGER entries_are_never_deleted BEFORE DELETE ON entries
WHEN old.seq > coalesce((SELECT purged_through FROM streams WHERE stream_id = old.stream_id), 0)
 AND NOT EXISTS (SELECT 1 FROM mended WHERE stream_id = old.stream_id AND seq = old.seq AND open = 1 AND bytes = old.bytes)
BEGIN SELECT RAISE(ABORT, 'an entry of the journal is never deleted before it was purged'); END;
