-- Head office's own tables. Orders and shipments are projections of facts; the rest is its own state.

-- Next number of each kind of id that HQ mints.
CREATE TABLE counters (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL CHECK (value >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Answers to requests that carried an Idempotency-Key: the same key is done once.
CREATE TABLE idempotency_keys (
    key         TEXT PRIMARY KEY,
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    subject     TEXT NOT NULL,
    at_ms       INTEGER NOT NULL
) STRICT;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (at_ms);

-- Context Order. Has a rowid: lists come in the order the orders were taken.
CREATE TABLE orders (
    order_id        TEXT PRIMARY KEY,
    station         TEXT NOT NULL,
    request_id      TEXT,
    product_id      TEXT NOT NULL,
    quantity_milli  INTEGER NOT NULL CHECK (quantity_milli > 0),
    unit            TEXT NOT NULL CHECK (unit IN ('L', 'ea')),
    dest_addr       TEXT NOT NULL,
    ordered_at_ms   INTEGER NOT NULL,
    shipped_at_ms   INTEGER,
    received_milli  INTEGER,
    received_at_ms  INTEGER,
    cancelled_at_ms INTEGER
) STRICT;

-- Context Logistics. Has a rowid: lists come in the order the shipments were planned.
CREATE TABLE shipments (
    ship_id          TEXT PRIMARY KEY,
    order_id         TEXT NOT NULL,
    station          TEXT NOT NULL,
    product_id       TEXT NOT NULL,
    quantity_milli   INTEGER NOT NULL CHECK (quantity_milli > 0),
    unit             TEXT NOT NULL CHECK (unit IN ('L', 'ea')),
    dest_addr        TEXT NOT NULL,
    planned_at_ms    INTEGER NOT NULL,
    car_number       TEXT,
    shipped_at_ms    INTEGER,
    received_at_ms   INTEGER,
    called_off_at_ms INTEGER
) STRICT;

-- What Logistics knows of an order: which shipment serves it, or that none will.
CREATE TABLE order_shipments (
    order_id         TEXT PRIMARY KEY,
    ship_id          TEXT,
    called_off_at_ms INTEGER
) STRICT, WITHOUT ROWID;

-- The pool that auto_dispatch takes vehicles from.
CREATE TABLE vehicles (
    car_number      TEXT PRIMARY KEY,
    last_used_at_ms INTEGER NOT NULL
) STRICT;

-- When each station was last heard of, and its backlog then.
CREATE TABLE station_links (
    station         TEXT PRIMARY KEY,
    last_seen_at_ms INTEGER NOT NULL,
    pending         INTEGER,
    oldest_at_ms    INTEGER
) STRICT, WITHOUT ROWID;
