//! The access line: one per request, written by hand because it is on every request's way.

use std::io::{self, Write as _};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use comporta_kernel::{Clock, Timestamp};

use crate::core::Core;
use crate::ports::AccessLog;
use crate::record::Record;

/// Longest path that a line shows; what is over is cut, because a caller chooses it.
const PATH: usize = 2048;

/// Writes the lines of every core.
pub(crate) struct Access {
    log: Option<Arc<dyn AccessLog>>,
    clock: Clock,
}

/// A core's line under way, and the part of its time stamp that lasts a second.
#[derive(Debug, Default)]
pub(crate) struct Line(Mutex<Parts>);

#[derive(Debug, Default)]
struct Parts {
    text: Vec<u8>,
    second: i64,
    /// `2026-03-10T12:00:00`.
    stamp: Vec<u8>,
}

impl Access {
    pub(crate) fn new(log: Option<Arc<dyn AccessLog>>, clock: Clock) -> Self {
        Self { log, clock }
    }

    pub(crate) fn tell(&self, core: &Core, record: &Record, took: Duration) {
        let Some(log) = &self.log else { return };
        let mut parts = core.line.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Parts { text, second, stamp } = &mut *parts;
        text.clear();
        let now = self.clock.now();
        if now.as_second() != *second || stamp.is_empty() {
            *second = now.as_second();
            stamp.clear();
            // Writing to memory cannot fail; so below.
            let whole_second = Timestamp::from_second(*second).unwrap_or(Timestamp::UNIX_EPOCH);
            let _ = write!(stamp, "{whole_second}");
            stamp.pop();
        }
        let stamp = (stamp.as_slice(), now.subsec_nanosecond().unsigned_abs() / 1000);
        let written =
            if log.is_json() { json(text, stamp, record, took) } else { readable(text, stamp, record, took) };
        if written.is_ok() {
            log.write(text);
        }
    }
}

fn json(
    text: &mut Vec<u8>,
    (second, micros): (&[u8], u32),
    record: &Record,
    took: Duration,
) -> io::Result<()> {
    push(text, br#"{"timestamp":""#);
    push(text, second);
    push(text, b".");
    six_digits(text, micros);
    push(text, br#"Z","level":"INFO","message":"request","target":"access","request_id":""#);
    // A request's id is of plain characters, and so is a method.
    push(text, record.request_id.as_bytes());
    push(text, br#"","trace_id":""#);
    push(text, record.trace.trace_id_hex().as_bytes());
    push(text, br#"","client":""#);
    address(text, record.client)?;
    push(text, b"\"");
    if let Some(principal) = &record.principal {
        push(text, br#","company":""#);
        push(text, &principal.company_id.text());
        push(text, br#"","key":""#);
        escape(text, &principal.actor);
        push(text, b"\"");
    }
    push(text, br#","method":""#);
    push(text, record.method.as_str().as_bytes());
    push(text, br#"","path":""#);
    escape(text, cut(record.uri.path()));
    push(text, br#"","route":""#);
    push(text, record.route_name().as_bytes());
    number(text, br#"","status":"#, record.status.into());
    number(text, br#","microseconds":"#, micros_of(took));
    if let Some(upstream) = record.upstream {
        number(text, br#","upstream_microseconds":"#, micros_of(upstream));
    }
    if let Some(target) = &record.target {
        // Scheme, host and port: nothing in it need be escaped.
        push(text, br#","upstream":""#);
        push(text, target.as_bytes());
        push(text, b"\"");
    }
    number(text, br#","bytes_in":"#, record.bytes_in());
    number(text, br#","bytes_out":"#, record.bytes_out);
    if let Some(problem) = record.problem {
        write!(text, r#","problem":"{problem}""#)?;
    }
    if !record.whole {
        push(text, br#","broken_off":true"#);
    }
    push(text, b"}\n");
    Ok(())
}

fn readable(
    text: &mut Vec<u8>,
    (second, micros): (&[u8], u32),
    record: &Record,
    took: Duration,
) -> io::Result<()> {
    push(text, second);
    write!(
        text,
        ".{micros:06}Z  INFO access: {} {} {} {:.1}ms route={}",
        record.status,
        record.method,
        cut(record.uri.path()),
        took.as_secs_f64() * 1000.0,
        record.route_name()
    )?;
    if let Some(principal) = &record.principal {
        write!(text, " company={} key={}", principal.company_id, principal.actor)?;
    }
    if let Some(problem) = record.problem {
        write!(text, " problem={problem}")?;
    }
    if !record.whole {
        push(text, b" broken_off=true");
    }
    writeln!(text, " request_id={}", record.request_id())
}

impl Record {
    fn route_name(&self) -> &str {
        self.route.as_ref().map_or("none", |route| route.name())
    }
}

fn micros_of(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn push(text: &mut Vec<u8>, more: &[u8]) {
    text.extend_from_slice(more);
}

fn number(text: &mut Vec<u8>, before: &[u8], number: u64) {
    push(text, before);
    push(text, itoa::Buffer::new().format(number).as_bytes());
}

fn six_digits(text: &mut Vec<u8>, number: u32) {
    // The leading one keeps the zeros, and is left out.
    push(text, &itoa::Buffer::new().format(1_000_000 + number % 1_000_000).as_bytes()[1..]);
}

fn address(text: &mut Vec<u8>, address: IpAddr) -> io::Result<()> {
    let IpAddr::V4(address) = address else { return write!(text, "{address}") };
    for (place, part) in address.octets().into_iter().enumerate() {
        number(text, if place == 0 { b"" } else { b"." }, part.into());
    }
    Ok(())
}

/// A path's beginning. A URI is ASCII: every byte is a place to cut at.
pub(crate) fn cut(path: &str) -> &str {
    path.get(..PATH).unwrap_or(path)
}

/// Whether a byte stands between quotes in JSON as it is.
const fn is_plain(byte: u8) -> bool {
    byte >= 0x20 && byte != b'"' && byte != b'\\'
}

/// Text as it stands between quotes in JSON.
fn escape(into: &mut Vec<u8>, text: &str) {
    // Eight at a time are looked at at once.
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let all_plain = |bytes: &[u8]| bytes.iter().fold(true, |all, byte| all & is_plain(*byte));
    if words.iter().all(|word| all_plain(word)) && rest.iter().all(|byte| is_plain(*byte)) {
        return push(into, text.as_bytes());
    }
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => push(into, &[b'\\', byte]),
            control if control < b' ' => {
                let _ = write!(into, "\\u{control:04x}");
            }
            other => into.push(other),
        }
    }
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("log", &self.log.is_some()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_caller_chooses_cannot_break_a_line() {
        let mut text = Vec::new();
        escape(&mut text, "a\"b\\c\nd\u{1}é");
        assert_eq!(String::from_utf8(text).unwrap(), r#"a\"b\\c\u000ad\u0001é"#);
        assert_eq!(cut(&"a".repeat(3000)).len(), PATH);
    }

    #[test]
    fn numbers_and_addresses_read_as_usual() {
        let mut text = Vec::new();
        six_digits(&mut text, 42);
        number(&mut text, b" ", u64::MAX);
        text.push(b' ');
        address(&mut text, "192.0.2.10".parse().unwrap()).unwrap();
        text.push(b' ');
        address(&mut text, "2001:db8::1".parse().unwrap()).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), "000042 18446744073709551615 192.0.2.10 2001:db8::1");
    }
}
