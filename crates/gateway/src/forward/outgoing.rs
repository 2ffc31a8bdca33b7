//! A request as it goes on to a target, and how each version of HTTP tells it.

use bytes::Bytes;
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Method, Request, Uri, Version, header};

use super::http1::RequestHead;
use crate::body::RequestBody;
use crate::cluster::Target;
use crate::headers::Headers;

/// A request as it goes on to a target.
#[derive(Debug)]
pub(crate) struct Outgoing<'a> {
    pub(crate) method: &'a Method,
    /// Path and query.
    pub(crate) path: Uri,
    pub(crate) headers: &'a mut Headers,
    /// The host header, in place of the target's own.
    pub(crate) host: Option<&'a HeaderValue>,
    /// The caller asks for another protocol on this connection.
    pub(crate) upgrades: bool,
}

impl Outgoing<'_> {
    /// The head as HTTP/1.1 tells it.
    pub(super) fn head<'h>(&'h self, target: &'h Target) -> RequestHead<'h> {
        let Self { method, path, headers, upgrades, .. } = self;
        RequestHead { method, path, headers, host: self.host_at(target), upgrades: *upgrades }
    }

    /// The request as HTTP/2 tells it; `again` if the headers may be needed once more.
    pub(super) fn http2(
        &mut self,
        target: &Target,
        body: Option<Box<RequestBody>>,
        again: bool,
    ) -> Request<RequestBody> {
        let headers = match again {
            true => self.headers.clone(),
            false => std::mem::take(self.headers),
        };
        let body = body.map_or_else(|| RequestBody::whole(Bytes::new()), |body| *body);
        let mut request = Request::new(body);
        request.method_mut().clone_from(self.method);
        *request.headers_mut() = headers.into();
        *request.uri_mut() = self.absolute(target);
        *request.version_mut() = Version::HTTP_2;
        request.headers_mut().remove(header::CONNECTION);
        request
    }

    fn host_at<'h>(&'h self, target: &'h Target) -> &'h HeaderValue {
        self.host.unwrap_or_else(|| target.authority())
    }

    /// The place as HTTP/2 tells it: scheme and authority are part of it.
    fn absolute(&self, target: &Target) -> Uri {
        let scheme = if target.server_name().is_some() { Scheme::HTTPS } else { Scheme::HTTP };
        let mut parts = self.path.clone().into_parts();
        parts.authority = Authority::try_from(self.host_at(target).as_bytes()).ok();
        parts.scheme = Some(scheme);
        // All three parts are there, and were checked one by one.
        Uri::from_parts(parts).unwrap_or_else(|_| self.path.clone())
    }
}
