//! What a verified token says, and whether it is meant for here and now (RFC 7519 section 4).

use std::fmt;

use serde_json::{Map, Value};

use crate::TokenError;

/// A verified token's claims. `Debug` shows their names only: they speak of people.
#[derive(Clone, PartialEq)]
pub struct Claims(Map<String, Value>);

/// What a token must say to be taken.
#[derive(Clone, Copy, Debug)]
pub struct Expectations<'a, A = String> {
    /// Who issued it: exactly its `iss`.
    pub issuer: &'a str,
    /// Who it may be for: one of these is its `aud` or among them. With none here, no token is taken.
    pub audience: &'a [A],
    /// The present time, in seconds since 1970.
    pub now: i64,
    /// By how many seconds the issuer's clock may be off.
    pub leeway: i64,
}

impl Claims {
    pub(crate) const fn new(members: Map<String, Value>) -> Self {
        Self(members)
    }

    /// A claim of any type.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A claim that is a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// A claim that is an instant, in whole seconds since 1970; a fraction is cut off.
    #[must_use]
    pub fn seconds(&self, name: &str) -> Option<i64> {
        let value = self.get(name)?;
        // The cast saturates: past either end is as good as at it.
        value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds.floor() as i64))
    }

    /// The words of a claim that is a text with blanks between, as `scope` is (RFC 8693 section 4.2), or a list of
    /// texts. Anything else has none.
    pub fn words(&self, name: &str) -> impl Iterator<Item = &str> {
        let value = self.get(name);
        let text = value.and_then(Value::as_str).unwrap_or_default();
        let list = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        text.split_ascii_whitespace().chain(list.iter().filter_map(Value::as_str))
    }

    /// Whether the token is meant for here and now.
    ///
    /// # Errors
    /// [`TokenError`] says what it is not.
    pub fn check<A: AsRef<str>>(&self, expected: &Expectations<'_, A>) -> Result<(), TokenError> {
        self.check_issuer(expected.issuer)?;
        self.check_audience("aud", expected.audience)?;
        self.check_time(expected.now, expected.leeway)
    }

    /// Whether `iss` is exactly this.
    ///
    /// # Errors
    /// [`TokenError::Issuer`] when it is not.
    pub fn check_issuer(&self, issuer: &str) -> Result<(), TokenError> {
        if self.text("iss") == Some(issuer) { Ok(()) } else { Err(TokenError::Issuer) }
    }

    /// Whether the claim that names the audience, `aud` as a rule, holds one of those accepted.
    ///
    /// # Errors
    /// [`TokenError::Audience`] when it does not.
    pub fn check_audience<A: AsRef<str>>(&self, claim: &str, accepted: &[A]) -> Result<(), TokenError> {
        let ours = |name: &Value| accepted.iter().any(|one| name.as_str() == Some(one.as_ref()));
        let held = match self.get(claim) {
            Some(Value::Array(names)) => names.iter().any(ours),
            Some(name) => ours(name),
            None => false,
        };
        if held { Ok(()) } else { Err(TokenError::Audience) }
    }

    /// Whether the token's time has come and is not over. A token without `exp` is not taken.
    ///
    /// # Errors
    /// [`TokenError::Expired`], [`TokenError::NotYetValid`], or [`TokenError::Claim`] for one that is no number.
    pub fn check_time(&self, now: i64, leeway: i64) -> Result<(), TokenError> {
        let expires = self.seconds("exp").ok_or(TokenError::Claim("exp"))?;
        if now >= expires.saturating_add(leeway) {
            return Err(TokenError::Expired);
        }
        for name in ["nbf", "iat"] {
            if self.get(name).is_some() {
                let starts = self.seconds(name).ok_or(TokenError::Claim(name))?;
                if now < starts.saturating_sub(leeway) {
                    return Err(TokenError::NotYetValid);
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claims ")?;
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn verdict(change: &Value) -> Result<(), TokenError> {
        let mut claims = json!({"iss": "https://a", "aud": "us", "exp": NOW + 60});
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let claims = Claims::new(claims.as_object().unwrap().clone());
        claims.check(&Expectations { issuer: "https://a", audience: &["we", "us"], now: NOW, leeway: 5 })
    }

    #[test]
    fn a_token_is_taken_within_its_time_and_the_leeway() {
        assert_eq!(verdict(&json!({"exp": NOW + 1, "nbf": NOW, "iat": NOW})), Ok(()));
        assert_eq!(verdict(&json!({"exp": NOW - 4, "nbf": NOW + 5, "iat": NOW + 5})), Ok(()));
        assert_eq!(verdict(&json!({"exp": NOW as f64 + 0.5})), Ok(()));
        assert_eq!(verdict(&json!({"exp": 1e300, "nbf": -1e300, "iat": i64::MIN})), Ok(()));
    }

    #[test]
    fn out_of_its_time_it_is_refused() {
        assert_eq!(verdict(&json!({"exp": NOW - 5})), Err(TokenError::Expired));
        assert_eq!(verdict(&json!({"exp": i64::MIN})), Err(TokenError::Expired));
        assert_eq!(verdict(&json!({"nbf": NOW + 6})), Err(TokenError::NotYetValid));
        assert_eq!(verdict(&json!({"iat": NOW + 6})), Err(TokenError::NotYetValid));
        for no_number in [json!(null), json!("1900000000"), json!([NOW + 9]), json!(true)] {
            assert_eq!(verdict(&json!({"exp": no_number})), Err(TokenError::Claim("exp")));
            assert_eq!(verdict(&json!({"nbf": no_number})), Err(TokenError::Claim("nbf")));
            assert_eq!(verdict(&json!({"iat": no_number})), Err(TokenError::Claim("iat")));
        }
    }

    #[test]
    fn the_issuer_must_be_the_very_text() {
        for other in [json!("https://a/"), json!("HTTPS://A"), json!(["https://a"]), json!(null)] {
            assert_eq!(verdict(&json!({"iss": other})), Err(TokenError::Issuer));
        }
    }

    #[test]
    fn one_of_the_audience_must_be_ours() {
        assert_eq!(verdict(&json!({"aud": ["them", "we"]})), Ok(()));
        for other in [json!("them"), json!(["them", 1]), json!([]), json!(null), json!("u"), json!([["us"]])]
        {
            assert_eq!(verdict(&json!({"aud": other})), Err(TokenError::Audience));
        }
        let claims = Claims::new(json!({"aud": "us"}).as_object().unwrap().clone());
        assert_eq!(claims.check_audience::<&str>("aud", &[]), Err(TokenError::Audience));
    }

    #[test]
    fn words_come_from_a_text_or_a_list() {
        let claims = json!({"a": " x:r  y:w ", "b": ["x:r", 1, "y:w"], "c": {"x": 1}});
        let claims = Claims::new(claims.as_object().unwrap().clone());
        for name in ["a", "b"] {
            assert_eq!(claims.words(name).collect::<Vec<_>>(), ["x:r", "y:w"]);
        }
        assert_eq!(claims.words("c").chain(claims.words("d")).count(), 0);
        assert_eq!(format!("{claims:?}"), r#"Claims {"a", "b", "c"}"#);
    }
}
