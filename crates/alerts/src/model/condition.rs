//! The conditions, by name.

/// What may be wrong.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Condition {
    /// Entries wait to be rolled up into balances.
    ConsolidatorBehind,
    /// Counted calls wait to be written to the database.
    MeterBehind,
    /// A durable job has been due for long.
    JobsBehind,
    /// The last good backup is old, or there is none.
    BackupOld,
    /// The public listener's certificate ends soon.
    CertificateEnds,
    /// Companies have used most of their quota.
    QuotaNear,
    /// The database does not answer.
    DatabaseAway,
    /// Too many requests fail by our fault.
    Failures,
    /// Too many answers are slow.
    Slow,
    /// The disk of the data folder is nearly full.
    DiskLow,
}

/// Something that is wrong now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sign {
    /// What.
    pub condition: Condition,
    /// What was measured: a number with its unit, in no language.
    pub measured: String,
    /// What is allowed, likewise.
    pub allowed: String,
}

impl Condition {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::ConsolidatorBehind,
        Self::MeterBehind,
        Self::JobsBehind,
        Self::BackupOld,
        Self::CertificateEnds,
        Self::QuotaNear,
        Self::DatabaseAway,
        Self::Failures,
        Self::Slow,
        Self::DiskLow,
    ];

    /// Its name in the database, in ids of letters and in webhooks.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ConsolidatorBehind => "consolidator_behind",
            Self::MeterBehind => "meter_behind",
            Self::JobsBehind => "jobs_behind",
            Self::BackupOld => "backup_old",
            Self::CertificateEnds => "certificate_ends",
            Self::QuotaNear => "quota_near",
            Self::DatabaseAway => "database_away",
            Self::Failures => "failures",
            Self::Slow => "slow",
            Self::DiskLow => "disk_low",
        }
    }

    /// The one of a name; `None` for one of another version.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|condition| condition.name() == name)
    }
}
