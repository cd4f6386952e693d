use super::*;
use sync_proto::Incarnation;

fn device(number: u16) -> DeviceId {
    let mut id = [0; 16];
    id[..2].copy_from_slice(&number.to_be_bytes());
    DeviceId(id)
}

fn stream_of(number: u16, life: u8) -> StreamId {
    StreamId { device: device(number), incarnation: Incarnation([life; 16]) }
}

fn stream(number: u16) -> StreamId {
    stream_of(number, 1)
}

fn hello(drains: &mut Drains, number: u16, goal: u64, through: u64, now_ms: i64) -> Credit {
    drains.on_hello(device(number), stream(number), Seq(goal), Seq(through), now_ms)
}

/// Nobody is behind so many others.
const PLACES: u16 = 32;

/// All places are taken by the first streams, each with a backlog of 100,000.
fn full() -> Drains {
    let mut drains = Drains::new(7);
    assert_eq!(usize::from(PLACES), DRAINS_MAX);
    for number in 0..PLACES {
        assert!(matches!(hello(&mut drains, number, 100_000, 0, 0), Credit::Batches(_)));
    }
    drains
}

#[test]
fn r30_so_many_drain_at_a_time_and_the_others_are_told_when_to_ask() {
    let mut drains = full();
    for number in 100..192 {
        let Credit::Wait { ms } = hello(&mut drains, number, 2_000, 0, 0) else {
            panic!("{number} is let in")
        };
        assert!((75..=30_000 * 5 / 4).contains(&ms), "{ms}");
        // Whoever does not wait is told the same.
        let batch = drains.on_batch(device(number), stream(number), Seq(500), 500, 0);
        assert!(batch.is_err());
    }
    assert_eq!(drains.counts(), (DRAINS_MAX, 92));
}

#[test]
fn r30_fresh_sales_need_no_place() {
    let mut drains = full();
    assert!(matches!(hello(&mut drains, 100, 2_000, 0, 0), Credit::Wait { .. }));
    assert!(matches!(hello(&mut drains, 101, 1_000_050, 1_000_000, 0), Credit::Batches(_)));
    assert!(matches!(drains.on_commit(&stream(101), Seq(1_000_050), 5, 0), Credit::Batches(_)));
    assert_eq!(drains.counts(), (DRAINS_MAX, 1));
}

#[test]
fn r30_a_turn_ends_when_others_wait_and_only_then() {
    let mut drains = full();
    let one_batch = |drains: &mut Drains, to: u64, now_ms| {
        drains.on_batch(device(0), stream(0), Seq(to), 500, now_ms).unwrap();
        let credit = drains.on_commit(&stream(0), Seq(to), 5, now_ms);
        drains.done(&stream(0), now_ms);
        credit
    };
    for to in (500..=20_000).step_by(500) {
        assert_eq!(one_batch(&mut drains, to, 1), Credit::ONE);
    }
    assert!(matches!(hello(&mut drains, 100, 2_000, 0, 2), Credit::Wait { .. }));
    assert!(matches!(one_batch(&mut drains, 20_500, 3), Credit::Wait { .. }));
    // What was on its way still counts.
    assert!(matches!(one_batch(&mut drains, 21_000, 3), Credit::Wait { .. }));
    // It asks again and is behind the other, whose place it is.
    assert!(matches!(hello(&mut drains, 0, 100_000, 21_000, 100_000 - 1), Credit::Batches(_)));
    let mut drains = full();
    let Credit::Wait { ms } = hello(&mut drains, 100, 2_000, 0, 2) else { panic!("there is no place") };
    for to in (500..=10_000).step_by(500) {
        one_batch(&mut drains, to, 3);
    }
    let due_ms = 2 + i64::from(ms);
    for number in 1..PLACES {
        drains.on_batch(device(number), stream(number), Seq(500), 500, due_ms).unwrap();
    }
    assert!(matches!(hello(&mut drains, 0, 100_000, 10_000, due_ms), Credit::Wait { .. }));
    assert!(matches!(hello(&mut drains, 100, 2_000, 0, due_ms), Credit::Batches(_)));
}

#[test]
fn r31_a_place_whose_holder_is_gone_is_free_again_and_so_is_a_number() {
    let mut drains = full();
    drains.on_batch(device(0), stream(0), Seq(500), 500, 0).unwrap();
    assert!(matches!(hello(&mut drains, 100, 2_000, 0, IDLE_MS - 1), Credit::Wait { .. }));
    assert!(matches!(hello(&mut drains, 101, 2_000, 0, IDLE_MS), Credit::Batches(_)));
    // The one whose batch is still in work has its place.
    assert!(drains.places.contains_key(&stream(0)));
    drains.done(&stream(0), IDLE_MS);
    let late_ms = 10 * IDLE_MS + NUMBER_KEPT_MS;
    assert!(matches!(hello(&mut drains, 102, 2_000, 0, late_ms), Credit::Batches(_)));
    assert_eq!(drains.counts(), (1, 0));
    assert!(drains.numbers.is_empty());
}

