-- The till's own rows, beside journal and books. Never edited; a change is a new file.

-- The open cart. There is one; it survives a crash because every change of it is committed.
CREATE TABLE carts (
    cart_no      INTEGER PRIMARY KEY CHECK (cart_no = 1),
    next_line_no INTEGER NOT NULL CHECK (next_line_no > 0),
    account_id   TEXT
) STRICT;

CREATE TABLE cart_lines (
    line_no        INTEGER PRIMARY KEY,
    product_id     TEXT NOT NULL,
    quantity_milli INTEGER NOT NULL CHECK (quantity_milli > 0),
    unit           TEXT NOT NULL,
    unit_price     INTEGER NOT NULL CHECK (unit_price >= 0),
    amount         INTEGER NOT NULL CHECK (amount >= 0),
    tax            TEXT NOT NULL,
    price_version  INTEGER NOT NULL
) STRICT;

-- Last receipt number of each life of the database (R6).
CREATE TABLE receipt_counters (
    incarnation TEXT PRIMARY KEY,
    last        INTEGER NOT NULL CHECK (last > 0)
) STRICT, WITHOUT ROWID;

-- Cash handed over for a sale, for the change on its receipt; what stayed in the drawer is in the sale.
CREATE TABLE cash_received (
    sale_id  TEXT PRIMARY KEY,
    received INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Where in the till's own stream a cancellation stands, for its marks.
CREATE TABLE cancellation_places (
    sale_id TEXT PRIMARY KEY,
    stream  TEXT NOT NULL,
    seq     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Requests that came with an Idempotency-Key, and what they did.
CREATE TABLE idempotency_keys (
    idempotency_key TEXT PRIMARY KEY,
    request         TEXT NOT NULL,
    sale_id         TEXT NOT NULL,
    at_ms           INTEGER NOT NULL
) STRICT;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (at_ms);

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- When each upstream first held the till's stream up to each place: `acks` only has the last.
CREATE TABLE ack_history (
    upstream  TEXT NOT NULL,
    stream_id INTEGER NOT NULL,
    through   INTEGER NOT NULL,
    at_ms     INTEGER NOT NULL,
    PRIMARY KEY (upstream, stream_id, through)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER first_ack_is_kept AFTER INSERT ON acks
BEGIN
    INSERT INTO ack_history (upstream, stream_id, through, at_ms)
    VALUES (new.upstream, new.stream_id, new.through, new.at_ms) ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER later_acks_are_kept AFTER UPDATE ON acks WHEN new.through <> old.through
BEGIN
    INSERT INTO ack_history (upstream, stream_id, through, at_ms)
    VALUES (new.upstream, new.stream_id, new.through, new.at_ms) ON CONFLICT DO NOTHING;
END;

CREATE INDEX products_in_menu_order ON products ((kind = 'goods'), product_id);
