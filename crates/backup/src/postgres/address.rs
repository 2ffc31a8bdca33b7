//! A PostgreSQL address taken apart: programs see all of it but the password, which goes by their environment.

use comporta_db::UrlError;
use comporta_kernel::Secret;
use percent_encoding::percent_decode_str;
use url::Url;

/// Where a database is, and how one gets in.
#[derive(Clone)]
pub(crate) struct Address(Url);

impl Address {
    pub(crate) fn parse(text: &str) -> Result<Self, UrlError> {
        Url::parse(text).map(Self).map_err(|_| UrlError)
    }

    /// The address as our own connections take it; it holds the password.
    pub(crate) fn full(&self) -> &str {
        self.0.as_str()
    }

    /// Another database of the same server.
    pub(crate) fn of_database(&self, name: &str) -> Self {
        let mut url = self.0.clone();
        url.set_path(&format!("/{name}"));
        Self(url)
    }

    /// The user's name, if it is said.
    pub(crate) fn user(&self) -> Option<String> {
        let name = percent_decode_str(self.0.username()).decode_utf8_lossy().into_owned();
        let in_query =
            || self.0.query_pairs().find(|(name, _)| name == "user").map(|(_, user)| user.into_owned());
        Some(name).filter(|name| !name.is_empty()).or_else(in_query)
    }

    /// The database's name, if it is said.
    pub(crate) fn database(&self) -> Option<String> {
        let name = percent_decode_str(self.0.path().trim_start_matches('/')).decode_utf8_lossy().into_owned();
        Some(name).filter(|name| !name.is_empty())
    }

    /// The password, wherever it stands.
    pub(crate) fn password(&self) -> Option<Secret> {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let in_query = || {
            self.0
                .query_pairs()
                .find(|(name, _)| name == "password")
                .map(|(_, password)| password.into_owned())
        };
        self.0.password().map(decoded).or_else(in_query).map(Secret::new)
    }

    /// The address as libpq's programs may be given it on a command line, which everybody on the machine can read.
    pub(crate) fn without_password(&self) -> String {
        let mut url = self.0.clone();
        // An address without a host has no password there either.
        let _ = url.set_password(None);
        let pairs: Vec<(String, String)> =
            self.0.query_pairs().filter_map(|(name, value)| for_libpq(&name, &value)).collect();
        url.set_query(None);
        if !pairs.is_empty() {
            url.query_pairs_mut().extend_pairs(pairs);
        }
        // libpq knows no `+` for a blank.
        url.as_str().replace('+', "%20")
    }
}

/// What our driver takes and libpq does not is left out, or called by libpq's name.
fn for_libpq(name: &str, value: &str) -> Option<(String, String)> {
    let name = match name {
        "password" | "statement-cache-capacity" => return None,
        name if name.starts_with("options[") => return None,
        "ssl-mode" => "sslmode",
        "ssl-root-cert" | "ssl-ca" => "sslrootcert",
        "ssl-cert" => "sslcert",
        "ssl-key" => "sslkey",
        name => name,
    };
    Some((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_had_but_never_shown_on_a_command_line() {
        for url in [
            "postgres://ann:p%40ss@db:5433/c?sslmode=require",
            "postgres://ann@db:5433/c?password=p@ss&sslmode=require",
        ] {
            let address = Address::parse(url).unwrap();
            assert_eq!(address.password().unwrap().expose(), "p@ss");
            assert_eq!(address.without_password(), "postgres://ann@db:5433/c?sslmode=require");
        }
    }

    #[test]
    fn what_only_our_driver_understands_is_left_out() {
        let url =
            "postgresql://db/c?ssl-mode=disable&statement-cache-capacity=9&options[a]=b&application_name=x+y";
        let shown = Address::parse(url).unwrap().without_password();
        assert_eq!(shown, "postgresql://db/c?sslmode=disable&application_name=x%20y");
    }

    #[test]
    fn another_database_of_the_server_keeps_everything_else() {
        let address = Address::parse("postgres://ann:s@db/c?sslmode=require").unwrap();
        assert_eq!(address.of_database("d").full(), "postgres://ann:s@db/d?sslmode=require");
        assert_eq!((address.user().as_deref(), address.database().as_deref()), (Some("ann"), Some("c")));
    }
}
