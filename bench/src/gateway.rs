//! `bench gateway`: requests through the gateway on one core, beside the proxies one would else put there.

mod certificate;
mod contender;
mod cores;
mod process;
mod profile;
mod rounds;
mod scenario;
mod upstream;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum as _;
use comporta_neighbours::target;

use crate::Outcome;
use crate::machine::Machine;
use crate::report::Report;
use certificate::Certificate;
use contender::Contender;
use cores::Cores;
use scenario::Scenario;
use upstream::Upstream;

pub(crate) use upstream::serve as serve_upstream;

/// What to measure, and for how long.
#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Seconds of each measurement: at saturation, and at the offered rate
    #[arg(long, default_value_t = 6.0)]
    seconds: f64,
    /// Rounds; in each the contenders take turns in another order, and medians are told
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Only these contenders
    #[arg(long, value_delimiter = ',', value_enum)]
    only: Vec<Contender>,
    /// Only these scenarios
    #[arg(long, value_delimiter = ',', value_enum)]
    scenario: Vec<Scenario>,
    /// Instead of the rounds: system calls, instructions and allocations per request of the first scenario
    #[arg(long)]
    profile: bool,
    /// The program to measure [default: the one of profile dist]
    #[arg(long)]
    binary: Option<PathBuf>,
}

/// What every measurement stands on.
struct Ground<'a> {
    arguments: &'a Arguments,
    binary: PathBuf,
    folder: PathBuf,
    cores: Cores,
    certificate: Certificate,
    upstream: Upstream,
}

/// Measures what was asked for, prints it, and writes `gateway.json`. Missing a bar is no failure.
pub(crate) async fn run(arguments: &Arguments) -> Outcome {
    let home = target().join("bench");
    let folder = home.join("gateway");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let folder = fs::canonicalize(folder)?;
    let binary = arguments.binary.clone().unwrap_or_else(|| target().join("dist/comporta"));
    let binary = fs::canonicalize(binary)?;
    let machine = Machine::look(&binary, &contender::PROGRAMS.map(|name| (Path::new(name), "-v")))?;
    println!("{machine}");
    let (cores, certificate) = (Cores::take()?, Certificate::make(&folder)?);
    let upstream = Upstream::start()?;
    let ground = Ground { arguments, binary, folder, cores, certificate, upstream };
    let mut report = Report { machine, sections: Vec::new() };
    for scenario in ground.scenarios() {
        let section = match arguments.profile {
            true => profile::measure(&ground, scenario).await?,
            false => rounds::measure(&ground, scenario).await?,
        };
        println!("{section}");
        report.sections.push(section);
    }
    let name = if arguments.profile { "gateway-profile.json" } else { "gateway.json" };
    report.write(&home.join(name))?;
    println!("written: {}", home.join(name).display());
    Ok(())
}

impl Ground<'_> {
    fn scenarios(&self) -> Vec<Scenario> {
        let asked = &self.arguments.scenario;
        let all = match self.arguments.profile {
            true => &Scenario::value_variants()[..1],
            false => Scenario::value_variants(),
        };
        if asked.is_empty() { all.to_vec() } else { asked.clone() }
    }

    /// Who takes part in a scenario.
    fn contenders(&self, scenario: Scenario) -> Vec<Contender> {
        let asked =
            |contender: &Contender| self.arguments.only.is_empty() || self.arguments.only.contains(contender);
        let all = Contender::value_variants().iter().copied();
        all.filter(asked).filter(|contender| contender.takes_part(scenario)).collect()
    }

    fn length(&self) -> Duration {
        Duration::from_secs_f64(self.arguments.seconds)
    }
}
