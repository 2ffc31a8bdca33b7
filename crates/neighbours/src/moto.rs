//! A stand-in for AWS, moto's: somebody else's reading of its protocols, kept in memory, gone when its owner is.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::python_venv;
use crate::supervisor::Supervisor;

/// The package of PyPI, in the version that everything here is tried with.
pub const MOTO: &str = "moto[server]==5.2.5";
const RECIPE: &str = include_str!("moto/recipe.sh");
const PATIENCE: Duration = Duration::from_secs(10);

/// A running server on 127.0.0.1, ended when this is dropped or its process ends in any way.
#[derive(Debug)]
pub struct Moto {
    supervisor: Supervisor,
    port: u16,
}

impl Moto {
    /// Starts a server on a free port and makes these buckets, fetching moto first if need be.
    ///
    /// # Errors
    /// When moto cannot be fetched, or does not start: the end of its log is told.
    pub fn start(buckets: &[&str]) -> io::Result<Self> {
        let moto = Self::start_by(&python_venv(&[MOTO])?.join("moto_server"))?;
        for bucket in buckets {
            let answer = moto.put(&format!("/{bucket}"), b"")?;
            if !answer.starts_with("HTTP/1.1 200") {
                return Err(io::Error::other(format!("moto made no bucket: {answer}")));
            }
        }
        Ok(moto)
    }

    /// Starts a server by a Python script that takes the arguments of moto's own: with more in it than moto brings.
    ///
    /// # Errors
    /// When moto cannot be fetched, or does not start: the end of its log is told.
    pub fn start_by(script: &Path) -> io::Result<Self> {
        let programs = python_venv(&[MOTO])?;
        let links = [("server", script)];
        let (supervisor, port) = Supervisor::serve_on_a_free_port(RECIPE, &programs, "moto", &links)?;
        Ok(Self { supervisor, port })
    }

    /// Where it listens, for all of AWS's services that it stands in for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// What it says as it goes; gone with it.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.supervisor.home.join("log")
    }

    /// What leads AWS's clients to it, as variables of the environment.
    #[must_use]
    pub fn environment(&self) -> BTreeMap<String, String> {
        let endpoint = format!("http://127.0.0.1:{}", self.port);
        let variables = [
            ("AWS_ACCESS_KEY_ID", "a"),
            ("AWS_SECRET_ACCESS_KEY", "b"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ENDPOINT_URL", &endpoint),
            ("AWS_ALLOW_HTTP", "true"),
        ];
        variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    /// Writes an object, by a client that is not ours.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn put(&self, path: &str, bytes: &[u8]) -> io::Result<String> {
        let answer = self.ask("PUT", path, bytes)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    /// Reads an object, by a client that is not ours.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn get(&self, path: &str) -> io::Result<Vec<u8>> {
        let answer = self.ask("GET", path, b"")?;
        let end =
            answer.windows(4).position(|window| window == b"\r\n\r\n").ok_or(io::ErrorKind::InvalidData)?;
        Ok(answer[end + 4..].to_vec())
    }

    fn ask(&self, method: &str, path: &str, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        connection.set_read_timeout(Some(PATIENCE))?;
        let length = bytes.len();
        // HTTP/1.0: the answer ends with the connection, and is not in chunks. moto takes any signature.
        write!(
            connection,
            "{method} {path} HTTP/1.0\r\nhost: 127.0.0.1:{}\r\ncontent-length: {length}\r\nauthorization: AWS4-HMAC-SHA256 \
             Credential=a/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n\r\n",
            self.port
        )?;
        connection.write_all(bytes)?;
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer)?;
        Ok(answer)
    }
}
