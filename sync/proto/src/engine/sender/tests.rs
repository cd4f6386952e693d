use super::*;
use crate::ids::{DeviceId, Incarnation};

const HASH: ChainHash = ChainHash([1; 32]);

fn stream() -> StreamId {
    StreamId { device: DeviceId([1; 16]), incarnation: Incarnation([2; 16]) }
}

fn greeted(through: u64) -> Input {
    Input::Greeted { stream: stream(), through: Seq(through), hash: HASH, local_hash: Some(HASH) }
}

fn stands(head: u64, acked: u64) -> Input {
    Input::Head { stream: stream(), head: Seq(head), acked: Seq(acked) }
}

fn flowing(head: u64) -> Sender {
    let mut sender = Sender::new(SenderConfig::STANDARD, 7);
    assert_eq!(sender.handle(0, stands(head, 0)), [Command::Greet { stream: stream() }]);
    assert_eq!(sender.handle(0, greeted(0)), [Command::Send { stream: stream(), from: Seq(1) }]);
    sender
}

fn sent(to: u64) -> Input {
    Input::Sent { stream: stream(), to: Seq(to), len: 100 }
}

fn replied(outcome: Outcome) -> Input {
    Input::Replied { stream: stream(), outcome }
}

#[test]
fn r12_a_hello_resumes_rewinds_and_tells_forks_apart() {
    let mut sender = Sender::new(SenderConfig::STANDARD, 7);
    sender.handle(0, stands(10, 6));
    // Upstream was restored and holds less: rewind (R11).
    assert_eq!(
        sender.handle(1, greeted(4)),
        [
            Command::Keep { stream: stream(), through: Seq(4) },
            Command::Send { stream: stream(), from: Seq(5) }
        ]
    );
    let mut ahead = Sender::new(SenderConfig::STANDARD, 7);
    ahead.handle(0, stands(3, 0));
    assert_eq!(ahead.handle(1, greeted(9)), [Command::UpstreamAhead { stream: stream(), through: Seq(9) }]);
    let mut forked = Sender::new(SenderConfig::STANDARD, 7);
    forked.handle(0, stands(3, 0));
    let other = Input::Greeted {
        stream: stream(),
        through: Seq(2),
        hash: ChainHash([9; 32]),
        local_hash: Some(HASH),
    };
    assert_eq!(forked.handle(1, other), [Command::Alarm { stream: stream(), outcome: None }]);
}

#[test]
fn r10_acknowledgements_may_be_lost_repeated_and_reordered() {
    let mut sender = flowing(30);
    assert_eq!(sender.handle(1, sent(10)), [Command::Send { stream: stream(), from: Seq(11) }]);
    sender.handle(2, sent(20));
    sender.handle(3, sent(30));
    // The second acknowledgement overtakes the first, and comes twice.
    assert_eq!(
        sender.handle(4, replied(Outcome::Accepted { through: Seq(20) })),
        [Command::Keep { stream: stream(), through: Seq(20) }]
    );
    assert_eq!(sender.handle(5, replied(Outcome::Accepted { through: Seq(10) })), []);
    assert_eq!(sender.handle(5, replied(Outcome::Accepted { through: Seq(20) })), []);
    // The third is lost; the sender asks where upstream stands and finds out.
    let wake = sender.wake_at().unwrap();
    sender.handle(wake, Input::Tick);
    let retry = sender.wake_at().unwrap();
    assert_eq!(sender.handle(retry, Input::Tick), [Command::Greet { stream: stream() }]);
    assert_eq!(sender.handle(retry, greeted(30)), [Command::Keep { stream: stream(), through: Seq(30) }]);
    assert!(!sender.pending());
    assert_eq!(sender.wake_at(), None);
}

#[test]
fn r13_while_something_is_pending_a_timer_is_armed() {
    let mut sender = flowing(5);
    let steps = [
        sent(3),
        Input::Failed { stream: stream() },
        Input::Tick,
        greeted(1),
        sent(5),
        replied(Outcome::Gap { expected: Seq(2) }),
        greeted(1),
        replied(Outcome::SlowDown { wait_ms: 50 }),
        replied(Outcome::Refused { code: RefusalCode::Storage }),
        Input::LinkUp,
        greeted(2),
    ];
    for (at_ms, step) in (10i64..).zip(steps) {
        sender.handle(at_ms, step);
        assert!(sender.pending());
        assert!(sender.wake_at().is_some(), "after {step:?}");
    }
}

#[test]
fn r15_at_most_four_batches_are_in_flight() {
    let mut sender = flowing(100);
    for to in [10, 20, 30] {
        assert_eq!(sender.handle(1, sent(to)), [Command::Send { stream: stream(), from: Seq(to + 1) }]);
    }
    assert_eq!(sender.handle(1, sent(40)), []);
    assert_eq!(
        sender.handle(2, replied(Outcome::Accepted { through: Seq(10) })),
        [
            Command::Keep { stream: stream(), through: Seq(10) },
            Command::Send { stream: stream(), from: Seq(41) }
        ]
    );
}

#[test]
fn a_claim_to_hold_more_than_was_ever_written_moves_nothing() {
    let mut sender = flowing(5);
    sender.handle(1, sent(5));
    // It only makes the sender ask again where upstream really stands.
    let asked = sender.handle(2, replied(Outcome::Accepted { through: Seq(99) }));
    assert_eq!(asked, [Command::Greet { stream: stream() }]);
    assert!(sender.pending());
}

#[test]
fn an_acknowledgement_that_could_not_be_kept_is_asked_for_again() {
    let mut sender = flowing(5);
    sender.handle(1, sent(5));
    let kept = sender.handle(2, replied(Outcome::Accepted { through: Seq(5) }));
    assert_eq!(kept, [Command::Keep { stream: stream(), through: Seq(5) }]);
    assert!(!sender.pending());
    // The disk was full: the database still says that nothing is acknowledged.
    assert_eq!(sender.handle(3, stands(5, 0)), [Command::Greet { stream: stream() }]);
    assert_eq!(sender.handle(4, greeted(5)), [Command::Keep { stream: stream(), through: Seq(5) }]);
}

#[test]
fn a_batch_that_reaches_past_the_told_head_is_acknowledged_whole() {
    let mut sender = flowing(6);
    // The journal grew between the look at its head and the reading of the batch.
    sender.handle(1, sent(7));
    let kept = sender.handle(2, replied(Outcome::Accepted { through: Seq(7) }));
    assert_eq!(kept, [Command::Keep { stream: stream(), through: Seq(7) }]);
    sender.handle(3, stands(7, 7));
    assert!(!sender.pending());
}
