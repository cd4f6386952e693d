//! Tables of the ledger. Columns are the contract with the migrations of the programs that keep them.

crate::table! {
    /// A sale. A row whose `sold_at_ms` is absent is a cancellation that came first and waits for its sale.
    pub struct Sale in "sales" { sale_id: String } {
        station: String,
        terminal: i64,
        /// Place in the till's stream, for "reached" marks.
        seq: i64,
        /// The till's stream: device and incarnation, 64 hexadecimal digits.
        stream: String,
        business_day: String,
        sold_at_ms: Option<i64>,
        total: i64,
        vat: i64,
        account_id: Option<String>,
        cancelled_at_ms: Option<i64>,
        cancel_reason: Option<String>,
    }
}

crate::table! {
    /// A line of a sale.
    pub struct SaleLine in "sale_lines" { sale_id: String, line_no: i64 } {
        product_id: String,
        quantity_milli: i64,
        unit: String,
        unit_price: i64,
        amount: i64,
        tax: String,
        price_version: i64,
    }
}

crate::table! {
    /// A tender of a sale.
    pub struct SaleTender in "sale_tenders" { sale_id: String, tender_no: i64 } {
        kind: String,
        amount: i64,
        approval: Option<String>,
        account_id: Option<String>,
    }
}

crate::table! {
    /// Stock of a product at a station.
    pub struct Stock in "stock" { station: String, product_id: String } { on_hand_milli: i64 }
}

crate::table! {
    /// A movement of stock 재고흐름, signed. `flow_id` is the entry's key with the line's number.
    pub struct StockFlow in "stock_flows" { station: String, flow_id: String } {
        product_id: String,
        quantity_milli: i64,
        /// Stock after this movement, as this program saw it.
        after_milli: i64,
        /// `sale`, `cancel`, `receipt`, `loss`, `dip`, `transfer`, `stocktake`.
        reason: String,
        order_id: Option<String>,
        sale_id: Option<String>,
        business_day: String,
        at_ms: i64,
    }
}

crate::table! {
    /// What was sold of a product on a business day, cancellations taken out.
    pub struct SalesSummary in "sales_summaries" { station: String, business_day: String, product_id: String } {
        quantity_milli: i64,
        amount: i64,
        line_count: i64,
    }
}

crate::table! {
    /// Totals of a till on a business day, for I5: sales and tenders must agree.
    pub struct DayTotal in "day_totals" { station: String, business_day: String, terminal: i64 } {
        sale_count: i64,
        cancelled_count: i64,
        /// Won, cancellations taken out.
        amount: i64,
        cash: i64,
        card: i64,
        account: i64,
    }
}

crate::table! {
    /// A credit account 외상. `opened_at_ms` absent: charged before its opening arrived here.
    pub struct Account in "accounts" { station: String, account_id: String } {
        balance: i64,
        credit_limit: Option<i64>,
        opened_at_ms: Option<i64>,
    }
}

crate::table! {
    /// The erasable record of a person (R39).
    pub struct Subject in "subjects" { subject_id: String } { name: String }
}

crate::table! {
    /// An expected 입고예정 or confirmed delivery.
    pub struct Delivery in "deliveries" { station: String, order_id: String } {
        ship_id: String,
        product_id: String,
        quantity_milli: i64,
        unit: String,
        car_number: String,
        shipped_at_ms: i64,
        received_milli: Option<i64>,
        received_at_ms: Option<i64>,
    }
}

crate::table! {
    /// A station's order as the orderer sees it. `order_key` is the station's request, or HQ's order id
    /// when HQ placed it.
    pub struct StationOrder in "station_orders" { station: String, order_key: String } {
        order_id: Option<String>,
        product_id: String,
        quantity_milli: i64,
        unit: String,
        /// `requested`, `ordered`, `shipped`, `confirmed`, `cancelled`, `refused`.
        status: String,
        /// Code of a refusal.
        reason: Option<String>,
        requested_at_ms: i64,
    }
}

crate::table! {
    /// From HQ's order id to the row of [`StationOrder`].
    pub struct OrderLink in "order_links" { station: String, order_id: String } { order_key: String }
}

crate::table! {
    /// What a device last said that it applied (R24).
    pub struct FeedReport in "feed_reports" { station: String, device: String, scope: String } {
        role: String,
        terminal: Option<i64>,
        writer: String,
        version: i64,
        at_ms: i64,
    }
}
