//! How a state becomes bytes, and back.

use super::{DecodeError, EncodeError, SessionData};
use serde_json::{Map, Value};
use std::fmt;
use std::ops::Range;

/// Turns states into bytes and back. The default is [`Json`](super::Json).
///
/// Contract:
///
/// - `decode(encode(state))` gives every stored field its content back;
/// - a stored field that is missing takes its initial value, an unknown one is no error;
/// - `decode` is only ever given bytes that were authenticated, and need not be fast on others, but
///   must not panic on any.
///
/// [`Serializable`](super::Serializable) and [`Deserializable`](super::Deserializable) give a
/// session type serde's traits, so that any serde format becomes a codec in two lines:
///
/// ```
/// use session::{Codec, DecodeError, Deserializable, EncodeError, Payload, Serializable, SessionData};
///
/// struct Pretty;
///
/// impl Codec for Pretty {
///     fn encode<T: SessionData>(&self, state: &T, to: &mut Payload) -> Result<(), EncodeError> {
///         serde_json::to_writer_pretty(to.start(), &Serializable(state)).map_err(EncodeError::new)
///     }
///
///     fn decode<T: SessionData>(&self, from: &mut Payload) -> Result<T, DecodeError> {
///         let Deserializable(state) =
///             serde_json::from_slice(from.bytes()).map_err(DecodeError::new)?;
///         Ok(state)
///     }
/// }
/// ```
pub trait Codec: Send + Sync + 'static {
    /// Whether members that `T` does not know survive a write, as [`carry_unknown`] does it. A
    /// codec without field names can keep none, and says so here.
    ///
    /// [`carry_unknown`]: Codec::carry_unknown
    const KEEPS_UNKNOWN: bool = false;

    /// Writes `state` to `to`, replacing what was there.
    ///
    /// # Errors
    /// When a field can't be encoded.
    fn encode<T: SessionData>(&self, state: &T, to: &mut Payload) -> Result<(), EncodeError>;

    /// Reads a state.
    ///
    /// # Errors
    /// When the bytes are not a state of `T`.
    fn decode<T: SessionData>(&self, from: &mut Payload) -> Result<T, DecodeError>;

    /// Puts into `state` the content that one field has in `from`: its initial value when it is
    /// not there. Called when two states are compared field by field.
    ///
    /// # Errors
    /// As [`decode`](Codec::decode).
    fn decode_field<T: SessionData>(
        &self,
        from: &mut Payload,
        state: &mut T,
        index: usize,
    ) -> Result<(), DecodeError> {
        let mut whole = self.decode::<T>(from)?;
        state.swap_field(&mut whole, index);
        Ok(())
    }

    /// Whether a field has the content in `state` that it has in `from`. Called for fields that
    /// may have changed; a codec that can decode one field alone may be faster than this.
    ///
    /// # Errors
    /// As [`decode`](Codec::decode).
    fn same_field<T: SessionData>(
        &self,
        from: &mut Payload,
        state: &T,
        index: usize,
    ) -> Result<bool, DecodeError> {
        let mut before = T::initial();
        self.decode_field(from, &mut before, index)?;
        Ok(state.same_field(&before, index))
    }

    /// Adds to the encoded state `to` the members of `from` that `T` does not know, so that an
    /// older instance of an application does not destroy what a newer one stored.
    ///
    /// # Errors
    /// When `from` can't be read.
    fn carry_unknown<T: SessionData>(
        &self,
        from: &Payload,
        to: &mut Payload,
    ) -> Result<(), EncodeError> {
        let _ = (from, to);
        Ok(())
    }

    /// The members of an encoded state, for `migrate`.
    ///
    /// # Errors
    /// When the bytes have no named members: such a codec can't migrate.
    fn members(&self, from: &Payload) -> Result<Map<String, Value>, DecodeError> {
        let _ = from;
        Err(DecodeError::new("this codec has no named members to migrate"))
    }
}

/// An encoded state, and where its fields lie.
#[derive(Default)]
pub struct Payload {
    buffer: Vec<u8>,
    range: Range<usize>,
    /// Where the value of each field lies, when the codec can tell: empty, or one span a field.
    spans: Vec<Span>,
    /// Whether there are members that the type does not know.
    pub(crate) unknown: bool,
}

/// Where a field's value lies in the bytes; `0..0` when it is not there.
type Span = (u32, u32);

