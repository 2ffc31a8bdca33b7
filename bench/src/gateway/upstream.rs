//! What stands behind every proxy: a server that does next to nothing, so that it takes little of the load's core.

use std::io::{BufRead as _, BufReader, Error, ErrorKind, Read as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::Outcome;

/// Bytes of a small answer's body.
pub(super) const SMALL: usize = 200;
/// Bytes of the large answer's body.
pub(super) const LARGE: usize = 1024 * 1024;

/// Room for the head and body of a request; a longer head is not ours.
const ROOM: usize = 16 * 1024;

/// The server as a process of its own; it ends when we do.
pub(super) struct Upstream {
    child: Child,
    pub(super) address: SocketAddr,
    /// Takes log lines over TCP and throws them away.
    pub(super) collector: SocketAddr,
}

impl Upstream {
    /// Starts it on this process's core.
    pub(super) fn start() -> Outcome<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("upstream")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let (address, collector) = line.trim().split_once(' ').ok_or("the upstream told no address")?;
        Ok(Self { child, address: address.parse()?, collector: collector.parse()? })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // It ends with its input; if waiting fails there is nobody left to tell.
        let _ = self.child.wait();
    }
}

/// Serves until the end of the standard input, having told both addresses on the standard output.
pub(crate) async fn serve() -> Outcome {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let collector = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{} {}", listener.local_addr()?, collector.local_addr()?);
    let (ended, end) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read(&mut [0]);
        let _ = ended.send(());
    });
    tokio::select! {
        outcome = accept(&listener, &collector) => outcome,
        _ = end => Ok(()),
    }
}

async fn accept(listener: &TcpListener, collector: &TcpListener) -> Outcome {
    let answers = Answers::render();
    loop {
        tokio::select! {
            accepted = listener.accept() => drop(tokio::spawn(answer(accepted?.0, answers.clone()))),
            accepted = collector.accept() => drop(tokio::spawn(discard(accepted?.0))),
        }
    }
}

/// Answers as they go over the wire.
#[derive(Clone)]
struct Answers {
    small: bytes::Bytes,
    large: bytes::Bytes,
    unknown: bytes::Bytes,
}

impl Answers {
    fn render() -> Self {
        let render = |status: &str, body: String| {
            let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\n");
            format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into()
        };
        let json =
            |length: usize| format!("{{\"data\":\"{}\"}}", "a".repeat(length - r#"{"data":""}"#.len()));
        let [small, large] = [SMALL, LARGE].map(|length| render("200 OK", json(length)));
        Self { small, large, unknown: render("404 Not Found", String::new()) }
    }

    fn to(&self, head: &[u8]) -> &[u8] {
        if head.starts_with(b"GET /json ") || head.starts_with(b"POST /echo4k ") {
            return &self.small;
        }
        if head.starts_with(b"GET /big ") { &self.large } else { &self.unknown }
    }
}

async fn answer(mut stream: TcpStream, answers: Answers) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(ROOM);
    loop {
        let (head, length) = loop {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
            if let Some(found) = frame(&buffer)? {
                break found;
            }
        };
        while buffer.len() < head + length {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        }
        stream.write_all(answers.to(&buffer[..head])).await?;
        // One request at a time: a proxy does not send the next before this one is answered.
        buffer.clear();
    }
}

async fn discard(mut stream: TcpStream) -> std::io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    while stream.read(&mut buffer).await? > 0 {}
    Ok(())
}

/// Where a request's head ends, and how long its body is, once the head is whole.
fn frame(bytes: &[u8]) -> std::io::Result<Option<(usize, usize)>> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return if bytes.len() < ROOM { Ok(None) } else { Err(ErrorKind::InvalidData.into()) };
    };
    if bytes.starts_with(b"GET ") {
        return Ok(Some((end + 4, 0)));
    }
    let lines = bytes[..end].split(|&byte| byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    let lengths = lines.filter_map(|line| line.split_once(':'));
    let mut lengths = lengths.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length = lengths.next().and_then(|(_, value)| value.trim().parse().ok());
    let missing = || Error::new(ErrorKind::InvalidData, "a body without content-length");
    Ok(Some((end + 4, length.ok_or_else(missing)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_the_lengths_that_are_checked() {
        let answers = Answers::render();
        let body =
            |answer: &[u8]| answer.len() - frame(&[&b"GET "[..], answer].concat()).unwrap().unwrap().0 + 4;
        assert_eq!(body(answers.to(b"GET /json HTTP/1.1")), SMALL);
        assert_eq!(body(answers.to(b"POST /echo4k HTTP/1.1")), SMALL);
        assert_eq!(body(answers.to(b"GET /big HTTP/1.1")), LARGE);
        assert!(answers.to(b"GET /else HTTP/1.1").starts_with(b"HTTP/1.1 404"));
    }

    #[test]
    fn a_request_ends_with_its_body() {
        let head = b"POST /echo4k HTTP/1.1\r\nContent-Length: 7\r\n\r\n";
        assert_eq!(frame(head).unwrap(), Some((head.len(), 7)));
        assert_eq!(frame(&head[..20]).unwrap(), None);
        assert!(frame(b"POST /echo4k HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }
}
