//! A call is counted before the last byte of its answer is written, whatever the form of the answer.
//!
//! Every write to a socket is held up, by strace, for long enough that the count in the process's files is seen to rise
//! before the end of the answer comes.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::ops::Range;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use comporta_e2e::{Authority, Engine, Gateway, Upstream, full, http1_on, http2_on, tls, unless_excused};
use comporta_neighbours::{STRACE, install};
use comporta_testkit::Setup;
use http_body_util::BodyExt as _;
use hyper::Request;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::calls::{Partner, publish, upstream};

/// How long each write is held up before it begins.
const HELD_UP: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a call is made until it is seen to be counted ahead: on a busy machine who looks may come late, but what is
/// counted too late is never seen early.
const ATTEMPTS: usize = 10;
/// Bytes of a line of a segment; of the header's that name it, and of a place's that do, and that count calls.
const LINE: usize = 64;
const SEQUENCE: Range<usize> = 32..40;
const MARK: Range<usize> = 56..64;
const REQUESTS: Range<usize> = 32..40;

/// A service's answer, refusals, what has no body, a target's answers of each form, another protocol.
const CASES: [(&str, &str, u16); 9] = [
    ("GET", "/v1/me", 200),
    ("HEAD", "/v1/me", 200),
    ("GET", "/v1/accounts", 403),
    ("GET", "/v1/books/bok_00000000000000000000000000", 404),
    ("GET", "/echo/length", 200),
    ("HEAD", "/echo/length", 200),
    ("GET", "/echo/chunked", 200),
    ("GET", "/echo/nothing", 204),
    ("GET", "/echo/upgrade", 101),
];

/// One after the other: each needs the machine's attention.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_counted_before_its_last_byte_is_written_in_the_clear_under_tls_and_over_http2() {
    in_the_clear().await;
    under_tls().await;
}

async fn in_the_clear() {
    let Some(story) = Story::begin(None).await else { return };
    for (method, path, status) in CASES {
        let connect = async || TcpStream::connect(story.gateway.server.public()).await.unwrap();
        story.is_counted_first((method, path, status), connect, false).await;
    }
    story.end().await;
}

async fn under_tls() {
    let authority = Authority::new();
    let Some(story) = Story::begin(Some(&authority)).await else { return };
    for (method, path, status) in CASES {
        for protocol in [&b"h2"[..], b"http/1.1"] {
            // HTTP/2 has another way for other protocols.
            if protocol == b"h2" && status == 101 {
                continue;
            }
            let connect = async || tls(story.gateway.server.public(), &authority, &[protocol]).await.unwrap();
            story.is_counted_first((method, path, status), connect, protocol == b"h2").await;
        }
    }
    story.end().await;
}

struct Story {
    gateway: Gateway,
    key: String,
    strace: Child,
    _upstream: Upstream,
    _certificate: TempDir,
}

impl Story {
    /// Nothing only where somebody said that tracing is forbidden.
    async fn begin(authority: Option<&Authority>) -> Option<Self> {
        let (upstream, certificate) =
            (upstream().await, TempDir::with_prefix("comporta-certificate-").unwrap());
        let mut settings = publish(&upstream.url());
        if let Some(authority) = authority {
            let (certificate, key) = authority.identity("localhost").write(certificate.path(), "server");
            settings["tls"] = serde_json::json!({"certificate": certificate, "key": key});
        }
        // What is counted stays where it is seen, in few files.
        let setup = Setup::new(&Engine::Sqlite.fresh_url()).with("COMPORTA_METER__FLUSH_EVERY", "1h");
        let setup = setup.with("COMPORTA_WORKERS", "1");
        let gateway = Gateway::start_as(setup, &settings).await;
        let key = Partner::some(&mut gateway.admin()).await.remove(0).key;
        let strace = unless_excused(hold_up(gateway.server.pid()))?;
        Some(Self { gateway, key, strace, _upstream: upstream, _certificate: certificate })
    }

