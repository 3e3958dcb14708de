//! The end of a connection whose client may still be sending.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// What is read of a client that does not stop, in bytes.
const MOST: usize = 1024 * 1024;

/// Ends our side, then reads and drops what still comes until the client ends too, for so long and
/// no more than [`MOST`].
///
/// The kernel answers bytes for a closed socket by a reset, which overtakes the last answer: the
/// client would hear of a broken connection and not of what was wrong.
pub(super) async fn linger<S>(stream: &mut S, patience: Duration)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // Late or broken, it is over.
    let _ = timeout(patience, async {
        stream.shutdown().await?;
        let mut rest = stream.take(MOST as u64);
        tokio::io::copy(&mut rest, &mut tokio::io::sink()).await
    })
    .await;
}
