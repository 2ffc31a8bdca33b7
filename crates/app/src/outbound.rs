//! What tasks share that carry things out of the process: the HTTP client, and the time they get at its end.

use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;
use tokio_util::sync::CancellationToken;

/// How long what is left may take at the end of the process.
const FLUSH: Duration = Duration::from_secs(2);

/// A client that gives each request so long, from the connection's beginning to the last byte of the answer.
///
/// # Errors
/// When no TLS can be had.
pub fn client(patience: Duration) -> Result<Client, Box<dyn std::error::Error + Send + Sync>> {
    let client = Client::builder()
        .tls_backend_preconfigured(comporta_gateway::web_client()?)
        .timeout(patience)
        .redirect(Policy::none())
        // What is not in the settings is not obeyed.
        .no_proxy();
    Ok(client.build()?)
}

/// Does the work until it ends, which it does once stopped with nothing left, or until two seconds after the stop.
pub async fn flush(work: impl Future<Output = ()>, stop: &CancellationToken) {
    let over = async {
        stop.cancelled().await;
        tokio::time::sleep(FLUSH).await;
    };
    tokio::select! {
        () = work => {}
        () = over => {}
    }
}
