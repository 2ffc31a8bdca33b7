//! What a blob store promises, on a disk and on S3 (moto's server).

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "in a test they are the failure")]
#![expect(clippy::print_stdout, reason = "the figure is worth reading")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use comporta_db::{BlobError, BlobKey, Blobs};
use comporta_neighbours::Moto;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};

const MIB: usize = 1024 * 1024;

/// The memory of the whole process is measured: no other test may stream meanwhile.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn a_directory_keeps_the_contract() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("made/when/missing");
    run(async {
        let blobs = Blobs::open(directory.to_str().unwrap(), &BTreeMap::new()).unwrap();
        keeps_the_contract(&blobs).await;
        let address = format!("file://{}", directory.display());
        let reopened = Blobs::open(&address, &BTreeMap::new()).unwrap();
        assert_eq!(read(&reopened, "a/two").await, b"second");
        streams_in_bounded_memory(&blobs, 16 * MIB).await;
    });
    assert_eq!(files(&directory), ["a/two", "ab"], "nothing half written stays behind");
}

#[test]
fn s3_keeps_the_contract() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let moto = Moto::start(&["blobs"]).unwrap();
    run(async {
        let mut environment = moto.environment();
        let others = ["AWS_UNHEARD_OF", "PATH"].map(|name| (name.to_owned(), "passed over".to_owned()));
        environment.extend(others);
        let root = Blobs::open("s3://blobs", &environment).unwrap();
        write(&root, "elsewhere/a/one", b"").await;
        let blobs = Blobs::open("s3://blobs/deep/down/", &environment).unwrap();
        keeps_the_contract(&blobs).await;
        assert_eq!(listed(&root, None).await, ["deep/down/a/two", "deep/down/ab", "elsewhere/a/one"]);
        streams_in_bounded_memory(&blobs, 72 * MIB).await;
    });
}

#[test]
fn an_address_names_a_directory_or_a_bucket() {
    for wrong in ["", "file:", "s3://", "s3:///a", "s3://b/../c", "gs://b", "https://b"] {
        let opened = Blobs::open(wrong, &BTreeMap::new());
        assert!(matches!(opened, Err(BlobError::Address)), "{wrong}");
    }
}

#[test]
fn one_place_has_many_addresses() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path().display().to_string();
    for (one, other, same) in [
        ("s3://b/p", "s3://b/p/", true),
        ("s3://b", "s3://b/", true),
        ("s3://b/p", "s3://b/q", false),
        ("s3://b/p", "/b/p", false),
        (&home, &format!("file://{home}/"), true),
        (&home, &format!("{home}/../{}", home.rsplit('/').next().unwrap()), true),
        ("nowhere/a", "./nowhere/a/", true),
        ("nowhere/a", "nowhere/b", false),
    ] {
        assert_eq!(Blobs::is_same_place(one, other), same, "{one} and {other}");
    }
}

async fn keeps_the_contract(blobs: &Blobs) {
    assert_eq!(blobs.size(&key("a/one")).await.unwrap(), None);
    assert!(matches!(blobs.get_stream(&key("a/one")).await, Err(BlobError::Missing(_))));
    assert!(matches!(blobs.range(&key("a/one"), 0..1).await, Err(BlobError::Missing(_))));

    write(blobs, "a/one", b"0123456789").await;
    write(blobs, "a/two", b"first").await;
    write(blobs, "a/two", b"second").await;
    write(blobs, "ab", b"").await;
    assert_eq!(read(blobs, "a/one").await, b"0123456789");
    assert_eq!(read(blobs, "a/two").await, b"second");
    assert_eq!(read(blobs, "ab").await, b"");
    assert_eq!(blobs.size(&key("a/one")).await.unwrap(), Some(10));
    assert_eq!(blobs.range(&key("a/one"), 2..5).await.unwrap(), "234");
    assert_eq!(blobs.range(&key("a/one"), 8..50).await.unwrap(), "89");
    for none in [5..5, 10..12] {
        assert!(matches!(blobs.range(&key("a/one"), none).await, Err(BlobError::Store(_))));
    }

    assert_eq!(listed(blobs, None).await, ["a/one", "a/two", "ab"]);
    assert_eq!(listed(blobs, Some("a")).await, ["a/one", "a/two"]);
    assert_eq!(listed(blobs, Some("none")).await, [""; 0]);

    blobs.delete(&key("a/one")).await.unwrap();
    blobs.delete(&key("a/one")).await.unwrap();
    assert_eq!(blobs.size(&key("a/one")).await.unwrap(), None);

    for pieces in [0, 1, 20] {
        a_stream_that_breaks_off_writes_nothing(blobs, pieces).await;
    }
    a_caller_who_goes_away_writes_nothing(blobs).await;
    assert_eq!(read(blobs, "a/two").await, b"second");
}

