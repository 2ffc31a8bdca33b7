//! A supervisor such as systemd: it opens the sockets, and hears what becomes of the process.
#![cfg(test)]

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use comporta_e2e::Engine;
use comporta_testkit::{Server, Setup};

/// Where a supervisor hears.
struct Ear(UnixDatagram);

impl Ear {
    fn next(&self) -> String {
        let mut bytes = [0; 512];
        let length = self.0.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_supervisor_opens_the_sockets_and_hears_of_start_reload_restarts_and_stop() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("notify");
    let ear = Ear(UnixDatagram::bind(&name).unwrap());
    ear.0.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let setup = Setup::new(&Engine::Sqlite.fresh_url());
    let program = setup.program();
    // The sockets of the settings are taken by then: a program that opened its own would fail.
    let setup =
        setup.binary(env!("CARGO_BIN_EXE_activate").into()).with("ACTIVATE", program.to_str().unwrap());
    let mut server = setup.with("NOTIFY_SOCKET", name.to_str().unwrap()).start().await.unwrap();
    assert_eq!(ear.next(), "READY=1");
    serves(&server).await;

    server.signal("HUP").unwrap();
    assert!(ear.next().starts_with("RELOADING=1\nMONOTONIC_USEC="));
    assert_eq!(ear.next(), "READY=1");

    for _ in 0..2 {
        assert!(server.hand_over().await.unwrap().success(), "{}", server.log());
        assert_eq!(ear.next(), format!("MAINPID={}\nREADY=1", server.pid()), "whom to watch from now on");
        serves(&server).await;
    }
    server.stop().await.unwrap();
    assert_eq!(ear.next(), "STOPPING=1");
}

async fn serves(server: &Server) {
    let answer = server.client().unwrap().get("/v1/accounts").await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
}
