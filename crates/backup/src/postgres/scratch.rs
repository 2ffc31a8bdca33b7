//! A server of our own on a restored cluster, for as long as it takes to look into it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::process;
use super::programs::{Fits, Programs};
use crate::{Error, store};

/// How long a scratch server may take to recover.
const PATIENCE: Duration = Duration::from_secs(1800);
const CONFIG: &str = "scratch.conf";
const LOG: &str = "log";
const HBA: &str = "scratch-hba.conf";
const GLANCE: Duration = Duration::from_millis(100);

/// A running server that listens on a socket in its own folder, and trusts whoever may open that.
pub(crate) struct ScratchCluster {
    programs: Programs,
    folder: PathBuf,
    data: PathBuf,
}

impl ScratchCluster {
    /// Starts the cluster in `data`, its socket and settings in `folder` beside, and waits until it has recovered.
    pub(crate) async fn start(
        programs_folder: Option<&Path>,
        version: u32,
        folder: &Path,
        data: &Path,
    ) -> Result<Self, Error> {
        if rustix::process::geteuid().is_root() {
            return Err(Error::Root);
        }
        let programs = Programs::new(programs_folder, version);
        let scratch = Self { programs, folder: folder.to_owned(), data: data.to_owned() };
        scratch.write_files().map_err(Error::file(folder))?;
        let mut command = scratch.control()?;
        command.args(["start", "--wait", "--silent"]).arg(format!("--timeout={}", PATIENCE.as_secs()));
        command.arg("--log").arg(folder.join(LOG));
        command.arg("--options").arg(scratch.settings());
        process::in_background("pg_ctl", move || process::run(&mut command)).await?;
        Ok(scratch)
    }

    /// Whether the server that was started in `folder` stopped because the archive lacks log that the backup needs.
    pub(crate) fn lacks_log(folder: &Path) -> bool {
        let said = fs::read_to_string(folder.join(LOG)).unwrap_or_default();
        let ends = ["WAL ends before", "recovery ended before configured recovery target"];
        ends.iter().any(|end| said.contains(end))
    }

    /// The address of one of its databases.
    pub(crate) fn url(&self, user: &str, database: &str) -> String {
        let encode = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let socket = encode(&self.folder.display().to_string());
        format!("postgres://{}@{socket}/{}", encode(user), encode(database))
    }

    /// Waits until it has come to the end of its recovery.
    pub(crate) async fn recovered(&self, user: &str, database: &str) -> Result<(), Error> {
        let url = self.url(user, database);
        let begun = Instant::now();
        loop {
            let recovering = match store::postgres::connect(&url).await {
                Ok(mut connection) => store::postgres::is_recovering(&mut connection).await?,
                Err(error) if begun.elapsed() > PATIENCE => return Err(error.into()),
                Err(_) => true,
            };
            if !recovering {
                return Ok(());
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Stops it.
    pub(crate) async fn stop(self) -> Result<(), Error> {
        let mut command = self.control()?;
        command.args(["stop", "--mode=immediate", "--wait", "--silent"]);
        process::in_background("pg_ctl", move || process::run(&mut command)).await
    }

    fn control(&self) -> Result<std::process::Command, Error> {
        let mut command = self.programs.command("pg_ctl", Fits::Same)?;
        command.arg("--pgdata").arg(&self.data);
        Ok(command)
    }

    /// Settings of our own, on the command line, where they win: those of the cluster name files, sockets and archives
    /// of another machine.
    fn settings(&self) -> String {
        let (folder, data) = (self.folder.display().to_string(), self.data.display().to_string());
        let file = |name: &str| format!("{folder}/{name}");
        let settings = [
            ("config_file", file(CONFIG)),
            ("hba_file", file(HBA)),
            ("data_directory", data),
            ("unix_socket_directories", folder.clone()),
            ("listen_addresses", String::new()),
            ("port", "5432".to_owned()),
            ("hot_standby", "off".to_owned()),
            ("archive_mode", "off".to_owned()),
            ("logging_collector", "off".to_owned()),
            ("shared_preload_libraries", String::new()),
            ("ssl", "off".to_owned()),
        ];
        let options = settings.iter().map(|(name, value)| format!("-c {name}='{value}'"));
        options.collect::<Vec<_>>().join(" ")
    }

    fn write_files(&self) -> std::io::Result<()> {
        fs::write(self.folder.join(HBA), "local all all trust\n")?;
        fs::write(self.folder.join(CONFIG), "")
    }
}

impl Drop for ScratchCluster {
    fn drop(&mut self) {
        // One that was stopped has nothing left to stop; one that cannot be stopped is told of by whoever finds it.
        if self.data.join("postmaster.pid").exists()
            && let Ok(mut command) = self.control()
        {
            let _ = process::run(command.args(["stop", "--mode=immediate", "--silent"]));
        }
    }
}
