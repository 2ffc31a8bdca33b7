//! Moto's server, which stands in for AWS, and AWS' own client to speak to it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use comporta_neighbours::{MOTO, workspace};

use super::linters;
use super::tools::python;
use crate::failure::{Failure, Outcome};
use crate::process::{command, judge};

/// Moto with more kinds of resource than it makes by itself.
const SERVER: &str = "xtask/src/deploy/moto_server.py";

/// A server of our own; it ends with this.
pub(super) struct Moto {
    server: comporta_neighbours::Moto,
    /// Where `aws` is.
    pub(super) bin: PathBuf,
    /// A Python that has AWS' library.
    pub(super) python: PathBuf,
}

impl Moto {
    pub(super) fn start() -> Outcome<Self> {
        let bin = linters::bin()?;
        let python = python(&[MOTO])?.join("python");
        let server = comporta_neighbours::Moto::start_by(&workspace().join(SERVER))
            .map_err(|error| Failure::Io(MOTO.to_owned(), error))?;
        Ok(Self { server, bin, python })
    }

    /// What AWS' client, and whatever calls it, has to be told to come here. `localhost`, because moto takes a template's
    /// bucket from the path only of such a host.
    pub(super) fn environment(&self, region: &str) -> [(&'static str, String); 8] {
        [
            ("AWS_ENDPOINT_URL", format!("http://localhost:{}", self.server.address().port())),
            ("AWS_ACCESS_KEY_ID", "a".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "b".to_owned()),
            ("AWS_DEFAULT_REGION", region.to_owned()),
            ("AWS_REGION", region.to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            // A second try would hide what failed at the first.
            ("AWS_MAX_ATTEMPTS", "1".to_owned()),
            ("AWS_PAGER", String::new()),
        ]
    }

    /// Runs AWS' client and gives what it printed.
    pub(super) fn aws(&self, region: &str, arguments: &[&str]) -> Outcome<String> {
        let mut aws = command(self.bin.join("aws"), arguments);
        // A whole region is made within one call.
        aws.args(["--cli-read-timeout", "300"]);
        let output = aws.envs(self.environment(region)).stdin(Stdio::null()).output()?;
        if !output.status.success() {
            eprintln!("{}", String::from_utf8_lossy(&output.stderr).trim());
            self.show_log();
        }
        judge(format!("aws {}", arguments.join(" ")), output.status)?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// How many of the server's lines hold a word.
    pub(super) fn lines_with(&self, word: &str) -> Outcome<usize> {
        Ok(fs::read_to_string(self.server.log())?.lines().filter(|line| line.contains(word)).count())
    }

    fn show_log(&self) {
        // For a person who reads the failure: whatever the server said last.
        let _ = Command::new("tail").args(["-n", "15"]).arg(self.server.log()).status();
    }
}
