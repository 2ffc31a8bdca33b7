//! From where a key may be used.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use comporta_kernel::{Network, ValueError};
use serde::{Deserialize, Serialize, Serializer};

/// Most networks of one key.
const MOST: usize = 64;

/// Networks that a key may be used from; with none, it may be used from anywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<Network>")]
pub struct AllowedAddresses(Arc<[Network]>);

/// More networks than a key can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected at most {MOST} networks or addresses")]
pub struct TooManyAddresses;

/// Text that names no networks, or too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressesError {
    /// One is none.
    #[error(transparent)]
    Network(#[from] ValueError),
    /// There are too many.
    #[error(transparent)]
    TooMany(#[from] TooManyAddresses),
}

impl AllowedAddresses {
    /// Whether it may be used from an address.
    #[must_use]
    pub fn admit(&self, address: IpAddr) -> bool {
        self.0.is_empty() || self.0.iter().any(|network| network.contains(address))
    }

    /// Whether it may be used from anywhere.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for AllowedAddresses {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(self.0.iter())
    }
}

impl TryFrom<Vec<Network>> for AllowedAddresses {
    type Error = TooManyAddresses;

    fn try_from(networks: Vec<Network>) -> Result<Self, Self::Error> {
        if networks.len() > MOST { Err(TooManyAddresses) } else { Ok(Self(networks.into())) }
    }
}

impl std::str::FromStr for AllowedAddresses {
    type Err = AddressesError;

    /// Networks between commas or spaces.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words = text.split([',', ' ']).filter(|word| !word.is_empty());
        Ok(words.map(str::parse).collect::<Result<Vec<Network>, _>>()?.try_into()?)
    }
}

impl fmt::Display for AllowedAddresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, network) in self.0.iter().enumerate() {
            write!(f, "{}{network}", if place == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_addresses_of_the_networks_are_admitted_and_all_where_there_are_none() {
        assert!(AllowedAddresses::default().admit(address("203.0.113.7")));
        let some: AllowedAddresses = "203.0.113.0/24, 2001:db8::7".parse().unwrap();
        for inside in ["203.0.113.7", "::ffff:203.0.113.7", "2001:db8::7"] {
            assert!(some.admit(address(inside)), "{inside}");
        }
        for outside in ["203.0.114.1", "2001:db8::8", "127.0.0.1"] {
            assert!(!some.admit(address(outside)), "{outside}");
        }
        assert_eq!(some.to_string().parse(), Ok(some));
    }

    #[test]
    fn there_is_a_bound_and_a_form() {
        assert!("10.0.0.0/33".parse::<AllowedAddresses>().is_err());
        let many = vec!["10.0.0.1"; MOST + 1].join(",");
        assert_eq!(many.parse::<AllowedAddresses>(), Err(TooManyAddresses.into()));
        let read: Result<AllowedAddresses, _> = serde_json::from_str(r#"["10.0.0.0/8", "here"]"#);
        assert!(read.unwrap_err().to_string().contains("10.0.0.0/8"));
    }
}
