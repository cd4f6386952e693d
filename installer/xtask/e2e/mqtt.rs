//! The few MQTT 5 packets (OASIS MQTT 5.0, sections 3.1, 3.3) that an intruder with stolen credentials sends.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// How long the broker may take to answer, or to hang up.
const ANSWER: Duration = Duration::from_secs(10);

/// A connection to HQ's broker.
pub struct Intruder {
    stream: TcpStream,
}

impl Intruder {
    /// Connects and returns the broker's reason code: 0 is welcome. `None` if it hung up.
    pub fn connect(broker: &str, device: &str, secret: &str) -> (Self, Option<u8>) {
        let mut body = Vec::new();
        put_text(&mut body, "MQTT");
        // Version 5; user name, password and clean start; keep alive 30 s; no properties.
        body.extend([5, 0b1100_0010, 0, 30, 0]);
        put_text(&mut body, device);
        put_text(&mut body, device);
        put_text(&mut body, secret);
        let stream = TcpStream::connect(broker).unwrap();
        stream.set_read_timeout(Some(ANSWER)).unwrap();
        let mut intruder = Self { stream };
        intruder.send(0x10, &body);
        let answer = intruder.packet();
        let reason = answer.and_then(|(kind, body)| (kind == 0x20).then(|| body.get(1).copied()).flatten());
        (intruder, reason)
    }

    /// Publishes at QoS 1 and waits for any answer; `None` means that the broker hung up.
    pub fn publish(&mut self, topic: &str, payload: &[u8]) -> Option<u8> {
        let mut body = Vec::new();
        put_text(&mut body, topic);
        // Packet id 1; no properties.
        body.extend([0, 1, 0]);
        body.extend(payload);
        self.send(0x32, &body);
        let (_, answer) = self.packet()?;
        Some(answer.get(2).copied().unwrap_or(0))
    }

    /// Bytes that are no packet at all.
    pub fn babble(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
        let _ = self.packet();
    }

    fn send(&mut self, kind: u8, body: &[u8]) {
        let mut packet = vec![kind];
        let mut rest = body.len();
        loop {
            let low = u8::try_from(rest % 128).unwrap();
            rest /= 128;
            packet.push(if rest > 0 { low | 0x80 } else { low });
            if rest == 0 {
                break;
            }
        }
        packet.extend(body);
        let _ = self.stream.write_all(&packet);
    }

    fn packet(&mut self) -> Option<(u8, Vec<u8>)> {
        let kind = self.byte()?;
        let (mut length, mut shift) = (0_usize, 0);
        loop {
            let byte = self.byte()?;
            length |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).ok()?;
        Some((kind & 0xf0, body))
    }

    fn byte(&mut self) -> Option<u8> {
        let mut byte = [0];
        self.stream.read_exact(&mut byte).ok()?;
        Some(byte[0])
    }
}

fn put_text(body: &mut Vec<u8>, text: &str) {
    body.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
    body.extend(text.as_bytes());
}
