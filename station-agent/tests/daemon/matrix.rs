//! Every certificate against every path and method of both listeners. What is not in the short list of what is
//! allowed is denied, and what is in it is not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use reqwest::{Method, StatusCode};
use station_api::paths;
use sync_identity::standin::StandIn;
use sync_identity::{Identity, Kind};
use sync_proto::{DeviceId, StationCode, TerminalNo};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::hq::here;
use crate::station::{AGENT, Agent, TOKEN, days, plain_client};

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// Requests under way at once; more only wait for the machine.
const AT_ONCE: usize = 8;

/// Paths that nobody serves on one listener or on both.
const ELSEWHERE: [&str; 9] = [
    "/",
    "/nowhere",
    "/api/v1",
    "/api/v1/overview/",
    "/API/V1/overview",
    "//sync",
    "/link",
    "/link/revoke",
    "/metrics",
];

/// Where the routers are written down. A route that this test does not know makes it fail.
const ROUTERS: [&str; 3] = [
    include_str!("../../src/http.rs"),
    include_str!("../../src/lan_api.rs"),
    include_str!("../../src/compat.rs"),
];

/// What may be asked, by whom: listener and caller, method and path as its router names it.
#[rustfmt::skip]
const OF_THE_API: [(&str, &str); 19] = [
    ("GET", "paths::OVERVIEW"), ("GET", "paths::DELIVERIES"), ("POST", "paths::DELIVERY_CONFIRM"),
    ("GET", "paths::ORDERS"), ("POST", "paths::ORDERS"), ("POST", "ORDER_CANCEL"), ("GET", "paths::PRODUCTS"),
    ("GET", "paths::JOURNAL"), ("GET", "MOVEMENTS"), ("POST", "MOVEMENTS"), ("GET", "ACCOUNTS"), ("POST", "ACCOUNTS"),
    ("GET", "paths::QUARANTINE"), ("POST", "paths::QUARANTINE_REPLAY"), ("GET", "paths::QUARANTINE_ENTRY"),
    ("POST", "paths::QUARANTINE_ENTRY_REPLAY"),
    ("GET", "paths::DEVICES"), ("POST", "paths::DEVICE_REVOKE"), ("POST", "paths::ENROLMENT_CODES"),
];
#[rustfmt::skip]
const OF_INTEGRATIONS: [(&str, &str); 11] = [
    ("POST", "\"/stocks/confirmStock\""), ("GET", "\"/stockFlows\""), ("POST", "\"/stockFlows\""),
    ("GET", "\"/stockSummaries\""), ("GET", "\"/salesSummaries\""), ("GET", "\"/productMasters\""),
    ("GET", "\"/accounts\""), ("POST", "\"/accounts\""), ("GET", "paths::SETUP"), ("POST", "paths::SETUP"),
    ("POST", "paths::JOURNAL_IMPORT"),
];

/// Callers of the LAN, by what they show.
const ENROLLED_TILL: &str = "till";
const ENROLLED_OFFICE: &str = "back office";
const LAPSED_TILL: &str = "lapsed till";
const NO_CERTIFICATE: &str = "no certificate";
/// Whose handshake fails; everybody else may try a code.
const CUT_OFF: [&str; 2] = ["till of another authority", "till that lapsed long ago"];

fn allowed_on_lan(caller: &str, method: &str, route: &str) -> bool {
    match (method, route) {
        ("POST", "ENROL_PATH") => !CUT_OFF.contains(&caller),
        ("POST", "RENEW_PATH") => [ENROLLED_TILL, ENROLLED_OFFICE, LAPSED_TILL].contains(&caller),
        ("POST", "SYNC_PATH") => caller == ENROLLED_TILL,
        _ => caller == ENROLLED_OFFICE && in_list(&OF_THE_API, method, route),
    }
}

fn allowed_on_loopback(token: &str, method: &str, route: &str) -> bool {
    let probe = ["GET", "HEAD"].contains(&method) && ["paths::LIVEZ", "paths::READYZ"].contains(&route);
    let with_token = in_list(&OF_THE_API, method, route) || in_list(&OF_INTEGRATIONS, method, route);
    probe || (token == TOKEN && with_token)
}

