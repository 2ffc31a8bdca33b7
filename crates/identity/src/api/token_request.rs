//! A token request: its form, and who sends it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use comporta_kernel::Secret;
use utoipa::ToSchema;

use super::oauth_error::OAuthError;
use crate::service::Credentials;

const FORM: &str = "application/x-www-form-urlencoded";

/// A request for an access token.
#[derive(Debug, Default, ToSchema)]
#[schema(as = TokenRequest)]
pub(super) struct TokenRequest {
    /// The one grant there is: `client_credentials`.
    #[schema(value_type = String, example = "client_credentials")]
    grant_type: Option<String>,
    /// Scopes between spaces: some of those that the key holds. All of them unless given.
    #[schema(nullable = false, example = "ledger:read books:read")]
    pub(super) scope: Option<String>,
    /// The id of a key, when it is not sent by HTTP Basic.
    #[schema(nullable = false, example = "key_01kb1gy3m7f0v9s4t2q8n6x5cw")]
    client_id: Option<String>,
    /// The text of that key.
    #[schema(value_type = Option<String>, nullable = false, example = "cpt_live_…")]
    client_secret: Option<Secret>,
}

/// Whether the body says of itself that it is a form.
pub(super) fn check_content_type(headers: &HeaderMap) -> Result<(), OAuthError> {
    let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(FORM) {
        return Ok(());
    }
    Err(OAuthError::invalid_request("send content-type: application/x-www-form-urlencoded"))
}

impl TokenRequest {
    /// Reads a form. A parameter without a value counts as left out, an unknown one is passed over, and none comes
    /// twice (RFC 6749, section 3.2).
    pub(super) fn parse(body: &[u8]) -> Result<Self, OAuthError> {
        let mut request = Self::default();
        let mut seen = BTreeSet::new();
        for (name, value) in form_urlencoded::parse(body) {
            let value = (!value.is_empty()).then(|| value.into_owned());
            match &*name {
                "grant_type" => request.grant_type = value,
                "scope" => request.scope = value,
                "client_id" => request.client_id = value,
                "client_secret" => request.client_secret = value.map(Secret::new),
                _ => {}
            }
            if !seen.insert(name) {
                return Err(OAuthError::invalid_request("a parameter came twice"));
            }
        }
        Ok(request)
    }

    /// Whether the grant is the one there is.
    pub(super) fn check_grant_type(&self) -> Result<(), OAuthError> {
        match self.grant_type.as_deref() {
            Some("client_credentials") => Ok(()),
            Some(_) => Err(OAuthError::unsupported_grant_type()),
            None => Err(OAuthError::invalid_request("send grant_type=client_credentials")),
        }
    }

    /// Who sends it: by HTTP Basic or in the form, never by both (RFC 6749, section 2.3).
    pub(super) fn credentials(&self, headers: &HeaderMap) -> Result<Credentials, OAuthError> {
        let mut given = headers.get_all(header::AUTHORIZATION).iter();
        match (given.next(), given.next()) {
            (None, _) => self.credentials_in_form(),
            (Some(_), Some(_)) => Err(OAuthError::invalid_request("send one authorization header")),
            (Some(header), None) => {
                let client = basic(header).ok_or_else(|| {
                    OAuthError::invalid_client("expected HTTP Basic with a key's id and its text")
                })?;
                let is_named_alike = self.client_id.as_ref().is_none_or(|id| *id == client.id);
                if self.client_secret.is_some() || !is_named_alike {
                    return Err(OAuthError::invalid_request(
                        "authenticate by HTTP Basic or in the body, not by both",
                    ));
                }
                Ok(client)
            }
        }
    }

    fn credentials_in_form(&self) -> Result<Credentials, OAuthError> {
        let (Some(id), Some(secret)) = (&self.client_id, &self.client_secret) else {
            let description = "authenticate by HTTP Basic or with client_id and client_secret in the body";
            return Err(OAuthError::invalid_client(description));
        };
        Ok(Credentials { id: id.clone(), secret: secret.clone() })
    }
}

