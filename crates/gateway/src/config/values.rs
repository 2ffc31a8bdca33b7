//! Values of the gateway's settings that are written as text: shares, networks, places.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use comporta_kernel::{ValueError, written_as_text};

/// A share, `20%`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Percent(u8);

written_as_text!(Percent, "^(100|[0-9]{1,2})%$");

impl Percent {
    /// So many of a hundred.
    #[must_use]
    pub const fn of(hundredths: u8) -> Self {
        Self(hundredths)
    }

    /// How many of a hundred.
    #[must_use]
    pub const fn hundredths(self) -> u8 {
        self.0
    }
}

impl FromStr for Percent {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let number = text.strip_suffix('%').and_then(|number| number.parse().ok());
        number.filter(|&number| number <= 100).map(Self).ok_or(ValueError("a share such as 20%"))
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

/// A network in CIDR notation, `10.0.0.0/8` or `fd00::/8`; a lone address is a network of one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

written_as_text!(Network, "^[0-9a-fA-F.:]+(/[0-9]{1,3})?$");

impl Network {
    /// Whether an address is in it; an IPv4 address written as IPv6 counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                u32::from(network) & mask == u32::from(address) & mask
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                u128::from(network) & mask == u128::from(address) & mask
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        const WRONG: ValueError = ValueError("a network such as 10.0.0.0/8, or an address");
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| WRONG)?;
        let widest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(widest), str::parse).map_err(|_| WRONG)?;
        if prefix > widest { Err(WRONG) } else { Ok(Self { address, prefix }) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// An absolute `http` or `https` URL without user or fragment.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Uri(String);

written_as_text!(Uri, "^https?://.+$");

impl Uri {
    /// Its text as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same, read.
    #[must_use]
    pub fn parts(&self) -> http::Uri {
        // Checked when it was made.
        self.0.parse().unwrap_or_default()
    }
}

impl FromStr for Uri {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        const WRONG: ValueError =
            ValueError("a URL such as http://10.0.1.5:8000 or https://login.example.com");
        let parts: http::Uri = text.parse().map_err(|_| WRONG)?;
        let scheme = matches!(parts.scheme_str(), Some("http" | "https"));
        let plain = parts.authority().is_some_and(|authority| !authority.as_str().contains('@'));
        let named = parts.host().is_some_and(|host| !host.is_empty());
        if scheme && plain && named { Ok(Self(text.to_owned())) } else { Err(WRONG) }
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_urls_that_are_none_are_refused() {
        assert!("101%".parse::<Percent>().is_err() && "20".parse::<Percent>().is_err());
        for wrong in ["example.com", "ftp://a", "http://", "http://u:p@a/"] {
            assert!(wrong.parse::<Uri>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_network_holds_its_addresses_and_no_others() {
        let network: Network = "10.1.0.0/16".parse().unwrap();
        assert!(network.contains("10.1.255.255".parse().unwrap()));
        assert!(network.contains("::ffff:10.1.0.1".parse().unwrap()));
        assert!(!network.contains("10.2.0.0".parse().unwrap()) && !network.contains("::1".parse().unwrap()));
        let everything: Network = "0.0.0.0/0".parse().unwrap();
        assert!(everything.contains("203.0.113.9".parse().unwrap()));
        let one: Network = "fd00::1".parse().unwrap();
        assert!(one.contains("fd00::1".parse().unwrap()) && !one.contains("fd00::2".parse().unwrap()));
        assert!("10.0.0.0/33".parse::<Network>().is_err());
    }
}
