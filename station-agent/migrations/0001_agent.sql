-- The agent's own rows, beside journal and books. Never edited; a change is a new file.

-- Numbers minted here, one counter per kind and life of the database (R6).
CREATE TABLE counters (
    kind   TEXT NOT NULL,
    series TEXT NOT NULL,
    last   INTEGER NOT NULL CHECK (last > 0),
    PRIMARY KEY (kind, series)
) STRICT, WITHOUT ROWID;

-- Requests that came with an Idempotency-Key, and what they did. Holds no personal data (R39).
CREATE TABLE idempotency_keys (
    idempotency_key TEXT PRIMARY KEY,
    request         TEXT NOT NULL,
    outcome         TEXT NOT NULL,
    at_ms           INTEGER NOT NULL
) STRICT;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (at_ms);

-- The overview reads a day's sales, and every till's newest.
CREATE INDEX sales_by_day ON sales (station, business_day);
CREATE INDEX sales_by_terminal ON sales (station, terminal, sold_at_ms);
