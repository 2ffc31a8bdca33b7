//! The access line: one per request, written by hand because it is on every request's way.

use std::fmt::Write as _;
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
    text: String,
    second: i64,
    /// `2026-03-10T12:00:00`.
    stamp: String,
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
            // Writing to a string cannot fail; so below.
            let whole_second = Timestamp::from_second(*second).unwrap_or(Timestamp::UNIX_EPOCH);
            let _ = write!(stamp, "{whole_second}");
            stamp.pop();
        }
        let stamp = (stamp.as_str(), now.subsec_nanosecond().unsigned_abs() / 1000);
        let written =
            if log.is_json() { json(text, stamp, record, took) } else { readable(text, stamp, record, took) };
        if written.is_ok() {
            log.write(text.as_bytes());
        }
    }
}

fn json(
    text: &mut String,
    (second, micros): (&str, u32),
    record: &Record,
    took: Duration,
) -> std::fmt::Result {
    text.push_str(r#"{"timestamp":""#);
    text.push_str(second);
    text.push('.');
    six_digits(text, micros);
    text.push_str(r#"Z","level":"INFO","message":"request","target":"access","request_id":""#);
    escape(text, record.request_id());
    text.push_str(r#"","trace_id":""#);
    text.push_str(record.trace.trace_id_hex().as_str());
    text.push_str(r#"","client":""#);
    address(text, record.client)?;
    text.push('"');
    if let Some(principal) = &record.principal {
        text.push_str(r#","company":""#);
        text.push_str(std::str::from_utf8(&principal.company_id.text()).map_err(|_| std::fmt::Error)?);
        text.push_str(r#"","key":""#);
        escape(text, &principal.actor);
        text.push('"');
    }
    text.push_str(r#","method":""#);
    escape(text, record.method.as_str());
    text.push_str(r#"","path":""#);
    escape(text, cut(record.uri.path()));
    text.push_str(r#"","route":""#);
    text.push_str(record.route_name());
    number(text, r#"","status":"#, record.status.into());
    number(text, r#","microseconds":"#, micros_of(took));
    if let Some(upstream) = record.upstream {
        number(text, r#","upstream_microseconds":"#, micros_of(upstream));
    }
    if let Some(target) = &record.target {
        text.push_str(r#","upstream":""#);
        escape(text, target);
        text.push('"');
    }
    number(text, r#","bytes_in":"#, record.bytes_in());
    number(text, r#","bytes_out":"#, record.bytes_out);
    if let Some(problem) = record.problem {
        write!(text, r#","problem":"{problem}""#)?;
    }
    if !record.whole {
        text.push_str(r#","broken_off":true"#);
    }
    text.push_str("}\n");
    Ok(())
}

fn readable(
    text: &mut String,
    (second, micros): (&str, u32),
    record: &Record,
    took: Duration,
) -> std::fmt::Result {
    write!(
        text,
        "{second}.{micros:06}Z  INFO access: {} {} {} {:.1}ms route={}",
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
        text.push_str(" broken_off=true");
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

fn number(text: &mut String, before: &str, number: u64) {
    text.push_str(before);
    text.push_str(itoa::Buffer::new().format(number));
}

fn six_digits(text: &mut String, number: u32) {
    // The leading one keeps the zeros, and is left out.
    text.push_str(&itoa::Buffer::new().format(1_000_000 + number % 1_000_000)[1..]);
}

fn address(text: &mut String, address: IpAddr) -> std::fmt::Result {
    let IpAddr::V4(address) = address else { return write!(text, "{address}") };
    for (place, part) in address.octets().into_iter().enumerate() {
        number(text, if place == 0 { "" } else { "." }, part.into());
    }
    Ok(())
}

/// A path's beginning. A URI is ASCII: every byte is a place to cut at.
pub(crate) fn cut(path: &str) -> &str {
    path.get(..PATH).unwrap_or(path)
}

/// Text as it stands between quotes in JSON.
fn escape(into: &mut String, text: &str) {
    let plain = |byte: &u8| *byte >= 0x20 && *byte != b'"' && *byte != b'\\';
    // Without a way out in the middle the look at each byte is done for many at once.
    if text.as_bytes().iter().fold(true, |all, byte| all & plain(byte)) {
        return into.push_str(text);
    }
    for character in text.chars() {
        match character {
            '"' => into.push_str("\\\""),
            '\\' => into.push_str("\\\\"),
            control if control < ' ' => {
                let _ = write!(into, "\\u{:04x}", control as u32);
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
        let mut text = String::new();
        escape(&mut text, "a\"b\\c\nd\u{1}é");
        assert_eq!(text, r#"a\"b\\c\u000ad\u0001é"#);
        assert_eq!(cut(&"a".repeat(3000)).len(), PATH);
    }

    #[test]
    fn numbers_and_addresses_read_as_usual() {
        let mut text = String::new();
        six_digits(&mut text, 42);
        number(&mut text, " ", u64::MAX);
        text.push(' ');
        address(&mut text, "192.0.2.10".parse().unwrap()).unwrap();
        text.push(' ');
        address(&mut text, "2001:db8::1".parse().unwrap()).unwrap();
        assert_eq!(text, "000042 18446744073709551615 192.0.2.10 2001:db8::1");
    }
}
