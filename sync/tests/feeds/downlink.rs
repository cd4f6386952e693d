//! R23 and R25: the driver with whatever is lost, and uploads and prices that do not know of each other.

use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sync::driver::{DownlinkConfig, StatusBoard, downlink, uplink};
use sync::link::{Link, LinkError, LinkFuture};
use sync::node::Beside;
use sync::store::memory::MemoryStore;
use sync::{Clock, Draft, Node, Peer, Store, Writer};
use sync_proto::catalogue::Price;
use sync_proto::engine::{Command, Input, Sender, SenderConfig};
use sync_proto::fact::{StockMoveReason, StockMoved};
use sync_proto::wire::{Credit, Message, Outcome, Receipt, Reply};
use sync_proto::{Fact, ProductId, Quantity, Volume};
use tokio::sync::watch;

use crate::cast::*;

/// Head office at the end of a line that can be told what to lose. It never pokes.
struct Line {
    hq: Mutex<Node<MemoryStore>>,
    from: Peer,
    pokes: watch::Sender<u64>,
    up: watch::Sender<bool>,
    uploads_hang: AtomicBool,
    feeds_fail: AtomicBool,
    /// Questions about feeds that failed.
    refused: AtomicU64,
}

impl Line {
    fn new(hq: Node<MemoryStore>, from: Peer) -> Arc<Self> {
        Arc::new(Self {
            hq: Mutex::new(hq),
            from,
            pokes: watch::Sender::new(0),
            up: watch::Sender::new(true),
            uploads_hang: AtomicBool::new(false),
            feeds_fail: AtomicBool::new(false),
            refused: AtomicU64::new(0),
        })
    }

    fn publish(&self, drafts: &[Draft]) {
        publish(&mut self.hq.lock().unwrap(), NOW_MS, drafts);
    }

    fn ask(&self, message: &[u8]) -> Option<Result<Vec<u8>, LinkError>> {
        let failed = || LinkError::Down { upstream: "hq".into(), why: "the test says so".into() };
        let upload = matches!(Message::decode(message).unwrap(), Message::Hello(_) | Message::Batch(_));
        if upload && self.uploads_hang.load(Ordering::Relaxed) {
            return None;
        }
        if !upload && self.feeds_fail.load(Ordering::Relaxed) {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Some(Err(failed()));
        }
        Some(self.hq.lock().unwrap().receive(&self.from, message, "", NOW_MS).map_err(|_| failed()))
    }
}

impl Link for Line {
    fn request(&self, message: Vec<u8>, _wait_ms: u32) -> LinkFuture {
        match self.ask(&message) {
            Some(reply) => Box::pin(async move { reply }),
            None => Box::pin(pending()),
        }
    }

    fn up(&self) -> watch::Receiver<bool> {
        self.up.subscribe()
    }

    fn pokes(&self) -> watch::Receiver<u64> {
        self.pokes.subscribe()
    }
}

/// An agent that polls every fifth of a second.
const QUICK: DownlinkConfig = DownlinkConfig { poll_ms: 200, check_ms: 300, ..DownlinkConfig::AGENT };

fn start(line: &Arc<Line>, agent: Node<MemoryStore>) -> (Writer<MemoryStore>, StatusBoard) {
    let writer = Writer::spawn(agent).unwrap();
    let board = StatusBoard::default();
    let link: Arc<dyn Link> = line.clone();
    tokio::spawn(downlink(writer.clone(), link, CHAIN, QUICK, Clock::system(), board.clone()));
    (writer, board)
}

