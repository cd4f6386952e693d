-- Where a life of this device's journal ends for its upstreams: what stands behind `through` was carried over into the
-- life after it, entry for entry, because somebody else had written other entries under the same keys (R4, R5).

CREATE TABLE stream_cuts (
    stream  TEXT PRIMARY KEY CHECK (length(stream) = 64),
    through INTEGER NOT NULL CHECK (through >= 0),
    next    TEXT NOT NULL CHECK (length(next) = 64)
) STRICT, WITHOUT ROWID;
