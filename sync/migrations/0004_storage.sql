-- Retention, what tells a restored or cloned database from its own, and what its checks found.

-- How far a stream's entries were purged here, and the chain there: what is left continues from it (R33).
ALTER TABLE streams ADD COLUMN purged_through INTEGER NOT NULL DEFAULT 0 CHECK (purged_through >= 0);
ALTER TABLE streams ADD COLUMN purged_hash BLOB CHECK (purged_hash IS NULL OR length(purged_hash) = 32);

CREATE TRIGGER the_head_of_a_stream_is_never_purged BEFORE UPDATE OF purged_through ON streams
WHEN new.purged_through < old.purged_through OR new.purged_through >= new.head_seq
BEGIN SELECT RAISE(ABORT, 'a purge only goes forward, and stops before the head of its stream'); END;

DROP TRIGGER entries_are_never_deleted;
CREATE TRIGGER entries_are_never_deleted BEFORE DELETE ON entries
WHEN old.seq > coalesce((SELECT purged_through FROM streams WHERE stream_id = old.stream_id), 0)
BEGIN SELECT RAISE(ABORT, 'an entry of the journal is never deleted before it was purged'); END;

-- How far the durable upstream held a stream on the first look of each day, by the time agreed with it.
CREATE TABLE ack_nights (
    upstream  TEXT NOT NULL,
    stream_id INTEGER NOT NULL REFERENCES streams (stream_id),
    day       INTEGER NOT NULL,
    through   INTEGER NOT NULL CHECK (through >= 0),
    PRIMARY KEY (upstream, stream_id, day)
) STRICT, WITHOUT ROWID;

-- An upstream that was restored holds less (R11): what it held before counts no more.
CREATE TRIGGER a_lower_ack_lowers_its_nights AFTER UPDATE ON acks WHEN new.through < old.through
BEGIN
    UPDATE ack_nights SET through = new.through
    WHERE upstream = new.upstream AND stream_id = new.stream_id AND through > new.through;
END;

-- Where this database was last opened (R4). There is one row.
CREATE TABLE store_marks (
    mark_no  INTEGER PRIMARY KEY CHECK (mark_no = 1),
    mark     TEXT NOT NULL CHECK (length(mark) = 32),
    machine  TEXT NOT NULL,
    file     TEXT NOT NULL,
    openings INTEGER NOT NULL CHECK (openings > 0)
) STRICT;

-- The last word of each kind: a new life, a check, a salvage.
CREATE TABLE store_notes (
    kind   TEXT PRIMARY KEY,
    at_ms  INTEGER NOT NULL,
    well   INTEGER NOT NULL CHECK (well IN (0, 1)),
    detail TEXT NOT NULL
) STRICT, WITHOUT ROWID;
