//! The headers of a message on their way through, in the order in which they came.
//!
//! A message has some ten of them. To look at each costs less than to hash a name, and a list of them is built, changed
//! and written for less than a map: what is searched is a few cache lines. How many there may be is bounded where heads
//! are read.

use std::collections::HashSet;

use http::{HeaderMap, HeaderName, HeaderValue};

/// Names and values; a name may be there more than once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Headers {
    list: Vec<(HeaderName, HeaderValue)>,
    /// The marks of all names that were ever added: most names that are asked for are not there.
    marks: Marks,
}

/// A bit for each name; some names share one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks(u64);

impl Marks {
    /// Those of many names.
    pub(crate) fn of<'n>(names: impl IntoIterator<Item = &'n HeaderName>) -> Self {
        Self(names.into_iter().fold(0, |marks, name| marks | Self::of_text(name.as_str()).0))
    }

    #[inline]
    fn of_text(name: &str) -> Self {
        // Length and the letter before the last: so multiplied, of names in wide use hardly two share a mark.
        let letter = name.as_bytes().iter().nth_back(1).copied().unwrap_or_default();
        Self(1 << ((name.len() * 52 + usize::from(letter)) % 64))
    }

    #[inline]
    const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// What a header is looked for by.
pub(crate) trait Named {
    fn is(&self, name: &HeaderName) -> bool;
    fn marks(&self) -> Marks;
}

impl Named for HeaderName {
    #[inline]
    fn is(&self, name: &HeaderName) -> bool {
        self == name
    }

    #[inline]
    fn marks(&self) -> Marks {
        Marks::of_text(self.as_str())
    }
}

impl Named for &HeaderName {
    #[inline]
    fn is(&self, name: &HeaderName) -> bool {
        *self == name
    }

    #[inline]
    fn marks(&self) -> Marks {
        Marks::of_text(self.as_str())
    }
}

impl Headers {
    pub(crate) const fn new() -> Self {
        Self { list: Vec::new(), marks: Marks(0) }
    }

    /// Drops all of them, and makes room for so many.
    pub(crate) fn renew(&mut self, capacity: usize) {
        self.clear();
        self.list.reserve(capacity);
    }

    pub(crate) fn clear(&mut self) {
        self.list.clear();
        self.marks = Marks::default();
    }

    /// Whether a name with one of these marks may be there. If not, none is.
    pub(crate) const fn may_have(&self, marks: Marks) -> bool {
        self.marks.meets(marks)
    }

    pub(crate) fn contains_key(&self, name: impl Named) -> bool {
        self.get(name).is_some()
    }

    /// The first value of a name.
    #[inline]
    pub(crate) fn get(&self, name: impl Named) -> Option<&HeaderValue> {
        self.get_all(name).next()
    }

    /// All values of a name.
    #[inline]
    pub(crate) fn get_all(&self, name: impl Named) -> impl DoubleEndedIterator<Item = &HeaderValue> {
        let list = if self.may_have(name.marks()) { self.list.as_slice() } else { &[] };
        list.iter().filter(move |(known, _)| name.is(known)).map(|(_, value)| value)
    }

    /// The value of a name that is there once.
    pub(crate) fn only(&self, name: impl Named) -> Option<&HeaderValue> {
        let mut values = self.get_all(name);
        values.next().filter(|_| values.next().is_none())
    }

    /// The names, those that are there twice twice.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &HeaderName> {
        self.list.iter().map(|(name, _)| name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.list.iter().map(|(name, value)| (name, value))
    }

    /// Adds a value beside those that a name has.
    #[inline]
    pub(crate) fn append(&mut self, name: impl Into<HeaderName>, value: HeaderValue) {
        let name = name.into();
        self.marks.0 |= name.marks().0;
        self.list.push((name, value));
    }

    /// Puts a value in place of those that a name has.
    #[inline]
    pub(crate) fn insert(&mut self, name: impl Into<HeaderName>, value: HeaderValue) {
        let name = name.into();
        self.remove(&name);
        self.append(name, value);
    }

    /// Drops all values of a name.
    #[inline]
    pub(crate) fn remove(&mut self, name: impl Named) {
        if self.may_have(name.marks()) {
            self.list.retain(|(known, _)| !name.is(known));
        }
    }

    /// Drops all values of many names, which a caller may have chosen: in one walk.
    pub(crate) fn remove_all(&mut self, names: &HashSet<HeaderName>) {
        if !names.is_empty() {
            self.list.retain(|(name, _)| !names.contains(name));
        }
    }

    /// Adds others; their values stand in place of those that a name had.
    pub(crate) fn replace(&mut self, others: Self) {
        for name in others.keys() {
            self.remove(name);
        }
        self.extend(others.list);
    }
}

impl Extend<(HeaderName, HeaderValue)> for Headers {
    fn extend<I: IntoIterator<Item = (HeaderName, HeaderValue)>>(&mut self, headers: I) {
        headers.into_iter().for_each(|(name, value)| self.append(name, value));
    }
}

impl FromIterator<(HeaderName, HeaderValue)> for Headers {
    fn from_iter<I: IntoIterator<Item = (HeaderName, HeaderValue)>>(headers: I) -> Self {
        let mut list = Self::new();
        list.extend(headers);
        list
    }
}

impl From<HeaderMap> for Headers {
    fn from(map: HeaderMap) -> Self {
        let mut headers = Self::new();
        headers.renew(map.len());
        for (name, value) in map {
            // Further values of a name come without it.
            let Some(name) = name.or_else(|| headers.keys().last().cloned()) else { continue };
            headers.append(name, value);
        }
        headers
    }
}

impl From<Headers> for HeaderMap {
    fn from(headers: Headers) -> Self {
        let mut map = Self::with_capacity(headers.list.len());
        for (name, value) in headers.list {
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
    use proptest::prelude::*;

    use super::*;

    impl Headers {
        pub(crate) fn is_empty(&self) -> bool {
            self.list.is_empty()
        }
    }

    impl Named for &str {
        fn is(&self, name: &HeaderName) -> bool {
            name == self
        }

        fn marks(&self) -> Marks {
            Marks::of_text(self)
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

    proptest! {
        #[test]
        fn a_list_holds_what_a_map_would(steps in prop::collection::vec((0..3_u8, "[a-f]{1,2}", "[0-9]"), 0..40)) {
            let (mut list, mut map) = (Headers::new(), HeaderMap::new());
            for (step, name, value) in &steps {
                let (name, value) = (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap());
                match step {
                    0 => {
                        list.append(name.clone(), value.clone());
                        map.append(name, value);
                    }
                    1 => {
                        list.insert(name.clone(), value.clone());
                        map.insert(name, value);
                    }
                    _ => {
                        list.remove(&name);
                        map.remove(&name);
                    }
                }
            }
            for (_, name, _) in &steps {
                let held: Vec<&HeaderValue> = list.get_all(name.as_str()).collect();
                prop_assert_eq!(held, map.get_all(name).iter().collect::<Vec<_>>());
            }
            prop_assert_eq!(HeaderMap::from(list), map);
        }
    }
}
