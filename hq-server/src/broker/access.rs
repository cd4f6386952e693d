//! Who may do what on the broker: everything not named here is refused.

use sync::Peer;
use sync::link::Topics;

/// What a message on a topic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// Hellos and batches.
    Up,
    /// Pulls and progress questions.
    Request,
    /// Birth, heartbeat, will.
    State,
}

/// The lane of a topic that `peer` may publish on; `None` for every other topic, wildcards included.
pub(super) fn may_publish(peer: &Peer, topic: &str) -> Option<Lane> {
    let own = Topics::of(peer.station.clone());
    [(own.up(), Lane::Up), (own.req(), Lane::Request), (own.state(), Lane::State)]
        .into_iter()
        .find_map(|(name, lane)| (name == topic).then_some(lane))
}

/// Whether `peer` may read a filter: its own replies and pokes, by their exact names.
pub(super) fn may_subscribe(peer: &Peer, filter: &str) -> bool {
    let own = Topics::of(peer.station.clone());
    [own.ack(), own.res(), own.poke()].iter().any(|name| name == filter)
}

/// Whether a will may be left on a topic.
pub(super) fn may_leave_will(peer: &Peer, topic: &str) -> bool {
    may_publish(peer, topic) == Some(Lane::State)
}

/// Whether the reply to a message on `lane` may go to `topic`.
pub(super) fn may_answer_to(peer: &Peer, lane: Lane, topic: &str) -> bool {
    let own = Topics::of(peer.station.clone());
    match lane {
        Lane::Up => topic == own.ack(),
        Lane::Request => topic == own.res(),
        Lane::State => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_proto::{DeviceId, Role, StationCode};

    fn peer() -> Peer {
        let station = StationCode::new("ST0001").unwrap();
        Peer { station, device: DeviceId([1; 16]), role: Role::Agent, terminal: None }
    }

    #[test]
    fn a_station_publishes_on_its_own_three_topics_only() {
        assert_eq!(may_publish(&peer(), "st/ST0001/up"), Some(Lane::Up));
        assert_eq!(may_publish(&peer(), "st/ST0001/req"), Some(Lane::Request));
        assert_eq!(may_publish(&peer(), "st/ST0001/state"), Some(Lane::State));
        for topic in
            ["st/ST0002/up", "st/ST0001/ack", "st/ST0001/poke", "st/ST0001/up/x", "$SYS/x", "", "st/+/up"]
        {
            assert_eq!(may_publish(&peer(), topic), None, "{topic}");
        }
    }

    #[test]
    fn wildcards_and_shared_subscriptions_are_refused() {
        assert!(may_subscribe(&peer(), "st/ST0001/ack"));
        for filter in [
            "#",
            "st/#",
            "st/+/ack",
            "st/ST0001/+",
            "st/ST0002/ack",
            "$share/g/st/ST0001/ack",
            "st/ST0001/up",
        ] {
            assert!(!may_subscribe(&peer(), filter), "{filter}");
        }
    }

    #[test]
    fn a_reply_goes_to_the_askers_own_topic_only() {
        assert!(may_answer_to(&peer(), Lane::Up, "st/ST0001/ack"));
        assert!(!may_answer_to(&peer(), Lane::Up, "st/ST0002/ack"));
        assert!(!may_answer_to(&peer(), Lane::Request, "st/ST0001/ack"));
    }
}
