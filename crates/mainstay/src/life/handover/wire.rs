//! What the two processes say to each other, over a pair of connected sockets.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};
use serde::{Deserialize, Serialize};

/// Most sockets that are handed over; there are two.
const MOST_SOCKETS: usize = 8;

/// Longest message in either direction, in bytes.
pub(super) const LONGEST_BYTES: usize = 4 * 1024;

/// From the old process, along with the sockets.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Inheritance {
    /// The names of the sockets, in their order.
    pub(super) sockets: Vec<String>,
}

/// From the new process, in one line.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Word {
    /// It serves.
    Ready,
    /// It does not, and ends. This is why.
    Failed(String),
}

/// Sends the sockets with their names.
pub(super) fn send(stream: &UnixStream, sockets: &[(&'static str, OwnedFd)]) -> io::Result<()> {
    let names = sockets.iter().map(|(name, _)| (*name).to_owned()).collect();
    let message = serde_json::to_vec(&Inheritance { sockets: names })?;
    let sockets: Vec<_> = sockets.iter().map(|(_, socket)| socket.as_fd()).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_SOCKETS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if sockets.len() > MOST_SOCKETS || !control.push(SendAncillaryMessage::ScmRights(&sockets)) {
        return Err(io::Error::other("too many sockets to hand over"));
    }
    let sent = sendmsg(stream, &[IoSlice::new(&message)], &mut control, SendFlags::NOSIGNAL)?;
    if sent == message.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
}

/// Receives what [`send`] sent, within the timeout of the stream.
pub(super) fn receive(stream: &UnixStream) -> io::Result<Vec<(String, OwnedFd)>> {
    let mut message = vec![0; LONGEST_BYTES];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_SOCKETS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    // The sockets are kept from programs that the new process starts.
    let flags = RecvFlags::CMSG_CLOEXEC;
    let received = recvmsg(stream, &mut [IoSliceMut::new(&mut message)], &mut control, flags)?;
    let mut sockets = Vec::new();
    for part in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = part {
            sockets.extend(received);
        }
    }
    let Inheritance { sockets: names } =
        serde_json::from_slice(message.get(..received.bytes).unwrap_or_default())?;
    if names.len() != sockets.len() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "as many sockets as names were expected"));
    }
    Ok(names.into_iter().zip(sockets).collect())
}
