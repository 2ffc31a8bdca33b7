//! A receiver of OTLP over HTTP, oteltest's: somebody else's server, which decodes what it is sent by the generated
//! messages of OpenTelemetry's Python.

use std::fs;
use std::io;

use crate::python_venv;
use crate::supervisor::Supervisor;

/// The packages of PyPI, in the versions that everything here is tried with.
const OTELTEST: [&str; 3] = ["oteltest==0.49.0", "opentelemetry-proto==1.45.2", "protobuf==7.36.2"];
const RECIPE: &str = include_str!("oteltest/recipe.sh");

/// A running receiver on 127.0.0.1.
#[derive(Debug)]
pub struct OtelTest {
    /// Ends the server when this is dropped, or its process ends in any way.
    supervisor: Supervisor,
    port: u16,
}

impl OtelTest {
    /// Starts a receiver on a free port, fetching it first if need be.
    ///
    /// # Errors
    /// When it cannot be fetched, or does not start: the end of its log is told.
    pub fn start() -> io::Result<Self> {
        let programs = python_venv(&OTELTEST)?;
        let (supervisor, port) = Supervisor::serve_on_a_free_port(RECIPE, &programs, "oteltest", &[])?;
        Ok(Self { supervisor, port })
    }

    /// Where it takes OTLP, without the path of a signal.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Every message of spans so far, as it decoded it: OTLP's `ExportTraceServiceRequest` in protobuf's own JSON, in
    /// which ids are base64.
    ///
    /// # Errors
    /// When its log cannot be read.
    pub fn traces(&self) -> io::Result<Vec<String>> {
        let log = fs::read_to_string(self.supervisor.home.join("log"))?;
        let (whole, _) = log.rsplit_once('\n').unwrap_or_default();
        Ok(whole.lines().filter(|line| line.starts_with('{')).map(str::to_owned).collect())
    }
}
