//! What is wrong with the gateway's settings, and where.

use std::fmt;

use crate::model::fault::Fault as RouteFault;

/// A fault at a place in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The way to it, from the top.
    pub place: Vec<Place>,
    /// What is wrong.
    pub message: String,
}

/// A step on the way to a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A setting by its name.
    Key(String),
    /// An item of a list, from 0.
    Index(usize),
}

impl Fault {
    pub(crate) fn of_upstream(name: &str, field: &str, message: impl fmt::Display) -> Self {
        let place = [Place::Key("upstreams".to_owned()), Place::Key(name.to_owned())];
        Self { place: place.into_iter().chain(steps(field)).collect(), message: message.to_string() }
    }

    pub(crate) fn of_route(index: usize, field: &str, message: impl fmt::Display) -> Self {
        let place = [Place::Key("routes".to_owned()), Place::Index(index)];
        Self { place: place.into_iter().chain(steps(field)).collect(), message: message.to_string() }
    }

    pub(crate) fn at(field: &str, message: impl fmt::Display) -> Self {
        Self { place: steps(field).collect(), message: message.to_string() }
    }
}

fn steps(field: &str) -> impl Iterator<Item = Place> {
    field.split('.').filter(|key| !key.is_empty()).map(|key| match key.parse() {
        Ok(index) => Place::Index(index),
        Err(_) => Place::Key(key.to_owned()),
    })
}

impl From<RouteFault> for Fault {
    fn from(fault: RouteFault) -> Self {
        Self::of_route(fault.route, &fault.field, fault.message)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.place.iter().enumerate() {
            match step {
                Place::Key(key) if index == 0 => f.write_str(key)?,
                Place::Key(key) => write!(f, ".{key}")?,
                Place::Index(index) => write!(f, "[{index}]")?,
            }
        }
        write!(f, ": {}", self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_its_place_as_operators_read_it() {
        assert_eq!(Fault::of_route(2, "match.path", "wrong").to_string(), "routes[2].match.path: wrong");
        assert_eq!(
            Fault::of_upstream("legacy", "targets.0.url", "wrong").to_string(),
            "upstreams.legacy.targets[0].url: wrong"
        );
    }
}
