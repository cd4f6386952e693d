-- Entries that an audit missed and that were put back (R29), with what stood in their place. `hash` and `bytes` are
-- absent where nothing stood there.

CREATE TABLE mended (
    mend_id   BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream_id BIGINT NOT NULL REFERENCES streams (stream_id),
    seq       BIGINT NOT NULL CHECK (seq > 0),
    at_ms     BIGINT NOT NULL,
    open      BIGINT NOT NULL CHECK (open IN (0, 1)),
    hash      BYTEA CHECK (hash IS NULL OR length(hash) = 32),
    bytes     BYTEA
);
CREATE UNIQUE INDEX mended_open ON mended (stream_id, seq) WHERE open = 1;

CREATE FUNCTION refuse_deletion_of_mended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was mended stays on record';
END $$;

CREATE TRIGGER what_was_mended_is_never_deleted BEFORE DELETE ON mended
FOR EACH ROW EXECUTE FUNCTION refuse_deletion_of_mended();

-- An altered entry makes room for the true one in the transaction that keeps it here.
CREATE OR REPLACE FUNCTION refuse_deletion_before_purge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF old.seq > coalesce((SELECT purged_through FROM streams WHERE stream_id = old.stream_id), 0)
       AND NOT EXISTS (SELECT 1 FROM mended WHERE stream_id = old.stream_id AND seq = old.seq AND open = 1
                       AND bytes = old.bytes) THEN
        RAISE EXCEPTION 'an entry of the journal is never deleted before it was purged';
    END IF;
    RETURN old;
END $$;