impl Payload {
    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[self.range.clone()]
    }

    /// Starts anew: what is written to the returned writer becomes the bytes.
    #[must_use]
    pub fn start(&mut self) -> PayloadWriter<'_> {
        self.clear();
        PayloadWriter { payload: self }
    }

    pub(crate) fn clear(&mut self) {
        self.buffer.clear();
        self.range = 0..0;
        self.spans.clear();
        self.unknown = false;
    }

    /// The buffer for a token of which [`narrow`](Self::narrow) later names the payload: so a
    /// payload is never copied out of its token.
    pub(crate) fn token_buffer(&mut self) -> &mut Vec<u8> {
        self.clear();
        &mut self.buffer
    }

    /// Takes a buffer that holds the payload in `range`.
    pub(crate) fn take(&mut self, buffer: Vec<u8>, range: Range<usize>) {
        self.clear();
        self.buffer = buffer;
        self.narrow(range);
    }

    pub(crate) fn narrow(&mut self, range: Range<usize>) {
        debug_assert!(range.end <= self.buffer.len());
        self.range = range;
    }

    pub(crate) fn parts_mut(&mut self) -> (&[u8], &mut Vec<Span>) {
        (&self.buffer[self.range.clone()], &mut self.spans)
    }

    /// The encoded value of a field, or `None` when it is not there or the codec can't tell.
    pub(crate) fn field(&self, index: usize) -> Option<&[u8]> {
        match self.spans.get(index) {
            Some(&(start, end)) if start < end => self.bytes().get(start as usize..end as usize),
            _ => None,
        }
    }

    pub(crate) fn has_spans(&self) -> bool {
        !self.spans.is_empty()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    pub(crate) fn swap(&mut self, other: &mut Self) {
        std::mem::swap(self, other);
    }
}

impl fmt::Debug for Payload {
    /// Shows the length only: the bytes are the user's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payload").field("len", &self.range.len()).finish_non_exhaustive()
    }
}

/// Writes the bytes of a [`Payload`].
#[derive(Debug)]
pub struct PayloadWriter<'p> {
    payload: &'p mut Payload,
}

impl std::io::Write for PayloadWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.payload.buffer.extend_from_slice(bytes);
        self.payload.range.end = self.payload.buffer.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// For the built-in codec, which also notes the spans.
pub(crate) struct SpannedWriter<'p> {
    pub(crate) bytes: &'p mut Vec<u8>,
    pub(crate) spans: &'p mut Vec<Span>,
}

impl Payload {
    /// Starts a payload of `fields` fields whose spans the codec notes.
    pub(crate) fn start_spanned(&mut self, fields: usize) -> SpannedWriter<'_> {
        self.clear();
        self.spans.resize(fields, (0, 0));
        SpannedWriter { bytes: &mut self.buffer, spans: &mut self.spans }
    }

    /// Continues after [`start_spanned`](Self::start_spanned) or to add members.
    pub(crate) fn buffer_mut(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Takes the whole buffer as the bytes.
    pub(crate) fn finish(&mut self) {
        self.range = 0..self.buffer.len();
    }
}

/// A [`Codec`] for one type, as an object.
pub(crate) trait Coder<T>: Send + Sync {
    fn encode(&self, state: &T, to: &mut Payload) -> Result<(), EncodeError>;
    fn decode(&self, from: &mut Payload) -> Result<T, DecodeError>;
    fn same_field(&self, from: &mut Payload, state: &T, index: usize) -> Result<bool, DecodeError>;
    fn carry_unknown(&self, from: &Payload, to: &mut Payload) -> Result<(), EncodeError>;
    fn members(&self, from: &Payload) -> Result<Map<String, Value>, DecodeError>;
}

impl<T: SessionData, C: Codec> Coder<T> for C {
    fn encode(&self, state: &T, to: &mut Payload) -> Result<(), EncodeError> {
        Codec::encode(self, state, to)
    }

    fn decode(&self, from: &mut Payload) -> Result<T, DecodeError> {
        Codec::decode(self, from)
    }

    fn same_field(&self, from: &mut Payload, state: &T, index: usize) -> Result<bool, DecodeError> {
        Codec::same_field(self, from, state, index)
    }

    fn carry_unknown(&self, from: &Payload, to: &mut Payload) -> Result<(), EncodeError> {
        if C::KEEPS_UNKNOWN { Codec::carry_unknown::<T>(self, from, to) } else { Ok(()) }
    }

    fn members(&self, from: &Payload) -> Result<Map<String, Value>, DecodeError> {
        Codec::members(self, from)
    }
}
