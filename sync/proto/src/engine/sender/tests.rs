use super::*;
use crate::ids::{DeviceId, Incarnation};
use crate::wire::{Outcome, Receipt, RefusalCode};

fn stream() -> StreamId {
    StreamId { device: DeviceId([1; 16]), incarnation: Incarnation([2; 16]) }
}

fn greeted(through: u64) -> Input {
    compared(through, Agreement::Same, 0, Agreement::Unknown)
}

fn compared(through: u64, agrees: Agreement, last: u64, agrees_last: Agreement) -> Input {
    let (through, last, credit) = (Seq(through), Seq(last), Credit::FULL);
    Input::Greeted(Greeted { stream: stream(), through, agrees, last, agrees_last, credit })
}

fn told_to_wait(through: u64, ms: u32) -> Input {
    let Input::Greeted(greeted) = greeted(through) else { panic!("a greeting") };
    Input::Greeted(Greeted { credit: Credit::Wait { ms }, ..greeted })
}

fn stands(head: u64, acked: u64) -> Input {
    Input::Head { stream: stream(), head: Seq(head), acked: Seq(acked), own: true }
}

fn greet(at: u64) -> Command {
    Command::Greet { stream: stream(), at: Seq(at) }
}

fn send(from: u64) -> Command {
    Command::Send { stream: stream(), from: Seq(from), entries_max: SenderConfig::STANDARD.batch_entries_max }
}

fn keep(through: u64) -> Command {
    Command::Keep { stream: stream(), through: Seq(through) }
}

fn flowing(head: u64) -> Sender {
    let mut sender = Sender::new(SenderConfig::STANDARD, 7);
    assert_eq!(sender.handle(0, stands(head, 0)), [greet(head)]);
    assert_eq!(sender.handle(0, greeted(0)), [send(1)]);
    sender
}

fn sent(to: u64) -> Input {
    Input::Sent { stream: stream(), to: Seq(to), len: 100 }
}

fn replied(outcome: Outcome) -> Input {
    credited(outcome, Credit::FULL)
}

fn credited(outcome: Outcome, credit: Credit) -> Input {
    Input::Replied(Receipt { stream: stream(), outcome, credit })
}

#[test]
fn r12_a_hello_resumes_rewinds_and_finds_what_upstream_has_more() {
    let mut sender = Sender::new(SenderConfig::STANDARD, 7);
    sender.handle(0, stands(10, 6));
    // Upstream was restored and holds less: rewind (R11).
    assert_eq!(sender.handle(1, greeted(4)), [keep(4), send(5)]);
    let mut ahead = Sender::new(SenderConfig::STANDARD, 7);
    ahead.handle(0, stands(3, 0));
    let more = compared(9, Agreement::Unknown, 3, Agreement::Same);
    assert_eq!(
        ahead.handle(1, more),
        [Command::UpstreamAhead { stream: stream(), through: Seq(9), agreed: Seq(3) }]
    );
    // A stream of another device: upstream had it over another way (R36).
    let mut relayed = Sender::new(SenderConfig::STANDARD, 7);
    relayed.handle(0, Input::Head { stream: stream(), head: Seq(3), acked: Seq(0), own: false });
    assert_eq!(relayed.handle(1, more), [keep(3)]);
    assert!(!relayed.pending());
}

#[test]
fn r36_an_upstream_that_has_what_was_written_since_over_another_way_is_not_ahead() {
    let mut sender = Sender::new(SenderConfig::STANDARD, 7);
    sender.handle(0, stands(3, 0));
    assert_eq!(sender.handle(1, compared(5, Agreement::Same, 3, Agreement::Same)), [keep(5)]);
    assert_eq!(sender.handle(2, stands(6, 5)), [send(6)]);
}

#[test]
fn r12_a_fork_is_searched_for_and_carried_from_the_last_common_place() {
    for (head, through, common) in [(20, 30, 13), (20, 20, 0), (20, 7, 6), (1, 1, 0)] {
        let mut sender = Sender::new(SenderConfig::STANDARD, 7);
        let mut commands = sender.handle(0, stands(head, common / 2));
        for step in 1..20 {
            let [Command::Greet { at, .. }] = commands[..] else { panic!("step {step}: {commands:?}") };
            let at_place = |place: u64| match place {
                place if place <= common => Agreement::Same,
                place if place > through || place > head => Agreement::Unknown,
                _ => Agreement::Different,
            };
            assert!(sender.wake_at().is_some());
            commands = sender.handle(step, compared(through, at_place(through), at.0, at_place(at.0)));
            if matches!(commands[..], [Command::Branch { .. }]) {
                break;
            }
        }
        assert_eq!(commands, [Command::Branch { stream: stream(), common: Seq(common) }]);
        // The database says that the life is over; it ends at the common place for upstream.
        let over = Input::Head { stream: stream(), head: Seq(common), acked: Seq(common / 2), own: false };
        assert_eq!(sender.handle(30, over), [greet(common)]);
        sender.handle(31, compared(through, Agreement::Different, common, Agreement::Same));
        assert!(!sender.pending());
    }
}