/// What answers GET answers HEAD.
fn in_list(list: &[(&str, &str)], method: &str, route: &str) -> bool {
    // No such entry is set aside here, and an answer to HEAD has no body that would say so.
    if (method, route) == ("HEAD", "paths::QUARANTINE_ENTRY") {
        return false;
    }
    let method = if method == "HEAD" { "GET" } else { method };
    list.contains(&(method, route))
}

/// A route's path, from its name in the router.
fn path_of(route: &str) -> &str {
    match route {
        "paths::OVERVIEW" => paths::OVERVIEW,
        "paths::DELIVERIES" => paths::DELIVERIES,
        "paths::DELIVERY_CONFIRM" => paths::DELIVERY_CONFIRM,
        "paths::ORDERS" => paths::ORDERS,
        "paths::PRODUCTS" => paths::PRODUCTS,
        "paths::JOURNAL" => paths::JOURNAL,
        "paths::JOURNAL_IMPORT" => paths::JOURNAL_IMPORT,
        "paths::SETUP" => paths::SETUP,
        "paths::ENROLMENT_CODES" => paths::ENROLMENT_CODES,
        "paths::QUARANTINE" => paths::QUARANTINE,
        "paths::QUARANTINE_REPLAY" => paths::QUARANTINE_REPLAY,
        "paths::QUARANTINE_ENTRY" => paths::QUARANTINE_ENTRY,
        "paths::QUARANTINE_ENTRY_REPLAY" => paths::QUARANTINE_ENTRY_REPLAY,
        "paths::DEVICES" => paths::DEVICES,
        "paths::DEVICE_REVOKE" => paths::DEVICE_REVOKE,
        "paths::LIVEZ" => paths::LIVEZ,
        "paths::READYZ" => paths::READYZ,
        "ORDER_CANCEL" => station_agent::lan_api::ORDER_CANCEL,
        "MOVEMENTS" => station_agent::lan_api::MOVEMENTS,
        "ACCOUNTS" => station_agent::lan_api::ACCOUNTS,
        "ENROL_PATH" => sync_identity::exchange::ENROL_PATH,
        "RENEW_PATH" => sync_identity::exchange::RENEW_PATH,
        "SYNC_PATH" => sync::link::SYNC_PATH,
        literal => literal.trim_matches('"'),
    }
}

/// Every route with its path, and the paths that nobody serves.
fn routes() -> BTreeMap<String, String> {
    let written = ROUTERS.iter().flat_map(|text| text.split(".route(").skip(1));
    let names: BTreeSet<&str> = written.map(|rest| rest.split(',').next().unwrap().trim()).collect();
    let mut routes: BTreeMap<String, String> = BTreeMap::new();
    for name in names.into_iter().chain(ELSEWHERE) {
        let path = path_of(name)
            .replace("{order_id}", "O-1")
            .replace("{request_id}", "R-1")
            .replace("{key}", "none");
        let path = path.replace("{device_id}", &"f".repeat(32));
        assert!(path.starts_with('/') && !path.contains('{'), "{name} is a new route: name its path here");
        routes.insert(name.to_owned(), path);
    }
    routes
}

/// Everybody who might call on the LAN.
async fn callers(agent: &mut Agent) -> Vec<(&'static str, Option<Identity>)> {
    let number = Kind::Till(TerminalNo(1));
    let own = agent.identity();
    let till = agent.enrol(1).await;
    let office = agent.enrol_office().await;
    let revoked = agent.enrol(2).await;
    assert_eq!(agent.revoke(revoked.certified().subject.device).await.status, 200);
    let superseded = agent.enrol(3).await;
    let device = superseded.certified().subject.device;
    agent.enrol_as(Kind::Till(TerminalNo(3)), Some(device)).await.unwrap();
    let lapses = agent.enrol(4).await.certified().subject.clone();
    let elsewhere = StationCode::new("ST0002").unwrap();
    let neighbour = agent.chain.agent(&elsewhere, DeviceId([2; 16])).unwrap();
    let of_neighbour = agent.chain.of_station(&neighbour, number, DeviceId([3; 16])).unwrap();
    let never_enrolled = agent.chain.of_station(&own, number, DeviceId([4; 16])).unwrap();
    let (lapsed, ended) = (agent.signed(&lapses, days(-100, -10)), agent.signed(&lapses, days(-300, -200)));
    let other_chain = StandIn::make(days(-10, 10)).unwrap();
    let impostor = other_chain.agent(&here(), AGENT).unwrap();
    vec![
        (NO_CERTIFICATE, None),
        (ENROLLED_TILL, Some(till.clone())),
        (ENROLLED_OFFICE, Some(office)),
        ("this agent", Some(own.clone())),
        ("till of another station", Some(of_neighbour)),
        (CUT_OFF[0], Some(other_chain.of(&impostor, &till.certified().subject).unwrap())),
        ("revoked till", Some(revoked)),
        ("superseded till", Some(superseded)),
        (LAPSED_TILL, Some(lapsed)),
        (CUT_OFF[1], Some(ended)),
        ("till never enrolled", Some(never_enrolled)),
        ("agent of another station", Some(neighbour)),
    ]
}

