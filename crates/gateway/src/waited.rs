//! How long something had to be waited for, without a look at the clock where it had not.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

/// What comes of work, and how long it was waited for: nothing if it was done at the first look.
pub(crate) async fn waited<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let mut work = pin!(work);
    let mut since = None;
    poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(done) => {
            Poll::Ready((done, since.map_or(Duration::ZERO, |since: Instant| since.elapsed())))
        }
        Poll::Pending => {
            since.get_or_insert_with(Instant::now);
            Poll::Pending
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_what_was_waited_for_took_time() {
        assert_eq!(waited(async { 7 }).await, (7, Duration::ZERO));
        let pause = Duration::from_millis(20);
        let (_, took) = waited(tokio::time::sleep(pause)).await;
        assert!(took >= pause - Duration::from_millis(2), "{took:?}");
    }
}
