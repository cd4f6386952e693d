//! What to do with a batch, given where its stream stands here (R5, R8, R9, R28).

use crate::entry::{Entry, EntryKey};
use crate::hash::ChainHash;
use crate::ids::Seq;
use crate::wire::{Batch, Outcome, RefusalCode};

/// Where a stream stands at the receiver: last place held and the chain there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Last place held; [`Seq::NONE`] when nothing is.
    pub seq: Seq,
    /// Chain there; the genesis when nothing is held.
    pub hash: ChainHash,
}

/// What the receiver does with a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Store these, which continue the head, then reply `Accepted` through the last of them.
    Append(Vec<Entry>),
    /// Nothing to store; this is the reply.
    Reply(Outcome),
    /// These contradict what is stored: keep them aside, alarm, and refuse (R5).
    Fork(Vec<Entry>),
}

/// The entries of a batch, with the chain computed over them from what the batch says comes before its first (R28).
/// `payloads` are its entries after decompression. Needs nothing of the receiver, so it can be done on any thread.
///
/// Costs one hash per payload, whatever the length of the stream.
///
/// # Errors
/// The refusal, when the bytes are not those that the batch's last hash stands for.
pub fn chain_batch(batch: &Batch, payloads: &[&[u8]]) -> Result<Vec<Entry>, RefusalCode> {
    if batch.from == Seq(1) && batch.prev_hash != ChainHash::genesis(&batch.stream) {
        return Err(RefusalCode::Malformed);
    }
    let mut entries = Vec::with_capacity(payloads.len());
    let mut hash = batch.prev_hash;
    let mut seq = batch.from;
    for payload in payloads {
        hash = hash.chain(payload);
        entries.push(Entry { key: EntryKey { stream: batch.stream, seq }, bytes: payload.to_vec(), hash });
        seq = seq.next();
    }
    if hash == batch.last_hash { Ok(entries) } else { Err(RefusalCode::Malformed) }
}