async fn price_is(writer: &Writer<MemoryStore>, n: u32, won: i64) {
    let key = Price::key(format!("PR{n:05}"), "", 0);
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let key = key.clone();
        let row = writer.run(move |node| node.get::<Price>(&key)).await.unwrap().unwrap();
        if row.is_some_and(|row| row.price == won) {
            return;
        }
        assert!(Instant::now() < until, "the price of {n} is not {won}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn r23_with_every_poke_lost_a_price_is_applied_within_a_poll_period() {
    let agent = in_memory(agent_origin());
    let line = Line::new(in_memory(hq_origin()), peer(&agent));
    line.publish(&[price(1, 100)]);
    let (writer, _board) = start(&line, agent);
    price_is(&writer, 1, 100).await;
    for won in [200, 300] {
        let changed = Instant::now();
        line.publish(&[price(1, won)]);
        price_is(&writer, 1, won).await;
        // A poll period, and what a busy machine adds.
        assert!(changed.elapsed() < Duration::from_millis(200) + Duration::from_secs(2));
    }
    // A line that fails for a while: nothing but time is needed to go on.
    line.feeds_fail.store(true, Ordering::Relaxed);
    line.publish(&[price(1, 400)]);
    let asked = line.refused.load(Ordering::Relaxed);
    let until = Instant::now() + Duration::from_secs(20);
    while line.refused.load(Ordering::Relaxed) < asked + 2 {
        assert!(Instant::now() < until, "a line that fails is not asked again");
        tokio::task::yield_now().await;
    }
    line.feeds_fail.store(false, Ordering::Relaxed);
    price_is(&writer, 1, 400).await;
}

#[tokio::test]
async fn r20_the_driver_finds_a_flipped_row_heals_it_and_says_so() {
    let agent = in_memory(agent_origin());
    let line = Line::new(in_memory(hq_origin()), peer(&agent));
    line.publish(&[price(1, 100), price(2, 100)]);
    let (writer, board) = start(&line, agent);
    price_is(&writer, 2, 100).await;
    assert_eq!(board.now().feed_differed_at_ms, None);
    let wrong = |node: &mut Node<MemoryStore>| {
        let mut row = node.get::<Price>(&Price::key("PR00002", "", 0)).unwrap().unwrap();
        row.price = 1;
        let change = sync_proto::rows::RowChange {
            key: sync_proto::rows::Table::row_key(&row),
            cells: Some(sync_proto::rows::Table::into_cells(row)),
        };
        tamper(node, change);
    };
    writer.run(wrong).await.unwrap();
    price_is(&writer, 2, 1).await;
    price_is(&writer, 2, 100).await;
    assert!(board.now().feed_differed_at_ms.is_some(), "it shows in the status");
}

#[tokio::test]
async fn r25_uploads_that_hang_do_not_delay_a_price_nor_feeds_that_fail_an_upload() {
    let mut agent = in_memory(agent_origin());
    for n in 0..50 {
        move_stock(&mut agent, n);
    }
    let line = Line::new(in_memory(hq_origin()), peer(&agent));
    line.uploads_hang.store(true, Ordering::Relaxed);
    let (writer, board) = start(&line, agent);
    let link: Arc<dyn Link> = line.clone();
    let (up, board) = (writer.clone(), board.clone());
    let sending = tokio::spawn(async move { uplink(up, link, "hq", Clock::system(), board).await });
    for won in [100, 200, 300] {
        line.publish(&[price(1, won)]);
        price_is(&writer, 1, won).await;
    }
    let held = |line: &Line| line.hq.lock().unwrap().store().streams().unwrap().len();
    assert_eq!(held(&line), 1, "nothing of the agent's arrived");
    sending.abort();
    line.uploads_hang.store(false, Ordering::Relaxed);
    line.feeds_fail.store(true, Ordering::Relaxed);
    let (up, link) = (writer.clone(), line.clone() as Arc<dyn Link>);
    tokio::spawn(async move { uplink(up, link, "hq", Clock::system(), StatusBoard::default()).await });
    let until = Instant::now() + Duration::from_secs(20);
    while writer.run(|node| node.pending("hq")).await.unwrap().unwrap().0 > 0 {
        assert!(Instant::now() < until, "the journal does not arrive");
        tokio::task::yield_now().await;
    }
    assert_eq!(held(&line), 2);
}

fn move_stock(agent: &mut Node<MemoryStore>, n: i64) {
    let moved = StockMoved {
        product: ProductId::new("CD1001").unwrap(),
        quantity: Quantity::Volume(Volume(1_000 + n)),
        reason: StockMoveReason::Stocktake,
    };
    agent.record(at(NOW_MS + n), None, &[Draft::new(Fact::StockMoved(moved))], Beside::default()).unwrap();
}

#[test]
fn r25_head_office_refuses_uploads_for_seven_days_and_every_price_is_applied() {
    const MINUTE_MS: i64 = 60_000;
    let (mut hq, mut agent) = (in_memory(hq_origin()), in_memory(agent_origin()));
    let from = peer(&agent);
    let mut engine = Sender::new(SenderConfig::STANDARD, 7);
    let (mut refused, mut applied) = (0u64, 0u64);
    for minute in (0..7 * 24 * 60).step_by(10) {
        let now_ms = NOW_MS + minute * MINUTE_MS;
        if minute % 60 == 0 {
            move_stock(&mut agent, minute);
        }
        exchange(&mut agent, &mut engine, now_ms, |message| match message {
            Message::Batch(batch) => {
                refused += 1;
                Reply::Receipt(Receipt {
                    stream: batch.stream,
                    outcome: Outcome::SlowDown { wait_ms: 30_000 },
                    credit: Credit::FULL,
                })
            }
            other => Reply::decode(&hq.receive(&from, &other.encode(), "", now_ms).unwrap()).unwrap(),
        });
        assert!(engine.pending() && engine.wake_at().is_some(), "R13: a timer is armed all week");
        if minute % 60 == 0 {
            let won = 1_000 + minute;
            publish(&mut hq, now_ms, &[price(1, won)]);
            pull(&mut agent, &mut hq, &CHAIN, AGENT);
            let row: Option<Price> = agent.get(&Price::key("PR00001", "", 0)).unwrap();
            assert_eq!(row.unwrap().price, won);
            applied += 1;
        }
    }
    assert!(refused > 500 && applied == 7 * 24, "{refused} refused, {applied} applied");
    let (pending, _) = agent.pending("hq").unwrap();
    assert!(pending > 150, "{pending}");
    for second in 0..600 {
        let now_ms = NOW_MS + 7 * DAY_MS + second * 1_000;
        exchange(&mut agent, &mut engine, now_ms, |message| {
            Reply::decode(&hq.receive(&from, &message.encode(), "", now_ms).unwrap()).unwrap()
        });
    }
    assert_eq!(agent.pending("hq").unwrap().0, 0);
    let own = agent.own_stream();
    let head = agent.store().stream(&own).unwrap().unwrap().head;
    assert_eq!(hq.store().stream(&own).unwrap().unwrap().head, head);
}

/// One look at the outbox: what the engine sends is answered at once.
fn exchange(
    agent: &mut Node<MemoryStore>,
    engine: &mut Sender,
    now_ms: i64,
    mut upstream: impl FnMut(&Message) -> Reply,
) {
    let mut commands = Vec::new();
    for each in agent.outbox("hq").unwrap() {
        let (stream, head, acked) = (each.stream, each.head, each.acked);
        let input = Input::Head { stream, head, acked, own: true };
        commands.extend(engine.handle(now_ms, input));
    }
    commands.extend(engine.handle(now_ms, Input::Tick));
    while let Some(command) = commands.pop() {
        let message = match command {
            Command::Greet { stream, at } => Message::Hello(agent.hello(stream, at).unwrap().unwrap()),
            Command::Send { stream, from, .. } => {
                let batch = agent.batch(stream, from, engine.config()).unwrap().unwrap();
                let len = Message::Batch(batch.clone()).encode().len();
                commands.extend(engine.handle(now_ms, Input::Sent { stream, to: batch.to(), len }));
                Message::Batch(batch)
            }
            Command::Keep { stream, through } => {
                agent.keep_ack("hq", stream, through, now_ms).unwrap();
                continue;
            }
            _ => continue,
        };
        let input = match upstream(&message) {
            Reply::Hello(answer) => agent.greeted(&answer).unwrap(),
            Reply::Receipt(receipt) => Input::Replied(receipt),
            other => panic!("not an answer about a journal: {other:?}"),
        };
        commands.extend(engine.handle(now_ms, input));
    }
}
