//! The frame of EMV codes: two digits of name, two of length, so many signs.

/// One object of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Object<'a> {
    pub id: &'a str,
    pub value: &'a str,
}

/// Where a code stops being a row of objects, in signs from its begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken {
    pub at: usize,
}

/// The objects of a code or a template. Lengths count signs, not bytes.
pub(super) fn objects(text: &str) -> Result<Vec<Object<'_>>, Broken> {
    let mut objects = Vec::new();
    let (mut rest, mut at) = (text, 0);
    while !rest.is_empty() {
        let (object, signs) = object(rest).ok_or(Broken { at })?;
        rest = &rest[4 + object.value.len()..];
        at += 4 + signs;
        objects.push(object);
    }
    Ok(objects)
}

fn object(text: &str) -> Option<(Object<'_>, usize)> {
    let (head, rest) = text.split_at_checked(4)?;
    if !head.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (id, length) = head.split_at(2);
    let signs: usize = length.parse().ok()?;
    let end = rest.char_indices().map(|(at, _)| at).chain([rest.len()]).nth(signs)?;
    Some((Object { id, value: &rest[..end] }, signs))
}

/// The value of the first object of that name.
pub(super) fn find<'a>(objects: &[Object<'a>], id: &str) -> Option<&'a str> {
    objects.iter().find(|object| object.id == id).map(|object| object.value)
}

/// Appends an object. The caller knows that its value has at most 99 signs.
pub(super) fn push(out: &mut String, id: &str, value: &str) {
    out.push_str(id);
    out.push_str(&format!("{:02}", value.chars().count()));
    out.push_str(value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_row_of_objects_is_read_and_a_break_is_placed() {
        assert_eq!(
            objects("0002015903abc6000"),
            Ok(vec![
                Object { id: "00", value: "01" },
                Object { id: "59", value: "abc" },
                Object { id: "60", value: "" }
            ])
        );
        for (text, at) in
            [("000201590", 6), ("5904abc", 0), ("ab01x", 0), ("59+1x", 0), ("0003é5", 0), ("0001é5", 5)]
        {
            assert_eq!(objects(text), Err(Broken { at }), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(values in proptest::collection::vec("[ -~é]{0,99}", 0..9)) {
            let mut text = String::new();
            values.iter().for_each(|value| push(&mut text, "26", value));
            let read = objects(&text).unwrap();
            prop_assert!(read.iter().map(|object| object.value).eq(values.iter().map(String::as_str)));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[0-9 é]{0,40}") {
            let _ = objects(&text);
        }
    }
}
