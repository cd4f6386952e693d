//! The few MQTT 5 packets (OASIS MQTT 5.0, sections 3.1, 3.3) that an intruder with stolen papers sends.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::papers::Papers;

/// How long the broker may take to answer, or to hang up.
const ANSWER: Duration = Duration::from_secs(10);

/// A connection to HQ's broker, over TLS made by another program than the product's.
pub struct Intruder {
    tls: Child,
    sent: ChildStdin,
    heard: mpsc::Receiver<u8>,
    _papers: TempDir,
}

impl Intruder {
    /// Connects with the papers of an identity file, as `client_id`, and returns the broker's reason code: 0 is
    /// welcome. `None` if it hung up.
    pub fn connect(broker: &str, identity: &Path, client_id: &str) -> (Self, Option<u8>) {
        let papers = Papers::of(identity);
        let mut tls = papers
            .s_client(broker)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let heard = listen(tls.stdout.take().unwrap());
        let sent = tls.stdin.take().unwrap();
        let mut intruder = Self { tls, sent, heard, _papers: papers.folder };
        let mut body = Vec::new();
        put_text(&mut body, "MQTT");
        // Version 5; clean start; keep alive 30 s; no properties.
        body.extend([5, 0b0000_0010, 0, 30, 0]);
        put_text(&mut body, client_id);
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
        let _ = self.sent.write_all(bytes).and_then(|()| self.sent.flush());
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
        let _ = self.sent.write_all(&packet).and_then(|()| self.sent.flush());
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
        let body = (0..length).map(|_| self.byte()).collect::<Option<_>>()?;
        Some((kind & 0xf0, body))
    }

    fn byte(&mut self) -> Option<u8> {
        self.heard.recv_timeout(ANSWER).ok()
    }
}

impl Drop for Intruder {
    fn drop(&mut self) {
        let _ = self.tls.kill();
        let _ = self.tls.wait();
    }
}

fn listen(mut stream: ChildStdout) -> mpsc::Receiver<u8> {
    let (sender, heard) = mpsc::channel();
    thread::spawn(move || {
        let mut byte = [0];
        while stream.read_exact(&mut byte).is_ok() && sender.send(byte[0]).is_ok() {}
    });
    heard
}

fn put_text(body: &mut Vec<u8>, text: &str) {
    body.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
    body.extend(text.as_bytes());
}
