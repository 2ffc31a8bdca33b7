//! The proxies: how each is configured, started on its core, and asked.

mod comporta;
mod peers;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use comporta_neighbours::free_port;

use super::Ground;
use super::process::Process;
use super::scenario::Scenario;
use crate::Outcome;
use crate::load::{Door, Requests, Wanted, closed};

pub(super) use peers::PROGRAMS;

/// Under a tool everything takes fifty times as long.
const PATIENCE: Duration = Duration::from_secs(240);
const GLANCE: Duration = Duration::from_millis(10);

/// A proxy with a way of using it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum Contender {
    /// NGINX as one writes it by hand
    Nginx,
    /// `HAProxy` as one writes it by hand
    Haproxy,
    /// NGINX with what we do, written in Lua
    NginxLua,
    /// The release binary
    Comporta,
}

/// A contender that answers.
pub(super) struct Running {
    pub(super) process: Process,
    pub(super) door: Door,
    pub(super) requests: Requests,
    pub(super) wanted: Wanted,
}

/// Where a contender is to stand.
struct Place<'a> {
    ground: &'a Ground<'a>,
    scenario: Scenario,
    folder: PathBuf,
    address: SocketAddr,
}

impl Contender {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Haproxy => "haproxy",
            Self::NginxLua => "nginx-lua",
            Self::Comporta => "comporta",
        }
    }

    /// The most of its processor time that ours may take; none for ourselves.
    pub(super) fn bar(self) -> Option<f64> {
        match self {
            Self::Nginx | Self::Haproxy => Some(1.0),
            Self::NginxLua => Some(0.6),
            Self::Comporta => None,
        }
    }

    /// Nobody else has our services in its process.
    pub(super) fn takes_part(self, scenario: Scenario) -> bool {
        self == Self::Comporta || scenario != Scenario::InProcess
    }

    /// Starts it in a folder of its own, under a tool if there is one, and waits until it answers as it should.
    pub(super) async fn start(
        self,
        ground: &Ground<'_>,
        scenario: Scenario,
        tool: &[&str],
    ) -> Outcome<Running> {
        let folder = ground.folder.join(self.name());
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let place = Place { ground, scenario, folder, address };
        let log = place.folder.join("output");
        let (program, arguments) = match self {
            Self::Comporta => comporta::prepare(&place)?,
            peer => peers::prepare(peer, &place)?,
        };
        let process = Process::start(under(ground, tool, &program, &arguments), &log)?;
        let door = match scenario.is_secure() {
            true => Door::Secure(address, ground.certificate.connector()?),
            false => Door::Plain(address),
        };
        let key = match self {
            Self::Comporta => comporta::key(&place.folder, &process, &log).await?,
            _ => peers::KEY.to_owned(),
        };
        let running = Running { process, door, requests: scenario.requests(&key), wanted: scenario.wanted() };
        running.wait_until_it_answers(self, &log).await?;
        Ok(running)
    }
}

impl Running {
    async fn wait_until_it_answers(&self, contender: Contender, log: &Path) -> Outcome {
        let begun = Instant::now();
        loop {
            let seen = closed(&self.door, &self.requests, self.wanted, 1, Duration::from_millis(1)).await;
            let trouble = match seen {
                Ok(seen) if seen.refused == 0 => return Ok(()),
                Ok(_) => "the answer is not the one wanted".to_owned(),
                Err(error) => error.to_string(),
            };
            if begun.elapsed() > PATIENCE || self.process.has_ended() {
                return Err(failure(contender.name(), &trouble, log));
            }
            tokio::time::sleep(GLANCE).await;
        }
    }
}

fn under(ground: &Ground<'_>, tool: &[&str], program: &Path, arguments: &[String]) -> Command {
    let mut command = match tool.split_first() {
        Some((tool, words)) => {
            let mut command = ground.cores.proxy(tool);
            command.args(words).arg(program);
            command
        }
        None => ground.cores.proxy(program),
    };
    command.args(arguments);
    // Settings of ours around us must not reach it.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("COMPORTA_") || name == "DATABASE_URL" || name == "REDIS_URL" {
            command.env_remove(name.as_ref());
        }
    }
    command
}

/// What went wrong, and the end of what the program printed.
fn failure(name: &str, trouble: &str, log: &Path) -> Box<dyn std::error::Error> {
    let text = fs::read(log).map_or_else(|_| String::new(), |log| String::from_utf8_lossy(&log).into_owned());
    let lines: Vec<&str> = text.lines().collect();
    format!("{name}: {trouble}\n{}", lines[lines.len().saturating_sub(20)..].join("\n")).into()
}
