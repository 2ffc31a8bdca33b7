//! A letter, and how it is written down.

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};

use crate::Error;

/// Longest id of a letter: it names a file, too.
const LONGEST_ID: usize = 200;
/// Stands between the two languages.
const RULE: &str = "\n\n--------------------------------\n\n";

/// A letter to one reader.
#[derive(Clone, Debug)]
pub struct Message {
    id: String,
    to: String,
    subject: String,
    body: Body,
    reply_to: Option<String>,
    on_behalf_of: Option<String>,
    attachments: Vec<Attachment>,
}

/// What a letter says: as text, and perhaps as HTML too.
#[derive(Clone, Debug)]
pub struct Body {
    text: String,
    html: Option<String>,
}

/// A file that goes with a letter.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// What the reader sees it called.
    pub name: String,
    /// Its type, such as `application/pdf`.
    pub content_type: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// A letter as it goes over the wire, and between whom.
pub(crate) struct Written {
    /// Its id: the left part of `message-id`.
    pub(crate) id: String,
    pub(crate) envelope: lettre::address::Envelope,
    pub(crate) text: String,
}

impl Message {
    /// A letter. The id says what it is about, and is always the same for the same letter: 1 to 200 of `A-Z`, `a-z`,
    /// `0-9`, `-`, `_` and `.`, the first no point.
    pub fn new(
        id: impl Into<String>,
        to: impl Into<String>,
        subject: impl Into<String>,
        body: impl Into<Body>,
    ) -> Self {
        Self {
            id: id.into(),
            to: to.into(),
            subject: one_line(&subject.into()),
            body: body.into(),
            reply_to: None,
            on_behalf_of: None,
            attachments: Vec::new(),
        }
    }

    /// Whom the reader answers, if not the sender.
    #[must_use]
    pub fn reply_to(self, address: impl Into<String>) -> Self {
        Self { reply_to: Some(address.into()), ..self }
    }

    /// Whose letter it is, if not the sender's own: `Padaria São João via Comporta`, from the sender's address.
    #[must_use]
    pub fn on_behalf_of(self, name: &str) -> Self {
        Self { on_behalf_of: Some(one_line(name)), ..self }
    }

    /// With a file.
    #[must_use]
    pub fn attach(mut self, attachment: Attachment) -> Self {
        self.attachments.push(attachment);
        self
    }

    /// The letter's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn written(&self, from: &Mailbox, at: jiff::Timestamp) -> Result<Written, Error> {
        let id = if is_id(&self.id) { &self.id } else { return Err(Error::Unwritable { what: "id" }) };
        let name = match (&self.on_behalf_of, &from.name) {
            (Some(name), Some(sender)) => Some(format!("{name} via {sender}")),
            (Some(name), None) | (None, Some(name)) => Some(name.clone()),
            (None, None) => None,
        };
        let mut letter = lettre::Message::builder()
            .from(Mailbox::new(name, from.email.clone()))
            .to(mailbox(&self.to, "recipient's address")?)
            .subject(&self.subject)
            .date(at.into())
            .message_id(Some(format!("<{id}@{}>", from.email.domain())))
            // RFC 3834: no answering machine answers it.
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        if let Some(address) = &self.reply_to {
            letter = letter.reply_to(mailbox(address, "address for answers")?);
        }
        let letter = match (&self.body.html, self.attachments.is_empty()) {
            (None, true) => letter.singlepart(SinglePart::plain(self.body.text.clone())),
            (Some(html), true) => letter.multipart(self.body.alternatives(html)),
            (html, false) => letter.multipart(self.with_files(html.as_deref())?),
        };
        let letter = letter.map_err(|_| Error::Unwritable { what: "head" })?;
        let text = String::from_utf8(letter.formatted());
        let text = text.map_err(|_| Error::Unwritable { what: "text" })?;
        Ok(Written { id: id.clone(), envelope: letter.envelope().clone(), text })
    }

    fn with_files(&self, html: Option<&str>) -> Result<MultiPart, Error> {
        let mixed = MultiPart::mixed();
        let first = match html {
            Some(html) => mixed.multipart(self.body.alternatives(html)),
            None => mixed.singlepart(SinglePart::plain(self.body.text.clone())),
        };
        self.attachments.iter().try_fold(first, |parts, file| {
            let content_type = ContentType::parse(&file.content_type);
            let content_type = content_type.map_err(|_| Error::Unwritable { what: "attachment's type" })?;
            let part = lettre::message::Attachment::new(file.name.clone());
            Ok(parts.singlepart(part.body(file.bytes.clone(), content_type)))
        })
    }
}

impl Body {
    /// Text in both languages: Portuguese first, English below.
    #[must_use]
    pub fn in_both(portuguese: &str, english: &str) -> Self {
        format!("{}{RULE}{}\n", portuguese.trim(), english.trim()).into()
    }

