//! A reader of HTTP/1.1 that takes one spelling of everything: what it reads, every server reads alike.

/// A request or an answer.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// The first line.
    pub start: String,
    /// Names in lower case, and values.
    pub fields: Fields,
    pub body: Vec<u8>,
    pub trailers: Fields,
}

pub type Fields = Vec<(String, String)>;

/// A whole message and its length, `None` as long as some of it is missing, or why no two servers need agree on it.
pub type Reading = Result<Option<(Message, usize)>, String>;

/// Of these there is one at most: servers differ in which of several they take.
const SINGLE: [&str; 7] =
    ["authorization", "content-length", "content-type", "cookie", "host", "transfer-encoding", "x-api-key"];

impl Message {
    /// The values of a header.
    pub fn values(&self, name: &str) -> Vec<&str> {
        let named = self.fields.iter().filter(|(known, _)| known == name);
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// The status of an answer.
    pub fn status(&self) -> u16 {
        self.start.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0)
    }
}

/// Reads a request.
pub fn request(bytes: &[u8]) -> Reading {
    let Some((mut message, head)) = head(bytes)? else { return Ok(None) };
    check_request_line(&message.start)?;
    if message.values("host").len() != 1 {
        return Err(format!("hosts: {:?}", message.values("host")));
    }
    let read = match framing(&message)? {
        Framing::Chunked => chunked(&bytes[head..], &mut message)?,
        Framing::Length(length) => sized(&bytes[head..], length, &mut message),
        Framing::None => Some(0),
    };
    Ok(read.map(|body| (message, head + body)))
}

/// Reads an answer to a method; `ended` when no more bytes will come.
pub fn answer(bytes: &[u8], method: &str, ended: bool) -> Reading {
    let Some((mut message, head)) = head(bytes)? else { return Ok(None) };
    if !message.start.starts_with("HTTP/1.1 ") && !message.start.starts_with("HTTP/1.0 ") {
        return Err(format!("status line: {:?}", message.start));
    }
    let framing = framing(&message)?;
    if method == "HEAD" || matches!(message.status(), 100..=199 | 204 | 304) {
        return Ok(Some((message, head)));
    }
    let read = match framing {
        Framing::Chunked => chunked(&bytes[head..], &mut message)?,
        Framing::Length(length) => sized(&bytes[head..], length, &mut message),
        Framing::None => ended.then(|| {
            message.body = bytes[head..].to_vec();
            message.body.len()
        }),
    };
    Ok(read.map(|body| (message, head + body)))
}

enum Framing {
    Chunked,
    Length(usize),
    None,
}

fn head(bytes: &[u8]) -> Result<Option<(Message, usize)>, String> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let text = latin1(&bytes[..end.unwrap_or(bytes.len())]);
    let Some(end) = end else { return Ok(None) };
    let mut lines = text.split("\r\n");
    let start = lines.next().unwrap_or_default().to_owned();
    if start.chars().any(is_control) {
        return Err(format!("control character: {start:?}"));
    }
    let message = Message { start, fields: fields(lines)?, ..Message::default() };
    Ok(Some((message, end + 4)))
}

fn fields<'l>(lines: impl Iterator<Item = &'l str>) -> Result<Fields, String> {
    let mut fields = Fields::new();
    for line in lines {
        let (name, value) =
            line.split_once(": ").or_else(|| Some((line.strip_suffix(':')?, ""))).ok_or(line)?;
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(token) || value.chars().any(is_control) {
            return Err(format!("header line: {line:?}"));
        }
        let name = name.to_ascii_lowercase();
        if SINGLE.contains(&name.as_str()) && fields.iter().any(|(known, _)| *known == name) {
            return Err(format!("given twice: {name}"));
        }
        fields.push((name, value.to_owned()));
    }
    Ok(fields)
}

fn is_control(character: char) -> bool {
    character != '\t' && (character < ' ' || character == '\x7f')
}

fn check_request_line(line: &str) -> Result<(), String> {
    let parts: Vec<&str> = line.split(' ').collect();
    let [method, target, "HTTP/1.1"] = parts[..] else { return Err(format!("request line: {line:?}")) };
    let method = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-');
    let target =
        target.starts_with('/') && target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    if method && target { Ok(()) } else { Err(format!("request line: {line:?}")) }
}

fn framing(message: &Message) -> Result<Framing, String> {
    match (&message.values("transfer-encoding")[..], &message.values("content-length")[..]) {
        ([], []) => Ok(Framing::None),
        (["chunked"], []) => Ok(Framing::Chunked),
        ([], [length]) => match length.parse() {
            Ok(number) if format!("{number}") == **length => Ok(Framing::Length(number)),
            _ => Err(format!("content-length: {length:?}")),
        },
        both => Err(format!("framing: {both:?}")),
    }
}

fn sized(bytes: &[u8], length: usize, message: &mut Message) -> Option<usize> {
    message.body = bytes.get(..length)?.to_vec();
    Some(length)
}

/// Sizes without extensions, `CRLF` everywhere.
fn chunked(bytes: &[u8], message: &mut Message) -> Result<Option<usize>, String> {
    let mut at = 0;
    loop {
        let Some(line) = line(&bytes[at..]) else { return Ok(None) };
        let digits = !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_hexdigit());
        let size = usize::from_str_radix(&line, 16).ok().filter(|_| digits);
        let size = size.ok_or_else(|| format!("chunk size: {line:?}"))?;
        at += line.len() + 2;
        if size == 0 {
            return last_chunk(bytes, at, message);
        }
        let Some(chunk) = bytes.get(at..at + size + 2) else { return Ok(None) };
        if !chunk.ends_with(b"\r\n") {
            return Err("a chunk ends without CRLF".to_owned());
        }
        message.body.extend(&chunk[..size]);
        at += size + 2;
    }
}

fn last_chunk(bytes: &[u8], mut at: usize, message: &mut Message) -> Result<Option<usize>, String> {
    let mut lines = Vec::new();
    loop {
        let Some(line) = line(&bytes[at..]) else { return Ok(None) };
        at += line.len() + 2;
        if line.is_empty() {
            message.trailers = fields(lines.iter().map(String::as_str))?;
            return Ok(Some(at));
        }
        lines.push(line);
    }
}

fn line(bytes: &[u8]) -> Option<String> {
    let end = bytes.windows(2).position(|two| two == b"\r\n")?;
    Some(latin1(&bytes[..end]))
}

/// A character for each byte.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}