#[test]
fn r5_a_batch_refused_as_a_fork_makes_the_sender_ask_where_upstream_stands() {
    let mut sender = flowing(5);
    sender.handle(1, sent(5));
    let refused = replied(Outcome::Refused { code: RefusalCode::Forked });
    assert_eq!(sender.handle(2, refused), [greet(5)]);
}

#[test]
fn r11_a_stream_with_nothing_pending_is_compared_after_the_link_came_up_and_now_and_then() {
    let mut sender = Sender::new(SenderConfig::STANDARD, 7);
    assert_eq!(sender.handle(0, stands(5, 5)), [greet(5)]);
    assert_eq!(sender.handle(1, greeted(5)), []);
    let later = sender.wake_at().unwrap();
    assert!(later >= SenderConfig::STANDARD.verify_every_ms);
    assert_eq!(sender.handle(later, Input::Tick), [greet(5)]);
    assert_eq!(sender.handle(later, greeted(5)), []);
    sender.handle(later, Input::LinkUp);
    let soon = sender.wake_at().unwrap();
    assert!(soon <= later + SenderConfig::STANDARD.verify_spread_ms);
    assert_eq!(sender.handle(soon, Input::Tick), [greet(5)]);
    // Head office was put back to an older copy.
    assert_eq!(sender.handle(soon, greeted(2)), [keep(2), send(3)]);
}

#[test]
fn r9_batches_get_smaller_until_upstream_takes_them() {
    let mut sender = flowing(5);
    let mut entries_max = SenderConfig::STANDARD.batch_entries_max;
    while entries_max > 1 {
        sender.handle(1, sent(5));
        let told = replied(Outcome::TooLarge { len_max: 10 });
        assert_eq!(sender.handle(2, told), [greet(5)]);
        entries_max /= 2;
        let smaller = Command::Send { stream: stream(), from: Seq(1), entries_max };
        assert_eq!(sender.handle(3, greeted(0)), [smaller]);
    }
    sender.handle(4, sent(1));
    let told = Outcome::TooLarge { len_max: 10 };
    // Not even one entry fits: somebody has to look, and it is tried again later.
    assert_eq!(sender.handle(5, replied(told)), [Command::Alarm { stream: stream(), outcome: Some(told) }]);
    assert!(sender.wake_at().is_some());
}

#[test]
fn r10_acknowledgements_may_be_lost_repeated_and_reordered() {
    let mut sender = flowing(30);
    assert_eq!(sender.handle(1, sent(10)), [send(11)]);
    sender.handle(2, sent(20));
    sender.handle(3, sent(30));
    // The second acknowledgement overtakes the first, and comes twice.
    assert_eq!(sender.handle(4, replied(Outcome::Accepted { through: Seq(20) })), [keep(20)]);
    assert_eq!(sender.handle(5, replied(Outcome::Accepted { through: Seq(10) })), []);
    assert_eq!(sender.handle(5, replied(Outcome::Accepted { through: Seq(20) })), []);
    // The third is lost; the sender asks where upstream stands and finds out.
    let wake = sender.wake_at().unwrap();
    sender.handle(wake, Input::Tick);
    let retry = sender.wake_at().unwrap();
    assert_eq!(sender.handle(retry, Input::Tick), [greet(30)]);
    assert_eq!(sender.handle(retry, greeted(30)), [keep(30)]);
    assert!(!sender.pending());
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
        assert_eq!(sender.handle(1, sent(to)), [send(to + 1)]);
    }
    assert_eq!(sender.handle(1, sent(40)), []);
    assert_eq!(sender.handle(2, replied(Outcome::Accepted { through: Seq(10) })), [keep(10), send(41)]);
}

#[test]
fn r15_the_receiver_says_how_much_may_be_on_its_way() {
    let mut sender = flowing(100);
    assert_eq!(sender.handle(1, sent(10)), [send(11)]);
    sender.handle(1, sent(20));
    let accepted = |through| Outcome::Accepted { through: Seq(through) };
    assert_eq!(sender.handle(1, sent(30)), [send(31)]);
    assert_eq!(sender.handle(1, sent(40)), []);
    // Two are on their way still, which is one more than is let.
    assert_eq!(sender.handle(2, credited(accepted(10), Credit::ONE)), [keep(10)]);
    assert_eq!(sender.handle(2, credited(accepted(20), Credit::ONE)), [keep(20)]);
    assert_eq!(sender.handle(2, credited(accepted(30), Credit::Batches(2))), [keep(30), send(41)]);
    assert_eq!(sender.handle(3, sent(50)), []);
    // Told to wait, it sends nothing more and asks afterwards; what was on its way before is taken all the same.
    assert_eq!(sender.handle(4, credited(accepted(40), Credit::Wait { ms: 500 })), [keep(40)]);
    assert_eq!(sender.handle(5, credited(accepted(50), Credit::Wait { ms: 500 })), [keep(50)]);
    assert_eq!(sender.wake_at(), Some(505));
    assert_eq!(sender.handle(504, Input::Tick), []);
    assert_eq!(sender.handle(505, Input::Tick), [greet(100)]);
    assert_eq!(sender.handle(506, told_to_wait(50, 700)), []);
    assert_eq!(sender.wake_at(), Some(1_206));
    assert_eq!(sender.handle(1_206, Input::Tick), [greet(100)]);
    assert_eq!(sender.handle(1_207, greeted(50)), [send(51)]);
}

