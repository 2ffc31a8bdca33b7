//! Random requests and answers with hyper's server at the other end: what one says, the other hears.

use std::convert::Infallible;
use std::sync::Mutex;

use futures_util::stream;
use http::{Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// A message's body: its pieces, and whether its length is told before.
type Pieces = (Vec<Vec<u8>>, bool);

#[derive(Clone, Debug)]
struct Exchange {
    method: Method,
    path: String,
    fields: Vec<(String, String)>,
    said: Pieces,
    status: u16,
    answer_fields: Vec<(String, String)>,
    answer: Pieces,
}

fn body() -> impl Strategy<Value = Pieces> {
    (vec(vec(any::<u8>(), 1..400), 0..4), any::<bool>())
}

fn fields() -> impl Strategy<Value = Vec<(String, String)>> {
    vec(("x-[a-z]{1,8}|accept|cookie|etag", "[!-~]([ -~]{0,30}[!-~])?"), 0..8)
}

fn exchange() -> impl Strategy<Value = Exchange> {
    let method = prop_oneof!["GET", "POST", "PUT", "HEAD", "DELETE", "PATCH", "QUERY"];
    let status =
        prop_oneof![Just(200_u16), Just(201), Just(204), Just(304), Just(404), Just(500), 200_u16..600];
    let path = "/[a-z0-9/%.~-]{0,20}(\\?[a-z=&]{0,10})?";
    (method, path, fields(), body(), status, fields(), body()).prop_map(
        |(method, path, fields, said, status, answer_fields, answer)| Exchange {
            method: method.parse().unwrap(),
            // A lone % is no path for hyper's own parser either way: both sides see the text.
            path: path.replace('%', "%25"),
            fields,
            said,
            status,
            answer_fields,
            answer,
        },
    )
}

fn map(fields: &[(String, String)]) -> HeaderMap {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    headers(&fields)
}

fn request_body((data, exact): &Pieces) -> RequestBody {
    let length = data.iter().map(|piece| piece.len() as u64).sum();
    let (sender, body) = pieces(exact.then_some(length));
    for piece in data {
        sender.try_send(Ok(Frame::data(Bytes::copy_from_slice(piece)))).unwrap();
    }
    body
}

fn answer_body((data, exact): &Pieces) -> BoxBody<Bytes, Infallible> {
    if *exact {
        return Full::new(Bytes::from(data.concat())).boxed();
    }
    let frames: Vec<_> = data.iter().map(|piece| Ok(Frame::data(Bytes::copy_from_slice(piece)))).collect();
    StreamBody::new(stream::iter(frames)).boxed()
}

/// What the server heard of a request.
type Recorded = (Method, String, HeaderMap, Vec<u8>);

async fn serve(far: DuplexStream, exchanges: Vec<Exchange>, recorded: &Mutex<Vec<Recorded>>) {
    let next = Mutex::new(exchanges.into_iter());
    let service = service_fn(|request: Request<Incoming>| {
        let exchange = next.lock().unwrap().next().unwrap();
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await?.to_bytes().to_vec();
            recorded.lock().unwrap().push((parts.method, parts.uri.to_string(), parts.headers, body));
            let mut response = Response::new(answer_body(&exchange.answer));
            *response.status_mut() = StatusCode::from_u16(exchange.status).unwrap();
            *response.headers_mut() = map(&exchange.answer_fields);
            Ok::<_, hyper::Error>(response)
        }
    });
    http1::Builder::new().serve_connection(TokioIo::new(far), service).await.unwrap();
}

fn check(exchange: &Exchange, recorded: &Recorded, heard: Heard) -> Result<(), TestCaseError> {
    let (method, path, mut headers, body) = recorded.clone();
    prop_assert_eq!((&method, &path, body), (&exchange.method, &exchange.path, exchange.said.0.concat()));
    for name in ["host", "content-length", "transfer-encoding"] {
        prop_assert!(headers.get_all(name).iter().count() <= 1);
        headers.remove(name);
    }
    prop_assert_eq!(headers, map(&exchange.fields));

    let Heard { status, mut headers, body, .. } = heard;
    prop_assert_eq!(status.as_u16(), exchange.status);
    for name in ["date", "content-length", "transfer-encoding"] {
        headers.remove(name);
    }
    prop_assert_eq!(headers, map(&exchange.answer_fields));
    let bodyless = exchange.method == Method::HEAD || matches!(exchange.status, 204 | 304);
    prop_assert_eq!(body, if bodyless { Vec::new() } else { exchange.answer.0.concat() });
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn what_one_says_the_other_hears(
        exchanges in vec(exchange(), 1..4),
        // So many bytes are under way at most: every message is cut at every place sooner or later.
        room in prop_oneof![1_usize..64, 64_usize..2000],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let recorded = Mutex::new(Vec::new());
        let (mut connection, far) = connected(room);
        let asking = async {
            let mut heard = Vec::new();
            for exchange in &exchanges {
                let headers = map(&exchange.fields);
                let path = exchange.path.parse().unwrap();
                let asked = Asked { method: exchange.method.clone(), path, headers: headers.into(), upgrades: false };
                heard.push(asked.of(&mut connection, request_body(&exchange.said)).await.unwrap());
                // All of them on one connection.
                assert!(connection.may_stay());
            }
            drop(connection);
            heard
        };
        let (heard, ()) = runtime.block_on(async {
            tokio::join!(asking, serve(far, exchanges.clone(), &recorded))
        });
        let recorded = recorded.into_inner().unwrap();
        for ((exchange, recorded), heard) in exchanges.iter().zip(&recorded).zip(heard) {
            check(exchange, recorded, heard)?;
        }
    }
}
