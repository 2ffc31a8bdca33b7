//! What is kept of a JSON body: nothing that a route masks, and nothing that looks like a credential.

use serde_json::Value;

use super::redaction::{is_credential_name, looks_like_credential};
use crate::config::{MaskPath, Step};

/// What stands in place of what is hidden.
pub(crate) const HIDDEN: &str = "***";

/// A JSON document with everything hidden that the paths lead to, and whatever looks like a credential; `None` for what
/// is no JSON. It is written anew from what was read, so nothing of the text's own spelling remains.
pub(crate) fn masked(text: &[u8], paths: &[MaskPath]) -> Option<String> {
    let mut value: Value = serde_json::from_slice(text).ok()?;
    for path in paths {
        hide(&mut value, path.steps());
    }
    hide_credentials(&mut value);
    serde_json::to_string(&value).ok()
}

fn hide(value: &mut Value, steps: &[Step]) {
    let Some((step, rest)) = steps.split_first() else {
        *value = HIDDEN.into();
        return;
    };
    match (step, value) {
        (Step::Name(name), Value::Object(fields)) => {
            let named = fields.iter_mut().filter(|(field, _)| field.eq_ignore_ascii_case(name));
            named.for_each(|(_, value)| hide(value, rest));
        }
        (Step::Deep(name), Value::Object(fields)) => {
            for (field, value) in fields {
                if field.eq_ignore_ascii_case(name) {
                    hide(value, rest);
                }
                hide(value, steps);
            }
        }
        (Step::Any, Value::Object(fields)) => fields.values_mut().for_each(|value| hide(value, rest)),
        (Step::Any, Value::Array(items)) => items.iter_mut().for_each(|item| hide(item, rest)),
        (Step::Index(index), Value::Array(items)) => {
            if let Some(item) = items.get_mut(*index) {
                hide(item, rest);
            }
        }
        // Where one was expected and many came, all of them are meant.
        (Step::Name(_) | Step::Deep(_), Value::Array(items)) => {
            items.iter_mut().for_each(|item| hide(item, steps));
        }
        _ => {}
    }
}

