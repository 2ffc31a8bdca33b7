//! Where events go: one JSON line each, or readable lines on a terminal; request lines by a way of their own.

mod buffered;

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use tracing::Subscriber;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::reload;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use self::buffered::Buffered;
use crate::settings::{LogFormat, LogLevel, LogSettings, Outlet};

/// Why the log could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file for request lines cannot be written.
    #[error("cannot write the access log {}", path.display())]
    AccessFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Request lines have no thread to write them.
    #[error("cannot start the access log")]
    Thread(#[source] io::Error),
    /// The process has a log already.
    #[error("the log is set up already")]
    Already(#[from] TryInitError),
}

/// The log while the process runs.
pub struct Log {
    set_level: Box<dyn Fn(LogLevel) + Send + Sync>,
    access: Option<AccessLines>,
}

/// Where the line of each request goes. Clones share one buffer.
#[derive(Clone)]
pub struct AccessLines {
    json: bool,
    lines: Buffered,
}

impl AccessLines {
    /// One JSON object per line, or readable text.
    #[must_use]
    pub const fn is_json(&self) -> bool {
        self.json
    }

    /// Takes one line, its end included.
    pub fn write(&self, line: &[u8]) {
        self.lines.take(line);
    }
}

impl Log {
    /// Logs by another level from now on.
    pub fn set_level(&self, level: LogLevel) {
        (self.set_level)(level);
    }

    /// Where the line of each request goes; `None` for nowhere.
    #[must_use]
    pub fn access(&self) -> Option<AccessLines> {
        self.access.clone()
    }

    /// Writes what was gathered of request lines: for the end of the process.
    pub fn hand_on(&self) {
        if let Some(access) = &self.access {
            access.lines.hand_on();
        }
    }
}

/// Sends this process's events to standard output as the settings say. Once per process.
///
/// # Errors
/// An access log that cannot be opened, or a second call.
pub fn start(settings: &LogSettings) -> Result<Log, Error> {
    let json = match settings.format {
        LogFormat::Auto => !io::stdout().is_terminal(),
        LogFormat::Json => true,
        LogFormat::Text => false,
    };
    let (subscriber, log) = subscriber(settings, json, io::stdout)?;
    subscriber.try_init()?;
    Ok(log)
}

/// What `start` installs, writing where it is told.
fn subscriber<W>(settings: &LogSettings, json: bool, out: W) -> Result<(impl Subscriber, Log), Error>
where
    W: for<'w> MakeWriter<'w, Writer: Send> + Clone + Send + Sync + 'static,
{
    let access = match &settings.access {
        Outlet::Off => None,
        Outlet::Stdout => Some((json, Buffered::start(Each(out.clone())))),
        Outlet::File(path) => Some((true, Buffered::start(open(path)?))),
    };
    let access = access.map(|(json, lines)| lines.map(|lines| AccessLines { json, lines }));
    let access = access.transpose().map_err(Error::Thread)?;
    let (filter, handle) = reload::Layer::new(settings.level.filter());
    // It fails only once the log itself is gone, and then there is nowhere to say so.
    let set_level = Box::new(move |level: LogLevel| drop(handle.reload(level.filter())));
    let events = lines(json, out).with_filter(filter);
    Ok((tracing_subscriber::registry().with(events), Log { set_level, access }))
}

/// A maker of writers as one writer.
struct Each<W>(W);

impl<W: for<'w> MakeWriter<'w>> io::Write for Each<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.make_writer().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.make_writer().flush()
    }
}

/// One line per event.
fn lines<S, W>(json: bool, out: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(out);
    if json {
        layer.json().flatten_event(true).with_span_list(false).boxed()
    } else {
        // On a terminal the library colours lines unless NO_COLOR is set; anywhere else colours are noise.
        let plain = !io::stdout().is_terminal();
        if plain { layer.with_ansi(false).boxed() } else { layer.boxed() }
    }
}

fn open(path: &PathBuf) -> Result<File, Error> {
    let opened = OpenOptions::new().create(true).append(true).open(path);
    opened.map_err(|source| Error::AccessFile { path: path.clone(), source })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::settings::Secret;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn settings(level: &str, access: &str) -> LogSettings {
        let (level, access) = (level.parse().unwrap(), access.parse().unwrap());
        LogSettings { format: LogFormat::Auto, level, access }
    }

    /// What two events, a debug one and a request line come out as.
    fn logged(settings: &LogSettings, json: bool) -> Vec<String> {
        let (buffer, secret) = (Buffer::default(), Secret::new("hunter2"));
        let out = buffer.clone();
        let (subscriber, log) = subscriber(settings, json, move || out.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(answer = 42, key = %secret, other = ?secret, "two\nlines");
            tracing::debug!("detail");
        });
        if let Some(access) = log.access() {
            access.write(b"{\"status\":201}\n");
        }
        log.hand_on();
        let text = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn an_event_is_one_line_of_json_without_its_secrets() {
        let lines = logged(&settings("info", "off"), true);
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!((&event["level"], &event["message"]), (&"INFO".into(), &"two\nlines".into()));
        assert_eq!(
            (&event["answer"], &event["key"], &event["other"]),
            (&42.into(), &"***".into(), &"***".into())
        );
        assert!(event["timestamp"].as_str().unwrap().ends_with('Z'));
    }

    #[test]
    fn readable_lines_carry_no_colours_into_a_file() {
        let lines = logged(&settings("debug", "off"), false);
        let text = lines.join("\n");
        assert!(text.contains("answer=42 key=*** other=***") && text.contains("detail"), "{text}");
        assert!(!text.contains('\u{1b}') && !text.contains("hunter2"), "{text}");
    }

    #[test]
    fn request_lines_follow_their_own_setting() {
        assert_eq!(logged(&settings("error", "off"), true).len(), 0);
        assert_eq!(logged(&settings("error", "stdout"), true).len(), 1);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("access.log");
        let to_file = settings("error", file.to_str().unwrap());
        assert_eq!((logged(&to_file, true).len(), logged(&to_file, false).len()), (0, 0));
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.lines().count() == 2 && text.contains("\"status\":201"), "{text}");
        assert!(subscriber(&settings("error", "/nowhere/access.log"), true, io::stdout).is_err());
    }
}
