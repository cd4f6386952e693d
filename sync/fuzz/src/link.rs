//! What travels on the links.

use sync::codec;
use sync_proto::decimal::{format_milli, parse_milli};
use sync_proto::fact::FeedScope;
use sync_proto::tax::TaxClass;
use sync_proto::wire::{Batch, MESSAGE_LEN_MAX, Message, Reply, frame_body, unframe_body};
use sync_proto::{
    BusinessDay, ChainHash, Decoded, DeviceId, Envelope, Incarnation, ProductId, Role, SaleId, Seq,
    StationCode, StreamId,
};

/// [`Message::decode`]: what reads is written with the same bytes, so that no two messages look alike.
pub fn message(data: &[u8]) {
    if let Ok(message) = Message::decode(data) {
        assert_eq!(message.encode(), data, "{message:?}");
    }
}

/// [`Reply::decode`], with the same promise.
pub fn reply(data: &[u8]) {
    if let Ok(reply) = Reply::decode(data) {
        assert_eq!(reply.encode(), data, "{reply:?}");
    }
}

/// [`codec::unpack`] and [`unframe_body`]: as many entries as were promised, which give the same body again.
///
/// The first bytes are codec, dictionary and count; the rest is the body.
pub fn batch(data: &[u8]) {
    let Some((&[codec, dictionary, count], body)) = data.split_first_chunk::<3>() else { return };
    let stream = StreamId { device: DeviceId([1; 16]), incarnation: Incarnation([2; 16]) };
    let genesis = ChainHash::genesis(&stream);
    let batch = Batch {
        stream,
        from: Seq(1),
        count: u32::from(count),
        prev_hash: genesis,
        last_hash: genesis,
        codec,
        dictionary,
        schema: 1,
        body: body.to_vec(),
    };
    let Ok(body) = codec::unpack(&batch) else { return };
    assert!(body.len() <= codec::BODY_LEN_MAX.max(MESSAGE_LEN_MAX));
    let Ok(entries) = unframe_body(&body, batch.count) else { return };
    assert_eq!(entries.len(), usize::from(count));
    assert_eq!(frame_body(entries), body);
}

/// [`Envelope::decode`]: a fact that reads is written and read again as the same fact.
pub fn envelope(data: &[u8]) {
    if let Ok(Decoded::Known(envelope)) = Envelope::decode(data) {
        // Written anew it can be longer than an entry may be, and is then refused as any other would be.
        let Ok(bytes) = envelope.encode() else { return };
        assert_eq!(Envelope::decode(&bytes).ok(), Some(Decoded::Known(envelope)));
    }
}

/// Names and numbers inside messages, rows and addresses: what reads is written as a text that reads the same.
pub fn names(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(scope) = FeedScope::parse(text) {
        assert_eq!(FeedScope::parse(&scope.to_text()).ok(), Some(scope));
    }
    if let Ok(milli) = parse_milli(text) {
        assert_eq!(parse_milli(&format_milli(milli)), Ok(milli));
    }
    if let Ok(id) = DeviceId::from_hex(text) {
        assert_eq!(DeviceId::from_hex(&id.to_hex()), Ok(id));
    }
    for id in [StationCode::new(text).map(String::from), ProductId::new(text).map(String::from)] {
        assert!(id.is_err() || id.as_deref() == Ok(text));
    }
    assert_eq!(SaleId::new(text).is_ok(), StationCode::new(text).is_ok());
    if let Ok(day) = BusinessDay::new(text) {
        assert_eq!(BusinessDay::new(day.as_str()).ok(), Some(day));
    }
    if let Some(role) = Role::parse(text) {
        assert_eq!(role.as_str(), text);
    }
    let _ = TaxClass::parse(text);
    let _ = hq_server::instant::parse(text);
}
