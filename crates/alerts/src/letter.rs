//! What people read: in Portuguese, with English beside; and the same for programs.

use comporta_kernel::Timestamp;
use comporta_mail::{Body, Message};
use serde_json::json;

use crate::model::{Condition, Kind, Notice};

/// A condition in both languages: what is wrong, and what follows from it or helps.
struct Words {
    portuguese: (&'static str, &'static str),
    english: (&'static str, &'static str),
}

/// The id of a notice: the same however often it is sent, and whoever sends it.
pub(crate) fn id(notice: &Notice) -> String {
    let Notice { condition, kind, since, alert, .. } = notice;
    let id = format!("alert-{}-{}-{}", condition.name(), alert.began_at.as_second(), kind.name());
    match kind {
        Kind::Began | Kind::Ended => id,
        // Each time that what lasts is told is another notice.
        Kind::Still => format!("{id}-{}", since.as_second()),
    }
}

/// A letter to the reader of a number.
pub(crate) fn letter(notice: &Notice, installation: &str, to: &str, number: usize) -> Message {
    let Notice { condition, kind, alert, .. } = notice;
    let words = words(*condition);
    let ((what, advice), (what_english, advice_english)) = (words.portuguese, words.english);
    let (mark, mark_english) = match kind {
        Kind::Began => ("Alerta", "Alert"),
        Kind::Still => ("Ainda em alerta", "Still alerting"),
        Kind::Ended => ("Fim do alerta", "Alert over"),
    };
    let (measured, allowed, began) =
        (&alert.measured, &alert.allowed, alert.began_at.strftime("%Y-%m-%d %H:%M UTC"));
    let seen = alert.seen_at.strftime("%Y-%m-%d %H:%M UTC");
    let (portuguese, english) = match kind {
        Kind::Ended => (
            format!("{mark} em {installation}: {what}.\n\nDe {began} a {seen}. Última medida: {measured}."),
            format!(
                "{mark_english} at {installation}: {what_english}.\n\nFrom {began} to {seen}. Last measured: {measured}."
            ),
        ),
        Kind::Began | Kind::Still => (
            format!(
                "{mark} em {installation}: {what}.\n\nMedido: {measured}. Limite: {allowed}. Desde {began}.\n\n{advice}"
            ),
            format!(
                "{mark_english} at {installation}: {what_english}.\n\nMeasured: {measured}. Limit: {allowed}. Since {began}.\n\n{advice_english}"
            ),
        ),
    };
    let subject = format!("{mark}: {what} / {mark_english}: {what_english}");
    // One name each: as files, letters to several readers would replace each other.
    let id = if number == 0 { id(notice) } else { format!("{}-{number}", id(notice)) };
    Message::new(id, to, subject, Body::in_both(&portuguese, &english))
}

/// The body of a webhook, as Standard Webhooks wants it: type, time, data.
pub(crate) fn payload(notice: &Notice, installation: &str, now: Timestamp) -> String {
    let Notice { condition, kind, alert, .. } = notice;
    let words = words(*condition);
    let data = json!({
        "condition": condition.name(), "installation": installation,
        "summary": words.english.0, "summary_pt": words.portuguese.0,
        "measured": alert.measured, "allowed": alert.allowed,
        "began_at": alert.began_at.to_string(), "seen_at": alert.seen_at.to_string(),
    });
    json!({"type": format!("alert.{}", kind.name()), "timestamp": now.to_string(), "data": data}).to_string()
}

const fn both(portuguese: (&'static str, &'static str), english: (&'static str, &'static str)) -> Words {
    Words { portuguese, english }
}

