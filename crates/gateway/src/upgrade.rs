//! Another protocol on a connection, WebSocket mostly: bytes are carried both ways until one side ends.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt as _;

use crate::cluster::Pick;
use crate::core::Core;
use crate::forward::Http1;

/// How long a caller may take to agree once the target has.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes under way in each direction.
const BUFFER: usize = 16 * 1024;

/// A target's agreement: the connection on which it answered 101, and its place.
pub(crate) type Accepted = (Http1, Pick);

/// Carries bytes between the two, in a task of this core.
pub(crate) fn carry(core: Arc<Core>, caller: OnUpgrade, accepted: Accepted) {
    let (connection, pick) = accepted;
    tokio::spawn(async move {
        let agreed = core.deadlines.within(PATIENCE, caller).await;
        if let Ok(Ok(caller)) = agreed {
            let mut caller = TokioIo::new(caller);
            let carried = async {
                let (mut target, said) = connection.upgraded();
                // What came right behind the target's agreement.
                caller.write_all(&said).await?;
                tokio::io::copy_bidirectional_with_sizes(&mut caller, &mut target, BUFFER, BUFFER).await
            };
            let carried = carried.await;
            if let Err(error) = carried
                && error.kind() != io::ErrorKind::ConnectionReset
            {
                tracing::debug!(%error, "an upgraded connection broke off");
            }
        }
        drop(pick);
    });
}
