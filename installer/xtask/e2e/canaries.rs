//! Card numbers and secrets are put in wherever something can be put in, and must be found nowhere afterwards.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use xtask::client::Client;
use xtask::demo::{Plan, Program, Wish};

use crate::eventually::within;
use crate::leaks::{self, Secret, card_in, private_keys, search, text_in};
use crate::stage::{HEALED, Stage, list, sell};

/// Numbers that schemes publish for tests, and one of the form of Korean domestic cards.
const CARDS: [&str; 4] = ["4111111111111111", "5555555555554444", "378282246310005", "9490123456789013"];

/// The same as people and readers write them.
const CANARIES: [&str; 8] = [
    "4111111111111111",
    "4111 1111 1111 1111",
    "5555-5555-5555-4444",
    "3782 822463 10005",
    "9490-1234-5678-9013",
    "%B4111111111111111^HONG/GILDONG^29121010000000000000?",
    ";5555555555554444=29121010000000000000?",
    "카드 4111 1111 1111 1111 재결제",
];

/// A form that would be accepted, of which one field after the other becomes a card number.
type Form = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const FORMS: [(&str, Form); 12] = [
    ("hq", ("POST", "/orders/placeOrder", &[("productId", "CD1001"), ("qty", "1"), ("destAddr", "ST0001")])),
    ("hq", ("POST", "/products", &[("productId", "CD7001"), ("productName", "x"), ("price", "1")])),
    ("hq", ("PATCH", "/products/CD1001", &[("productName", "x"), ("price", "1")])),
    ("hq", ("POST", "/products/sync", &[("productId", "CD1001"), ("price", "1")])),
    ("hq", ("GET", "/orders", &[("after", ""), ("limit", "")])),
    ("agent", ("POST", "/stocks/confirmStock", &[("orderId", "x"), ("qty", "1")])),
    ("agent", ("POST", "/stockFlows", &[("productId", "CD1001"), ("qty", "1"), ("reason", "loss")])),
    ("agent", ("POST", "/accounts", &[("accountName", "x"), ("limit", "1")])),
    ("agent", ("GET", "/salesSummaries", &[("businessDay", ""), ("after", "")])),
    ("till", ("POST", "/sales", &[("productId", "CD1001"), ("qty", "1"), ("accountId", "x")])),
    ("till", ("POST", "/cancelSales", &[("saleId", "x")])),
    ("till", ("GET", "/sales", &[("after", ""), ("limit", "")])),
];

/// Bodies in JSON, the same way.
fn bodies() -> Vec<(&'static str, &'static str, &'static str, Value)> {
    let product = json!({"productId": "CD7002", "nameKo": "x", "nameEn": "x", "kind": "goods", "price": 1,
        "taxClass": "taxed", "barcode": "x"});
    vec![
        ("hq", "POST", "/api/v1/products", product),
        ("hq", "PATCH", "/api/v1/products/CD1001", json!({"nameKo": "x", "nameEn": "x"})),
        (
            "hq",
            "POST",
            "/api/v1/products/CD1001/prices",
            json!({"price": 1, "effectiveAt": "x", "stationCode": "x"}),
        ),
        (
            "hq",
            "POST",
            "/api/v1/orders",
            json!({"stationCode": "ST0001", "productId": "CD1001", "quantityMilli": 1}),
        ),
        ("hq", "POST", "/api/v1/shipments/none/dispatch", json!({"carNumber": "x"})),
        ("agent", "POST", "/api/v1/orders", json!({"product_id": "CD1001", "quantity_milli": 1})),
        ("agent", "POST", "/api/v1/accounts", json!({"name": "x", "credit_limit": 1})),
        (
            "agent",
            "POST",
            "/api/v1/stock-movements",
            json!({"product_id": "CD1001", "quantity_milli": 1, "reason": "loss"}),
        ),
        ("till", "POST", "/sales", json!({"productId": "CD1001", "qty": 1, "accountId": "x"})),
    ]
}

/// Paths that exist with an id in them, and paths that do not exist.
const PATHS: [(&str, &str, &str); 12] = [
    ("hq", "GET", "/"),
    ("hq", "PATCH", "/products/"),
    ("hq", "POST", "/api/v1/roles/"),
    ("hq", "GET", "/api/v1/"),
    ("hq", "POST", "/api/v1/orders/"),
    ("agent", "GET", "/"),
    ("agent", "POST", "/api/v1/deliveries/"),
    ("agent", "POST", "/api/v1/orders/"),
    ("agent", "DELETE", "/accounts/"),
    ("till", "GET", "/"),
    ("till", "POST", "/sales/"),
    ("till", "POST", "/sync/"),
];

const HEADERS: [&str; 7] =
    ["user-agent", "referer", "x-request-id", "traceparent", "cookie", "x-forwarded-for", "authorization"];

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");

fn client(stage: &Stage, program: &str) -> Client {
    match program {
        "hq" => stage.hq(),
        "agent" => stage.agent(),
        _ => stage.till(),
    }
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut all, byte| {
        if byte.is_ascii_alphanumeric() {
            all.push(char::from(byte));
        } else {
            write!(all, "%{byte:02X}").unwrap();
        }
        all
    })
}

