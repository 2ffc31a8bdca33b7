//! `/v1/books`

use serde_json::{Value, json};

use crate::client::{Client, Reply};

const CASMURRO: &str = r#"{"title": "Dom Casmurro", "author": "Machado de Assis", "isbn": "978-85-359-1066-7", "published_year": 1899}"#;

async fn add(client: &Client, title: &str, author: &str) -> Reply {
    let reply =
        client.send("POST", "/v1/books", &[], &json!({"title": title, "author": author}).to_string()).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply
}

#[tokio::test]
async fn a_book_is_added_found_and_listed() {
    let client = Client::new().await;
    let added = client.send("POST", "/v1/books", &[], CASMURRO).await;
    assert_eq!((added.status.as_u16(), added.header("etag")), (201, "\"1\""));
    insta::assert_snapshot!(added.text, @r#"{"id":"bok_01kjmma2g0e00852fc5m592szc","title":"Dom Casmurro","author":"Machado de Assis","isbn":"9788535910667","published_year":1899,"created_at":"2026-03-01T12:00:00Z","updated_at":"2026-03-01T12:00:00Z"}"#);
    let found = client.get(added.header("location")).await;
    assert_eq!((found.status.as_u16(), found.header("etag"), &found.text), (200, "\"1\"", &added.text));
    let listed = client.get("/v1/books").await;
    assert_eq!(listed.json(), json!({"data": [added.json()], "next_cursor": null}));
}

#[tokio::test]
async fn every_field_at_fault_is_named_at_once() {
    let client = Client::new().await;
    let body = json!({"title": "", "author": "a\u{0}b", "isbn": "978-85-359-1066-8", "published_year": 2200});
    let reply = client.send("POST", "/v1/books", &[], &body.to_string()).await;
    insta::assert_snapshot!(reply.text, @r#"{"type":"urn:comporta:problem:invalid","title":"The request has invalid fields","status":422,"detail":"4 fields are invalid","instance":"/v1/books","request_id":"req-1","errors":[{"pointer":"/title","detail":"expected 1 to 500 characters, none of them a control character"},{"pointer":"/author","detail":"expected 1 to 500 characters, none of them a control character"},{"pointer":"/isbn","detail":"the ISBN's check digit does not fit its other digits"},{"pointer":"/published_year","detail":"expected a year from -3000 to 2199"}]}"#);
}

#[tokio::test]
async fn a_body_that_does_not_fit_is_refused_by_its_field() {
    let client = Client::new().await;
    for (body, status, fields) in [
        (json!({"title": "A", "author": "B", "pages": 3}), 422, vec!["/pages"]),
        (json!({"title": "A"}), 422, vec!["/author"]),
        (json!({"title": 1, "author": "B"}), 422, vec!["/title"]),
        (json!({"title": "A", "author": "B", "published_year": 1.5}), 422, vec!["/published_year"]),
        (json!({"title": "A", "author": "B", "id": "bok_1"}), 422, vec!["/id"]),
        (json!([]), 422, vec![""]),
    ] {
        let (got, _, pointers) = client.send("POST", "/v1/books", &[], &body.to_string()).await.problem();
        assert_eq!((got, pointers), (status, fields.into_iter().map(str::to_owned).collect()), "{body}");
    }
    assert_eq!(client.send("POST", "/v1/books", &[], "{").await.problem().0, 400);
    let text = client.send("POST", "/v1/books", &[("content-type", "text/plain")], CASMURRO).await;
    assert_eq!(text.problem().0, 415);
    assert_eq!(client.get("/v1/books").await.json()["data"], json!([]));
}

#[tokio::test]
async fn a_repeated_key_gives_the_first_answer_and_adds_nothing() {
    let client = Client::new().await;
    let key = [("idempotency-key", "k-1")];
    let first = client.send("POST", "/v1/books", &key, CASMURRO).await;
    let again = client.send("POST", "/v1/books", &key, CASMURRO).await;
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert_eq!((first.header("idempotent-replayed"), again.header("idempotent-replayed")), ("", "true"));
    for name in ["location", "etag", "content-type"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
    let other = client.send("POST", "/v1/books", &key, r#"{"title": "A", "author": "B"}"#).await;
    assert_eq!(other.problem(), (422, "idempotency-key-reused".to_owned(), vec![]));
    assert_eq!(client.get("/v1/books").await.json()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn put_takes_away_what_it_leaves_out_and_patch_does_not() {
    let client = Client::new().await;
    let added = client.send("POST", "/v1/books", &[], CASMURRO).await;
    let path = added.header("location");
    let patched = client.send("PATCH", path, &[], r#"{"published_year": null}"#).await;
    assert_eq!((patched.status.as_u16(), patched.header("etag")), (200, "\"2\""));
    assert_eq!(patched.json()["published_year"], Value::Null);
    assert_eq!(patched.json()["isbn"], "9788535910667");
    let merge = [("content-type", "application/merge-patch+json")];
    let patched = client.send("PATCH", path, &merge, r#"{"title": "Helena"}"#).await;
    assert_eq!((patched.header("etag"), &patched.json()["title"]), ("\"3\"", &json!("Helena")));
    let put = client.send("PUT", path, &[], r#"{"title": "Helena", "author": "Machado"}"#).await;
    assert_eq!((put.header("etag"), &put.json()["isbn"]), ("\"4\"", &Value::Null));
    let same = client.send("PUT", path, &[], r#"{"title": "Helena", "author": "Machado"}"#).await;
    assert_eq!((same.header("etag"), &same.text), ("\"4\"", &put.text));
    assert_eq!(client.get(path).await.text, put.text);
}

#[tokio::test]
async fn a_title_cannot_be_patched_away() {
    let client = Client::new().await;
    let added = add(&client, "A", "B").await;
    let path = added.header("location");
    for (patch, pointer) in [
        (r#"{"title": null}"#, "/title"),
        (r#"{"author": ""}"#, "/author"),
        (r#"{"isbn": "1"}"#, "/isbn"),
        (r#"{"pages": 1}"#, "/pages"),
        ("null", ""),
    ] {
        let problem = client.send("PATCH", path, &[], patch).await.problem();
        assert_eq!(problem, (422, "invalid".to_owned(), vec![pointer.to_owned()]), "{patch}");
    }
    assert_eq!(client.get(path).await.text, added.text);
}

#[tokio::test]
async fn a_lost_update_is_412() {
    let client = Client::new().await;
    let added = add(&client, "A", "B").await;
    let path = added.header("location");
    let put = |tags: &'static str, title: &str| {
        let body = json!({"title": title, "author": "B"}).to_string();
        let client = &client;
        async move { client.send("PUT", path, &[("if-match", tags)], &body).await }
    };
    assert_eq!(put("\"1\"", "C").await.header("etag"), "\"2\"");
    let lost = put("\"1\"", "D").await;
    insta::assert_snapshot!(lost.text, @r#"{"type":"urn:comporta:problem:precondition-failed","title":"The resource was changed by someone else","status":412,"detail":"the book was changed since it was read: get it again and repeat the change on what it is now","instance":"/v1/books/bok_01kjmma2g0e00852fc5m592szc","request_id":"req-1"}"#);
    for (tags, status) in
        [("W/\"2\"", 412), ("\"x\"", 412), ("2", 400), ("", 400), ("\"9\", \"2\"", 200), ("*", 200)]
    {
        assert_eq!(
            put(tags, tags).await.status.as_u16(),
            if tags.is_empty() { 400 } else { status },
            "{tags}"
        );
    }
    let stale = client.send("DELETE", path, &[("if-match", "\"1\"")], "").await;
    assert_eq!(stale.problem().0, 412);
    let patch = client.send("PATCH", path, &[("if-match", "\"1\"")], "{}").await;
    assert_eq!(patch.problem().0, 412);
    let gone = client.send("DELETE", path, &[("if-match", "*")], "").await;
    assert_eq!((gone.status.as_u16(), gone.text.as_str()), (204, ""));
    let missing = client.send("PUT", path, &[("if-match", "*")], CASMURRO).await;
    assert_eq!(missing.problem().0, 404);
}

#[tokio::test]
async fn of_two_puts_with_one_tag_exactly_one_wins() {
    let client = Client::new().await;
    let added = add(&client, "A", "B").await;
    let path = added.header("location");
    let put = |body: &'static str| client.send("PUT", path, &[("if-match", "\"1\"")], body);
    let (left, right) =
        tokio::join!(put(r#"{"title": "L", "author": "B"}"#), put(r#"{"title": "R", "author": "B"}"#));
    let mut statuses = [left.status.as_u16(), right.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
}

#[tokio::test]
async fn a_book_one_has_already_is_304() {
    let client = Client::new().await;
    let added = add(&client, "A", "B").await;
    for (tags, status) in
        [("\"1\"", 304), ("W/\"1\"", 304), ("*", 304), ("\"0\", \"1\"", 304), ("\"2\"", 200), ("1", 400)]
    {
        let reply = client.send("GET", added.header("location"), &[("if-none-match", tags)], "").await;
        assert_eq!(reply.status.as_u16(), status, "{tags}");
        if status == 304 {
            assert_eq!((reply.header("etag"), reply.text.as_str()), ("\"1\"", ""));
        }
    }
}

#[tokio::test]
async fn a_walk_with_a_cursor_gives_each_book_once() {
    let client = Client::new().await;
    for (title, author) in
        [("One", "Ana"), ("Two", "Ana"), ("Three", "Rui"), ("Four", "ANA"), ("Five", "Ana")]
    {
        add(&client, title, author).await;
    }
    let mut titles = Vec::new();
    let mut path = "/v1/books?author=ana&limit=2".to_owned();
    loop {
        let page = client.get(&path).await.json();
        titles.extend(
            page["data"].as_array().unwrap().iter().map(|book| book["title"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/books?limit=2&cursor={cursor}");
    }
    assert_eq!(titles, ["One", "Two", "Four", "Five"]);
    let found = client.get("/v1/books?q=T%57O").await.json();
    assert_eq!(found["data"][0]["title"], "Two");
}

#[tokio::test]
async fn a_list_asked_for_wrongly_says_which_parameter() {
    let client = Client::new().await;
    // The third cursor is well made but carries a filter that no request may have.
    for (query, pointer) in [
        ("limit=0", "?limit"),
        ("limit=501", "?limit"),
        ("limit=x", "?limit"),
        ("cursor=x", "?cursor"),
        ("cursor=eyJmaWx0ZXIiOnsicSI6Ilx1MDAwMCJ9LCJhZnRlciI6MH0", "?q"),
        ("q=%00", "?q"),
        ("author=%0A", "?author"),
        ("titel=x", "?titel"),
    ] {
        let (status, _, fields) = client.get(&format!("/v1/books?{query}")).await.problem();
        assert_eq!((status, fields), (422, vec![pointer.to_owned()]), "{query}");
    }
}

#[tokio::test]
async fn the_scope_decides_who_may() {
    let client = Client::new().await;
    let added = add(&client, "A", "B").await;
    let path = added.header("location");
    let reader = client.with(1, &["books:read"]);
    let writer = client.with(1, &["books:write"]);
    for (method, path) in [("POST", "/v1/books"), ("PUT", path), ("PATCH", path), ("DELETE", path)] {
        assert_eq!(reader.send(method, path, &[], "").await.problem().0, 403, "{method}");
    }
    for path in [path, "/v1/books"] {
        assert_eq!(reader.get(path).await.status, 200);
        assert_eq!(writer.get(path).await.problem().0, 403);
    }
    let nobody = client.anonymous().get("/v1/books").await;
    assert_eq!(nobody.problem().0, 401);
    assert!(!nobody.header("www-authenticate").is_empty());
}

#[tokio::test]
async fn another_companys_book_is_404_as_is_an_id_that_is_none() {
    let client = Client::new().await;
    let added = add(&client, "A", "B").await;
    let stranger = client.with(2, &["books:read", "books:write"]);
    for path in
        [added.header("location"), "/v1/books/bok_01kb1gy3m7f0v9s4t2q8n6x5cw", "/v1/books/1", "/v1/books/%00"]
    {
        for (method, body) in [("GET", ""), ("PUT", CASMURRO), ("PATCH", "{}"), ("DELETE", "")] {
            let reply = stranger.send(method, path, &[], body).await;
            assert_eq!(reply.problem(), (404, "not-found".to_owned(), vec![]), "{method} {path}");
        }
    }
    assert_eq!(stranger.get("/v1/books").await.json()["data"], json!([]));
    assert_eq!(client.get(added.header("location")).await.text, added.text);
}
