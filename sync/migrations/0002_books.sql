-- Catalogue and ledger: projections that every program keeps (crate sync-proto, modules catalogue and ledger).

CREATE TABLE products (
    product_id TEXT PRIMARY KEY,
    name_ko    TEXT NOT NULL,
    name_en    TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('fuel', 'goods')),
    unit       TEXT NOT NULL CHECK (unit IN ('L', 'ea')),
    tax        TEXT NOT NULL CHECK (tax IN ('taxed', 'exempt', 'taxFree')),
    barcode    TEXT,
    version    INTEGER NOT NULL
) STRICT;
CREATE INDEX products_by_barcode ON products (barcode) WHERE barcode IS NOT NULL;

CREATE TABLE prices (
    product_id      TEXT NOT NULL,
    scope           TEXT NOT NULL,
    effective_at_ms INTEGER NOT NULL,
    price           INTEGER NOT NULL CHECK (price >= 0),
    version         INTEGER NOT NULL,
    PRIMARY KEY (product_id, scope, effective_at_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE stations (
    station TEXT PRIMARY KEY,
    name    TEXT NOT NULL,
    address TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;

CREATE TABLE sales (
    sale_id         TEXT PRIMARY KEY,
    station         TEXT NOT NULL,
    terminal        INTEGER NOT NULL,
    seq             INTEGER NOT NULL,
    stream          TEXT NOT NULL,
    business_day    TEXT NOT NULL,
    sold_at_ms      INTEGER,
    total           INTEGER NOT NULL,
    vat             INTEGER NOT NULL,
    account_id      TEXT,
    cancelled_at_ms INTEGER,
    cancel_reason   TEXT
) STRICT;

CREATE TABLE sale_lines (
    sale_id        TEXT NOT NULL,
    line_no        INTEGER NOT NULL,
    product_id     TEXT NOT NULL,
    quantity_milli INTEGER NOT NULL,
    unit           TEXT NOT NULL,
    unit_price     INTEGER NOT NULL,
    amount         INTEGER NOT NULL,
    tax            TEXT NOT NULL,
    price_version  INTEGER NOT NULL,
    PRIMARY KEY (sale_id, line_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE sale_tenders (
    sale_id    TEXT NOT NULL,
    tender_no  INTEGER NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('cash', 'card', 'account')),
    amount     INTEGER NOT NULL,
    approval   TEXT,
    account_id TEXT,
    PRIMARY KEY (sale_id, tender_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE stock (
    station       TEXT NOT NULL,
    product_id    TEXT NOT NULL,
    on_hand_milli INTEGER NOT NULL,
    PRIMARY KEY (station, product_id)
) STRICT, WITHOUT ROWID;

-- Has a rowid: lists come in the order the movements were booked here.
CREATE TABLE stock_flows (
    station        TEXT NOT NULL,
    flow_id        TEXT NOT NULL,
    product_id     TEXT NOT NULL,
    quantity_milli INTEGER NOT NULL,
    after_milli    INTEGER NOT NULL,
    reason         TEXT NOT NULL,
    order_id       TEXT,
    sale_id        TEXT,
    business_day   TEXT NOT NULL,
    at_ms          INTEGER NOT NULL,
    PRIMARY KEY (station, flow_id)
) STRICT;

CREATE TABLE sales_summaries (
    station        TEXT NOT NULL,
    business_day   TEXT NOT NULL,
    product_id     TEXT NOT NULL,
    quantity_milli INTEGER NOT NULL,
    amount         INTEGER NOT NULL,
    line_count     INTEGER NOT NULL,
    PRIMARY KEY (station, business_day, product_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE day_totals (
    station         TEXT NOT NULL,
    business_day    TEXT NOT NULL,
    terminal        INTEGER NOT NULL,
    sale_count      INTEGER NOT NULL,
    cancelled_count INTEGER NOT NULL,
    amount          INTEGER NOT NULL,
    cash            INTEGER NOT NULL,
    card            INTEGER NOT NULL,
    account         INTEGER NOT NULL,
    PRIMARY KEY (station, business_day, terminal)
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
    station      TEXT NOT NULL,
    account_id   TEXT NOT NULL,
    balance      INTEGER NOT NULL,
    credit_limit INTEGER,
    opened_at_ms INTEGER,
    PRIMARY KEY (station, account_id)
) STRICT;

-- The erasable records of persons (R39): no journal holds what stands here.
CREATE TABLE subjects (
    subject_id TEXT PRIMARY KEY,
    name       TEXT NOT NULL
) STRICT;

CREATE TABLE deliveries (
    station        TEXT NOT NULL,
    order_id       TEXT NOT NULL,
    ship_id        TEXT NOT NULL,
    product_id     TEXT NOT NULL,
    quantity_milli INTEGER NOT NULL,
    unit           TEXT NOT NULL,
    car_number     TEXT NOT NULL,
    shipped_at_ms  INTEGER NOT NULL,
    received_milli INTEGER,
    received_at_ms INTEGER,
    PRIMARY KEY (station, order_id)
) STRICT;

CREATE TABLE station_orders (
    station         TEXT NOT NULL,
    order_key       TEXT NOT NULL,
    order_id        TEXT,
    product_id      TEXT NOT NULL,
    quantity_milli  INTEGER NOT NULL,
    unit            TEXT NOT NULL,
    status          TEXT NOT NULL,
    reason          TEXT,
    requested_at_ms INTEGER NOT NULL,
    PRIMARY KEY (station, order_key)
) STRICT;

CREATE TABLE order_links (
    station   TEXT NOT NULL,
    order_id  TEXT NOT NULL,
    order_key TEXT NOT NULL,
    PRIMARY KEY (station, order_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE feed_reports (
    station  TEXT NOT NULL,
    device   TEXT NOT NULL,
    scope    TEXT NOT NULL,
    role     TEXT NOT NULL,
    terminal INTEGER,
    writer   TEXT NOT NULL,
    version  INTEGER NOT NULL,
    at_ms    INTEGER NOT NULL,
    PRIMARY KEY (station, device, scope)
) STRICT, WITHOUT ROWID;
