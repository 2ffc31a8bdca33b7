//! A server of one's own: started, used, paused, killed, started again, and gone with its owner.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use comporta_neighbours::Redis;

/// What the server answers to commands, a line each.
fn ask(redis: &Redis, commands: &str) -> std::io::Result<String> {
    let url = redis.url();
    let address = url.trim_start_matches("redis://").trim_end_matches("/0");
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_millis(300)))?;
    stream.write_all(format!("{commands}\r\nQUIT\r\n").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn a_server_answers_and_is_empty_after_a_kill_and_a_restart() {
    let mut redis = Redis::start().unwrap();
    let url = redis.url();
    assert_eq!(ask(&redis, "SET a 7\r\nGET a").unwrap(), "+OK\r\n$1\r\n7\r\n+OK\r\n");
    for _ in 0..3 {
        redis.kill_dash_nine().unwrap();
        assert!(ask(&redis, "PING").is_err());
        redis.restart().unwrap();
    }
    assert_eq!(ask(&redis, "GET a").unwrap(), "$-1\r\n+OK\r\n");
    assert_eq!(redis.url(), url);
}

#[test]
fn a_paused_server_takes_connections_and_answers_nothing_until_it_goes_on() {
    let redis = Redis::start().unwrap();
    redis.pause().unwrap();
    assert!(ask(&redis, "PING").is_err());
    redis.resume().unwrap();
    assert_eq!(ask(&redis, "PING").unwrap(), "+PONG\r\n+OK\r\n");
}

#[test]
fn a_dropped_server_is_gone_even_if_it_was_paused() {
    let redis = Redis::start().unwrap();
    let url = redis.url();
    redis.pause().unwrap();
    drop(redis);
    let address = url.trim_start_matches("redis://").trim_end_matches("/0");
    assert!(TcpStream::connect(address).is_err());
}