fn form(fields: &[(&str, &str)], replaced: &str, canary: &str) -> String {
    let value = |name: &str, value: &str| encoded(if name == replaced { canary } else { value });
    let pairs = fields.iter().map(|(name, text)| format!("{name}={}", value(name, text)));
    pairs.collect::<Vec<_>>().join("&")
}

/// Sends and says what is wrong with the answer: a card number has its own code, and is not repeated.
fn sent(client: &Client, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Option<String> {
    let (status, text) = client.exchange(method, path, headers, body.as_bytes()).unwrap();
    let code =
        serde_json::from_str::<Value>(&text).ok().and_then(|body| Some(body["code"].as_str()?.to_owned()));
    let repeated = CARDS.iter().any(|card| card_in(text.as_bytes(), card).is_some());
    let right = status == 400 && code.as_deref() == Some("card_number_refused") && !repeated;
    (!right).then(|| format!("{method} {path} {headers:?} {body}: {status} {text}"))
}

/// A card number in every field, query, key and member of JSON.
fn put_into_inputs(stage: &Stage, canary: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (program, (method, path, fields)) in FORMS {
        let client = client(stage, program);
        for (name, _) in fields {
            let filled = form(fields, name, canary);
            wrong.extend(sent(&client, method, &format!("{path}?{filled}"), &[], ""));
            if method != "GET" {
                wrong.extend(sent(&client, method, path, &[FORM], &filled));
            }
        }
        if method != "GET" && canary.is_ascii() && !canary.contains(' ') {
            let honest = form(fields, "", "");
            wrong.extend(sent(&client, method, path, &[FORM, ("idempotency-key", canary)], &honest));
        }
    }
    for (program, method, path, body) in bodies() {
        for name in body.as_object().unwrap().keys() {
            let mut body = body.clone();
            body[name] = Value::String(canary.to_owned());
            let (plain, cut) = (body.to_string(), body.to_string().replace('}', ""));
            wrong.extend(sent(&client(stage, program), method, path, &[JSON], &plain));
            if program != "till" {
                wrong.extend(sent(&client(stage, program), method, path, &[JSON], &cut));
            }
        }
    }
    wrong
}

/// Sends what is refused before its body is read: such a connection may be closed under the answer, or under the
/// next request, so that each has its own and a second and third chance.
fn thrown(client: &Client, method: &str, path: &str, headers: &[(&str, &str)], body: &str) {
    let headers = [headers, &[("connection", "close")]].concat();
    let answered = (0..3).any(|_| client.exchange(method, path, &headers, body.as_bytes()).is_ok());
    assert!(answered, "{method} {path} {headers:?}");
}

/// A card number where nothing reads it: the answer is whatever it is, and it must not be kept.
fn put_elsewhere(stage: &Stage, canary: &str) {
    for (program, method, path) in PATHS {
        let path = format!("{path}{}", encoded(canary));
        let client = client(stage, program);
        for path in [path.clone(), format!("{path}/cancel"), format!("{path}/confirm?x={}", encoded(canary))]
        {
            thrown(&client, method, &path, &[JSON], "{}");
        }
    }
    for program in ["hq", "agent", "till"] {
        let client = client(stage, program);
        for name in HEADERS.into_iter().filter(|_| canary.is_ascii()) {
            let value = if name == "authorization" { format!("Bearer {canary}") } else { canary.to_owned() };
            for path in ["/products", "/accounts", "/sales", "/livez", "/readyz", "/sync"] {
                thrown(&client, "GET", path, &[(name, &value)], "");
                thrown(&client, "POST", path, &[(name, &value), JSON], canary);
            }
        }
        for kind in ["text/plain", "multipart/form-data", "application/octet-stream"] {
            thrown(&client, "POST", "/sync", &[("content-type", kind)], canary);
        }
    }
}

/// Each program's token with the only files that may hold it.
fn tokens(stage: &Stage) -> Vec<Secret> {
    let data = &stage.fleet.plan().data;
    let secret = |launch: &xtask::demo::Launch| Secret {
        name: format!("the token of {}", launch.name),
        text: launch.program.token.clone(),
        allowed: vec![data.join("demo.json"), data.join(format!("config/{}.token", launch.name))],
    };
    stage.fleet.plan().launches().map(secret).collect()
}

fn answers(stage: &Stage) -> Vec<(String, String)> {
    let lists = [
        "/metrics",
        "/orders",
        "/products",
        "/shipments",
        "/accounts",
        "/stockFlows",
        "/sales",
        "/api/v1/journal",
    ];
    let mut answers = Vec::new();
    for program in ["hq", "agent", "till"] {
        for path in lists {
            let (_, text) = client(stage, program).exchange("GET", path, &[], b"").unwrap();
            answers.push((format!("{program} {path}"), text));
        }
    }
    answers
}

#[test]
fn card_numbers_are_refused_in_every_input_and_neither_they_nor_secrets_are_left_anywhere() {
    let stage = Stage::small();
    let (mut wrong, till) = (Vec::new(), stage.till());
    for (index, canary) in CANARIES.iter().enumerate() {
        let sale = sell(&till, "CD1001", "10");
        wrong.extend(put_into_inputs(&stage, canary));
        put_elsewhere(&stage, canary);
        if index % 2 == 0 {
            assert_eq!(till.post_form("/cancelSales", &[("saleId", &sale)]).unwrap().status, 200);
        }
    }
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
    assert_eq!(list(&till, "/sales").len(), CANARIES.len(), "the till went on selling");
    within(HEALED, "the sales at head office", || {
        (stage.hq().get("/api/v1/summary").ok()?.body["salesCount"] == CANARIES.len()).then_some(())
    });

    let mut secrets = tokens(&stage);
    secrets.extend(codes(&stage));
    secrets.extend(private_keys(&stage.fleet.plan().data));
    let leaks = search(&stage.fleet.plan().data, &CARDS, &secrets);
    assert!(leaks.is_empty(), "{leaks:#?}");
    for (what, text) in answers(&stage) {
        assert!(CARDS.iter().all(|card| card_in(text.as_bytes(), card).is_none()), "{what}: {text}");
        assert!(
            secrets.iter().all(|secret| text_in(text.as_bytes(), &secret.text).is_none()),
            "{what}: {text}"
        );
    }
    for program in &stage.fleet.report().programs {
        assert_eq!(shown_by_the_system(program, &secrets), Vec::<String>::new());
    }
    let kept = leaks::files(stage.data());
    assert!(
        kept.iter().any(|file| file.to_string_lossy().ends_with(".db-wal")),
        "databases were looked into"
    );
    assert!(kept.iter().any(|file| file.to_string_lossy().ends_with(".log")), "logs were looked into");
}

/// Secrets in a process's arguments or environment, which others on the machine may see.
fn shown_by_the_system(program: &Program, secrets: &[Secret]) -> Vec<String> {
    let mut shown = Vec::new();
    for file in ["cmdline", "environ"] {
        let bytes = std::fs::read(format!("/proc/{}/{file}", program.pid)).unwrap_or_default();
        let leaking = secrets.iter().filter(|secret| text_in(&bytes, &secret.text).is_some());
        shown.extend(leaking.map(|secret| format!("{} in {file} of {program:?}", secret.name)));
    }
    shown
}

/// Configuration files of an enrolled fleet that does not run any more, with those of a back office beside them.
fn enrolled() -> (TempDir, Plan) {
    let folder = Stage::small().stopped();
    let mut wish = Wish::new(folder.path());
    wish.windows = true;
    let plan = Plan::make(&wish).unwrap();
    (folder, plan)
}

/// Codes that are open while everything is searched, whole and in parts.
fn codes(stage: &Stage) -> Vec<Secret> {
    let open = |client: Client, body: Value| {
        let answer = client.post_json("/api/v1/enrolment-codes", body).unwrap();
        answer.body["code"].as_str().unwrap().to_owned()
    };
    let codes = [
        open(stage.hq(), json!({ "stationCode": "ST0001" })),
        open(stage.agent(), json!({ "kind": "till", "terminal": 9 })),
    ];
    let secret =
        |text: &str| Secret { name: "a code".to_owned(), text: text.to_owned(), allowed: Vec::new() };
    let parts = codes.iter().flat_map(|code| {
        let letters = code.replace('-', "");
        // Its name is no secret, and the authority's fingerprint at its end neither.
        [secret(code), secret(&letters[3..15]), secret(&letters)]
    });
    parts.collect()
}

fn checked(binary: &Path, arguments: &[String]) -> (bool, Vec<u8>) {
    let output = Command::new(binary)
        .args(arguments)
        .arg("--check-config")
        .env("RUST_LOG", "trace")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (output.status.success(), [output.stdout, output.stderr].concat())
}

#[test]
fn a_checked_configuration_shows_no_secret() {
    let (folder, plan) = enrolled();
    let tokens = plan.launches().map(|launch| Secret {
        name: launch.name.clone(),
        text: launch.program.token.clone(),
        allowed: Vec::new(),
    });
    let mut secrets: Vec<Secret> = tokens.collect();
    secrets.extend(private_keys(folder.path()));
    let mut programs = Vec::new();
    for launch in plan.launches() {
        let (passed, output) = checked(&launch.binary, &launch.arguments);
        let text = String::from_utf8_lossy(&output);
        assert!(passed, "{}: {text}", launch.name);
        let shown = secrets.iter().find(|secret| text_in(&output, &secret.text).is_some());
        assert!(shown.is_none(), "{} shows {}", launch.name, shown.unwrap().name);
        programs.push(launch.binary.file_name().unwrap().to_string_lossy().into_owned());
    }
    assert_eq!(programs, ["hq-server", "station-agent", "pos-desktop", "back-office"]);
}
