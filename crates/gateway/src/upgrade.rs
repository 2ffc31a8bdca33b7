//! Another protocol on a connection, WebSocket mostly: bytes are carried both ways until one side ends or is silent.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::Response;
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use crate::cluster::Pick;
use crate::core::Core;
use crate::forward::Http1;

/// How long a caller may take to agree once the target has.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes under way in each direction.
const BUFFER: usize = 16 * 1024;

/// A target's agreement: its connection, its answer of 101, its place.
pub(crate) type Accepted = (Http1, Response<Incoming>, Pick);

/// Carries bytes between the two, in a task of this core.
pub(crate) fn carry(core: Arc<Core>, caller: OnUpgrade, accepted: Accepted) {
    let (connection, response, pick) = accepted;
    tokio::spawn(async move {
        let both = async {
            let (caller, target) = futures_util::join!(caller, connection.upgraded(response));
            Ok::<_, hyper::Error>((caller?, target?))
        };
        let agreed = core.deadlines.within(PATIENCE, both).await;
        if let Ok(Ok((caller, target))) = agreed {
            let (mut caller, mut target) = (TokioIo::new(caller), TokioIo::new(target));
            let carried =
                tokio::io::copy_bidirectional_with_sizes(&mut caller, &mut target, BUFFER, BUFFER).await;
            if let Err(error) = carried
                && error.kind() != io::ErrorKind::ConnectionReset
            {
                tracing::debug!(%error, "an upgraded connection broke off");
            }
        }
        drop(pick);
    });
}