const fn words(condition: Condition) -> Words {
    match condition {
        Condition::ConsolidatorBehind | Condition::MeterBehind | Condition::JobsBehind => lag(condition),
        Condition::BackupOld => both(
            ("o último backup bom está velho", "Um é feito por dia. O log diz por que os últimos falharam."),
            ("the last good backup is old", "One is due each day. The log says why the last ones failed."),
        ),
        Condition::CertificateEnds => both(
            ("o certificado público vence logo", "Quem o renova não o fez, ou o pôs em outro lugar."),
            ("the public certificate ends soon", "Whoever renews it has not, or put it elsewhere."),
        ),
        Condition::QuotaNear => both(
            (
                "há empresas perto do fim de sua cota",
                "Elas foram avisadas. Esgotada a cota, suas chamadas são recusadas (429) até que ela recomece.",
            ),
            (
                "companies are near the end of their quota",
                "They were written to. Once it is used up, their calls are refused (429) until it begins anew.",
            ),
        ),
        Condition::DatabaseAway => both(
            (
                "o banco de dados não responde",
                "Lançamentos são recusados. Chaves conhecidas valem por um minuto onde o destino é outro sistema.",
            ),
            (
                "the database does not answer",
                "Entries are refused. Known keys are good for a minute where the upstream is another system.",
            ),
        ),
        Condition::Failures => both(
            (
                "requisições demais falham por erro nosso (5xx)",
                "O log tem cada falha, com o id da requisição.",
            ),
            ("too many requests fail by our fault (5xx)", "The log has each failure, with the request's id."),
        ),
        Condition::Slow => both(
            (
                "respostas demais levam mais de 200 ms",
                "Veja o banco de dados, o processador e os destinos das rotas.",
            ),
            (
                "too many answers take more than 200 ms",
                "Look at the database, the processor and the routes' targets.",
            ),
        ),
        Condition::DiskLow => both(
            (
                "o disco de data_dir está quase cheio",
                "Sem disco as chamadas não podem ser contadas, e são recusadas (503).",
            ),
            (
                "the disk of data_dir is nearly full",
                "Without disk calls cannot be counted, and are refused (503).",
            ),
        ),
    }
}

/// Of work that waits.
const fn lag(condition: Condition) -> Words {
    match condition {
        Condition::ConsolidatorBehind => both(
            (
                "o consolidador está atrasado",
                "Os saldos continuam exatos, mas lê-los fica mais lento. Há um processo com o papel jobs?",
            ),
            (
                "the consolidator is behind",
                "Balances stay exact, but reading them grows slower. Is there a process with the role jobs?",
            ),
        ),
        Condition::MeterBehind => both(
            (
                "chamadas contadas esperam pelo banco de dados",
                "Nada se perde; usado todo o meter.disk, as chamadas são recusadas (503).",
            ),
            (
                "counted calls wait for the database",
                "Nothing is lost; once meter.disk is used up, calls are refused (503).",
            ),
        ),
        _ => both(
            (
                "tarefas esperam há muito tempo",
                "Cartas, faturas e importações atrasam. Há um processo com o papel jobs?",
            ),
            (
                "jobs have waited for long",
                "Letters, invoices and imports are late. Is there a process with the role jobs?",
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Alert;

    fn notice(condition: Condition, kind: Kind) -> Notice {
        let began_at: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let alert = Alert {
            measured: "31 h".to_owned(),
            allowed: "26 h".to_owned(),
            began_at,
            seen_at: began_at,
            telling: None,
            claimed_until: None,
        };
        Notice { condition, kind, since: began_at, alert, to: std::collections::BTreeSet::new() }
    }

    #[test]
    fn a_letter_says_what_is_wrong_in_both_languages_and_has_one_name() {
        let began = notice(Condition::BackupOld, Kind::Began);
        let letter = letter(&began, "prod", "ana@example.com", 0);
        assert_eq!(letter.id(), "alert-backup_old-1795435200-began");
        let text = format!("{letter:?}");
        for part in
            ["Alerta em prod: o último backup", "Limite: 26 h", "Measured: 31 h", "2026-11-23 12:00 UTC"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        let mut names: Vec<String> =
            [Kind::Began, Kind::Still, Kind::Ended].map(|kind| id(&notice(Condition::Slow, kind))).into();
        names.dedup();
        assert_eq!(names.len(), 3);
    }

    #[test]
    fn every_condition_has_words_of_its_own() {
        let subjects = Condition::ALL.map(|condition| words(condition).english.0);
        let distinct: std::collections::BTreeSet<&str> = subjects.into_iter().collect();
        assert_eq!(distinct.len(), Condition::ALL.len());
    }
}
