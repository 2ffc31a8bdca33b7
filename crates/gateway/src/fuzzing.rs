//! The rules of routes without a gateway around them: for the oracles of the fuzz targets, and for nobody else.

use std::borrow::Cow;

use http::{HeaderMap, Method};

use crate::config;
use crate::fault::Fault;
use crate::model::path_pattern::{Captures, PathPattern, normalise};
use crate::model::rewrite::{Redirect, Rewrite};
use crate::model::table;

/// The one spelling of a path, or in words why it is refused.
///
/// # Errors
/// The path is refused.
pub fn normal_form(path: &str) -> Result<Cow<'_, str>, String> {
    normalise(path).map_err(|fault| fault.to_string())
}

/// Routes, ready to be found.
#[derive(Debug)]
pub struct Routes {
    table: table::Table,
    changes: Vec<(Rewrite, Option<Redirect>)>,
}

/// What a request meets.
#[derive(Debug)]
pub enum Found {
    /// A route, by its place in the list, and what its pattern kept.
    Route(usize, Kept),
    /// Routes match but for the method; the value of `allow`.
    MethodNotAllowed(String),
    /// No route.
    Nothing,
}

/// What a pattern kept of a path.
#[derive(Clone, Copy, Debug)]
pub struct Kept(Captures);

impl Routes {
    /// Arranges routes.
    ///
    /// # Errors
    /// Every fault in what they match and in how they rewrite and redirect.
    pub fn build(routes: &[config::Route]) -> Result<Self, Vec<Fault>> {
        let of_model = |found: Vec<crate::model::fault::Fault>| -> Vec<Fault> {
            found.into_iter().map(Fault::from).collect()
        };
        let table = table::Table::build(routes).map_err(of_model)?;
        let mut changes = Vec::new();
        for (index, route) in routes.iter().enumerate() {
            let pattern: PathPattern =
                route.matching.path.parse().map_err(|fault| vec![Fault::of_route(index, "", fault)])?;
            let rewrite = route.rewrite.as_ref().map(|to| Rewrite::compile(index, to, &pattern)).transpose();
            let redirect =
                route.redirect.as_ref().map(|to| Redirect::compile(index, to, &pattern)).transpose();
            changes.push((rewrite.map_err(of_model)?.unwrap_or_default(), redirect.map_err(of_model)?));
        }
        Ok(Self { table, changes })
    }

    /// What takes a request; the path is a normal form.
    #[must_use]
    pub fn find(&self, host: &str, path: &str, method: &Method, headers: &HeaderMap) -> Found {
        match self.table.find(host, path, method, &headers.clone().into()) {
            table::Found::Route { index, captures } => Found::Route(index, Kept(captures)),
            table::Found::MethodNotAllowed { allow } => {
                Found::MethodNotAllowed(allow.to_str().unwrap_or_default().to_owned())
            }
            table::Found::Nothing => Found::Nothing,
        }
    }

    /// Where a route sends a request that it took: the path and query for its upstream, or the place it redirects
    /// to; nothing where it changes neither, and in words why the request is refused.
    #[must_use]
    pub fn target(
        &self,
        index: usize,
        path: &str,
        kept: &Kept,
        query: Option<&str>,
    ) -> Option<Result<String, String>> {
        let (rewrite, redirect) = self.changes.get(index)?;
        let told = |fault: crate::model::path_pattern::PathFault| fault.to_string();
        match redirect {
            Some(redirect) => {
                let location = redirect.location(path, &kept.0, query).map_err(told);
                Some(location.map(|location| String::from_utf8_lossy(location.as_bytes()).into_owned()))
            }
            None => rewrite
                .path(path, &kept.0, query)
                .map_err(told)
                .map(|to| to.map(|to| to.to_string()))
                .transpose(),
        }
    }
}

impl Kept {
    /// A piece, by its place among the pattern's names; nothing beyond the last.
    #[must_use]
    pub fn get<'p>(&self, path: &'p str, place: usize) -> &'p str {
        self.0.get(path, place)
    }
}
