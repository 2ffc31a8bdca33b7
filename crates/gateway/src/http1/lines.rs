//! Lines up to an empty one: a head, or trailers.

use bytes::{Bytes, BytesMut};

use super::fault::Malformed;

/// Looks for the end of the lines, each byte once however slowly they come.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// Where the first line begins that is not whole.
    whole: usize,
}

impl Lines {
    /// Takes the lines off the buffer, with the empty one that ends them, once they are all there.
    ///
    /// # Errors
    /// When they are more than so many bytes, or one ends otherwise than with CR and LF.
    pub(crate) fn take(&mut self, buffer: &mut BytesMut, most: usize) -> Result<Option<Bytes>, Malformed> {
        if buffer.is_empty() {
            return Ok(None);
        }
        let mut line = self.whole;
        for feed in memchr::memchr_iter(b'\n', &buffer[line..]).map(|feed| self.whole + feed) {
            match &buffer[line..feed] {
                b"\r" if feed < most => {
                    self.whole = 0;
                    return Ok(Some(buffer.split_to(feed + 1).freeze()));
                }
                b"\r" => return Err(Malformed::TooLarge),
                [.., b'\r'] => line = feed + 1,
                _ => return Err(Malformed::BareLineFeed),
            }
        }
        self.whole = line;
        if buffer.len() < most { Ok(None) } else { Err(Malformed::TooLarge) }
    }
}
