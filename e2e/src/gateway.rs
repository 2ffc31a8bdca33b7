//! A gateway with settings of a test's own, and who administers it.

use std::fs;
use std::path::PathBuf;

use comporta_testkit::{Answer, Client, Server, Setup};
use hyper::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Engine;

const FILE: &str = "comporta.yaml";

/// The shipped binary with a settings file, which a test may change.
#[derive(Debug)]
pub struct Gateway {
    /// The process.
    pub server: Server,
    folder: TempDir,
}

/// Staff, on the private listener.
#[derive(Debug)]
pub struct Admin {
    client: Client,
    authorization: String,
}

/// A key as it was issued.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its id.
    pub id: String,
    /// What a caller shows.
    pub text: String,
}

impl Gateway {
    /// Starts on an embedded database. The settings are JSON, which is YAML too.
    pub async fn start(settings: &Value) -> Self {
        Self::start_as(Setup::new(&Engine::Sqlite.fresh_url()), settings).await
    }

    /// Starts a setup with settings.
    pub async fn start_as(setup: Setup, settings: &Value) -> Self {
        let folder = TempDir::with_prefix("comporta-settings-").unwrap();
        let file = folder.path().join(FILE);
        fs::write(&file, settings.to_string()).unwrap();
        let server = setup.with("COMPORTA_CONFIG", file.to_str().unwrap()).start().await.unwrap();
        Self { server, folder }
    }

    /// Its settings file.
    #[must_use]
    pub fn settings_file(&self) -> PathBuf {
        self.folder.path().join(FILE)
    }

    /// Gives it other settings, which it must take.
    pub async fn reload(&self, settings: &Value) {
        fs::write(self.settings_file(), settings.to_string()).unwrap();
        self.server.pass_on_settings().unwrap();
        let answer = self.admin().post("/admin/v1/reload", &Value::Null).await;
        assert!(answer.status.is_success(), "{}\n{}", answer.text(), self.server.log());
    }

    /// Staff of this installation.
    #[must_use]
    pub fn admin(&self) -> Admin {
        let token = self.server.first_run().unwrap().admin_token;
        Admin { client: Client::new(self.server.private(), None), authorization: format!("Bearer {token}") }
    }

    /// A caller with the first run's key.
    #[must_use]
    pub fn client(&self) -> Client {
        self.server.client().unwrap()
    }

    /// The first run's key.
    #[must_use]
    pub fn key(&self) -> String {
        self.server.first_run().unwrap().api_key
    }
}

impl Admin {
    /// `POST`, whatever comes of it.
    pub async fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, body).await
    }

    /// Puts a plan in place of the one of this name, and gives it to a company.
    pub async fn put_plan(&mut self, company: &str, plan: &str, terms: &Value) {
        let answer = self.send(Method::PUT, &format!("/admin/v1/plans/{plan}"), terms).await;
        assert!(answer.status.is_success(), "{}", answer.text());
        let path = format!("/admin/v1/companies/{company}");
        let answer = self.send(Method::PATCH, &path, &json!({"plan": plan})).await;
        assert!(answer.status.is_success(), "{}", answer.text());
    }

    /// A new company, by its id.
    pub async fn company(&mut self, name: &str) -> String {
        let body = json!({"name": name, "email": "partner@example.com"});
        self.made("/admin/v1/companies", &body).await["id"].as_str().unwrap().to_owned()
    }

    /// Suspends a company, or lets it act again.
    pub async fn set_status(&mut self, company: &str, status: &str) {
        let path = format!("/admin/v1/companies/{company}");
        let answer = self.send(Method::PATCH, &path, &json!({"status": status})).await;
        assert!(answer.status.is_success(), "{}", answer.text());
    }

    /// A new key of a company.
    pub async fn key(&mut self, company: &str, scopes: &[&str]) -> Key {
        let path = format!("/admin/v1/companies/{company}/keys");
        let made = self.made(&path, &json!({"name": "till", "scopes": scopes})).await;
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        Key { id: text("id"), text: text("key") }
    }

    /// Revokes a key.
    pub async fn revoke(&mut self, key: &str) {
        let answer = self.post(&format!("/admin/v1/keys/{key}/revoke"), &Value::Null).await;
        assert!(answer.status.is_success(), "{}", answer.text());
    }

    async fn made(&mut self, path: &str, body: &Value) -> Value {
        let answer = self.post(path, body).await;
        assert!(answer.status.is_success(), "{}", answer.text());
        answer.json()
    }

    /// Any request, whatever comes of it; without a body if that is null.
    pub async fn send(&mut self, method: Method, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers = [("authorization", self.authorization.as_str())];
        self.client.request(method, path, &headers, body.into()).await.unwrap()
    }
}