/// Decides about a batch. `chained` is what [`chain_batch`] made of it, or the reply if it made nothing; `stored_last` is
/// the chain stored here at the batch's last place, if that place is held, and `oldest` the first place that is.
pub fn judge_batch(
    head: Head,
    oldest: Seq,
    stored_last: Option<ChainHash>,
    batch: &Batch,
    chained: Result<Vec<Entry>, Outcome>,
) -> Verdict {
    let expected = head.seq.next();
    if batch.from > expected {
        return Verdict::Reply(Outcome::Gap { expected });
    }
    let mut entries = match chained {
        Ok(entries) => entries,
        Err(outcome) => return Verdict::Reply(outcome),
    };
    if batch.to() <= head.seq {
        return match stored_last {
            Some(stored) if stored != batch.last_hash => Verdict::Fork(entries),
            Some(_) => Verdict::Reply(Outcome::Duplicate { through: head.seq }),
            // Purged here: whether it is the same cannot be told, so nobody is told that it is.
            None => Verdict::Reply(Outcome::BelowRetention { oldest }),
        };
    }
    // The chain just before `from` must be ours if that place is our head, and so must the chain at our head.
    let forked = (batch.from == expected && batch.prev_hash != head.hash)
        || entries.iter().any(|entry| entry.key.seq == head.seq && entry.hash != head.hash);
    if forked {
        return Verdict::Fork(entries);
    }
    entries.retain(|entry| entry.key.seq > head.seq);
    Verdict::Append(entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::StreamId;
    use crate::ids::{DeviceId, Incarnation};
    use crate::wire::{CODEC_PLAIN, frame_body};

    fn stream() -> StreamId {
        StreamId { device: DeviceId([1; 16]), incarnation: Incarnation([2; 16]) }
    }

    fn chain(upto: usize) -> Vec<ChainHash> {
        let mut hashes = vec![ChainHash::genesis(&stream())];
        for n in 1..=upto {
            hashes.push(hashes[n - 1].chain(format!("entry {n}").as_bytes()));
        }
        hashes
    }

    fn batch(from: usize, to: usize) -> (Batch, Vec<Vec<u8>>) {
        let hashes = chain(to);
        let payloads: Vec<Vec<u8>> = (from..=to).map(|n| format!("entry {n}").into_bytes()).collect();
        let batch = Batch {
            stream: stream(),
            from: Seq(from as u64),
            count: u32::try_from(payloads.len()).unwrap(),
            prev_hash: hashes[from - 1],
            last_hash: hashes[to],
            codec: CODEC_PLAIN,
            dictionary: 0,
            schema: 1,
            body: frame_body(payloads.iter().map(Vec::as_slice)),
        };
        (batch, payloads)
    }

    fn judge(head: usize, (batch, payloads): (Batch, Vec<Vec<u8>>)) -> Verdict {
        judge_kept(head, 1, (batch, payloads))
    }

    fn judge_kept(head: usize, oldest: u64, (batch, payloads): (Batch, Vec<Vec<u8>>)) -> Verdict {
        let hashes = chain(head.max(20));
        let views: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
        let to = usize::try_from(batch.to().0).unwrap();
        let stored = (to <= head && to as u64 >= oldest).then(|| hashes[to]);
        let chained = chain_batch(&batch, &views).map_err(|code| Outcome::Refused { code });
        let head = Head { seq: Seq(head as u64), hash: hashes[head] };
        judge_batch(head, Seq(oldest), stored, &batch, chained)
    }

    #[test]
    fn r9_the_replies_are_fixed() {
        let Verdict::Append(entries) = judge(0, batch(1, 3)) else { panic!("the first batch is taken") };
        assert_eq!(entries.iter().map(|e| e.key.seq.0).collect::<Vec<_>>(), [1, 2, 3]);
        let Verdict::Append(entries) = judge(2, batch(1, 5)) else { panic!("an overlapping batch is taken") };
        assert_eq!(entries.iter().map(|e| e.key.seq.0).collect::<Vec<_>>(), [3, 4, 5]);
        assert_eq!(judge(5, batch(2, 4)), Verdict::Reply(Outcome::Duplicate { through: Seq(5) }));
        assert_eq!(judge(2, batch(5, 6)), Verdict::Reply(Outcome::Gap { expected: Seq(3) }));
        let below = Verdict::Reply(Outcome::BelowRetention { oldest: Seq(4) });
        assert_eq!(judge_kept(5, 4, batch(2, 3)), below);
        assert_eq!(judge_kept(5, 4, batch(2, 4)), Verdict::Reply(Outcome::Duplicate { through: Seq(5) }));
    }

    #[test]
    fn r5_a_different_entry_under_the_same_key_is_a_fork() {
        let (mut forged, mut payloads) = batch(4, 5);
        payloads[1] = b"entry 5, paid less".to_vec();
        forged.last_hash = forged.prev_hash.chain(&payloads[0]).chain(&payloads[1]);
        assert!(matches!(judge(5, (forged, payloads)), Verdict::Fork(entries) if entries.len() == 2));
        let (mut forged, payloads) = batch(6, 6);
        forged.prev_hash = ChainHash([9; 32]);
        forged.last_hash = forged.prev_hash.chain(&payloads[0]);
        assert!(matches!(judge(5, (forged, payloads)), Verdict::Fork(_)));
    }

    #[test]
    fn r27_any_changed_bit_is_found() {
        let (batch_ok, payloads) = batch(1, 3);
        for (which, payload) in payloads.iter().enumerate() {
            for bit in 0..payload.len() * 8 {
                let mut changed = payloads.clone();
                changed[which][bit / 8] ^= 1 << (bit % 8);
                assert_eq!(
                    judge(0, (batch_ok.clone(), changed)),
                    Verdict::Reply(Outcome::Refused { code: RefusalCode::Malformed })
                );
            }
        }
    }

    #[test]
    fn r28_entries_moved_to_another_stream_do_not_verify() {
        let (mut moved, payloads) = batch(1, 3);
        moved.stream.device = DeviceId([7; 16]);
        assert_eq!(
            judge(0, (moved, payloads)),
            Verdict::Reply(Outcome::Refused { code: RefusalCode::Malformed })
        );
    }
}
