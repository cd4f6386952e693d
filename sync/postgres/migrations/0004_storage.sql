-- Retention, what tells a restored or cloned database from its own, and what its checks found: the tables of
-- SQLite's 0004_storage.sql.

-- How far a stream's entries were purged here, and the chain there: what is left continues from it (R33).
ALTER TABLE streams ADD COLUMN purged_through BIGINT NOT NULL DEFAULT 0 CHECK (purged_through >= 0);
ALTER TABLE streams ADD COLUMN purged_hash BYTEA CHECK (purged_hash IS NULL OR octet_length(purged_hash) = 32);

CREATE FUNCTION refuse_purge_of_head() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF new.purged_through < old.purged_through OR new.purged_through >= new.head_seq THEN
        RAISE EXCEPTION 'a purge only goes forward, and stops before the head of its stream';
    END IF;
    RETURN new;
END $$;

CREATE TRIGGER the_head_of_a_stream_is_never_purged BEFORE UPDATE OF purged_through ON streams
FOR EACH ROW EXECUTE FUNCTION refuse_purge_of_head();

CREATE FUNCTION refuse_deletion_before_purge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF old.seq > coalesce((SELECT purged_through FROM streams WHERE stream_id = old.stream_id), 0) THEN
        RAISE EXCEPTION 'an entry of the journal is never deleted before it was purged';
    END IF;
    RETURN old;
END $$;

DROP TRIGGER entries_are_never_deleted ON entries;
CREATE TRIGGER entries_are_never_deleted BEFORE DELETE ON entries
FOR EACH ROW EXECUTE FUNCTION refuse_deletion_before_purge();

-- How far the durable upstream held a stream on the first look of each day, by the time agreed with it.
CREATE TABLE ack_nights (
    upstream  TEXT NOT NULL,
    stream_id BIGINT NOT NULL REFERENCES streams (stream_id),
    day       BIGINT NOT NULL,
    through   BIGINT NOT NULL CHECK (through >= 0),
    PRIMARY KEY (upstream, stream_id, day)
);

-- An upstream that was restored holds less (R11): what it held before counts no more.
CREATE FUNCTION lower_nights() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ack_nights SET through = new.through
    WHERE upstream = new.upstream AND stream_id = new.stream_id AND through > new.through;
    RETURN NULL;
END $$;

CREATE TRIGGER a_lower_ack_lowers_its_nights AFTER UPDATE ON acks
FOR EACH ROW WHEN (new.through < old.through) EXECUTE FUNCTION lower_nights();

-- Where this database was last opened (R4). There is one row.
CREATE TABLE store_marks (
    mark_no  BIGINT PRIMARY KEY CHECK (mark_no = 1),
    mark     TEXT NOT NULL CHECK (length(mark) = 32),
    machine  TEXT NOT NULL,
    file     TEXT NOT NULL,
    openings BIGINT NOT NULL CHECK (openings > 0)
);

-- The last word of each kind: a new life, a check, a salvage.
CREATE TABLE store_notes (
    kind   TEXT PRIMARY KEY,
    at_ms  BIGINT NOT NULL,
    well   BIGINT NOT NULL CHECK (well IN (0, 1)),
    detail TEXT NOT NULL
);
