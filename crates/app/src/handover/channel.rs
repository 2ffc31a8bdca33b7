//! Sockets on their way from one process to another (`SCM_RIGHTS`, unix(7)), each with a line that says what it is.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

/// Sockets that go at once; the kernel takes 253.
const AT_ONCE: usize = 64;
/// What is read at once.
const BUFFER: usize = 4096;
/// The line after the last one.
const END: &str = "end";

/// Sends sockets, and that there are no more. A few hundred bytes, which wait in the channel until they are read.
pub(super) fn send(channel: &UnixStream, sockets: &[(String, BorrowedFd<'_>)]) -> io::Result<()> {
    for some in sockets.chunks(AT_ONCE) {
        let lines: String = some.iter().map(|(line, _)| format!("{line}\n")).collect();
        let descriptors: Vec<BorrowedFd<'_>> = some.iter().map(|(_, socket)| *socket).collect();
        send_some(channel, &lines, &descriptors)?;
    }
    send_some(channel, &format!("{END}\n"), &[])
}

fn send_some(channel: &UnixStream, text: &str, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(AT_ONCE))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let sent = sendmsg(channel, &[IoSlice::new(text.as_bytes())], &mut control, SendFlags::NOSIGNAL)?;
    if sent == text.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
}

/// The sockets that were sent, in their order. They close when another program is started.
///
/// # Errors
/// When the other end hangs up before the end, or what comes is no list of sockets.
pub(super) fn receive(channel: &UnixStream) -> io::Result<Vec<(String, OwnedFd)>> {
    let (mut text, mut descriptors) = (Vec::new(), Vec::new());
    let last = format!("{END}\n").into_bytes();
    while text != last && !text.ends_with(&[b"\n", last.as_slice()].concat()) {
        receive_some(channel, &mut text, &mut descriptors)?;
    }
    let text = String::from_utf8(text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    let lines: Vec<&str> = text.lines().filter(|line| *line != END).collect();
    if lines.len() != descriptors.len() {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(lines.into_iter().map(str::to_owned).zip(descriptors).collect())
}

fn receive_some(channel: &UnixStream, text: &mut Vec<u8>, descriptors: &mut Vec<OwnedFd>) -> io::Result<()> {
    let mut bytes = [0; BUFFER];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(AT_ONCE))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let into = &mut [IoSliceMut::new(&mut bytes)];
    let received = recvmsg(channel, into, &mut control, RecvFlags::CMSG_CLOEXEC)?;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(some) = message {
            descriptors.extend(some);
        }
    }
    if received.bytes == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if received.flags.contains(ReturnFlags::CTRUNC) {
        return Err(io::Error::other("not every descriptor came: is the limit of open files too low?"));
    }
    text.extend_from_slice(&bytes[..received.bytes]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsFd as _;

    use super::*;

    #[test]
    fn sockets_that_were_sent_are_the_same_ones_with_whoever_waits_in_them() {
        let (here, there) = UnixStream::pair().unwrap();
        let listeners: Vec<TcpListener> =
            (0..2 * AT_ONCE + 1).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let waiting: Vec<TcpStream> = listeners
            .iter()
            .map(|listener| TcpStream::connect(listener.local_addr().unwrap()).unwrap())
            .collect();
        let named = listeners.iter().map(|listener| (format!("{listener:?}"), listener.as_fd()));
        send(&here, &named.collect::<Vec<_>>()).unwrap();
        let names: Vec<String> = listeners.iter().map(|listener| format!("{listener:?}")).collect();
        drop((here, listeners));

        let received = receive(&there).unwrap();
        assert!(received.iter().map(|(name, _)| name).eq(&names));
        for ((_, socket), waiting) in received.into_iter().zip(waiting) {
            let accepted = TcpListener::from(socket).accept().unwrap();
            assert_eq!(accepted.1, waiting.local_addr().unwrap());
        }
    }

    #[test]
    fn none_is_a_list_too_but_one_that_breaks_off_is_not() {
        let (here, there) = UnixStream::pair().unwrap();
        send(&here, &[]).unwrap();
        assert!(receive(&there).unwrap().is_empty());
        send_some(&here, "public ours\n", &[io::stdin().as_fd()]).unwrap();
        drop(here);
        assert_eq!(receive(&there).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