    /// The same as HTML too, for who reads that.
    #[must_use]
    pub fn with_html(self, html: impl Into<String>) -> Self {
        Self { html: Some(lines(html.into())), ..self }
    }

    fn alternatives(&self, html: &str) -> MultiPart {
        MultiPart::alternative_plain_html(self.text.clone(), html.to_owned())
    }
}

impl<T: Into<String>> From<T> for Body {
    fn from(text: T) -> Self {
        Self { text: lines(text.into()), html: None }
    }
}

/// Somebody's address, with or without a name: `Ana <ana@example.com>`.
pub(crate) fn mailbox(text: &str, whose: &'static str) -> Result<Mailbox, Error> {
    text.trim().parse().map_err(|source| Error::Address { whose, source })
}

/// A header is one line: what came from outside must not begin another.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Lines that end as ours do: where a lone carriage return ends one is not for a mail server to decide.
fn lines(text: String) -> String {
    if text.contains('\r') { text.replace('\r', "") } else { text }
}

fn is_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=LONGEST_ID).contains(&text.len()) && text.bytes().all(plain) && !text.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(message: &Message) -> Result<String, Error> {
        let from = "Comporta <contas@comporta.example>".parse().unwrap();
        let written = message.written(&from, "2026-03-01T12:00:00Z".parse().unwrap())?;
        assert!(written.text.is_ascii(), "any server takes it");
        Ok(written.text)
    }

    #[test]
    fn a_letter_has_its_own_id_date_and_sender_and_both_languages() {
        let body = Body::in_both("A cota acabou.", "The quota is used up.");
        let text = written(&Message::new("quota-100", "Ana <ana@example.com>", "Cota", body)).unwrap();
        for line in [
            "From: Comporta <contas@comporta.example>\r\n",
            "To: Ana <ana@example.com>\r\n",
            "Message-ID: <quota-100@comporta.example>\r\n",
            "Date: Sun, 01 Mar 2026 12:00:00 +0000\r\n",
            "Auto-Submitted: auto-generated\r\n",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
        let (portuguese, english) = (text.find("A cota acabou.").unwrap(), text.find("The quota").unwrap());
        assert!(portuguese < english);
    }

    #[test]
    fn a_subject_from_outside_begins_no_other_header() {
        let message = Message::new("a", "ana@example.com", "Oi\r\nBcc: eva@example.com", "x");
        let text = written(&message).unwrap();
        assert!(!text.contains("\nBcc:"), "{text}");
    }

    #[test]
    fn a_letter_may_come_under_another_name_but_from_the_same_address() {
        let message = Message::new("a", "ana@example.com", "Oi", "a\rb\r\n.\r\nc");
        let text =
            written(&message.on_behalf_of("Padaria \"Pão\", Ltda <eva@example.com>\r\nBcc: x")).unwrap();
        let plain =
            written(&Message::new("a", "ana@example.com", "Oi", "x").on_behalf_of("Padaria")).unwrap();
        assert!(plain.contains("From: \"Padaria via Comporta\" <contas@comporta.example>\r\n"), "{plain}");
        let head = text.split("\r\n\r\n").next().unwrap();
        assert!(head.contains(" <contas@comporta.example>\r\n"), "{text}");
        assert!(!head.contains("Bcc:") && !head.contains("<eva@"), "{text}");
        assert!(text.ends_with("\r\n\r\nab\r\n.\r\nc\r\n"), "{text}");
    }

    #[test]
    fn html_and_files_go_with_the_text() {
        let file = Attachment {
            name: "fatura março.pdf".to_owned(),
            content_type: "application/pdf".to_owned(),
            bytes: b"%PDF\xE2\xE3".to_vec(),
        };
        let body = Body::from("olá").with_html("<p>olá</p>");
        let message = Message::new("a", "ana@example.com", "Fatura", body);
        let message = message.reply_to("financeiro@example.com").attach(file.clone());
        let text = written(&message).unwrap();
        for part in
            ["Reply-To: financeiro@example.com", "text/plain", "text/html", "application/pdf", "JVBERuLj"]
        {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        let wrong = Attachment { content_type: "pdf".to_owned(), ..file };
        assert!(
            written(&Message::new("a", "ana@example.com", "x", "x").attach(wrong))
                .unwrap_err()
                .is_permanent()
        );
    }

    #[test]
    fn what_cannot_be_sent_ever_is_a_permanent_failure() {
        for (id, to) in [("", "ana@example.com"), ("../x", "ana@example.com"), (".x", "ana@example.com")] {
            assert!(matches!(
                written(&Message::new(id, to, "x", "x")),
                Err(Error::Unwritable { what: "id" })
            ));
        }
        for to in ["", "ana", "ana@", "a b@example.com", "ana@example.com\r\nRCPT TO:<eva@example.com>"] {
            let refused = written(&Message::new("x", to, "x", "x")).unwrap_err();
            assert!(matches!(refused, Error::Address { .. }) && refused.is_permanent(), "{to}");
        }
    }
}