    async fn is_counted_first<S>(&self, case: (&str, &str, u16), connect: impl AsyncFn() -> S, http2: bool)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut ahead = Duration::ZERO;
        for _ in 0..ATTEMPTS {
            ahead = self.counted_ahead(case, connect().await, http2).await;
            if ahead > HELD_UP / 4 {
                return;
            }
        }
        panic!("{case:?}: counted {ahead:?} before its end came, over HTTP/2: {http2}");
    }

    /// Makes a call; gives how long before its end came it was seen to be counted.
    async fn counted_ahead(
        &self,
        case: (&str, &str, u16),
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        http2: bool,
    ) -> Duration {
        let (method, path, status) = case;
        let folder = self.gateway.server.data_dir().join("meter");
        let before = counted(&folder);
        let seen = tokio::task::spawn_blocking(move || {
            let begun = Instant::now();
            while counted(&folder) == before {
                assert!(begun.elapsed() < PATIENCE, "it is not counted");
                std::thread::sleep(Duration::from_millis(2));
            }
            (Instant::now(), counted(&folder) - before)
        });
        let request = Request::builder().method(method).uri(format!("https://localhost{path}"));
        let request = request.header("x-api-key", &self.key).header("host", "localhost");
        let request = match status {
            101 => request.header("connection", "upgrade").header("upgrade", "echo"),
            _ => request,
        };
        let request = request.body(full("")).unwrap();
        let answer = match http2 {
            true => http2_on(stream).await.send_request(request).await,
            false => http1_on(stream).await.send_request(request).await,
        };
        let answer = answer.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{case:?}");
        if status != 101 {
            answer.into_body().collect().await.unwrap();
        }
        let done = Instant::now();
        let (seen, calls) = seen.await.unwrap();
        assert_eq!(calls, 1, "{case:?}");
        done.saturating_duration_since(seen)
    }

    async fn end(mut self) {
        self.strace.kill().unwrap();
        self.strace.wait().unwrap();
        self.gateway.server.stop().await.unwrap();
    }
}

impl Drop for Story {
    fn drop(&mut self) {
        // Ended already, unless the test failed in between.
        let _ = self.strace.kill();
        let _ = self.strace.wait();
    }
}

/// Has every write of a process to a socket wait before it begins.
fn hold_up(pid: u32) -> std::io::Result<Child> {
    install(&[STRACE])?;
    let delay = format!("inject=sendto,writev,sendmsg:delay_enter={}", HELD_UP.as_micros());
    let mut strace = Command::new("strace")
        .args([
            "-f",
            "-e",
            "trace=sendto,writev,sendmsg",
            "-e",
            &delay,
            "-o",
            "/dev/null",
            "-p",
            &pid.to_string(),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let told = strace.stderr.take().ok_or(std::io::ErrorKind::BrokenPipe)?;
    let mut lines = BufReader::new(told).lines();
    let line = lines.next().transpose()?.unwrap_or_default();
    std::thread::spawn(move || lines.for_each(drop));
    match line.contains("attached") {
        true => Ok(strace),
        false => Err(std::io::Error::other(line)),
    }
}

/// The calls in every segment under a folder, read as they lie there.
fn counted(folder: &Path) -> u64 {
    let processes = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = processes.flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    let segments = files.filter(|file| file.file_name().unwrap().to_str().unwrap().starts_with("segment-"));
    segments.map(|file| calls_in(&file)).sum()
}

fn calls_in(file: &Path) -> u64 {
    let bytes = fs::read(file).unwrap();
    let (lines, _) = bytes.as_chunks::<LINE>();
    let Some((header, places)) = lines.split_first() else { return 0 };
    // Looked at again and again: no more is read than must be.
    let marked = places.iter().filter(|place| place[MARK] == header[SEQUENCE]);
    marked.map(|place| place[REQUESTS].try_into().map_or(0, u64::from_ne_bytes)).sum()
}
