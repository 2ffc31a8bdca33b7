//! Encryption of a file of any length in bounded memory: ChaCha20-Poly1305 (RFC 8439) in segments, by STREAM
//! (Hoang, Reyhanitabar, Rogaway, Vizár 2015): none can be changed, swapped, or left out at the end.

use std::io::{self, Read, Write};

use aead_stream::aead::Payload;
use aead_stream::{DecryptorBE32, EncryptorBE32};
use chacha20poly1305::ChaCha20Poly1305;

use crate::model::Key;

/// What an encrypted file begins with; its last character is the version.
const MAGIC: &[u8; 8] = b"CPTBKUP1";
const SALT: usize = 32;
/// Bytes of a segment before it is encrypted.
const SEGMENT: usize = 64 * 1024;
const TAG: usize = 16;
/// The key is one file's own, so its nonces may begin at nothing.
const NONCE: [u8; 7] = [0; 7];

/// Encrypts what is written to it.
pub(crate) struct Sealer<W> {
    inner: W,
    stream: EncryptorBE32<ChaCha20Poly1305>,
    /// What the file is: it cannot be put in another's place.
    name: Vec<u8>,
    segment: Vec<u8>,
}

/// Decrypts what is read through it; fails at the first byte that is not as it was written.
pub(crate) struct Opener<R> {
    inner: R,
    stream: Option<DecryptorBE32<ChaCha20Poly1305>>,
    /// Whether the last segment has been opened.
    ended: bool,
    name: Vec<u8>,
    /// A segment that was read ahead, to know whether it is the last.
    ahead: Vec<u8>,
    plain: Vec<u8>,
    taken: usize,
}

impl<W: Write> Sealer<W> {
    /// Begins a file under a key of its own, made of the key and a fresh `salt`.
    pub(crate) fn begin(mut inner: W, key: &Key, salt: &[u8; SALT], name: &str) -> io::Result<Self> {
        inner.write_all(MAGIC)?;
        inner.write_all(salt)?;
        let stream = EncryptorBE32::new(&key.of_file(salt).into(), &NONCE.into());
        Ok(Self { inner, stream, name: name.into(), segment: Vec::with_capacity(SEGMENT + TAG) })
    }

    /// Writes the last segment, which says that it is.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        let payload = Payload { msg: &self.segment, aad: &self.name };
        let sealed = self.stream.encrypt_last(payload).map_err(|_| too_long())?;
        self.inner.write_all(&sealed)?;
        Ok(self.inner)
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full segment waits for more to come: only then is it not the last.
        if self.segment.len() == SEGMENT {
            let payload = Payload { msg: &self.segment, aad: &self.name };
            let sealed = self.stream.encrypt_next(payload).map_err(|_| too_long())?;
            self.inner.write_all(&sealed)?;
            self.segment.clear();
        }
        let taken = bytes.len().min(SEGMENT - self.segment.len());
        self.segment.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Opener<R> {
    /// Opens what [`Sealer`] wrote under one of `keys`, whichever it is.
    pub(crate) fn open(mut inner: R, key: &Key, name: &str) -> io::Result<Self> {
        let mut head = [0; MAGIC.len() + SALT];
        inner.read_exact(&mut head).map_err(|_| not_ours())?;
        let (magic, salt) = head.split_at(MAGIC.len());
        let salt: &[u8; SALT] = salt.try_into().map_err(|_| not_ours())?;
        if magic != MAGIC {
            return Err(not_ours());
        }
        let stream = DecryptorBE32::new(&key.of_file(salt).into(), &NONCE.into());
        let mut opener = Self {
            inner,
            stream: Some(stream),
            ended: false,
            name: name.into(),
            ahead: Vec::new(),
            plain: Vec::new(),
            taken: 0,
        };
        opener.ahead = opener.fetch()?;
        Ok(opener)
    }

    fn fetch(&mut self) -> io::Result<Vec<u8>> {
        let mut segment = Vec::with_capacity(SEGMENT + TAG);
        (&mut self.inner).take((SEGMENT + TAG) as u64).read_to_end(&mut segment)?;
        Ok(segment)
    }

    fn next_segment(&mut self) -> io::Result<()> {
        let Some(mut stream) = self.stream.take() else {
            // What failed once has not come to its end.
            return if self.ended { Ok(()) } else { Err(changed()) };
        };
        let next = self.fetch()?;
        let sealed = std::mem::replace(&mut self.ahead, next);
        let payload = Payload { msg: sealed.as_slice(), aad: self.name.as_slice() };
        self.plain = if self.ahead.is_empty() {
            let plain = stream.decrypt_last(payload).map_err(|_| changed())?;
            self.ended = true;
            plain
        } else {
            let plain = stream.decrypt_next(payload).map_err(|_| changed())?;
            self.stream = Some(stream);
            plain
        };
        self.taken = 0;
        Ok(())
    }
}

impl<R: Read> Read for Opener<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.plain.len() {
            self.plain.clear();
            self.taken = 0;
            self.next_segment()?;
        }
        let taken = out.len().min(self.plain.len() - self.taken);
        out[..taken].copy_from_slice(&self.plain[self.taken..self.taken + taken]);
        self.taken += taken;
        Ok(taken)
    }
}

fn too_long() -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, "more segments than a file may have")
}

fn not_ours() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not a file that comporta encrypted")
}

fn changed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "encrypted under another key, or changed since")
}

#[cfg(test)]
mod tests {
    use comporta_kernel::Secret;
    use proptest::prelude::*;

    use super::*;

    fn key() -> Key {
        Key::of(&Secret::new("k".repeat(32)))
    }

    fn sealed(plain: &[u8]) -> Vec<u8> {
        let mut sealer = Sealer::begin(Vec::new(), &key(), &[7; SALT], "a").unwrap();
        sealer.write_all(plain).unwrap();
        sealer.finish().unwrap()
    }

    fn opened(sealed: &[u8], key: &Key, name: &str) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        Opener::open(sealed, key, name)?.read_to_end(&mut plain)?;
        Ok(plain)
    }

    #[test]
    fn a_file_of_any_length_comes_back_as_it_was() {
        for length in [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 3 * SEGMENT] {
            let plain: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            assert_eq!(opened(&sealed(&plain), &key(), "a").unwrap(), plain, "{length}");
        }
    }

    #[test]
    fn another_key_or_another_name_opens_nothing() {
        let sealed = sealed(b"money");
        assert!(opened(&sealed, &Key::of(&Secret::new("l".repeat(32))), "a").is_err());
        assert!(opened(&sealed, &key(), "b").is_err());
    }

    #[test]
    fn a_file_cut_between_two_segments_is_found_out() {
        let sealed = sealed(&vec![1; 2 * SEGMENT]);
        let cut = MAGIC.len() + SALT + SEGMENT + TAG;
        assert!(opened(&sealed[..cut], &key(), "a").is_err());
    }

    proptest! {
        #[test]
        fn a_changed_byte_is_found_wherever_it_is(at in 0_usize..1000, bit in 0_u8..8) {
            let mut sealed = sealed(&[9; 1000 - MAGIC.len() - SALT - TAG]);
            prop_assert_eq!(sealed.len(), 1000);
            sealed[at] ^= 1 << bit;
            prop_assert!(opened(&sealed, &key(), "a").is_err());
        }
    }
}