async fn a_stream_that_breaks_off_writes_nothing(blobs: &Blobs, pieces: usize) {
    let content = generated(pieces).chain(stream::iter([Err(std::io::Error::other("gone"))]));
    let written = blobs.put_stream(&key("a/two"), content).await;
    assert!(matches!(written, Err(BlobError::Content(_))), "after {pieces} pieces");
    assert_eq!(read(blobs, "a/two").await, b"second");
}

async fn a_caller_who_goes_away_writes_nothing(blobs: &Blobs) {
    let content = generated(20).chain(stream::pending());
    let two = key("a/two");
    let written = blobs.put_stream(&two, content);
    assert!(tokio::time::timeout(Duration::from_secs(1), written).await.is_err());
}

async fn streams_in_bounded_memory(blobs: &Blobs, most: usize) {
    let before = peak_memory_from_now();
    let written = blobs.put_stream(&key("large"), generated(100)).await.unwrap();
    assert_eq!(written, 100 * MIB as u64);
    let writing = peak_memory() - before;

    let before = peak_memory_from_now();
    let mut content = blobs.get_stream(&key("large")).await.unwrap();
    let mut expected = (0..100).map(generated_piece);
    let mut ahead = Vec::new();
    while let Some(piece) = content.try_next().await.unwrap() {
        while ahead.len() < piece.len() {
            ahead.extend(expected.next().expect("not longer than what was written"));
        }
        assert!(ahead.drain(..piece.len()).as_slice() == &piece[..], "what was written is read");
    }
    assert!(ahead.is_empty() && expected.next().is_none(), "all of it is read");
    let reading = peak_memory() - before;

    println!("100 MiB: writing took {} KiB, reading {} KiB", writing / 1024, reading / 1024);
    assert!(writing < most && reading < most, "{writing} and {reading} bytes");
    blobs.delete(&key("large")).await.unwrap();
}

/// So many pieces of a MiB, each made when it is asked for.
fn generated(pieces: usize) -> impl Stream<Item = Result<Bytes, std::io::Error>> + Unpin {
    stream::iter((0..pieces).map(|piece| Ok(generated_piece(piece).into())))
}

/// No eight bytes of any piece come twice.
fn generated_piece(piece: usize) -> Vec<u8> {
    let mut bytes = vec![0; MIB];
    for (at, word) in bytes.chunks_exact_mut(8).enumerate() {
        word.copy_from_slice(&(piece * MIB + at).to_le_bytes());
    }
    bytes
}

async fn write(blobs: &Blobs, name: &str, content: &'static [u8]) {
    let pieces = content.chunks(3).map(|piece| Ok::<_, std::io::Error>(Bytes::from_static(piece)));
    let written = blobs.put_stream(&key(name), stream::iter(pieces)).await.unwrap();
    assert_eq!(written, content.len() as u64);
}

async fn read(blobs: &Blobs, name: &str) -> Vec<u8> {
    let content = blobs.get_stream(&key(name)).await.unwrap();
    content.try_fold(Vec::new(), async |all, piece| Ok([&all[..], &piece[..]].concat())).await.unwrap()
}

async fn listed(blobs: &Blobs, folder: Option<&str>) -> Vec<String> {
    let folder = folder.map(key);
    let found: Vec<_> = blobs.list(folder.as_ref()).try_collect().await.unwrap();
    assert!(found.iter().all(|blob| blob.modified.as_second() > 1_700_000_000));
    let mut keys: Vec<String> = found.iter().map(|blob| blob.key.to_string()).collect();
    keys.sort();
    keys
}

fn key(text: &str) -> BlobKey {
    text.parse().unwrap()
}

fn files(directory: &Path) -> Vec<String> {
    let listing = Command::new("find").arg(".").args(["-type", "f"]).current_dir(directory).output().unwrap();
    let listing = String::from_utf8(listing.stdout).unwrap();
    let mut names: Vec<String> =
        listing.lines().map(|name| name.trim_start_matches("./").to_owned()).collect();
    names.sort();
    names
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Runtime::new().unwrap().block_on(test);
}

/// Forgets the highest memory so far (proc_pid_clear_refs(5)) and gives what is in use.
fn peak_memory_from_now() -> usize {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    peak_memory()
}

/// Bytes.
fn peak_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}
