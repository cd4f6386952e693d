//! Who may do what on a broker: everything that is not in the short list is refused.

use std::collections::BTreeSet;

use crate::cast::Party;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    Publish,
    Retain,
    Will,
    Subscribe,
    Share,
}

/// A question: may `party` do `verb` on `topic`?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    pub party: &'static str,
    pub verb: Verb,
    pub topic: &'static str,
}

pub const VERBS: [Verb; 5] = [Verb::Publish, Verb::Retain, Verb::Will, Verb::Subscribe, Verb::Share];

pub const TOPICS: [&str; 22] = [
    "st/ST0001/up",
    "st/ST0001/ack",
    "st/ST0001/req",
    "st/ST0001/res",
    "st/ST0001/poke",
    "st/ST0001/state",
    "st/ST0002/up",
    "st/ST0002/ack",
    "st/ST0002/req",
    "st/ST0002/res",
    "st/ST0002/poke",
    "st/ST0002/state",
    "st/st0001/up",
    "st/st0001/ack",
    "st/ST0001/other",
    "#",
    "st/#",
    "st/+/up",
    "st/+/ack",
    "st/ST0001/+",
    "$SYS/#",
    "",
];

/// What the embedded broker allows, for each agent on its own topics.
const EMBEDDED: [(Verb, &str); 7] = [
    (Verb::Publish, "up"),
    (Verb::Publish, "req"),
    (Verb::Publish, "state"),
    (Verb::Will, "state"),
    (Verb::Subscribe, "ack"),
    (Verb::Subscribe, "res"),
    (Verb::Subscribe, "poke"),
];

/// What an external broker allows besides: wills where an agent may publish, and shared reading of its own topics.
const MOSQUITTO: [(Verb, &str); 5] = [
    (Verb::Will, "up"),
    (Verb::Will, "req"),
    (Verb::Share, "ack"),
    (Verb::Share, "res"),
    (Verb::Share, "poke"),
];

/// Filters that bring an agent its own topics there, and nothing else.
const MOSQUITTO_FILTERS: [(&str, &[&str]); 4] = [
    ("#", &["agent ST0001", "agent ST0002"]),
    ("st/#", &["agent ST0001", "agent ST0002"]),
    ("st/+/ack", &["agent ST0001", "agent ST0002"]),
    ("st/ST0001/+", &["agent ST0001"]),
];

const AGENTS: [(&str, &str); 2] = [("agent ST0001", "ST0001"), ("agent ST0002", "ST0002")];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BrokerKind {
    Embedded,
    Mosquitto,
}

/// Exactly what is allowed.
pub fn allowed(broker: BrokerKind) -> BTreeSet<Cell> {
    let besides = if broker == BrokerKind::Mosquitto { &MOSQUITTO[..] } else { &[] };
    let mut all = BTreeSet::new();
    if broker == BrokerKind::Mosquitto {
        for (topic, parties) in MOSQUITTO_FILTERS {
            for verb in [Verb::Subscribe, Verb::Share] {
                all.extend(parties.iter().map(|party| Cell { party, verb, topic }));
            }
        }
    }
    for (party, station) in AGENTS {
        for (verb, leaf) in EMBEDDED.iter().chain(besides) {
            let name = format!("st/{station}/{leaf}");
            let topic = TOPICS.iter().find(|topic| **topic == name).expect("the topic is in the table");
            all.insert(Cell { party, verb: *verb, topic });
        }
    }
    all
}

/// Whether what `party` hears on `topic` is its own, whatever it asked for.
pub fn may_hear(party: &Party, topic: &str) -> bool {
    let station = AGENTS.iter().find(|(name, _)| *name == party.name).map(|(_, station)| station);
    station.is_some_and(|station| {
        ["ack", "res", "poke"].iter().any(|leaf| topic == format!("st/{station}/{leaf}"))
    })
}

/// All questions about one party.
pub fn cells(party: &Party) -> Vec<Cell> {
    let of = |verb| TOPICS.iter().map(move |topic| Cell { party: party.name, verb, topic });
    VERBS.into_iter().flat_map(of).collect()
}

/// Fails with every cell that differs, either way; says how many there were.
pub fn judge(broker: BrokerKind, asked: &BTreeSet<Cell>, done: &BTreeSet<Cell>) {
    let allowed = allowed(broker);
    let wrongly_done: Vec<_> = done.difference(&allowed).collect();
    let wrongly_refused: Vec<_> = allowed.difference(done).collect();
    assert!(
        wrongly_done.is_empty() && wrongly_refused.is_empty(),
        "done though not allowed: {wrongly_done:#?}\nrefused though allowed: {wrongly_refused:#?}"
    );
    assert!(allowed.is_subset(asked), "the short list names what was not asked");
    println!("{broker:?}: {} cells checked, {} of them allowed", asked.len(), allowed.len());
}

/// Where an honest agent asks for its answer, next to `topic`.
pub fn answer_to(topic: &str) -> Option<String> {
    let up = topic.strip_suffix("/up").map(|station| format!("{station}/ack"));
    up.or_else(|| topic.strip_suffix("/req").map(|station| format!("{station}/res")))
}
