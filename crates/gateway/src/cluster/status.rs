//! What is known of each target, for operators.

use std::net::SocketAddr;

use serde::Serialize;

use super::target::Target;

/// What the probes of a target say.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Health {
    /// No probe has decided yet, or there are none: it counts as healthy.
    Unknown = 0,
    /// It answers.
    Healthy = 1,
    /// It does not.
    Unhealthy = 2,
}

impl Health {
    /// The reverse of `as u8`.
    pub(super) const fn from_number(number: u8) -> Self {
        match number {
            1 => Self::Healthy,
            2 => Self::Unhealthy,
            _ => Self::Unknown,
        }
    }
}

/// A target as `/admin/v1/upstreams` shows it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct TargetStatus {
    /// As in the settings.
    pub url: String,
    /// Its share beside the others.
    pub weight: u32,
    /// Whether it waits until no other is healthy.
    pub backup: bool,
    /// What its probes say.
    pub health: Health,
    /// Whether it is left out for its failures.
    pub ejected: bool,
    /// Failures since the last good answer.
    pub failures_in_a_row: u32,
    /// Requests that are with it now.
    pub in_flight: u32,
    /// What its name leads to; empty when it was never found.
    pub addresses: Vec<SocketAddr>,
}

impl TargetStatus {
    /// Whether requests go to it: it has an address, its probes do not call it dead, and it is not left out.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.health != Health::Unhealthy && !self.ejected && !self.addresses.is_empty()
    }

    /// The state of `target` at `now`.
    pub(super) fn of(target: &Target, now: u64) -> Self {
        Self {
            url: target.url().to_owned(),
            weight: target.weight(),
            backup: target.is_backup(),
            health: target.health(),
            ejected: target.state.outlier.is_ejected(now),
            failures_in_a_row: target.state.outlier.failures(),
            in_flight: target.in_flight(),
            addresses: target.addresses(),
        }
    }
}
