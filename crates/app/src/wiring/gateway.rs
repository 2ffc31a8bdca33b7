//! The gateway's neighbours: keys, companies, signing keys, services, and where its lines go.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::http::{Request, Response};
use comporta_gateway::config::{CompanyClaim, Issuer};
use comporta_gateway::{
    AccessLog, ClientStanding, Companies, FailureSink, Gateway, Keys, Known, Listeners, LocalIssuer,
    Neighbours, Options, Patience, RequestBody, RequestLogging, Service, ServiceBody, Signer, StartError,
    Tracing,
};
use comporta_http::{Principal, Problem, RequestId};
use comporta_identity::{SigningAlgorithm, SigningKeys};
use comporta_jwt::{Algorithm, JwkSet, SigningKey};
use comporta_kernel::CompanyId;
use comporta_meter::Meter;
use comporta_partners::{KeyRing, Quotas, Refusal};
use http_body_util::BodyExt as _;
use tokio::runtime::Handle;
use tower::ServiceExt as _;

use super::App;
use super::plans::{OnPlans, OnQuotas};
use crate::logging::AccessLines;
use crate::sentry::{self, Reports};
use crate::service_layers::service_layers;
use crate::settings::Settings;

/// Calls of one service at once; what is over is answered 503.
const SERVICE_CALLS: usize = 4096;

/// Where what happened is told.
#[derive(Default)]
pub struct Outlets {
    /// A line for each request.
    pub access: Option<AccessLines>,
    /// Spans of recorded requests.
    pub tracing: Option<Tracing>,
    /// Requests that are kept for diagnosis.
    pub requests: Option<RequestLogging>,
    /// Failures of ours.
    pub failures: Option<Reports>,
}

/// What the gateway asks while it runs.
#[derive(Debug)]
pub struct Asked {
    /// Who holds which key.
    pub keys: KeyRing,
    /// How much is left of a quota.
    pub quotas: Quotas,
    /// What counts calls.
    pub meter: Option<Meter>,
}

/// Starts the gateway in front of the services of this process.
///
/// # Errors
/// Faults of the settings that only a start shows.
pub fn start(
    app: &App,
    listeners: &Listeners,
    Asked { keys, quotas, meter }: Asked,
    outlets: Outlets,
    runtime: Handle,
) -> Result<Gateway, StartError> {
    let settings = &app.settings;
    let neighbours = Neighbours {
        keys: Arc::new(Holders(keys.clone())),
        plans: Arc::new(OnPlans::new(keys.clone())),
        quotas: Arc::new(OnQuotas(quotas)),
        companies: Arc::new(Holders(keys.clone())),
        signer: Arc::new(Own { keys: app.signing_keys.clone(), issuer: settings.issuer() }),
        local_issuer: local_issuer(app, &keys),
        services: services(app, &keys, outlets.tracing.as_ref()),
        meter,
        access: outlets.access.map(|lines| Arc::new(Lines(lines)) as Arc<dyn AccessLog>),
        tracing: outlets.tracing,
        request_log: outlets.requests,
        failures: outlets.failures.map(|reports| Arc::new(reports) as Arc<dyn FailureSink>),
        runtime,
        clock: app.clock.clone(),
        rng: app.rng.clone(),
    };
    Gateway::start(listeners, options(settings), &settings.gateway(), neighbours)
}

fn options(settings: &Settings) -> Options {
    let http = &settings.http;
    Options {
        max_connections: http.max_connections.get(),
        patience: Patience {
            idle: http.idle_timeout.duration(),
            head: http.header_timeout.duration(),
            stall: http.stall_timeout.duration(),
        },
        body_limit: http.body_limit.bytes(),
        service_calls: SERVICE_CALLS,
    }
}

/// Every service by name, those of the roles that run here with what they serve.
fn services(
    app: &App,
    keys: &KeyRing,
    tracing: Option<&Tracing>,
) -> BTreeMap<&'static str, Option<Arc<dyn Service>>> {
    let spans = tracing.map(|tracing| app.spans(tracing));
    let mut routers = app.services(keys, spans.as_ref());
    let served = |name| {
        let router = routers.remove(name)?;
        Some(Arc::new(Routed(service_layers(router))) as Arc<dyn Service>)
    };
    let services = super::SERVICES.map(served);
    super::SERVICES.into_iter().zip(services).collect()
}

/// Tokens that identity issued are taken like those of any other issuer.
fn local_issuer(app: &App, keys: &KeyRing) -> Option<(Issuer, Arc<dyn LocalIssuer>)> {
    let issuer = app.settings.issuer();
    let settings = Issuer {
        issuer: issuer.parse().ok()?,
        audience: vec![issuer],
        company: CompanyClaim { claim: "company".to_owned(), map: BTreeMap::new() },
        jwks_uri: None,
        algorithms: vec![Algorithm::ES256, Algorithm::EdDSA],
        scopes_claim: "scope".to_owned(),
        scopes_prefix: String::new(),
    };
    Some((settings, Arc::new(OwnIssuer { keys: app.signing_keys.clone(), ring: keys.clone() })))
}

/// Who holds which key, and which companies are active: the ring knows.
struct Holders(KeyRing);

#[async_trait]
impl Keys for Holders {
    fn known(&self, text: &str, from: IpAddr) -> Known {
        match self.0.authenticate(text, Some(from)) {
            Ok(principal) => Known::Holder(principal),
            // A key that was made a moment ago, perhaps.
            Err(Refusal::Unknown) => Known::Ask,
            Err(refusal) => Known::Refused(refusal.into()),
        }
    }

    async fn ask(&self, text: &str, from: IpAddr) -> Result<Arc<Principal>, Problem> {
        Ok(self.0.authenticate_or_ask(text, Some(from)).await?)
    }
}

impl Companies for Holders {
    fn is_active(&self, company: CompanyId) -> bool {
        self.0.is_active(company)
    }
}

struct Own {
    keys: SigningKeys,
    issuer: String,
}

impl Signer for Own {
    fn key(&self, algorithm: Algorithm) -> Option<Arc<SigningKey>> {
        SigningAlgorithm::try_from(algorithm).ok().map(|algorithm| self.keys.current(algorithm))
    }

    fn issuer(&self) -> &str {
        &self.issuer
    }
}

struct OwnIssuer {
    keys: SigningKeys,
    ring: KeyRing,
}

impl LocalIssuer for OwnIssuer {
    fn jwks(&self) -> Arc<JwkSet> {
        self.keys.jwks()
    }

    fn standing(&self, client: &str, from: IpAddr) -> ClientStanding {
        match self.ring.check(client, from) {
            Ok(()) => ClientStanding::Good,
            Err(Refusal::Address) => ClientStanding::Elsewhere,
            Err(_) => ClientStanding::Ended,
        }
    }
}

/// A service behind its router.
struct Routed(Router);

#[async_trait]
impl Service for Routed {
    async fn call(&self, request: Request<RequestBody>) -> Response<ServiceBody> {
        let request = request.map(axum::body::Body::new);
        let id = request.extensions().get::<RequestId>().cloned();
        let answer = self.0.clone().oneshot(request);
        let answer = match id {
            Some(id) => sentry::of_request(id, answer).await,
            None => answer.await,
        };
        let response = match answer {
            Ok(response) => response,
            Err(never) => match never {},
        };
        response.map(|body| body.map_err(Into::into).boxed_unsync())
    }
}

struct Lines(AccessLines);

impl AccessLog for Lines {
    fn is_json(&self) -> bool {
        self.0.is_json()
    }

    fn write(&self, line: &[u8]) {
        self.0.write(line);
    }
}
