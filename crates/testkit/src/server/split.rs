//! An installation whose roles run in processes of their own on one machine, as a cluster runs them on many.
//!
//! `COMPORTA_E2E_SPLIT=1` has every story on PostgreSQL run so. Those on SQLite stay in one process, for such a file is one
//! machine's and has one writer; and there stand the stories that are about one process: what it writes to its sockets and
//! when (`gateway_wire`, `gateway_streams`, `meter/order.rs`), its restart with its descriptors and its supervisor
//! (`gateway_survival`, `supervised`), the settings file that it reads and is told the lines of (`lifecycle`).

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::member::{Member, Place};
use super::setup::{Addresses, Setup};

/// A kind of process: its name, its roles, and how many of it there are.
type Kind = (&'static str, &'static [&'static str], usize);

/// Who partners' calls pass through is there twice. What only one does at a time, or what nobody's money hangs on, once.
const KINDS: [Kind; 5] = [
    ("gateway", &["gateway", "partners", "console"], 2),
    ("ledger", &["ledger"], 2),
    ("boletos", &["boletos"], 2),
    ("catalogue", &["catalogue"], 1),
    ("jobs", &["jobs"], 1),
];
/// Kinds that gateways call, each by the upstream of its name.
const SERVICES: [&str; 3] = ["ledger", "boletos", "catalogue"];
/// So many processes, and those that a test starts beside them, share what one PostgreSQL server grants: 100.
const CONNECTIONS: &str = "6";

/// Which processes there are, and the settings file that all of them read.
#[derive(Debug)]
pub(super) struct Split {
    processes: Vec<Planned>,
    file: PathBuf,
}

#[derive(Debug)]
struct Planned {
    kind: &'static str,
    name: String,
    roles: String,
    addresses: Addresses,
}

impl Split {
    /// As many processes as the setup's roles ask for. Beside others of the same installation, one of each kind will do.
    pub(super) fn plan(setup: &Setup, folder: &Arc<TempDir>) -> io::Result<Self> {
        let wanted = setup.all_roles();
        let mut processes = Vec::new();
        for (kind, roles, copies) in KINDS {
            let roles: Vec<&str> = roles.iter().filter(|role| wanted.contains(role)).copied().collect();
            // The kind's first role makes it what it is.
            if roles.first() != Some(&kind) {
                continue;
            }
            for number in 1..=if setup.is_beside { 1 } else { copies } {
                let (name, roles) = (format!("{kind}-{number}"), roles.join(","));
                processes.push(Planned { kind, name, roles, addresses: Addresses::free()? });
            }
        }
        let port = processes.first().map_or(0, |first| first.addresses.public.port());
        let split = Self { processes, file: folder.path().join(format!("comporta-{port}.yaml")) };
        split.write_settings(setup)?;
        Ok(split)
    }

    /// The processes, none of them started; gateways first.
    pub(super) fn members(&self, setup: &Setup, folder: &Arc<TempDir>) -> io::Result<Vec<Member>> {
        let file = self.file.to_str().ok_or(io::ErrorKind::InvalidFilename)?;
        let member = |planned: &Planned| {
            let setup = setup.clone().with("COMPORTA_CONFIG", file).roles(&planned.roles);
            let setup = match setup.variable("COMPORTA_DATABASE__MAX_CONNECTIONS") {
                Some(_) => setup,
                None => setup.with("COMPORTA_DATABASE__MAX_CONNECTIONS", CONNECTIONS),
            };
            Place::new(&planned.name, setup, folder, planned.addresses).member()
        };
        Ok(self.processes.iter().map(member).collect())
    }

    /// Writes what the setup's own file says, and who is where. What a test says itself stays as it is.
    pub(super) fn write_settings(&self, setup: &Setup) -> io::Result<()> {
        let mut settings: Map<String, Value> = match setup.variable("COMPORTA_CONFIG") {
            Some(file) => serde_json::from_slice(&fs::read(file)?)?,
            None => Map::new(),
        };
        if let Some(first) = self.processes.first() {
            let issuer = format!("http://{}", first.addresses.public);
            part(&mut settings, "identity")?.entry("issuer").or_insert_with(|| issuer.into());
        }
        let upstreams = part(&mut settings, "upstreams")?;
        for service in SERVICES {
            let of_kind = self.processes.iter().filter(|process| process.kind == service);
            let targets: Vec<Value> = of_kind
                .map(|process| json!({"url": format!("http://{}", process.addresses.services)}))
                .collect();
            if !targets.is_empty() {
                let health = json!({"path": "/healthz", "every": "2s"});
                let upstream = json!({"targets": targets, "principal": true, "health": health});
                upstreams.entry(service).or_insert(upstream);
            }
        }
        // In one piece: who watches the file must not find half of it.
        let aside = self.file.with_extension("new");
        fs::write(&aside, Value::Object(settings).to_string())?;
        fs::rename(aside, &self.file)
    }
}

/// A section, made if it is not there.
fn part<'a>(settings: &'a mut Map<String, Value>, name: &str) -> io::Result<&'a mut Map<String, Value>> {
    let part = settings.entry(name).or_insert_with(|| json!({}));
    part.as_object_mut().ok_or_else(|| io::Error::other(format!("{name} is no section")))
}
