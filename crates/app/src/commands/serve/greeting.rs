//! What a start says: where it listens, and what to try next. Secrets only on a terminal, and only the first time.

use std::net::SocketAddr;

use comporta_gateway::Listeners;

use crate::commands::{Error, print};
use crate::doors::Doors;
use crate::first_run::{self, FirstRun};
use crate::wiring::App;

/// Tells of the start: readable text on a terminal, one event in the log elsewhere.
pub(super) fn tell(app: &App, doors: &Doors, first: Option<&FirstRun>, terminal: bool) -> Result<(), Error> {
    let (public, private) = (doors.public.as_ref().map(Listeners::address), doors.private.address());
    let file = first_run::file(app);
    let roles = app.settings.roles.iter().map(|role| role.name()).collect::<Vec<_>>().join(",");
    tracing::info!(public = public.map(tracing::field::display), %private, roles, version = env!("CARGO_PKG_VERSION"), pid = std::process::id(), "serving");
    if first.is_some() {
        tracing::info!(file = %file.display(), "first start: credentials were written to this file, which only its owner can read");
    }
    match (terminal, public) {
        (true, Some(public)) => print(&text(app, public, private, first)),
        _ => Ok(()),
    }
}

fn text(app: &App, public: SocketAddr, private: SocketAddr, first: Option<&FirstRun>) -> String {
    let file = first_run::file(app);
    let (keys, key) = match first {
        Some(first) => {
            let FirstRun { api_key, admin_email, admin_password, admin_token, .. } = first;
            let shown = format!(
                "  First start. Shown this once, kept in {} (mode 0600):\n\n    API key      {api_key}\n    staff        {admin_email}  {admin_password}\n    admin token  {admin_token}\n\n",
                file.display()
            );
            (shown, api_key.clone())
        }
        None if file.exists() => {
            (String::new(), format!("$(sed -n 's/.*\"api_key\": \"\\(.*\\)\".*/\\1/p' {})", file.display()))
        }
        None => (String::new(), "YOUR-KEY".to_owned()),
    };
    format!(
        "\n  Comporta {version}\n\n    public   http://{public}   docs at http://{public}/docs\n    private  http://{private}   /healthz /readyz /metrics /admin/v1\n\n{keys}  Try:\n\n    KEY={key}\n    curl -s http://{public}/v1/entries -H \"x-api-key: $KEY\" -H 'content-type: application/json' \\\n         -d '{{\"kind\":\"credit\",\"amount\":\"150.00\",\"description\":\"Venda no balcão\"}}'\n    curl -s http://{public}/v1/daily-balances -H \"x-api-key: $KEY\"\n\n",
        version = env!("CARGO_PKG_VERSION"),
    )
}
