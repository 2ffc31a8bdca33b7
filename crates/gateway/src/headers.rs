//! The headers of a message on their way through, in the order in which they came.
//!
//! A message has some ten of them. To look at each costs less than to hash a name, and a list of them is built, changed
//! and written for less than a map: what is searched is a few cache lines. How many there may be is bounded where heads
//! are read.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Names and values; a name may be there more than once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Headers(Vec<(HeaderName, HeaderValue)>);

/// What a header is looked for by.
pub(crate) trait Named {
    fn is(&self, name: &HeaderName) -> bool;
}

impl Named for HeaderName {
    fn is(&self, name: &HeaderName) -> bool {
        self == name
    }
}

impl Named for &HeaderName {
    fn is(&self, name: &HeaderName) -> bool {
        *self == name
    }
}

impl Headers {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// Drops all of them, and makes room for so many.
    pub(crate) fn renew(&mut self, capacity: usize) {
        self.0.clear();
        self.0.reserve(capacity);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn contains_key(&self, name: impl Named) -> bool {
        self.get(name).is_some()
    }

    /// The first value of a name.
    pub(crate) fn get(&self, name: impl Named) -> Option<&HeaderValue> {
        self.get_all(name).next()
    }

    /// All values of a name.
    pub(crate) fn get_all(&self, name: impl Named) -> impl DoubleEndedIterator<Item = &HeaderValue> {
        self.0.iter().filter(move |(known, _)| name.is(known)).map(|(_, value)| value)
    }

    /// The value of a name that is there once.
    pub(crate) fn only(&self, name: impl Named) -> Option<&HeaderValue> {
        let mut values = self.get_all(name);
        values.next().filter(|_| values.next().is_none())
    }

    /// The names, those that are there twice twice.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &HeaderName> {
        self.0.iter().map(|(name, _)| name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// Adds a value beside those that a name has.
    pub(crate) fn append(&mut self, name: impl Into<HeaderName>, value: HeaderValue) {
        self.0.push((name.into(), value));
    }

    /// Puts a value in place of those that a name has.
    pub(crate) fn insert(&mut self, name: impl Into<HeaderName>, value: HeaderValue) {
        let name = name.into();
        self.remove(&name);
        self.0.push((name, value));
    }

    /// Drops all values of a name.
    pub(crate) fn remove(&mut self, name: impl Named) {
        self.retain(|known| !name.is(known));
    }

    /// Drops every name that is not to stay.
    pub(crate) fn retain(&mut self, stays: impl Fn(&HeaderName) -> bool) {
        self.0.retain(|(name, _)| stays(name));
    }

    /// Adds others; their values stand in place of those that a name had.
    pub(crate) fn replace(&mut self, others: Self) {
        for name in others.keys() {
            self.remove(name);
        }
        self.0.extend(others.0);
    }
}

impl FromIterator<(HeaderName, HeaderValue)> for Headers {
    fn from_iter<I: IntoIterator<Item = (HeaderName, HeaderValue)>>(headers: I) -> Self {
        Self(headers.into_iter().collect())
    }
}

impl From<HeaderMap> for Headers {
    fn from(map: HeaderMap) -> Self {
        let mut headers = Self::with_capacity(map.len());
        for (name, value) in map {
            // Further values of a name come without it.
            let Some(name) = name.or_else(|| headers.0.last().map(|(name, _)| name.clone())) else {
                continue;
            };
            headers.0.push((name, value));
        }
        headers
    }
}

impl From<Headers> for HeaderMap {
    fn from(headers: Headers) -> Self {
        let mut map = Self::with_capacity(headers.0.len());
        for (name, value) in headers.0 {
            // Refused beyond 32,768, which no head that was read comes near.
            let _ = map.try_append(name, value);
        }
        map
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Index;

    use http::header::{ACCEPT, COOKIE, HOST};

    use super::*;

    impl Headers {
        pub(crate) fn is_empty(&self) -> bool {
            self.0.is_empty()
        }
    }

    impl Named for &str {
        fn is(&self, name: &HeaderName) -> bool {
            name == self
        }
    }

    impl Index<&str> for Headers {
        type Output = HeaderValue;

        fn index(&self, name: &str) -> &HeaderValue {
            self.get(name).unwrap()
        }
    }

    /// As maps are compared: names may stand in another order, the values of each may not.
    impl PartialEq for Headers {
        fn eq(&self, other: &Self) -> bool {
            HeaderMap::from(self.clone()) == HeaderMap::from(other.clone())
        }
    }

    impl Eq for Headers {}

    fn value(text: &'static str) -> HeaderValue {
        HeaderValue::from_static(text)
    }

    #[test]
    fn a_name_has_its_values_in_order_until_one_stands_in_their_place() {
        let mut headers = Headers::new();
        headers.append(ACCEPT, value("a"));
        headers.append(HOST, value("h"));
        headers.append(ACCEPT, value("b"));
        assert_eq!(headers.get_all(ACCEPT).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!((headers.get(ACCEPT).unwrap(), headers.only(ACCEPT)), (&value("a"), None));
        headers.insert(ACCEPT, value("c"));
        assert_eq!(headers.only(ACCEPT), Some(&value("c")));
        let others = Headers::from_iter([(HOST, value("i")), (COOKIE, value("x")), (COOKIE, value("y"))]);
        headers.replace(others);
        headers.remove(ACCEPT);
        let all: Vec<(&str, &HeaderValue)> =
            headers.iter().map(|(name, value)| (name.as_str(), value)).collect();
        assert_eq!(all, [("host", &value("i")), ("cookie", &value("x")), ("cookie", &value("y"))]);
    }

    #[test]
    fn a_map_and_back_keeps_every_value() {
        let headers = Headers::from_iter([(COOKIE, value("x")), (HOST, value("h")), (COOKIE, value("y"))]);
        let back = Headers::from(HeaderMap::from(headers.clone()));
        assert_eq!(back.get_all(COOKIE).collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!((back.keys().count(), &back), (3, &headers));
    }
}
