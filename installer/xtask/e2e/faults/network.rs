//! Networks that break: packets of the kernel are dropped, reset or slowed between a station and head office, and on the station's LAN.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use xtask::demo::Apart;

use crate::stage::Stage;

use super::case::{Case, either};
use super::inside::{inside_namespaces, shell};
use super::shopfront::Shopfront;

/// Head office's end and the station's, with a cable between them.
const HQ: &str = "10.9.0.2";
const CABLE: &str = "s0";
/// How long a break lasts; a cut this long is noticed by neither end before it is over.
const SHORT: Duration = Duration::from_secs(2);
/// And one that both ends notice: one and a half of the broker's keep-alive.
const LONG: Duration = Duration::from_secs(25);
/// Between two sales meanwhile: a till lists a thousand.
const CUSTOMER_EVERY: Duration = Duration::from_millis(100);

/// A fleet whose head office is on another network.
fn apart() -> Shopfront {
    shell("mount -t tmpfs none /run");
    shell(&format!("ip netns add hq && ip link add {CABLE} type veth peer name h0 netns hq"));
    shell(&format!("ip addr add 10.9.0.1/24 dev {CABLE} && ip link set {CABLE} up"));
    shell(&format!("ip -n hq link set lo up && ip -n hq addr add {HQ}/24 dev h0 && ip -n hq link set h0 up"));
    let apart = Apart { namespace: "hq".to_owned(), address: HQ.to_owned() };
    Shopfront::open(Stage::with(|wish| wish.hq_apart = Some(apart)))
}

/// Rules for what goes out and what comes in; each counts what it hits.
fn rules(out: &str, into: &str) {
    let chain = |name: &str, hook: &str, rules: &str| {
        format!("chain {name} {{\ntype filter hook {hook} priority 0;\n{rules}\n}}\n")
    };
    let (out, into) = (chain("o", "output", out), chain("i", "input", into));
    shell(&format!("nft flush ruleset; nft 'table inet faults {{\n{out}{into}}}'"));
}

/// How many packets were hit; then the network is whole.
fn healed() -> u64 {
    let output = Command::new("nft").args(["list", "ruleset"]).stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let hit = text
        .split("packets ")
        .skip(1)
        .filter_map(|rest| rest.split_whitespace().next()?.parse::<u64>().ok())
        .sum();
    shell("nft flush ruleset");
    hit
}

fn sell_for(front: &mut Shopfront, time: Duration) {
    let begin = Instant::now();
    front.sell();
    while begin.elapsed() < time {
        thread::sleep(CUSTOMER_EVERY);
        front.sell();
    }
}

/// Sells while the rules stand, and waits until everything has arrived once they are gone.
fn broken_by(case: &mut Case, front: &mut Shopfront, what: &str, (out, into): (&str, &str), time: Duration) {
    case.run(what, |case| {
        rules(out, into);
        let broken = Instant::now();
        front.sells_again(case, broken);
        sell_for(front, time);
        assert!(healed() > 0, "I8: packets were to be hit");
        front.agrees_again(case, Instant::now());
    });
}

#[test]
fn r13_a_station_cut_off_from_head_office_sells_on_and_everything_arrives() {
    if !inside_namespaces(
        "faults::network::r13_a_station_cut_off_from_head_office_sells_on_and_everything_arrives",
    ) {
        return;
    }
    let mut case = Case::new("partition-hq");
    let mut front = apart();
    let (out, into) = (format!("oifname {CABLE} counter drop"), format!("iifname {CABLE} counter drop"));
    let reset = format!("oifname {CABLE} meta l4proto tcp counter reject with tcp reset");
    for _ in 0..either(1, 10) {
        broken_by(&mut case, &mut front, "cut for a moment", (&out, &into), SHORT);
        broken_by(&mut case, &mut front, "nothing goes up", (&out, ""), SHORT);
        broken_by(&mut case, &mut front, "nothing comes down", ("", &into), SHORT);
        broken_by(&mut case, &mut front, "connections are reset", (&reset, ""), SHORT);
        broken_by(&mut case, &mut front, "cut for long", (&out, &into), LONG);
    }
    case.run("flapping", |case| {
        for _ in 0..either(6, 60) {
            shell(&format!("ip link set {CABLE} down"));
            front.sell();
            shell(&format!("ip link set {CABLE} up"));
            front.sell();
        }
        front.agrees_again(case, Instant::now());
    });
    case.run("at the end", |_| front.check());
    case.end();
}

#[test]
fn r15_a_line_that_loses_packets_or_is_narrow_brings_everything() {
    if !inside_namespaces("faults::network::r15_a_line_that_loses_packets_or_is_narrow_brings_everything") {
        return;
    }
    let mut case = Case::new("loss-hq");
    let mut front = apart();
    let lossy = |interface: &str| format!("{interface} {CABLE} numgen random mod 100 < 30 counter drop");
    let (out, into) = (lossy("oifname"), lossy("iifname"));
    broken_by(&mut case, &mut front, "every third packet is lost", (&out, &into), either(SHORT, LONG) * 2);
    case.run("a narrow line", |case| {
        shell(&format!("tc qdisc add dev {CABLE} root tbf rate 64kbit burst 4kb latency 400ms"));
        sell_for(&mut front, SHORT);
        front.agrees_again(case, Instant::now());
        shell(&format!("tc qdisc del dev {CABLE} root"));
    });
    case.run("at the end", |_| front.check());
    case.end();
}

#[test]
fn r36_a_till_cut_off_from_its_station_sells_on_and_everything_arrives() {
    if !inside_namespaces(
        "faults::network::r36_a_till_cut_off_from_its_station_sells_on_and_everything_arrives",
    ) {
        return;
    }
    let mut case = Case::new("partition-lan");
    let mut front = Shopfront::open(Stage::small());
    let link = front.stage.fleet.plan().stations[0].agent.launch.program.link.clone().unwrap();
    let port = link.rsplit_once(':').unwrap().1;
    let (up, down) = (format!("tcp dport {port}"), format!("tcp sport {port}"));
    let both = format!("{up} counter drop; {down} counter drop");
    let lossy = format!(
        "{up} numgen random mod 100 < 30 counter drop; {down} numgen random mod 100 < 30 counter drop"
    );
    for (what, rule) in [
        ("cut", both),
        ("nothing goes up", format!("{up} counter drop")),
        ("nothing comes down", format!("{down} counter drop")),
        ("connections are reset", format!("{up} counter reject with tcp reset")),
        ("every third packet is lost", lossy),
    ] {
        broken_by(&mut case, &mut front, what, (&rule, ""), either(SHORT, LONG));
    }
    case.run("at the end", |_| front.check());
    case.end();
}