#[test]
fn r15_after_a_gap_one_is_in_flight_until_batches_arrive_again() {
    let mut sender = flowing(100);
    for to in [10, 20, 30] {
        sender.handle(1, sent(to));
    }
    let gap = replied(Outcome::Gap { expected: Seq(1) });
    assert_eq!(sender.handle(2, gap), [greet(100)]);
    // Those that were behind it have the same answer, which says nothing new.
    assert_eq!(sender.handle(2, gap), []);
    assert_eq!(sender.handle(3, greeted(0)), [send(1)]);
    assert_eq!(sender.handle(3, sent(10)), []);
    let accepted = |through| replied(Outcome::Accepted { through: Seq(through) });
    assert_eq!(sender.handle(4, accepted(10)), [keep(10), send(11)]);
    assert_eq!(sender.handle(4, sent(20)), [send(21)]);
    assert_eq!(sender.handle(4, sent(30)), []);
}

#[test]
fn r13_no_wait_that_upstream_gives_is_taken_for_ever() {
    for told in [
        credited(Outcome::Accepted { through: Seq(5) }, Credit::Wait { ms: u32::MAX }),
        replied(Outcome::SlowDown { wait_ms: u32::MAX }),
        told_to_wait(0, u32::MAX),
    ] {
        let mut sender = flowing(10);
        if matches!(told, Input::Greeted(_)) {
            sender.handle(0, Input::LinkUp);
        } else {
            sender.handle(1, sent(5));
        }
        sender.handle(2, told);
        assert_eq!(sender.wake_at(), Some(2 + SenderConfig::STANDARD.server_wait_ms_max), "{told:?}");
    }
}

#[test]
fn r30_beyond_the_budget_a_retry_waits_the_longest_though_the_one_before_went_well() {
    let mut sender = flowing(1_000);
    let mut waits = Vec::new();
    let mut now_ms = 1;
    for _ in 0..40 {
        sender.handle(now_ms, sent(500));
        sender.handle(now_ms, Input::Failed { stream: stream() });
        let wake_ms = sender.wake_at().unwrap();
        waits.push(wake_ms - now_ms);
        now_ms = wake_ms;
        sender.handle(now_ms, Input::Tick);
        // The hello goes well, and with it the doubled waits begin anew.
        sender.handle(now_ms, greeted(0));
    }
    let most = SenderConfig::STANDARD.retry_max_ms;
    let long = waits.iter().filter(|wait| **wait > most / 2).count();
    assert!(waits.iter().take(10).all(|wait| *wait <= 2 * SenderConfig::STANDARD.retry_min_ms), "{waits:?}");
    assert!((20..=30).contains(&long) && waits.iter().all(|wait| *wait <= most), "{waits:?}");
}

#[test]
fn r9_a_copy_that_knows_no_later_life_is_told_and_asks_from_where_on() {
    let stale = Outcome::StaleIncarnation { current: Incarnation([3; 16]) };
    let mut sender = flowing(5);
    sender.handle(1, sent(5));
    assert_eq!(sender.handle(2, replied(stale)), [greet(5)]);
    let mut relayed = Sender::new(SenderConfig::STANDARD, 7);
    relayed.handle(0, Input::Head { stream: stream(), head: Seq(5), acked: Seq(0), own: false });
    relayed.handle(0, greeted(0));
    relayed.handle(1, sent(5));
    let alarm = Command::Alarm { stream: stream(), outcome: Some(stale) };
    assert_eq!(relayed.handle(2, replied(stale)), [alarm]);
}

#[test]
fn a_claim_to_hold_more_than_was_ever_written_moves_nothing() {
    let mut sender = flowing(5);
    sender.handle(1, sent(5));
    // It only makes the sender ask again where upstream really stands.
    let asked = sender.handle(2, replied(Outcome::Accepted { through: Seq(99) }));
    assert_eq!(asked, [greet(5)]);
    assert!(sender.pending());
}

#[test]
fn an_acknowledgement_that_could_not_be_kept_is_asked_for_again() {
    let mut sender = flowing(5);
    sender.handle(1, sent(5));
    let kept = sender.handle(2, replied(Outcome::Accepted { through: Seq(5) }));
    assert_eq!(kept, [keep(5)]);
    assert!(!sender.pending());
    // The disk was full: the database still says that nothing is acknowledged.
    assert_eq!(sender.handle(3, stands(5, 0)), [greet(5)]);
    assert_eq!(sender.handle(4, greeted(5)), [keep(5)]);
}

#[test]
fn a_batch_that_reaches_past_the_told_head_is_acknowledged_whole() {
    let mut sender = flowing(6);
    // The journal grew between the look at its head and the reading of the batch.
    sender.handle(1, sent(7));
    let kept = sender.handle(2, replied(Outcome::Accepted { through: Seq(7) }));
    assert_eq!(kept, [keep(7)]);
    sender.handle(3, stands(7, 7));
    assert!(!sender.pending());
}
