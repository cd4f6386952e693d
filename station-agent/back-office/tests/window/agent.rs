//! A small station agent over HTTP on a port of its own: it answers from a state that confirmations and orders change.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde::Serialize;
use station_api::{
    AsideState, ConfirmDelivery, Delivery, DeliveryState, Device, DeviceKind, EnrolmentCode, ErrorCode,
    OpenCode, OrderStatus, Overview, PROBLEM_MEDIA_TYPE, PlaceOrder, Problem, Product, QuarantineEntry,
    Replayed, RevokeDevice, SetUp, SetupState, StationOrder, paths,
};

pub const TOKEN: &str = "token-of-the-test";

/// What the agent knows.
#[derive(Debug, Clone)]
pub struct Known {
    pub overview: Overview,
    pub deliveries: Vec<Delivery>,
    pub orders: Vec<StationOrder>,
    pub products: Vec<Product>,
    pub devices: Vec<Device>,
    pub quarantine: Vec<QuarantineEntry>,
    /// What kept entries out is repaired: trying again works.
    pub is_repaired: bool,
    pub setup: SetupState,
    /// The code that head office made for this agent.
    pub setup_code: String,
}

/// How the agent behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mood {
    #[default]
    Well,
    /// Takes the request, records it, and breaks the connection before the answer.
    RecordsAndHangsUp,
    /// Breaks every connection.
    HangsUp,
    /// Answers with something that is not JSON.
    Babbles,
    /// Answers 10 MB.
    Floods,
    /// Refuses writes with this code.
    Refuses(ErrorCode),
    /// Refuses everything with this code, but says how it stands.
    OnlySaysHowItStands(ErrorCode),
}

/// One write as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write_ {
    pub path: String,
    pub key: String,
    pub body: String,
}

pub struct Agent {
    pub url: String,
    state: Arc<Mutex<State>>,
}

struct State {
    known: Known,
    mood: Mood,
    writes: Vec<Write_>,
    recorded_keys: Vec<String>,
}

impl Agent {
    pub fn start(known: Known) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State {
            known,
            mood: Mood::Well,
            writes: Vec::new(),
            recorded_keys: Vec::new(),
        }));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { url, state }
    }

    pub fn behave(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    pub fn writes(&self) -> Vec<Write_> {
        self.state.lock().unwrap().writes.clone()
    }

    pub fn known(&self) -> Known {
        self.state.lock().unwrap().known.clone()
    }

    pub fn learn(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.state.lock().unwrap().known);
    }
}

struct Request {
    method: String,
    path: String,
    token: String,
    key: String,
    body: String,
}

fn serve(stream: TcpStream, state: &Mutex<State>) {
    let Some(request) = read(&stream) else { return };
    let mut state = state.lock().unwrap();
    let mood = state.mood;
    if mood == Mood::HangsUp {
        return;
    }
    let is_write = request.method == "POST";
    let (status, media_type, body) = match mood {
        Mood::Babbles => (200, "text/html", "<html>hello</html>".to_owned()),
        Mood::Floods => (200, "application/json", " ".repeat(10 * 1024 * 1024)),
        Mood::Refuses(code) if is_write => problem(code),
        Mood::OnlySaysHowItStands(code) if request.path != paths::SETUP => problem(code),
        _ => answer(&mut state, &request),
    };
    if mood == Mood::RecordsAndHangsUp && is_write {
        return;
    }
    drop(state);
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = stream;
    // The client may have stopped reading on purpose: a flood is not read to its end.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (mut token, mut key, mut length) = (String::new(), String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => value.clone_into(&mut token),
            "idempotency-key" => value.clone_into(&mut key),
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, token, key, body: String::from_utf8(body).ok()? })
}

