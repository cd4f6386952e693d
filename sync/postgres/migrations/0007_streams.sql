-- The same as on SQLite: where a life of this journal ends for its upstreams (R4, R5).

CREATE TABLE stream_cuts (
    stream  TEXT PRIMARY KEY CHECK (length(stream) = 64),
    through BIGINT NOT NULL CHECK (through >= 0),
    next    TEXT NOT NULL CHECK (length(next) = 64)
);
