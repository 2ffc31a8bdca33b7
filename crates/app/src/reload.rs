//! Asking the running process to read its settings again, from the private listener.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use comporta_http::{FieldError, Problem, RequestId};
use comporta_partners::{Act, Actor, Partners};
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

/// What a reload came to: the settings that wait for the next start, or the faults for which it was refused.
pub type Outcome = Result<Vec<String>, Vec<String>>;

/// Asks for reloads, one at a time.
#[derive(Clone, Debug)]
pub struct Reloads(mpsc::Sender<oneshot::Sender<Outcome>>);

/// The other end: who reads the settings.
#[derive(Debug)]
pub struct Asked(mpsc::Receiver<oneshot::Sender<Outcome>>);

/// A way to ask, and where it is heard.
#[must_use]
pub fn channel() -> (Reloads, Asked) {
    let (ask, asked) = mpsc::channel(1);
    (Reloads(ask), Asked(asked))
}

impl Asked {
    /// The next one who asks.
    pub async fn next(&mut self) -> oneshot::Sender<Outcome> {
        match self.0.recv().await {
            Some(asked) => asked,
            None => std::future::pending().await,
        }
    }
}

/// `POST /admin/v1/reload`.
pub(crate) fn router(reloads: Reloads, partners: Partners) -> Router {
    Router::new().route("/admin/v1/reload", post(reload)).with_state((reloads, partners))
}

async fn reload(
    State((Reloads(ask), partners)): State<(Reloads, Partners)>,
    Extension(actor): Extension<Actor>,
    Extension(request_id): Extension<RequestId>,
) -> Result<Response, Problem> {
    let (tell, told) = oneshot::channel();
    let stopping = || Problem::unavailable("the process is stopping");
    ask.send(tell).await.map_err(|_| stopping())?;
    match told.await.map_err(|_| stopping())? {
        Ok(wait) => {
            let partners = partners.acting(actor.in_request(request_id.as_str()));
            let act = Act::new("reload", "settings").with(json!({"at_next_start": wait}));
            // It is done, and must not be said to have failed because the database is away.
            if let Err(error) = partners.audit(act).await {
                tracing::error!(%error, "a reload is not in the audit trail");
            }
            Ok((StatusCode::OK, Json(json!({"reloaded": true, "at_next_start": wait}))).into_response())
        }
        Err(faults) => {
            Err(Problem::invalid(faults.into_iter().map(|fault| FieldError::new("", fault)).collect()))
        }
    }
}
