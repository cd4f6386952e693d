-- Catalogue and ledger: the tables of SQLite's 0002_books.sql. `row_no` stands where SQLite has its rowid: lists come in
-- the order in which rows were first written.

CREATE TABLE products (
    product_id TEXT PRIMARY KEY,
    name_ko    TEXT NOT NULL,
    name_en    TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('fuel', 'goods')),
    unit       TEXT NOT NULL CHECK (unit IN ('L', 'ea')),
    tax        TEXT NOT NULL CHECK (tax IN ('taxed', 'exempt', 'taxFree')),
    barcode    TEXT,
    version    BIGINT NOT NULL,
    row_no     BIGINT GENERATED ALWAYS AS IDENTITY
);
-- A hash: a B-tree refuses texts beyond 2,700 bytes, and no text may stop a commit.
CREATE INDEX products_by_barcode ON products USING hash (barcode) WHERE barcode IS NOT NULL;

CREATE TABLE prices (
    product_id      TEXT NOT NULL,
    scope           TEXT NOT NULL,
    effective_at_ms BIGINT NOT NULL,
    price           BIGINT NOT NULL CHECK (price >= 0),
    version         BIGINT NOT NULL,
    PRIMARY KEY (product_id, scope, effective_at_ms)
);

CREATE TABLE stations (
    station TEXT PRIMARY KEY,
    name    TEXT NOT NULL,
    address TEXT NOT NULL,
    version BIGINT NOT NULL,
    row_no  BIGINT GENERATED ALWAYS AS IDENTITY
);

CREATE TABLE sales (
    sale_id         TEXT PRIMARY KEY,
    station         TEXT NOT NULL,
    terminal        BIGINT NOT NULL,
    seq             BIGINT NOT NULL,
    stream          TEXT NOT NULL,
    business_day    TEXT NOT NULL,
    sold_at_ms      BIGINT,
    total           BIGINT NOT NULL,
    vat             BIGINT NOT NULL,
    account_id      TEXT,
    cancelled_at_ms BIGINT,
    cancel_reason   TEXT,
    row_no          BIGINT GENERATED ALWAYS AS IDENTITY
);

CREATE TABLE sale_lines (
    sale_id        TEXT NOT NULL,
    line_no        BIGINT NOT NULL,
    product_id     TEXT NOT NULL,
    quantity_milli BIGINT NOT NULL,
    unit           TEXT NOT NULL,
    unit_price     BIGINT NOT NULL,
    amount         BIGINT NOT NULL,
    tax            TEXT NOT NULL,
    price_version  BIGINT NOT NULL,
    PRIMARY KEY (sale_id, line_no)
);

CREATE TABLE sale_tenders (
    sale_id    TEXT NOT NULL,
    tender_no  BIGINT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('cash', 'card', 'account')),
    amount     BIGINT NOT NULL,
    approval   TEXT,
    account_id TEXT,
    PRIMARY KEY (sale_id, tender_no)
);

CREATE TABLE stock (
    station       TEXT NOT NULL,
    product_id    TEXT NOT NULL,
    on_hand_milli BIGINT NOT NULL,
    PRIMARY KEY (station, product_id)
);

CREATE TABLE stock_flows (
    station        TEXT NOT NULL,
    flow_id        TEXT NOT NULL,
    product_id     TEXT NOT NULL,
    quantity_milli BIGINT NOT NULL,
    after_milli    BIGINT NOT NULL,
    reason         TEXT NOT NULL,
    order_id       TEXT,
    sale_id        TEXT,
    business_day   TEXT NOT NULL,
    at_ms          BIGINT NOT NULL,
    row_no         BIGINT GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (station, flow_id)
);

CREATE TABLE sales_summaries (
    station        TEXT NOT NULL,
    business_day   TEXT NOT NULL,
    product_id     TEXT NOT NULL,
    quantity_milli BIGINT NOT NULL,
    amount         BIGINT NOT NULL,
    line_count     BIGINT NOT NULL,
    PRIMARY KEY (station, business_day, product_id)
);

CREATE TABLE day_totals (
    station         TEXT NOT NULL,
    business_day    TEXT NOT NULL,
    terminal        BIGINT NOT NULL,
    sale_count      BIGINT NOT NULL,
    cancelled_count BIGINT NOT NULL,
    amount          BIGINT NOT NULL,
    cash            BIGINT NOT NULL,
    card            BIGINT NOT NULL,
    account         BIGINT NOT NULL,
    PRIMARY KEY (station, business_day, terminal)
);

CREATE TABLE accounts (
    station      TEXT NOT NULL,
    account_id   TEXT NOT NULL,
    balance      BIGINT NOT NULL,
    credit_limit BIGINT,
    opened_at_ms BIGINT,
    row_no       BIGINT GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (station, account_id)
);

-- The erasable records of persons (R39): no journal holds what stands here.
CREATE TABLE subjects (
    subject_id TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    row_no     BIGINT GENERATED ALWAYS AS IDENTITY
);

CREATE TABLE deliveries (
    station        TEXT NOT NULL,
    order_id       TEXT NOT NULL,
    ship_id        TEXT NOT NULL,
    product_id     TEXT NOT NULL,
    quantity_milli BIGINT NOT NULL,
    unit           TEXT NOT NULL,
    car_number     TEXT NOT NULL,
    shipped_at_ms  BIGINT NOT NULL,
    received_milli BIGINT,
    received_at_ms BIGINT,
    row_no         BIGINT GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (station, order_id)
);

CREATE TABLE station_orders (
    station         TEXT NOT NULL,
    order_key       TEXT NOT NULL,
    order_id        TEXT,
    product_id      TEXT NOT NULL,
    quantity_milli  BIGINT NOT NULL,
    unit            TEXT NOT NULL,
    status          TEXT NOT NULL,
    reason          TEXT,
    requested_at_ms BIGINT NOT NULL,
    row_no          BIGINT GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (station, order_key)
);

CREATE TABLE order_links (
    station   TEXT NOT NULL,
    order_id  TEXT NOT NULL,
    order_key TEXT NOT NULL,
    PRIMARY KEY (station, order_id)
);

CREATE TABLE feed_reports (
    station  TEXT NOT NULL,
    device   TEXT NOT NULL,
    scope    TEXT NOT NULL,
    role     TEXT NOT NULL,
    terminal BIGINT,
    writer   TEXT NOT NULL,
    version  BIGINT NOT NULL,
    at_ms    BIGINT NOT NULL,
    PRIMARY KEY (station, device, scope)
);
