//! What is beyond its threshold.

use std::path::Path;

use comporta_alerts::{Condition, Sign};
use jiff::Timestamp;

use crate::metrics::Readings;
use crate::settings::AlertsSettings;

const HOUR: f64 = 3600.0;
const DAY: f64 = 24.0 * HOUR;

/// What the metrics say. One that this process does not tell is nothing wrong: another one tells it.
pub(super) fn of(readings: &Readings, settings: &AlertsSettings, now: Timestamp) -> Vec<Sign> {
    let now = now.as_second() as f64;
    let seconds = |interval: comporta_kernel::Interval| interval.duration().as_secs_f64();
    let above = |condition, measured: Option<f64>, allowed: f64, written: fn(f64) -> String| {
        let measured = measured.filter(|&measured| measured > allowed)?;
        Some(Sign { condition, measured: written(measured), allowed: written(allowed) })
    };
    let pending = readings.max("comporta_ledger_pending_deltas");
    let counts = readings.max("comporta_meter_oldest_waiting_seconds");
    let jobs = readings.max("comporta_jobs_oldest_due_seconds");
    let backup = readings.max("comporta_backup_last_good_timestamp_seconds").map(|at| now - at);
    let left = readings.samples("comporta_tls_certificate_expires_timestamp_seconds").next();
    let left = left.map(|sample| sample.value - now);
    let level = settings.quota.hundredths().to_string();
    let near = readings.sum_where("comporta_quota_companies", |sample| sample.label("level") == Some(&level));
    let ends = left.filter(|&left| left < seconds(settings.certificate_left)).map(|left| Sign {
        condition: Condition::CertificateEnds,
        measured: length(left),
        allowed: length(seconds(settings.certificate_left)),
    });
    [
        above(Condition::ConsolidatorBehind, pending, settings.pending_deltas.get() as f64, number),
        above(Condition::MeterBehind, counts, seconds(settings.meter_lag), length),
        above(Condition::JobsBehind, jobs, seconds(settings.job_lag), length),
        above(Condition::BackupOld, backup, seconds(settings.backup_age), age),
        above(Condition::QuotaNear, Some(near), 0.0, number),
        ends,
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether too little of the disk is free.
pub(super) fn disk(free: f64, settings: &AlertsSettings) -> Option<Sign> {
    let allowed = f64::from(settings.disk_free.hundredths());
    (free * 100.0 < allowed).then(|| Sign {
        condition: Condition::DiskLow,
        measured: format!("{:.1} %", free * 100.0),
        allowed: format!("{allowed} %"),
    })
}

/// How much of the disk of a folder is free for us; `None` if it cannot be told.
pub(super) fn free_share(folder: &Path) -> Option<f64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    (disk.f_blocks > 0).then(|| disk.f_bavail as f64 / disk.f_blocks as f64)
}

fn number(number: f64) -> String {
    format!("{number:.0}")
}

fn length(seconds: f64) -> String {
    match seconds.abs() {
        DAY.. => format!("{:.1} d", seconds / DAY),
        HOUR.. => format!("{:.1} h", seconds / HOUR),
        60.0.. => format!("{:.0} min", seconds / 60.0),
        _ => format!("{seconds:.0} s"),
    }
}

/// Of a backup: without any, its time is 1970.
fn age(seconds: f64) -> String {
    if seconds > 10_000.0 * DAY { "—".to_owned() } else { length(seconds) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Environment, Sources, load};

    fn settings() -> AlertsSettings {
        let environment = Environment::default();
        load(&Sources { file: None, environment: &environment, flags: &[] }).unwrap().alerts
    }

    fn found(lines: &str) -> Vec<(Condition, String, String)> {
        let now = "2026-11-23T12:00:00Z".parse().unwrap();
        let signs = of(&Readings::of(lines.to_owned()), &settings(), now);
        signs.into_iter().map(|sign| (sign.condition, sign.measured, sign.allowed)).collect()
    }

    #[test]
    fn nothing_is_wrong_with_what_is_within_its_bounds_or_is_not_told() {
        assert_eq!(found(""), []);
        let well = "comporta_ledger_pending_deltas 10000\ncomporta_meter_oldest_waiting_seconds 60\n\
            comporta_jobs_oldest_due_seconds 300\ncomporta_backup_last_good_timestamp_seconds 1795348800\n\
            comporta_quota_companies{level=\"80\"} 0\n\
            comporta_tls_certificate_expires_timestamp_seconds 1800000000\n";
        assert_eq!(found(well), []);
    }

    #[test]
    fn what_is_beyond_its_bounds_is_told_with_both_numbers() {
        let told = |lines: &str, condition, measured: &str, allowed: &str| {
            assert_eq!(found(lines), [(condition, measured.to_owned(), allowed.to_owned())]);
        };
        told("comporta_ledger_pending_deltas 10001", Condition::ConsolidatorBehind, "10001", "10000");
        told("comporta_meter_oldest_waiting_seconds 90", Condition::MeterBehind, "2 min", "1 min");
        told("comporta_jobs_oldest_due_seconds 7200", Condition::JobsBehind, "2.0 h", "5 min");
        let backup = "comporta_backup_last_good_timestamp_seconds";
        told(&format!("{backup} 0"), Condition::BackupOld, "—", "1.1 d");
        told(&format!("{backup} 1795262400"), Condition::BackupOld, "2.0 d", "1.1 d");
        told("comporta_quota_companies{level=\"80\"} 2", Condition::QuotaNear, "2", "0");
        let ends = "comporta_tls_certificate_expires_timestamp_seconds";
        told(&format!("{ends} 1795521600"), Condition::CertificateEnds, "1.0 d", "14.0 d");
        told(&format!("{ends} 1795348800"), Condition::CertificateEnds, "-1.0 d", "14.0 d");
    }

    #[test]
    fn a_disk_is_low_below_its_share() {
        assert_eq!(disk(0.1, &settings()), None);
        assert_eq!(disk(0.099, &settings()).unwrap().measured, "9.9 %");
        assert!(free_share(Path::new("/")).is_some_and(|free| (0.0..=1.0).contains(&free)));
    }
}
