//! Gives a tree its types, by serde; a fault knows its path and where it was written.

use std::collections::btree_map;
use std::fmt;
use std::slice;

use comporta_kernel::Secret;
use serde::de::value::{StrDeserializer, StringDeserializer};
use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

use super::Settings;
use super::environment::Environment;
use super::secret;
use super::tree::{Entry, Node, Origin, Step, Value};

/// What is wrong in a tree. The path is built from the inside out while the error travels up.
#[derive(Debug)]
pub(super) struct Error {
    pub(super) path: Vec<Step>,
    pub(super) origin: Option<Origin>,
    pub(super) message: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Messages never quote a value of text: it may be a secret at the wrong place.
impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { path: Vec::new(), origin: None, message: message.to_string() }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Str(_) | Unexpected::Char(_) => "text".to_owned(),
            Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
            Unexpected::Unsigned(number) => number.to_string(),
            Unexpected::Signed(number) => number.to_string(),
            Unexpected::Float(number) => number.to_string(),
            Unexpected::Bool(value) => value.to_string(),
            Unexpected::Seq => "a list".to_owned(),
            Unexpected::Map => "settings by name".to_owned(),
            _ => "something else".to_owned(),
        };
        Self::custom(format!("expected {}, found {found}", in_plain_words(&expected.to_string())))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_variant(word: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(unknown("value", word, expected))
    }

    fn unknown_field(word: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(unknown("field", word, expected))
    }
}

/// What serde calls a type, as an operator would.
fn in_plain_words(expected: &str) -> &str {
    match expected {
        "a boolean" => "true or false",
        "a string" => "text",
        "path string" => "a path",
        "a sequence" => "a list such as [a, b]",
        "u16" | "u32" | "u64" | "usize" => "a whole number",
        nonzero if nonzero.starts_with("a nonzero") => "a whole number above zero",
        other => other,
    }
}

/// Says that a word is not among those expected, and which one was probably meant.
fn unknown(kind: &str, word: &str, expected: &[&str]) -> String {
    let distance = |known: &&&str| strsim::damerau_levenshtein(word, known);
    match expected.iter().min_by_key(distance).filter(|known| distance(known) <= 1 + word.len() / 4) {
        Some(known) => format!("unknown {kind} `{word}`, did you mean `{known}`?"),
        None => format!("unknown {kind} `{word}`, expected one of {}", expected.join(", ")),
    }
}

/// Reads a whole document.
pub(super) fn settings(reader: Reader<'_>) -> Result<Settings, Error> {
    Settings::deserialize(reader).map_err(|mut error| {
        error.path.reverse();
        error
    })
}

/// Reads one node.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    node: &'a Node,
    environment: &'a Environment,
}

impl<'a> Reader<'a> {
    pub(super) fn new(node: &'a Node, environment: &'a Environment) -> Self {
        Self { node, environment }
    }

    /// Reads a node inside this one.
    fn inside<'de, S: DeserializeSeed<'de>>(
        self,
        node: &'a Node,
        step: Step,
        seed: S,
    ) -> Result<S::Value, Error> {
        seed.deserialize(Self { node, ..self }).map_err(|mut error| {
            error.origin.get_or_insert_with(|| node.origin.clone());
            error.path.push(step);
            error
        })
    }
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::Map(entries) => {
                visitor.visit_map(Entries { rest: entries.iter(), value: None, reader: self })
            }
            Value::List(items) => visitor.visit_seq(Items { rest: items.iter().enumerate(), reader: self }),
            Value::Scalar { text, quoted: true } => visitor.visit_str(text),
            Value::Scalar { .. } if self.node.is_null() => visitor.visit_unit(),
            Value::Scalar { text, .. } => visit_plain(text, visitor),
        }
    }

    /// Where text is wanted, `off`, `12` and `3.10` are text, quoted or not.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::Scalar { text, .. } if !self.node.is_null() => visitor.visit_str(text),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.node.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::Scalar { text, .. } if name == Secret::TYPE_NAME && !self.node.is_null() => {
                let text = secret::resolve(text, self.environment).map_err(de::Error::custom)?;
                visitor.visit_newtype_struct(StringDeserializer::new(text))
            }
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let stranger = match &self.node.value {
            Value::Map(entries) => entries.iter().find(|(key, _)| !fields.contains(&key.as_str())),
            _ => None,
        };
        match stranger {
            None => self.deserialize_any(visitor),
            Some((key, entry)) => Err(Error {
                path: vec![Step::Key(key.clone())],
                origin: Some(entry.origin.clone()),
                message: unknown("field", key, fields),
            }),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::Scalar { text, .. } => visitor.visit_enum(StrDeserializer::new(text)),
            _ => Err(de::Error::custom("expected one word")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

/// A scalar without quotes is a boolean or a number if it reads like one (YAML 1.2, core schema).
fn visit_plain<'de, V: Visitor<'de>>(text: &str, visitor: V) -> Result<V::Value, Error> {
    let numeric = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
    match text {
        "true" => visitor.visit_bool(true),
        "false" => visitor.visit_bool(false),
        _ if !numeric => visitor.visit_str(text),
        _ => match (text.parse(), text.parse(), text.parse()) {
            (Ok(number), _, _) => visitor.visit_u64(number),
            (_, Ok(number), _) => visitor.visit_i64(number),
            (_, _, Ok(number)) => visitor.visit_f64(number),
            _ => visitor.visit_str(text),
        },
    }
}

struct Items<'a> {
    rest: std::iter::Enumerate<slice::Iter<'a, Node>>,
    reader: Reader<'a>,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let next = self.rest.next();
        next.map(|(index, node)| self.reader.inside(node, Step::Index(index), seed)).transpose()
    }
}

struct Entries<'a> {
    rest: btree_map::Iter<'a, String, Entry>,
    value: Option<(&'a String, &'a Node)>,
    reader: Reader<'a>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((key, entry)) = self.rest.next() else { return Ok(None) };
        self.value = Some((key, &entry.node));
        let read = seed.deserialize(key.as_str().into_deserializer());
        read.map(Some).map_err(|error: Error| Error {
            path: vec![Step::Key(key.clone())],
            origin: Some(entry.origin.clone()),
            ..error
        })
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let (key, node) = self.value.take().ok_or_else(|| de::Error::custom("a value without its key"))?;
        self.reader.inside(node, Step::Key(key.clone()), seed)
    }
}