/// The id and the secret of HTTP Basic, each encoded as in a form (RFC 6749, section 2.3.1).
fn basic(header: &HeaderValue) -> Option<Credentials> {
    let (scheme, encoded) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let (id, secret) = (decode(id)?, decode(secret)?);
    Some(Credentials { id: id.into_owned(), secret: Secret::new(secret) })
}

/// One value as it is written in a form.
fn decode(text: &str) -> Option<Cow<'_, str>> {
    if text.contains(['&', '=']) {
        return None;
    }
    Some(form_urlencoded::parse(text.as_bytes()).next().map(|(name, _)| name).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;

    fn headers(authorization: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, authorization.parse().unwrap());
        headers
    }

    fn by_basic(id: &str, secret: &str) -> HeaderMap {
        headers(&format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))))
    }

    fn credentials(form: &str, headers: &HeaderMap) -> Result<(String, String), OAuthError> {
        let client = TokenRequest::parse(form.as_bytes())?.credentials(headers)?;
        Ok((client.id, client.secret.expose().to_owned()))
    }

    fn pair(id: &str, secret: &str) -> Result<(String, String), OAuthError> {
        Ok((id.to_owned(), secret.to_owned()))
    }

    #[test]
    fn a_client_authenticates_in_one_of_two_ways() {
        let in_form = "client_id=key_1&client_secret=s%3D1";
        assert_eq!(credentials(in_form, &HeaderMap::new()), pair("key_1", "s=1"));
        assert_eq!(credentials("", &by_basic("key_1", "s%3A%C3%A7+1")), pair("key_1", "s:ç 1"));
        assert_eq!(credentials("client_id=key_1", &by_basic("key_1", "s")), pair("key_1", "s"));
        assert_eq!(credentials("client_secret=", &by_basic("key_1", "s")), pair("key_1", "s"));
    }

    #[test]
    fn two_ways_at_once_are_none() {
        let refused = OAuthError::invalid_request("authenticate by HTTP Basic or in the body, not by both");
        for form in ["client_secret=s", "client_id=key_1&client_secret=s", "client_id=key_2"] {
            assert_eq!(credentials(form, &by_basic("key_1", "s")).unwrap_err(), refused, "{form}");
        }
        let mut twice = by_basic("key_1", "s");
        twice.append(header::AUTHORIZATION, twice[header::AUTHORIZATION].clone());
        assert!(credentials("", &twice).is_err());
    }

    #[test]
    fn what_is_no_authentication_is_refused() {
        for authorization in ["Bearer abc", "Basic", "Basic ", "Basic ???", "Basic a2V5", "Basic /w=="] {
            let refused = credentials("", &headers(authorization)).unwrap_err();
            assert!(format!("{refused:?}").contains("invalid_client"), "{authorization}: {refused:?}");
        }
        assert!(credentials("", &by_basic("a&b", "s")).is_err());
        for form in ["", "client_id=key_1", "client_secret=s", "client_id=&client_secret=s"] {
            assert!(credentials(form, &HeaderMap::new()).is_err(), "{form}");
        }
    }

    #[test]
    fn no_parameter_comes_twice() {
        let refused = OAuthError::invalid_request("a parameter came twice");
        for form in ["scope=a&scope=a", "scope=&scope=a", "a=1&b=2&a=3", "client_secret=a&client_secret=b"] {
            assert_eq!(TokenRequest::parse(form.as_bytes()).unwrap_err(), refused, "{form}");
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let request = TokenRequest::parse(b"client_id=key_1&client_secret=hush").unwrap();
        assert!(!format!("{request:?}").contains("hush"));
        assert!(!format!("{:?}", request.credentials(&HeaderMap::new())).contains("hush"));
    }

    proptest! {
        #[test]
        fn any_bytes_at_all_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = TokenRequest::parse(&body).map(|request| request.credentials(&HeaderMap::new()));
        }

        #[test]
        fn what_a_client_encodes_is_what_it_meant(id in "\\PC{1,20}", secret in "\\PC{0,20}") {
            let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let headers = by_basic(&encoded(&id), &encoded(&secret));
            prop_assert_eq!(credentials("", &headers).unwrap(), (id, secret));
        }
    }
}
