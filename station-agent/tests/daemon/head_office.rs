//! Head office as far as enrolling goes: its own authorities, a register in memory, HTTPS.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::json;
use station_api::{PROBLEM_MEDIA_TYPE, Problem};
use sync::enrolment::{EnrolmentError, Invited, Issuer, Lifetimes};
use sync::listener::{Caller, LinkListener};
use sync::live::Live;
use sync::store::memory::MemoryStore;
use sync::{Clock, Node};
use sync_identity::exchange::{ENROL_PATH, Enrol};
use sync_identity::standin::StandIn;
use sync_identity::verify::PeerVerifier;
use sync_identity::{CertificateRequest, Credentials, Kind, authority, tls};
use sync_proto::catalogue::Catalogue;
use sync_proto::devices::DeviceBook;
use sync_proto::project::All;
use sync_proto::{DeviceId, Origin, Role, StationCode};
use tokio::net::TcpListener;

use crate::station::{any_time, days};

#[derive(Clone)]
pub struct HeadOffice {
    pub addr: SocketAddr,
    node: Arc<Mutex<Node<MemoryStore>>>,
    issuer: Arc<Issuer>,
    clock: Clock,
    asked: Arc<AtomicUsize>,
}

impl HeadOffice {
    pub async fn start() -> Self {
        let validity = days(-1, 1_000);
        let chain = StandIn::make(validity).unwrap();
        let (key, request) = authority::new_key().unwrap();
        let request = CertificateRequest::read(&request).unwrap();
        let own = chain.head_office.issue_server(&request, validity).unwrap();
        let shown = vec![own, chain.head_office.certificate().clone()];
        let verifier = PeerVerifier::new(&chain.roots(), any_time(), 0).unwrap();
        let tls = tls::server(Arc::new(Credentials::new(&key, shown).unwrap()), verifier.clone()).unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let listener = LinkListener::start(tcp, tls, verifier, Live::default()).unwrap();
        let StandIn { head_office, stations, .. } = chain;
        let me = Origin {
            station: StationCode::new("HQ").unwrap(),
            device: DeviceId([9; 16]),
            role: Role::Hq,
            terminal: None,
        };
        let clock = Clock::system();
        let books = All(vec![Box::new(Catalogue), Box::new(DeviceBook)]);
        let node = Node::open(MemoryStore::default(), Arc::new(books), me, [9; 16], clock.now()).unwrap();
        let hq = Self {
            addr: listener.addr(),
            node: Arc::new(Mutex::new(node)),
            issuer: Arc::new(Issuer::HeadOffice { head_office, stations, lifetimes: Lifetimes::STANDARD }),
            clock,
            asked: Arc::default(),
        };
        let router = Router::new().route(ENROL_PATH, post(enrol)).with_state(hq.clone());
        let service = router.into_make_service_with_connect_info::<Caller>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        hq
    }

    /// A code for the agent of a station.
    pub fn code_for(&self, station: &str) -> String {
        let invited = Invited { station: StationCode::new(station).unwrap(), kind: Kind::Agent };
        let opened = self.node.lock().unwrap().open_code(&self.issuer, &invited, self.clock.wall_ms());
        opened.unwrap().0.text()
    }

    /// How often somebody asked to belong.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

async fn enrol(State(hq): State<HeadOffice>, Json(asked): Json<Enrol>) -> Response {
    hq.asked.fetch_add(1, Ordering::Relaxed);
    let redeemed = hq.node.lock().unwrap().redeem(&hq.issuer, &asked, hq.clock.now());
    redeemed.map_or_else(|why| problem(&why), |issued| Json(issued).into_response())
}

fn problem(why: &EnrolmentError) -> Response {
    let code = serde_json::from_value(json!(why.code())).unwrap();
    let body = Json(Problem::new(code, why.to_string()));
    (StatusCode::FORBIDDEN, [(CONTENT_TYPE, PROBLEM_MEDIA_TYPE)], body.into_response().into_body())
        .into_response()
}
