//! A failure as Sentry's event: what it holds is listed here, and nothing else is told.

use std::time::SystemTime;

use sentry_types::Uuid;
use sentry_types::protocol::v7::{
    ClientSdkInfo, Context, Envelope, EnvelopeHeaders, Event, Exception, Frame, Level, Mechanism, Stacktrace,
    TraceContext, Values,
};

/// A failure on its way.
#[derive(Clone, Debug)]
pub(super) struct Report {
    pub(super) what: What,
    pub(super) request_id: Option<String>,
    pub(super) trace_id: Option<[u8; 16]>,
}

/// What happened.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// The program met what it had held to be impossible.
    Panic {
        /// As it stands in the program; `None` if it was put together.
        message: Option<&'static str>,
        /// File and line.
        place: Option<(String, u32)>,
        thread: String,
    },
    /// A request was answered with a problem of ours.
    Answer { status: u16, problem: &'static str, route: Option<String> },
}

/// What is the same in every event of this process.
#[derive(Clone, Debug)]
pub(super) struct Common {
    pub(super) environment: String,
    pub(super) release: &'static str,
}

/// The version that is told.
pub(super) const RELEASE: &str = concat!("comporta@", env!("CARGO_PKG_VERSION"));

impl What {
    /// What tells this kind of failure from others.
    pub(super) fn kind(&self) -> Vec<String> {
        match self {
            Self::Panic { place: Some((file, line)), .. } => {
                vec!["panic".to_owned(), format!("{file}:{line}")]
            }
            Self::Panic { place: None, .. } => vec!["panic".to_owned()],
            Self::Answer { problem, route, .. } => {
                vec![(*problem).to_owned(), route.clone().unwrap_or_else(|| "none".to_owned())]
            }
        }
    }
}

impl Report {
    /// The event in its envelope. `left_out` more of its kind were not told since the one before.
    pub(super) fn envelope(&self, common: &Common, id: Uuid, at: SystemTime, left_out: u64) -> Envelope {
        let mut event = Event {
            event_id: id,
            level: Level::Error,
            timestamp: at,
            platform: "native".into(),
            logger: Some("comporta".to_owned()),
            release: Some(common.release.into()),
            environment: Some(common.environment.clone().into()),
            fingerprint: self.what.kind().into_iter().map(Into::into).collect(),
            exception: Values { values: vec![self.exception()] },
            ..Event::default()
        };
        if matches!(self.what, What::Panic { .. }) {
            event.level = Level::Fatal;
        }
        let tags = self.tags().into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        event.tags = tags.collect();
        if left_out > 0 {
            event.extra.insert("left_out".to_owned(), left_out.into());
        }
        if let Some(trace_id) = self.trace_id {
            let trace = TraceContext { trace_id: trace_id.into(), ..TraceContext::default() };
            event.contexts.insert("trace".to_owned(), Context::Trace(Box::new(trace)));
        }
        let sdk = ClientSdkInfo {
            name: "comporta".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            integrations: Vec::new(),
            packages: Vec::new(),
        };
        let headers = EnvelopeHeaders::new().with_event_id(id).with_sent_at(at).with_sdk(sdk);
        Envelope::from(event).with_headers(headers)
    }

    fn exception(&self) -> Exception {
        match &self.what {
            What::Panic { message, place, .. } => Exception {
                ty: "panic".to_owned(),
                value: Some(message.unwrap_or("its message may hold data: it is in the log").to_owned()),
                stacktrace: place.as_ref().map(|(file, line)| Stacktrace {
                    frames: vec![Frame {
                        filename: Some(file.clone()),
                        lineno: Some(u64::from(*line)),
                        in_app: Some(true),
                        ..Frame::default()
                    }],
                    ..Stacktrace::default()
                }),
                mechanism: Some(Mechanism {
                    ty: "panic".to_owned(),
                    handled: Some(false),
                    ..Mechanism::default()
                }),
                ..Exception::default()
            },
            What::Answer { status, problem, route } => Exception {
                ty: (*problem).to_owned(),
                value: Some(format!("{status} at {}", route.as_deref().unwrap_or("no route"))),
                ..Exception::default()
            },
        }
    }

    fn tags(&self) -> [(&'static str, Option<String>); 6] {
        let (route, problem, status, thread) = match &self.what {
            What::Panic { thread, .. } => (None, None, None, Some(thread.clone())),
            What::Answer { status, problem, route } => {
                (route.clone(), Some((*problem).to_owned()), Some(status.to_string()), None)
            }
        };
        let trace_id = self.trace_id.map(|id| sentry_types::protocol::v7::TraceId::from(id).to_string());
        [
            ("request_id", self.request_id.clone()),
            ("trace_id", trace_id),
            ("route", route),
            ("problem", problem),
            ("status", status),
            ("thread", thread),
        ]
    }
}
