//! Requests that are answered without the gateway, and which request a panic befell.

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use comporta_gateway::{Failure, FailureSink as _};
use comporta_http::{Problem, RequestId, X_REQUEST_ID};

use super::Reports;

tokio::task_local! {
    /// The request that a task works for.
    static REQUEST: RequestId;
}

/// Does what a request asks for: a panic on the way is told with the request's id.
pub async fn of_request<T>(id: RequestId, work: impl Future<Output = T>) -> T {
    REQUEST.scope(id, work).await
}

/// The id of the request that the present task works for.
pub(super) fn request_under_way() -> Option<String> {
    REQUEST.try_with(|id| id.as_str().to_owned()).ok()
}

/// Tells of what a router fails at that is not behind this process's gateway.
pub fn watch(router: Router, reports: Option<Reports>) -> Router {
    match reports {
        Some(reports) => router.layer(from_fn_with_state(reports, watched)),
        None => router,
    }
}

async fn watched(State(reports): State<Reports>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let response = next.run(request).await;
    let problem = response.extensions().get::<Problem>().map(|problem| problem.kind().slug);
    if response.status().is_server_error()
        && let Some(problem) = problem
    {
        let id = response.headers().get(X_REQUEST_ID).and_then(|id| id.to_str().ok());
        reports.failed(&Failure {
            request_id: id.unwrap_or_default(),
            trace_id: None,
            route: route.as_deref(),
            status: response.status().as_u16(),
            problem,
        });
    }
    response
}