/// Asks once; whether a handler of the path was reached.
async fn is_let_in(client: reqwest::Client, url: String, method: String, token: Option<String>) -> bool {
    let mut request = client.request(Method::from_bytes(method.as_bytes()).unwrap(), url);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    // A handshake that fails, or a connection that is closed, lets nobody in.
    let Ok(response) = request.send().await else { return false };
    let status = response.status();
    let body = response.bytes().await.unwrap_or_default();
    let problem: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    match problem["code"].as_str() {
        Some(code) => !["unauthorized", "no_certificate", "not_allowed", "not_found", "method_not_allowed"]
            .contains(&code),
        // An answer to HEAD has no body, one to OPTIONS could come from somewhere else.
        None => status == StatusCode::OK && method != "OPTIONS",
    }
}

/// A cell with whether it may be, and the question that finds out whether it is.
struct Cell {
    name: String,
    may: bool,
    client: reqwest::Client,
    url: String,
    method: &'static str,
    token: Option<String>,
}

async fn wrong_cells(cells: Vec<Cell>) -> Vec<String> {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut asking = JoinSet::new();
    for cell in cells {
        let turns = Arc::clone(&turns);
        asking.spawn(async move {
            let _turn = turns.acquire().await.unwrap();
            let is = is_let_in(cell.client, cell.url, cell.method.to_owned(), cell.token).await;
            (is != cell.may).then(|| format!("{} may: {}, is let in: {is}", cell.name, cell.may))
        });
    }
    asking.join_all().await.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_let_in_but_whom_the_list_names() {
    let (mut agent, _hq) = Agent::start().await;
    agent.agree_on_the_time();
    let callers = callers(&mut agent).await;
    let clients: Vec<_> = callers.iter().map(|(_, identity)| agent.lan(identity.as_ref())).collect();
    let plain = plain_client();
    let routes = routes();
    let mut cells = Vec::new();
    for (route, path) in &routes {
        for method in METHODS {
            for ((caller, _), client) in callers.iter().zip(&clients) {
                let cell = |token: Option<&str>| Cell {
                    name: format!("LAN: {caller}, token {token:?}: {method} {path}"),
                    may: allowed_on_lan(caller, method, route),
                    client: client.clone(),
                    url: format!("{}{path}", agent.lan_url()),
                    method,
                    token: token.map(str::to_owned),
                };
                cells.push(cell(None));
                // The token of the other listener opens nothing here.
                cells.push(cell(Some(TOKEN)));
            }
            for token in [None, Some("0123456789abcdef0123456789abcdee"), Some(TOKEN)] {
                cells.push(Cell {
                    name: format!("loopback: token {token:?}: {method} {path}"),
                    may: allowed_on_loopback(token.unwrap_or_default(), method, route),
                    client: plain.clone(),
                    url: format!("{}{path}", agent.url()),
                    method,
                    token: token.map(str::to_owned),
                });
            }
        }
    }
    let (count, may) = (cells.len(), cells.iter().filter(|cell| cell.may).count());
    let wrong = wrong_cells(cells).await;
    println!("{count} cells of {} routes and {} callers: {may} are allowed", routes.len(), callers.len());
    assert!(wrong.is_empty(), "{} of {count} cells:\n{}", wrong.len(), wrong.join("\n"));
}
