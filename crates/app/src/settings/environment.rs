//! Settings given by environment variables.

use std::collections::BTreeMap;
use std::env;

use super::load::Assignment;
use super::tree::Origin;
use crate::handover;

/// The variable that names the settings file.
pub const CONFIG_VARIABLE: &str = "COMPORTA_CONFIG";

/// What every variable of ours begins with.
const PREFIX: &str = "COMPORTA_";
/// Names that platforms use, and the settings they stand for; our own names win over them.
const CUSTOMARY: [(&str, &[&str]); 2] =
    [("DATABASE_URL", &["database", "url"]), ("REDIS_URL", &["redis", "url"])];

/// Environment variables, passed as a value so that nothing reads the process's own behind one's back.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The environment of this process. Bytes that are no UTF-8 become replacement characters.
    #[must_use]
    pub fn of_process() -> Self {
        env::vars_os()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
            .collect()
    }

    /// A variable's value; an empty one counts as unset.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The settings that variables give, the weaker first.
    pub(super) fn assignments(&self) -> Vec<Assignment> {
        let customary = CUSTOMARY.iter().filter_map(|(name, path)| {
            let path = path.iter().map(|&key| key.to_owned()).collect();
            Some(Assignment::new(path, self.get(name)?, Origin::Variable((*name).to_owned())))
        });
        let ours = self.0.iter().filter_map(|(name, value)| {
            let path = name.strip_prefix(PREFIX)?;
            let is_no_setting = [CONFIG_VARIABLE, handover::VARIABLE].contains(&name.as_str());
            let ignored = value.is_empty() || is_no_setting || is_service_link(path, value);
            let path = path.split("__").map(str::to_ascii_lowercase).collect();
            (!ignored).then(|| Assignment::new(path, value, Origin::Variable(name.clone())))
        });
        customary.chain(ours).collect()
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// Whether Kubernetes made the variable for a Service named `comporta…`, as it does in every pod beside one:
/// `COMPORTA_SERVICE_HOST`, `COMPORTA_SERVICE_PORT_HTTP`, `COMPORTA_PORT_8080_TCP_ADDR` and such.
fn is_service_link(name: &str, value: &str) -> bool {
    let name = format!("_{name}");
    let address = name.ends_with("_PORT") && (value.starts_with("tcp://") || value.starts_with("udp://"));
    let part =
        name.split_once("_PORT_").is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()));
    address || part || name.ends_with("_SERVICE_HOST") || name.contains("_SERVICE_PORT")
}
