//! Another protocol on a connection, WebSocket mostly: bytes are carried both ways until one side ends.

use std::io;
use std::sync::Arc;

use tokio::io::AsyncWriteExt as _;

use crate::cluster::Pick;
use crate::connections::Open;
use crate::core::Core;
use crate::forward::{Http1, Stream};
use crate::watched::Watched;

/// Bytes under way in each direction.
const BUFFER: usize = 16 * 1024;

/// A target's agreement: the connection on which it answered 101, and its place.
pub(crate) type Accepted = (Http1, Pick);

/// Carries bytes between the two, in the task of the caller's connection.
pub(crate) async fn carry(
    core: &Arc<Core>,
    open: &Arc<Open>,
    caller: Stream,
    ahead: &[u8],
    (target, _pick): Accepted,
) -> io::Result<()> {
    // Nothing is to be asked any more: silence is for the two ends to judge.
    open.connection().begins();
    let mut caller = Watched::new(caller, Arc::clone(core), Arc::clone(open));
    let (mut target, said) = target.upgraded();
    // What came right behind the target's agreement, and behind the caller's request.
    caller.write_all(&said).await?;
    target.write_all(ahead).await?;
    tokio::io::copy_bidirectional_with_sizes(&mut caller, &mut target, BUFFER, BUFFER).await?;
    Ok(())
}
