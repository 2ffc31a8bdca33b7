//! Whether settings would be taken, told without starting anything.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use comporta_http::{Principal, Problem};
use comporta_jwt::{Algorithm, SigningKey};
use comporta_kernel::{Clock, CompanyId, Rng};

use crate::compile::compile;
use crate::config::Config;
use crate::connections::Patience;
use crate::credential::Signer;
use crate::fault::Fault;
use crate::gateway::{Neighbours, Options};
use crate::issuers::Companies;
use crate::limit::{Plan, Quota, Shared};
use crate::ports::{Keys, Known, Plans, Quotas, Taken};

/// Every fault of the settings. `services` are the names of those there are.
///
/// # Errors
/// What stands in the way of checking at all: no runtime can be made.
pub fn check(config: &Config, services: &[&'static str]) -> std::io::Result<Vec<Fault>> {
    // Never run: what compiling would begin ends with it, before its first step.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let nobody = Arc::new(Nobody);
    let services: BTreeMap<_, _> = services.iter().map(|name| (*name, None)).collect();
    let entered = runtime.enter();
    let neighbours = Neighbours {
        keys: Arc::clone(&nobody) as Arc<dyn Keys>,
        plans: Arc::clone(&nobody) as Arc<dyn Plans>,
        quotas: Arc::clone(&nobody) as Arc<dyn Quotas>,
        companies: Arc::clone(&nobody) as Arc<dyn Companies>,
        signer: nobody,
        local_issuer: None,
        services,
        meter: None,
        access: None,
        tracing: None,
        request_log: None,
        failures: None,
        runtime: runtime.handle().clone(),
        clock: Clock::system(),
        rng: Rng::system(),
    };
    let second = Duration::from_secs(1);
    let options = Options {
        max_connections: 1,
        patience: Patience { idle: second, head: second, stall: second },
        body_limit: 0,
        service_calls: 1,
    };
    let mut faults = compile(config, &options, &neighbours, None).err().unwrap_or_default();
    if let Some(Err(error)) = config.redis_url.as_ref().map(Shared::check) {
        faults.push(Fault::at("redis.url", error));
    }
    drop((neighbours, entered));
    // Dropping it would wait, which a task of another runtime must not.
    runtime.shutdown_background();
    Ok(faults)
}

/// Stands for neighbours that are never asked.
struct Nobody;

#[async_trait]
impl Keys for Nobody {
    fn known(&self, _: &str, _: IpAddr) -> Known {
        Known::Refused(Problem::not_found("key"))
    }

    async fn ask(&self, _: &str, _: IpAddr) -> Result<Arc<Principal>, Problem> {
        Err(Problem::not_found("key"))
    }
}

impl Plans for Nobody {
    fn of(&self, _: CompanyId) -> Option<Arc<Plan>> {
        None
    }
}

#[async_trait]
impl Quotas for Nobody {
    fn take(&self, _: CompanyId, _: Quota, _: Instant) -> Taken {
        Taken::Unknown
    }

    async fn wait(&self, _: CompanyId, _: Quota) -> Taken {
        Taken::Unknown
    }

    fn give_back(&self, _: CompanyId, _: u64) {}
}

impl Companies for Nobody {
    fn is_active(&self, _: CompanyId) -> bool {
        false
    }
}

impl Signer for Nobody {
    fn key(&self, _: Algorithm) -> Option<Arc<SigningKey>> {
        None
    }

    fn issuer(&self) -> &str {
        ""
    }
}