#[test]
fn one_device_with_many_streams_does_not_have_all_places_while_others_wait() {
    let mut drains = Drains::new(7);
    let mut ask = |number: u16, life: u8| {
        drains.on_hello(device(number), stream_of(number, life), Seq(5_000), Seq::NONE, 0)
    };
    let alone = (0..60).filter(|life| matches!(ask(1, *life), Credit::Batches(_))).count();
    assert_eq!(alone, DRAINS_MAX);
    assert!(matches!(ask(2, 0), Credit::Wait { .. }));
    // Half of the places become free, after the first device's streams were asked for once more.
    for life in 0..u8::try_from(DRAINS_MAX / 2).unwrap() {
        drains.leave(&stream_of(1, life), 10);
    }
    let mut ask = |number: u16, life: u8| {
        drains.on_hello(device(number), stream_of(number, life), Seq(5_000), Seq::NONE, 10)
    };
    assert!(matches!(ask(1, 40), Credit::Wait { .. }));
    assert!(matches!(ask(2, 0), Credit::Batches(_)));
}

#[test]
fn no_device_fills_the_queue() {
    let mut drains = full();
    for life in 0..=u8::MAX {
        let credit = drains.on_hello(device(101), stream_of(101, life), Seq(5_000), Seq::NONE, 0);
        assert!(matches!(credit, Credit::Wait { .. }));
    }
    assert_eq!(drains.counts(), (DRAINS_MAX, WAITING_OF_ONE_MAX));
}

#[test]
fn r15_credit_shrinks_with_the_number_that_drain_and_is_one_when_the_disk_is_slow() {
    let mut drains = Drains::new(7);
    let credits: Vec<Credit> = (0..16).map(|number| hello(&mut drains, number, 9_000, 0, 0)).collect();
    assert_eq!(credits.first(), Some(&Credit::FULL));
    assert_eq!(credits.last(), Some(&Credit::Batches(2)));
    let mut slow = Credit::FULL;
    for _ in 0..20 {
        slow = drains.on_commit(&stream(50), Seq(5), 2 * STRAINED_MS, 1);
    }
    assert_eq!(slow, Credit::ONE);
    for _ in 0..20 {
        slow = drains.on_commit(&stream(50), Seq(5), 10, 1);
    }
    assert_eq!(slow, Credit::Batches(2));
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Ask,
    Send,
    Stored,
}

/// Two thousand stations with three days each, on a clock of its own: a batch takes the writer 20 ms, and a station's
/// next one is there 30 ms after its receipt.
#[test]
fn r30_nobody_starves_and_the_writer_is_never_without_work_for_long() {
    const STATIONS: u16 = 2_000;
    const BACKLOG: u64 = 3_000;
    let mut drains = Drains::new(7);
    let mut through = vec![0u64; usize::from(STATIONS)];
    let mut done_ms = vec![0i64; usize::from(STATIONS)];
    let mut next: std::collections::BTreeSet<(i64, u16, Next)> =
        (0..STATIONS).map(|number| (0, number, Next::Ask)).collect();
    let (mut asked, mut writer_free_ms, mut worked_ms) = (0u64, 0i64, 0i64);
    while let Some((now_ms, number, what)) = next.pop_first() {
        let (device, stream, at) = (device(number), stream(number), usize::from(number));
        let credit = match what {
            Next::Ask => {
                asked += 1;
                hello(&mut drains, number, BACKLOG, through[at], now_ms)
            }
            Next::Send => {
                let to = Seq(through[at] + 500);
                drains.on_batch(device, stream, to, 500, now_ms).expect("whoever has credit has a place");
                writer_free_ms = writer_free_ms.max(now_ms) + 20;
                worked_ms += 20;
                next.insert((writer_free_ms, number, Next::Stored));
                continue;
            }
            Next::Stored => {
                through[at] += 500;
                let credit = drains.on_commit(&stream, Seq(through[at]), 20, now_ms);
                drains.done(&stream, now_ms);
                if through[at] == BACKLOG {
                    done_ms[at] = now_ms;
                    continue;
                }
                credit
            }
        };
        let (places, waiting) = drains.counts();
        assert!(places <= DRAINS_MAX && waiting < usize::from(STATIONS));
        match credit {
            Credit::Wait { ms } => next.insert((now_ms + i64::from(ms), number, Next::Ask)),
            Credit::Batches(_) => next.insert((now_ms + 30, number, Next::Send)),
        };
    }
    assert!(through.iter().all(|through| *through == BACKLOG));
    assert_eq!(drains.counts(), (0, 0));
    done_ms.sort_unstable();
    let (first_ms, last_ms) = (done_ms[0], done_ms[usize::from(STATIONS) - 1]);
    println!("done from {first_ms} to {last_ms} ms, {worked_ms} ms of work, {asked} hellos");
    assert!(last_ms < worked_ms * 5 / 4, "{last_ms} ms for {worked_ms} ms of work");
    assert!(asked < u64::from(STATIONS) * 20, "{asked} hellos");
}