type Reply = (u16, &'static str, String);

fn json(value: &impl Serialize) -> Reply {
    (200, "application/json", serde_json::to_string(value).unwrap())
}

fn problem(code: ErrorCode) -> Reply {
    let problem = Problem::new(code, "what happened, why, what now");
    (code.status(), PROBLEM_MEDIA_TYPE, serde_json::to_string(&problem).unwrap())
}

fn answer(state: &mut State, request: &Request) -> Reply {
    if request.token != format!("Bearer {TOKEN}") {
        return problem(ErrorCode::Unauthorized);
    }
    if request.method == "GET" {
        return match request.path.as_str() {
            paths::OVERVIEW => json(&state.known.overview),
            paths::DELIVERIES => json(&state.known.deliveries),
            paths::ORDERS => json(&state.known.orders),
            paths::PRODUCTS => json(&state.known.products),
            paths::DEVICES => json(&state.known.devices),
            paths::SETUP => json(&state.known.setup),
            paths::QUARANTINE => {
                json(&state.known.quarantine.iter().map(|entry| &entry.row).collect::<Vec<_>>())
            }
            path if path.starts_with(paths::QUARANTINE) => quarantined(state, path),
            _ => problem(ErrorCode::NotFound),
        };
    }
    state.writes.push(Write_ {
        path: request.path.clone(),
        key: request.key.clone(),
        body: request.body.clone(),
    });
    let is_repeat = state.recorded_keys.contains(&request.key);
    state.recorded_keys.push(request.key.clone());
    match request.path.as_str() {
        paths::ORDERS => order(state, request, is_repeat),
        paths::SETUP => set_up(state, request),
        paths::ENROLMENT_CODES => make_code(state, request),
        paths::QUARANTINE_REPLAY => replay_all(state),
        path if path.starts_with(paths::QUARANTINE) => replay(state, path),
        path if path.starts_with(paths::DEVICES) => revoke(state, request),
        _ => confirm(state, request),
    }
}

fn set_up(state: &mut State, request: &Request) -> Reply {
    let set_up: SetUp = serde_json::from_str(&request.body).unwrap();
    if set_up.code != state.known.setup_code {
        return problem(ErrorCode::CodeUnknown);
    }
    state.known.setup.enrolled = true;
    json(&state.known.setup)
}

/// Codes end fifteen minutes after the overview's time.
fn make_code(state: &mut State, request: &Request) -> Reply {
    let open: OpenCode = serde_json::from_str(&request.body).unwrap();
    assert_eq!(open.terminal.is_some(), open.kind == DeviceKind::Till);
    json(&EnrolmentCode {
        code: crate::sample::code(u8::try_from(state.writes.len()).unwrap()),
        kind: open.kind,
        terminal: open.terminal,
        expires_at: "2026-11-23T05:20:07Z".to_owned(),
    })
}

fn revoke(state: &mut State, request: &Request) -> Reply {
    let revoke: RevokeDevice = serde_json::from_str(&request.body).unwrap();
    let device_id = request.path.split('/').nth(4).unwrap();
    let Some(device) = state.known.devices.iter_mut().find(|device| device.device_id == device_id) else {
        return problem(ErrorCode::UnknownDevice);
    };
    let has_pending = device.pending > 0 || device.silent_since.is_some();
    if has_pending && !revoke.override_pending {
        return problem(ErrorCode::PendingEntries);
    }
    device.revoked_at = Some("2026-11-23T05:05:07Z".to_owned());
    device.revoked_why = Some(revoke.reason);
    let exported_to = has_pending.then(|| "/var/lib/juyu/exports/2e3a-1.juyu-journal".to_owned());
    json(&Device { exported_to, ..device.clone() })
}

fn quarantined(state: &State, path: &str) -> Reply {
    let key = path.split('/').nth(4).unwrap();
    let found = state.known.quarantine.iter().find(|entry| entry.row.key == key);
    found.map_or_else(|| problem(ErrorCode::UnknownEntry), json)
}

/// Puts an entry into the books when what kept it out is repaired.
fn try_again(entry: &mut QuarantineEntry, is_repaired: bool) -> bool {
    let row = &mut entry.row;
    row.tried_at = "2026-11-23T05:05:07Z".to_owned();
    if is_repaired {
        row.state = AsideState::Replayed;
        row.closed_at = Some(row.tried_at.clone());
        row.counted = false;
    } else {
        "the newest reason of the program".clone_into(&mut row.reason);
    }
    is_repaired
}

fn replay(state: &mut State, path: &str) -> Reply {
    let key = path.split('/').nth(4).unwrap();
    let is_repaired = state.known.is_repaired;
    let Some(entry) = state.known.quarantine.iter_mut().find(|entry| entry.row.key == key) else {
        return problem(ErrorCode::UnknownEntry);
    };
    try_again(entry, is_repaired);
    json(entry)
}

fn replay_all(state: &mut State) -> Reply {
    let is_repaired = state.known.is_repaired;
    let waiting = state.known.quarantine.iter_mut().filter(|entry| entry.row.state == AsideState::Open);
    let tried: Vec<bool> = waiting.map(|entry| try_again(entry, is_repaired)).collect();
    let replayed = tried.iter().filter(|&&replayed| replayed).count() as u64;
    json(&Replayed { replayed, still_aside: tried.len() as u64 - replayed })
}

fn order(state: &mut State, request: &Request, is_repeat: bool) -> Reply {
    let order: PlaceOrder = serde_json::from_str(&request.body).unwrap();
    let Some(product) = state.known.products.iter().find(|product| product.product_id == order.product_id)
    else {
        return problem(ErrorCode::UnknownProduct);
    };
    if is_repeat {
        return json(&state.known.orders[0]);
    }
    let order = StationOrder {
        order_id: None,
        request_id: Some(format!("R-{}", state.known.orders.len())),
        product_id: product.product_id.clone(),
        name_ko: product.name_ko.clone(),
        name_en: product.name_en.clone(),
        unit: product.unit,
        quantity_milli: order.quantity_milli,
        status: OrderStatus::Requested,
        requested_at: "2026-11-23T05:05:07Z".to_owned(),
        reason: None,
    };
    state.known.orders.insert(0, order.clone());
    json(&order)
}

fn confirm(state: &mut State, request: &Request) -> Reply {
    let confirm: ConfirmDelivery = serde_json::from_str(&request.body).unwrap();
    let order_id = request.path.split('/').nth(4).unwrap();
    let Some(delivery) = state.known.deliveries.iter_mut().find(|delivery| delivery.order_id == order_id)
    else {
        return problem(ErrorCode::UnknownOrder);
    };
    delivery.state = DeliveryState::Confirmed;
    delivery.received_milli = Some(confirm.quantity_milli);
    delivery.received_at = Some("2026-11-23T05:10:00Z".to_owned());
    json(delivery)
}
