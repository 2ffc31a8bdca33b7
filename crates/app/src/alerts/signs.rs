//! What is beyond its threshold.

use comporta_alerts::{Condition, Look, Sign};
use jiff::Timestamp;

use crate::metrics::Readings;
use crate::settings::AlertsSettings;

const HOUR: f64 = 3600.0;
const DAY: f64 = 24.0 * HOUR;

/// What the metrics say. One that this process does not tell is nothing wrong: another one tells it.
pub(super) fn of(readings: &Readings, settings: &AlertsSettings, now: Timestamp) -> Look {
    let now = now.as_second() as f64;
    let seconds = |interval: comporta_kernel::Interval| interval.duration().as_secs_f64();
    let mut look = Look::default();
    let mut above = |condition, measured: Option<f64>, allowed: f64, written: fn(f64) -> String| {
        let Some(measured) = measured else { return };
        let sign = || Sign { condition, measured: written(measured), allowed: written(allowed) };
        look.note(condition, (measured > allowed).then(sign));
    };
    let pending = readings.max("comporta_ledger_pending_deltas");
    let counts = readings.max("comporta_meter_oldest_waiting_seconds");
    let jobs = readings.max("comporta_jobs_oldest_due_seconds");
    let backup = readings.max("comporta_backup_last_good_timestamp_seconds").map(|at| now - at);
    let level = settings.quota.hundredths().to_string();
    let near = readings.samples("comporta_quota_companies");
    let near = near.filter(|sample| sample.label("level") == Some(&level)).map(|sample| sample.value).next();
    above(Condition::ConsolidatorBehind, pending, settings.pending_deltas.get() as f64, number);
    above(Condition::MeterBehind, counts, seconds(settings.meter_lag), length);
    above(Condition::JobsBehind, jobs, seconds(settings.job_lag), length);
    above(Condition::BackupOld, backup, seconds(settings.backup_age), age);
    above(Condition::QuotaNear, near, 0.0, number);
    let ends = readings.samples("comporta_tls_certificate_expires_timestamp_seconds").next();
    if let Some(left) = ends.map(|sample| sample.value - now) {
        let allowed = seconds(settings.certificate_left);
        let condition = Condition::CertificateEnds;
        let sign = || Sign { condition, measured: length(left), allowed: length(allowed) };
        look.note(condition, (left < allowed).then(sign));
    }
    look
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

    fn look(lines: &str) -> Look {
        of(&Readings::of(lines.to_owned()), &settings(), "2026-11-23T12:00:00Z".parse().unwrap())
    }

    fn found(lines: &str) -> Vec<(Condition, String, String)> {
        look(lines).signs.into_iter().map(|sign| (sign.condition, sign.measured, sign.allowed)).collect()
    }

    #[test]
    fn nothing_is_wrong_with_what_is_within_its_bounds_or_is_not_told() {
        assert_eq!(found(""), []);
        let well = "comporta_ledger_pending_deltas 10000\ncomporta_meter_oldest_waiting_seconds 60\n\
            comporta_jobs_oldest_due_seconds 300\ncomporta_backup_last_good_timestamp_seconds 1795348800\n\
            comporta_quota_companies{level=\"80\"} 0\n\
            comporta_tls_certificate_expires_timestamp_seconds 1800000000\n";
        assert_eq!(found(well), []);
        assert_eq!(look(well).measured.len(), 6);
    }

    #[test]
    fn only_what_this_process_tells_is_measured_be_it_well_or_not() {
        assert!(look("").measured.is_empty());
        for (line, condition) in [
            ("comporta_ledger_pending_deltas 0", Condition::ConsolidatorBehind),
            ("comporta_meter_oldest_waiting_seconds 90", Condition::MeterBehind),
            ("comporta_jobs_oldest_due_seconds 0", Condition::JobsBehind),
            ("comporta_backup_last_good_timestamp_seconds 0", Condition::BackupOld),
            ("comporta_quota_companies{level=\"80\"} 0", Condition::QuotaNear),
            ("comporta_tls_certificate_expires_timestamp_seconds 1", Condition::CertificateEnds),
        ] {
            assert_eq!(look(line).measured, [condition].into(), "{line}");
        }
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
    }
}
