//! A station in the middle of an afternoon.

use station_api::{
    Alarm, AlarmKind, AsideCause, AsideState, Delivery, DeliveryState, Device, DeviceKind, HourSales, Kind,
    LinkState, OrderStatus, Overview, Product, QuarantineEntry, QuarantineRow, SalesRow, SalesTotal,
    SetupState, StationOrder, StockRow, TerminalState, Unit,
};

use crate::agent::Known;

/// id, Korean name, English name, kind, price, on hand, sold, expected (thousandths).
type Row = (&'static str, &'static str, &'static str, Kind, i64, i64, i64, i64);

const ROWS: [Row; 12] = [
    ("CD1001", "휘발유", "Gasoline", Kind::Fuel, 1_670, 18_253_412, 6_412_588, 20_000_000),
    ("CD1002", "경유", "Diesel", Kind::Fuel, 1_540, 9_120_034, 8_004_966, 16_000_000),
    ("CD1003", "고급휘발유", "Premium gasoline", Kind::Fuel, 1_960, 4_000_000, 312_450, 0),
    ("CD1004", "실내등유", "Kerosene", Kind::Fuel, 1_320, -12_500, 812_500, 8_000_000),
    (
        "CD1005",
        "면세 경유 (농업용·어업용 공급 확인서 대상)",
        "Tax-free diesel for registered farms and fishing boats",
        Kind::Fuel,
        1_010,
        2_500_000,
        0,
        0,
    ),
    ("GD2001", "생수 500 ml", "Water 500 ml", Kind::Goods, 1_000, 212_000, 28_000, 0),
    ("GD2002", "캔커피", "Canned coffee", Kind::Goods, 1_500, 148_000, 32_000, 0),
    ("GD2003", "엔진오일 1 L", "Engine oil 1 L", Kind::Goods, 9_800, 24_000, 2_000, 0),
    ("GD2004", "요소수 10 L", "AdBlue 10 L", Kind::Goods, 12_000, 61_000, 9_000, 0),
    ("GD2005", "워셔액", "Washer fluid", Kind::Goods, 3_500, 40_000, 0, 0),
    ("GD2006", "물티슈", "Wet wipes", Kind::Goods, 2_000, 55_000, 5_000, 0),
    ("GD2007", "세차권", "Car wash ticket", Kind::Goods, 8_000, 500_000, 17_000, 0),
];

const fn unit(kind: Kind) -> Unit {
    match kind {
        Kind::Fuel => Unit::Litre,
        Kind::Goods => Unit::Piece,
    }
}

fn sales() -> Vec<SalesRow> {
    ROWS.iter()
        .filter(|row| row.6 > 0)
        .map(|&(id, ko, en, kind, price, _, sold, _)| SalesRow {
            product_id: id.to_owned(),
            name_ko: ko.to_owned(),
            name_en: en.to_owned(),
            unit: unit(kind),
            quantity_milli: sold,
            amount: price * sold / 1_000,
            count: u64::try_from(sold / 30_000 + 1).unwrap(),
        })
        .collect()
}

pub fn busy() -> Known {
    let sales = sales();
    let amount: i64 = sales.iter().map(|row| row.amount).sum();
    let by_hour = [2, 5, 18, 42, 61, 38, 27, 31, 44, 29].into_iter().zip(5_u8..);
    let overview = Overview {
        station_code: "ST0001".to_owned(),
        station_name: "SK Imme".to_owned(),
        business_day: "2026-11-23".to_owned(),
        now: "2026-11-23T05:05:07Z".to_owned(),
        clock_doubt: false,
        hq: LinkState {
            up: true,
            last_ack_at: Some("2026-11-23T05:02:00Z".to_owned()),
            pending_count: 14,
            pending_oldest_at: Some("2026-11-23T05:02:01Z".to_owned()),
        },
        terminals: vec![
            terminal(1, Some("2026-11-23T05:05:05Z"), 9, Some("2026-11-23T05:04:41Z")),
            terminal(2, Some("2026-11-23T04:51:05Z"), 5, Some("2026-11-23T04:50:12Z")),
            terminal(3, None, 0, None),
        ],
        stock: ROWS
            .iter()
            .map(|&(id, ko, en, kind, _, on_hand, sold, expected)| StockRow {
                product_id: id.to_owned(),
                name_ko: ko.to_owned(),
                name_en: en.to_owned(),
                kind,
                unit: unit(kind),
                on_hand_milli: on_hand,
                sold_today_milli: sold,
                expected_milli: expected,
            })
            .collect(),
        sales_total: SalesTotal {
            count: 312,
            cancelled_count: 3,
            amount: amount + 66_800,
            aside_count: 2,
            aside_amount: 66_800,
        },
        quarantined: 4,
        alarms: alarms(),
        sales,
        by_hour: by_hour
            .map(|(amount, hour)| HourSales {
                hour,
                amount: amount * 84_300,
                quantity_milli: amount * 52_000,
            })
            .collect(),
    };
    Known {
        overview,
        deliveries: deliveries(),
        orders: orders(),
        products: products(),
        devices: devices(),
        quarantine: quarantine(),
        is_repaired: false,
        setup: setup(true),
        setup_code: code(0),
    }
}

/// A station whose agent waits for head office's code.
pub fn unenrolled() -> Known {
    Known { setup: setup(false), ..fresh() }
}

fn setup(enrolled: bool) -> SetupState {
    SetupState {
        enrolled,
        station_code: "ST0001".to_owned(),
        station_name: "SK Imme".to_owned(),
        hq_link: "hq.example.kr:8883".to_owned(),
    }
}

/// A code whose check letter fits.
pub fn code(seed: u8) -> String {
    sync_identity::EnrolmentCode::make([seed; 15], [9; 10]).text()
}

/// A station that was enrolled a minute ago.
pub fn fresh() -> Known {
    let busy = busy();
    let overview = Overview {
        terminals: Vec::new(),
        stock: Vec::new(),
        sales: Vec::new(),
        sales_total: SalesTotal { count: 0, cancelled_count: 0, amount: 0, aside_count: 0, aside_amount: 0 },
        quarantined: 0,
        alarms: Vec::new(),
        by_hour: Vec::new(),
        hq: LinkState { up: false, last_ack_at: None, pending_count: 0, pending_oldest_at: None },
        ..busy.overview.clone()
    };
    Known {
        overview,
        deliveries: Vec::new(),
        orders: Vec::new(),
        products: Vec::new(),
        devices: Vec::new(),
        quarantine: Vec::new(),
        ..busy
    }
}

fn terminal(terminal: u32, seen: Option<&str>, pending_at_hq: u64, sale: Option<&str>) -> TerminalState {
    TerminalState {
        terminal,
        last_seen_at: seen.map(str::to_owned),
        pending_at_hq,
        on_till: 0,
        pending_oldest_at: (pending_at_hq > 0).then(|| "2026-11-23T05:02:01Z".to_owned()),
        stale_since: seen.filter(|seen| *seen < "2026-11-23T05:04").map(str::to_owned),
        last_sale_at: sale.map(str::to_owned),
    }
}

fn products() -> Vec<Product> {
    ROWS.iter()
        .map(|&(id, ko, en, kind, price, ..)| Product {
            product_id: id.to_owned(),
            name_ko: ko.to_owned(),
            name_en: en.to_owned(),
            kind,
            unit: unit(kind),
            price,
            next_price: None,
            next_price_at: None,
        })
        .collect()
}

fn devices() -> Vec<Device> {
    let device = |seed: &str, kind, terminal, ends: &str, seen: Option<&str>| Device {
        device_id: seed.repeat(4),
        kind,
        terminal,
        enrolled_at: "2026-10-02T01:20:00Z".to_owned(),
        certificate_ends_at: Some(ends.to_owned()),
        revoked_at: None,
        revoked_why: None,
        last_seen_at: seen.map(str::to_owned),
        pending: if terminal == Some(2) { 5 } else { 0 },
        pending_oldest_at: None,
        silent_since: seen.filter(|seen| *seen < "2026-11-23T05:04").map(str::to_owned),
        exported_to: None,
    };
    let now = Some("2026-11-23T05:05:05Z");
    vec![
        device("1f3a9c2d", DeviceKind::Till, Some(1), "2027-01-21T01:20:00Z", now),
        device("2e3a9c2d", DeviceKind::Till, Some(2), "2026-12-01T06:20:00Z", Some("2026-11-23T04:51:05Z")),
        device("3d3a9c2d", DeviceKind::Till, Some(4), "2026-11-20T01:20:00Z", None),
        device("a7c41e90", DeviceKind::Agent, None, "2027-01-21T01:20:00Z", now),
        device("c02d77b1", DeviceKind::Office, None, "2027-01-21T01:20:00Z", now),
        Device {
            revoked_at: Some("2026-10-02T01:00:00Z".to_owned()),
            revoked_why: Some(
                "POS 교체. 고장 난 본체는 서비스 센터로 보냈고 디스크는 파기하기로 했습니다.".to_owned(),
            ),
            ..device("5be80f16", DeviceKind::Till, Some(2), "2027-01-21T01:20:00Z", None)
        },
    ]
}

fn deliveries() -> Vec<Delivery> {
    let delivery = |row: usize, order_id: &str, car: Option<&str>, milli, received: Option<i64>| Delivery {
        order_id: order_id.to_owned(),
        ship_id: format!("S-{order_id}"),
        product_id: ROWS[row].0.to_owned(),
        name_ko: ROWS[row].1.to_owned(),
        name_en: ROWS[row].2.to_owned(),
        unit: unit(ROWS[row].3),
        quantity_milli: milli,
        car_number: car.map(str::to_owned),
        shipped_at: "2026-11-23T03:40:00Z".to_owned(),
        state: if received.is_some() { DeliveryState::Confirmed } else { DeliveryState::Expected },
        received_milli: received,
        received_at: received.map(|_| "2026-11-22T09:12:00Z".to_owned()),
    };
    vec![
        delivery(0, "O-1041", Some("서울80바1234"), 20_000_000, None),
        delivery(1, "O-1042", Some("경기91사5678"), 16_000_000, None),
        delivery(3, "O-1043", None, 8_000_000, None),
        delivery(0, "O-1030", Some("서울80바1234"), 20_000_000, Some(19_962_000)),
        delivery(1, "O-1029", Some("경기91사5678"), 16_000_000, Some(16_000_000)),
        delivery(4, "O-1021", Some("서울80바1234"), 4_000_000, Some(4_012_500)),
    ]
}

fn orders() -> Vec<StationOrder> {
    let order = |row: usize, id: usize, milli, status, reason: Option<&str>| StationOrder {
        order_id: Some(format!("O-{id}")),
        request_id: Some(format!("R-{id}")),
        product_id: ROWS[row].0.to_owned(),
        name_ko: ROWS[row].1.to_owned(),
        name_en: ROWS[row].2.to_owned(),
        unit: unit(ROWS[row].3),
        quantity_milli: milli,
        status,
        requested_at: format!("2026-11-23T0{}:12:00Z", id % 6),
        reason: reason.map(str::to_owned),
    };
    vec![
        StationOrder { order_id: None, ..order(5, 5, 240_000, OrderStatus::Requested, None) },
        order(1, 4, 16_000_000, OrderStatus::Ordered, None),
        order(0, 3, 20_000_000, OrderStatus::Shipped, None),
        order(2, 2, 4_000_000, OrderStatus::Confirmed, None),
        order(4, 1, 90_000_000, OrderStatus::Refused, Some("월 배정량 8,000 L를 넘습니다")),
        order(3, 0, 8_000_000, OrderStatus::Cancelled, None),
    ]
}

/// One of each kind of trouble, and two that are done with.
fn quarantine() -> Vec<QuarantineEntry> {
    let entry = |seq: i64, cause, kind: &str, amount: Option<i64>, state, raw: &str| {
        let receipt = amount.map(|_| format!("ST0001-02-K7Q2M-{seq:06}"));
        let is_open = state == AsideState::Open;
        QuarantineEntry {
            row: QuarantineRow {
                key: format!("{}.{}.{seq}", "ab".repeat(16), "cd".repeat(16)),
                terminal: Some(2),
                device: "ab".repeat(16),
                seq,
                cause,
                reason: "the sum of the tenders and the total do not agree".to_owned(),
                kind: kind.to_owned(),
                receipt,
                business_day: "2026-11-23".to_owned(),
                amount,
                counted: is_open && amount.is_some(),
                written_at: Some("2026-11-23T04:12:00Z".to_owned()),
                arrived_at: "2026-11-23T04:12:01Z".to_owned(),
                tried_at: "2026-11-23T04:12:01Z".to_owned(),
                state,
                closed_at: (!is_open).then(|| "2026-11-23T04:40:00Z".to_owned()),
                settled_why: (state == AsideState::Settled).then(|| {
                    "같은 판매를 다음 영수증 번호로 다시 기록했고 고객이 영수증 두 장을 모두 돌려주었음"
                        .to_owned()
                }),
            },
            payloads: vec![raw.to_owned()],
        }
    };
    let sold = r#"{"v":1,"at":{"w":1795407120000,"m":0,"b":0},"day":"2026-11-23","t":"Sold","d":{"sale":"ST0001-02-K7Q2M-000412","total":33400,"tenders":[{"kind":"cash","amount":1}]}}"#;
    vec![
        entry(412, AsideCause::Rejected, "Sold", Some(33_400), AsideState::Open, sold),
        entry(415, AsideCause::Unreadable, "", None, AsideState::Open, "not a fact"),
        entry(414, AsideCause::Forbidden, "PriceScheduled", None, AsideState::Open, "{}"),
        entry(413, AsideCause::Unknown, "Sold", Some(33_400), AsideState::Open, sold),
        entry(401, AsideCause::Rejected, "SaleCancelled", Some(-1_234_567), AsideState::Replayed, sold),
        entry(377, AsideCause::Fork, "Sold", Some(8_000), AsideState::Settled, sold),
    ]
}

fn alarms() -> Vec<Alarm> {
    let alarm = |kind, at: &str, detail: &str| Alarm { kind, at: at.to_owned(), detail: detail.to_owned() };
    vec![
        alarm(
            AlarmKind::NewLife,
            "2026-11-23T04:58:00Z",
            "the database was put back from a copy; life 4e4e ends, life 5f5f begins",
        ),
        alarm(AlarmKind::FeedDiffered, "2026-11-23T03:00:00Z", ""),
        alarm(AlarmKind::CheckPassed, "2026-11-22T18:00:00Z", "whole chain of 3 journals"),
    ]
}
