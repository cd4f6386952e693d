//! The till's own tables; the DDL is in `migrations/`.

sync_proto::table! {
    /// The open cart; `cart_no` is 1.
    pub struct CartHead in "carts" { cart_no: i64 } {
        next_line_no: i64,
        account_id: Option<String>,
    }
}

sync_proto::table! {
    /// A line of the open cart.
    pub struct CartLineRow in "cart_lines" { line_no: i64 } {
        product_id: String,
        quantity_milli: i64,
        unit: String,
        unit_price: i64,
        amount: i64,
        tax: String,
        price_version: i64,
    }
}

sync_proto::table! {
    /// Last receipt number of a life of the database.
    pub struct ReceiptCounter in "receipt_counters" { incarnation: String } { last: i64 }
}

sync_proto::table! {
    /// Cash handed over for a sale.
    pub struct CashReceived in "cash_received" { sale_id: String } { received: i64 }
}

sync_proto::table! {
    /// Where a cancellation stands in the till's stream.
    pub struct CancellationPlace in "cancellation_places" { sale_id: String } {
        stream: String,
        seq: i64,
    }
}

sync_proto::table! {
    /// A request that came with an Idempotency-Key.
    pub struct IdempotencyRow in "idempotency_keys" { idempotency_key: String } {
        request: String,
        sale_id: String,
        at_ms: i64,
    }
}

sync_proto::table! {
    /// A setting of this till.
    pub struct Setting in "settings" { name: String } { value: String }
}