fn hide_credentials(value: &mut Value) {
    match value {
        // A map whose very keys are credentials has nothing to show.
        Value::Object(fields) if fields.keys().any(|name| looks_like_credential(name)) => {
            *value = HIDDEN.into();
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                if is_credential_name(name) {
                    *value = HIDDEN.into();
                } else {
                    hide_credentials(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide_credentials),
        Value::String(text) if looks_like_credential(text) => *value = HIDDEN.into(),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn hidden(value: &Value, paths: &[&str]) -> Value {
        let paths: Vec<MaskPath> = paths.iter().map(|path| path.parse().unwrap()).collect();
        serde_json::from_str(&masked(value.to_string().as_bytes(), &paths).unwrap()).unwrap()
    }

    #[test]
    fn what_a_path_leads_to_is_hidden_and_nothing_else() {
        let body =
            json!({"card": {"number": "4111", "brand": "x"}, "items": [{"pan": 1}, {"pan": [2]}], "n": 7});
        assert_eq!(
            hidden(&body, &["$.card.number", "$.items[*].pan", "$.none[0]"]),
            json!({"card": {"number": "***", "brand": "x"}, "items": [{"pan": "***"}, {"pan": "***"}], "n": 7})
        );
        assert_eq!(hidden(&body, &["$.items[1]", "$.card"])["items"], json!([{"pan": 1}, "***"]));
        assert_eq!(hidden(&body, &["$..pan"])["items"], json!([{"pan": "***"}, {"pan": "***"}]));
    }

    #[test]
    fn another_shape_or_spelling_than_the_path_expects_hides_all_the_same() {
        assert_eq!(
            hidden(&json!({"CARD": {"Number": 1}}), &["$.card.number"]),
            json!({"CARD": {"Number": "***"}})
        );
        assert_eq!(
            hidden(&json!({"card": [[{"number": 1}]]}), &["$.card.number"]),
            json!({"card": [[{"number": "***"}]]})
        );
        assert_eq!(
            hidden(&json!([{"card": {"number": 1}}]), &["$.card.number"]),
            json!([{"card": {"number": "***"}}])
        );
        let escaped = masked(br#"{"\u0063ard": "4111", "card": "4222"}"#, &["$.card".parse().unwrap()]);
        assert_eq!(escaped.as_deref(), Some(r#"{"card":"***"}"#));
    }

    #[test]
    fn credentials_are_hidden_though_no_path_names_them() {
        let body = json!({"password": "a", "userPassword": "b", "access_token": {"x": 1}, "note": "my cpt_live_0",
            "jwt": "x", "by": {"cpt_test_1": 1}, "tokens": 12, "name": "Ana"});
        let seen = hidden(&body, &[]);
        assert_eq!(seen["name"], "Ana");
        let left: Vec<&String> =
            seen.as_object().unwrap().iter().filter(|(_, v)| **v != "***").map(|(k, _)| k).collect();
        assert_eq!(left, ["name"]);
    }

    #[test]
    fn what_is_no_json_is_not_kept() {
        let deep = "[".repeat(100_000);
        for text in ["", "{", "{\"a\":1}x", "\u{0}", "name=ana", "{'a':1}", &deep] {
            assert_eq!(masked(text.as_bytes(), &[]), None);
        }
        assert_eq!(masked(b"\"\xff\"", &[]), None);
    }

    /// A secret that nothing else contains, as text or as a number.
    const TEXT: &str = "s3cr3t";
    const NUMBER: u64 = 918_273_645_546_372_819;

    fn leaf() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<i32>().prop_map(Value::from),
            "[a-z ]{0,6}".prop_map(Value::from)
        ]
    }

    fn any_json() -> impl Strategy<Value = Value> {
        leaf().prop_recursive(5, 40, 5, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..5).prop_map(Value::from),
                btree_map("[a-dA-D]{1,2}", inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn secret() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(json!(TEXT)),
            Just(json!(NUMBER)),
            Just(json!({ "x": [TEXT, { TEXT: NUMBER }] })),
            any_json().prop_map(|json| json!([json, TEXT])),
        ]
    }

    /// Puts the secret under every property of this name, wherever there is an object.
    fn plant(value: &mut Value, name: &str, secret: &Value) {
        match value {
            Value::Object(fields) => {
                fields.values_mut().for_each(|value| plant(value, name, secret));
                fields.insert(name.to_owned(), secret.clone());
            }
            Value::Array(items) => items.iter_mut().for_each(|item| plant(item, name, secret)),
            _ => {}
        }
    }

    proptest! {
        #[test]
        fn no_masked_value_is_ever_in_what_is_kept(
            mut body in any_json(), secret in secret(), name in "[zZ]{2}", plain in "[a-d]{1,2}", pretty in any::<bool>(),
        ) {
            plant(&mut body, &name, &secret);
            let deep: MaskPath = "$..zz".parse().unwrap();
            let other: MaskPath = format!("$.{plain}[*]").parse().unwrap();
            let text = if pretty { serde_json::to_string_pretty(&body) } else { serde_json::to_string(&body) };
            let kept = masked(text.unwrap().as_bytes(), &[other, deep]).unwrap();
            prop_assert!(!kept.contains(TEXT) && !kept.contains(&NUMBER.to_string()), "{}", kept);
        }

        #[test]
        fn a_path_of_names_hides_its_value_through_any_lists(
            names in vec("[a-d]{1,3}", 1..4), lists in vec(0..3_usize, 4), secret in secret(), beside in any_json(),
        ) {
            let wrap = |value: Value, lists: usize| (0..lists).fold(value, |value, _| json!([beside, value]));
            let body = names.iter().rev().zip(&lists[1..]).fold(secret, |value, (name, lists)| {
                json!({ "other": beside, name: wrap(value, *lists) })
            });
            let path: MaskPath = format!("$.{}", names.join(".")).parse().unwrap();
            let kept = masked(wrap(body, lists[0]).to_string().as_bytes(), &[path]).unwrap();
            prop_assert!(!kept.contains(TEXT) && !kept.contains(&NUMBER.to_string()), "{}", kept);
        }
    }
}
