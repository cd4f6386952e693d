//! Bytes both ways between two connections, with no memory for those that are silent: a buffer of its own for each
//! way of ten thousand idle stations would be 80 MB.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes on their way in one direction: one TCP segment's worth is enough for poll and poke.
const BUFFER_LEN: usize = 4 * 1024;

/// Carries until both ends have said all, or one breaks.
pub(super) async fn relay<A, B>(one: &mut A, other: &mut B) -> io::Result<()>
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    let (mut there, mut back) = (Way::default(), Way::default());
    poll_fn(|context| {
        let there = there.carry(context, &mut *one, &mut *other)?;
        let back = back.carry(context, &mut *other, &mut *one)?;
        if there.is_ready() && back.is_ready() { Poll::Ready(Ok(())) } else { Poll::Pending }
    })
    .await
}

/// One direction.
#[derive(Debug, Default)]
struct Way {
    /// Read, and not taken by the writer yet; takes memory for as long as that lasts.
    left: Vec<u8>,
    /// How much of it was taken since.
    taken: usize,
    unflushed: bool,
    read_all: bool,
    over: bool,
}

impl Way {
    fn carry<R, W>(&mut self, context: &mut Context<'_>, from: &mut R, to: &mut W) -> Poll<io::Result<()>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        while !self.over {
            ready!(self.write_left(context, to))?;
            if self.read_all {
                ready!(Pin::new(&mut *to).poll_shutdown(context))?;
                self.over = true;
                continue;
            }
            let mut space = [const { MaybeUninit::uninit() }; BUFFER_LEN];
            let mut read = ReadBuf::uninit(&mut space);
            if Pin::new(&mut *from).poll_read(context, &mut read)?.is_pending() {
                if self.unflushed {
                    ready!(Pin::new(&mut *to).poll_flush(context))?;
                    self.unflushed = false;
                }
                return Poll::Pending;
            }
            let filled = read.filled();
            self.read_all = filled.is_empty();
            if !self.read_all {
                self.write(context, filled, to)?;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Writes what the writer takes now and keeps the rest.
    fn write<W>(&mut self, context: &mut Context<'_>, bytes: &[u8], to: &mut W) -> io::Result<()>
    where
        W: AsyncWrite + Unpin,
    {
        self.unflushed = true;
        let taken = match Pin::new(to).poll_write(context, bytes)? {
            Poll::Ready(taken) => taken,
            Poll::Pending => 0,
        };
        self.left = bytes.get(taken..).unwrap_or_default().to_vec();
        Ok(())
    }

    fn write_left<W>(&mut self, context: &mut Context<'_>, to: &mut W) -> Poll<io::Result<()>>
    where
        W: AsyncWrite + Unpin,
    {
        while let Some(bytes) = self.left.get(self.taken..).filter(|bytes| !bytes.is_empty()) {
            let taken = ready!(Pin::new(&mut *to).poll_write(context, bytes))?;
            if taken == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.taken += taken;
        }
        self.left = Vec::new();
        self.taken = 0;
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    #[tokio::test]
    async fn all_bytes_arrive_in_order_though_both_ends_take_few_at_a_time() {
        let (mut station, mut outer) = duplex(7);
        let (mut inner, mut broker) = duplex(11);
        let carried = tokio::spawn(async move { relay(&mut outer, &mut inner).await });
        let said: Vec<u8> = (0..100_000u32).flat_map(u32::to_le_bytes).collect();
        let answered: Vec<u8> = said.iter().rev().copied().collect();
        let (asking, answering) = (said.clone(), answered.clone());
        let asks = tokio::spawn(async move {
            let (mut read, mut write) = tokio::io::split(&mut station);
            let mut heard = Vec::new();
            let said = async {
                write.write_all(&asking).await.unwrap();
                write.shutdown().await.unwrap();
            };
            let (_, heard_len) = tokio::join!(said, read.read_to_end(&mut heard));
            heard_len.unwrap();
            heard
        });
        let mut heard = Vec::new();
        broker.read_to_end(&mut heard).await.unwrap();
        broker.write_all(&answering).await.unwrap();
        broker.shutdown().await.unwrap();
        assert!(heard == said);
        assert!(asks.await.unwrap() == answered);
        carried.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn what_is_buffered_by_the_writer_is_flushed_before_waiting() {
        let (mut station, mut outer) = duplex(64);
        let (inner, mut broker) = duplex(64);
        let mut inner = tokio::io::BufWriter::with_capacity(1_024, inner);
        let carried = tokio::spawn(async move { relay(&mut outer, &mut inner).await });
        station.write_all(b"ping").await.unwrap();
        let mut heard = [0; 4];
        broker.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"ping");
        carried.abort();
    }

    #[tokio::test]
    async fn a_broken_end_ends_both_ways() {
        let (station, mut outer) = duplex(64);
        let (mut inner, mut broker) = duplex(64);
        let carried = tokio::spawn(async move { relay(&mut outer, &mut inner).await });
        drop(station);
        assert_eq!(broker.read(&mut [0; 1]).await.unwrap(), 0);
        broker.write_all(b"late").await.unwrap();
        assert_eq!(carried.await.unwrap().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
