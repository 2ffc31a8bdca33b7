//! `/livros`

use serde_json::json;

use crate::client::Client;

async fn with_two_books() -> Client {
    let client = Client::new().await;
    for body in [
        r#"{"título": "O Senhor dos Anéis", "autor": "J.R.R Tolkien"}"#,
        r#"{"título": "Harry Potter", "autor": "J.K Rowling"}"#,
    ] {
        assert_eq!(client.send("POST", "/livros", &[], body).await.status, 200);
    }
    client
}

#[tokio::test]
async fn the_list_is_a_bare_array_with_small_ids() {
    let client = with_two_books().await;
    let list = client.get("/livros").await;
    assert_eq!(
        (list.status.as_u16(), list.header("content-type"), list.header("link")),
        (200, "application/json", "")
    );
    insta::assert_snapshot!(list.text, @r#"[{"id":1,"título":"O Senhor dos Anéis","autor":"J.R.R Tolkien"},{"id":2,"título":"Harry Potter","autor":"J.K Rowling"}]"#);
}

#[tokio::test]
async fn one_book_is_given_by_its_id() {
    let client = with_two_books().await;
    insta::assert_snapshot!(client.get("/livros/2").await.text, @r#"{"id":2,"título":"Harry Potter","autor":"J.K Rowling"}"#);
    for path in ["/livros/3", "/livros/0", "/livros/-1", "/livros/dois", "/livros/99999999999999999999"] {
        for (method, body) in [("GET", ""), ("PUT", "{}"), ("DELETE", "")] {
            assert_eq!(client.send(method, path, &[], body).await.problem().0, 404, "{method} {path}");
        }
    }
    let stranger = client.with(2, &["books:read", "books:write"]);
    assert_eq!(stranger.get("/livros/2").await.problem().0, 404);
    assert_eq!(stranger.get("/livros").await.text, "[]");
}

#[tokio::test]
async fn put_merges_and_gives_the_book() {
    let client = with_two_books().await;
    let put = client.send("PUT", "/livros/2", &[], r#"{"título": "Animais Fantásticos"}"#).await;
    insta::assert_snapshot!(put.text, @r#"{"id":2,"título":"Animais Fantásticos","autor":"J.K Rowling"}"#);
    let whole = client.send("PUT", "/livros/2", &[], r#"{"id": 2, "título": "A", "autor": "B"}"#).await;
    assert_eq!(whole.json(), json!({"id": 2, "título": "A", "autor": "B"}));
    for (body, pointer) in [
        (r#"{"id": 3}"#, "/id"),
        (r#"{"título": ""}"#, "/título"),
        (r#"{"autor": null}"#, "/autor"),
        (r#"{"titulo": "A"}"#, "/titulo"),
    ] {
        let problem = client.send("PUT", "/livros/2", &[], body).await.problem();
        assert_eq!(problem, (422, "invalid".to_owned(), vec![pointer.to_owned()]), "{body}");
    }
}

#[tokio::test]
async fn post_and_delete_give_the_whole_list() {
    let client = with_two_books().await;
    let added = client.send("POST", "/livros", &[], r#"{"id": 7, "título": "A", "autor": "B"}"#).await;
    assert_eq!(added.text, client.get("/livros").await.text);
    assert_eq!(added.json()[2], json!({"id": 7, "título": "A", "autor": "B"}));
    let removed = client.send("DELETE", "/livros/1", &[], "").await;
    insta::assert_snapshot!(removed.text, @r#"[{"id":2,"título":"Harry Potter","autor":"J.K Rowling"},{"id":7,"título":"A","autor":"B"}]"#);
}

#[tokio::test]
async fn a_taken_id_is_409_and_a_wrong_one_422() {
    let client = with_two_books().await;
    let taken = client.send("POST", "/livros", &[], r#"{"id": 2, "título": "A", "autor": "B"}"#).await;
    insta::assert_snapshot!(taken.text, @r#"{"type":"urn:comporta:problem:conflict","title":"The request conflicts with what is already there","status":409,"detail":"the id 2 is taken","instance":"/livros","request_id":"req-1"}"#);
    let wrong = client.send("POST", "/livros", &[], r#"{"id": 0, "título": "", "autor": "\n"}"#).await;
    assert_eq!(wrong.problem().2, ["/id", "/título", "/autor"]);
    assert_eq!(client.get("/livros").await.json().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_repeated_key_gives_the_first_list() {
    let client = Client::new().await;
    let key = [("idempotency-key", "k-1")];
    let body = r#"{"título": "A", "autor": "B"}"#;
    let first = client.send("POST", "/livros", &key, body).await;
    client.send("POST", "/livros", &[], body).await;
    let again = client.send("POST", "/livros", &key, body).await;
    assert_eq!(
        (again.status, &again.text, again.header("idempotent-replayed")),
        (first.status, &first.text, "true")
    );
}

#[tokio::test]
async fn it_shows_the_same_books_as_v1() {
    let client = with_two_books().await;
    let body = r#"{"title": "Sagarana", "author": "Guimarães Rosa", "isbn": "9780306406157"}"#;
    let added = client.send("POST", "/v1/books", &[], body).await;
    assert_eq!(
        client.get("/livros/3").await.json(),
        json!({"id": 3, "título": "Sagarana", "autor": "Guimarães Rosa"})
    );
    client.send("PUT", "/livros/3", &[], r#"{"autor": "João Guimarães Rosa"}"#).await;
    let book = client.get(added.header("location")).await;
    assert_eq!((book.header("etag"), &book.json()["isbn"]), ("\"2\"", &json!("9780306406157")));
    client.send("DELETE", "/livros/3", &[], "").await;
    assert_eq!(client.get(added.header("location")).await.problem().0, 404);
}

#[tokio::test]
async fn a_long_list_says_where_it_goes_on() {
    let client = with_two_books().await;
    let first = client.get("/livros?limit=1").await;
    insta::assert_snapshot!(first.header("link"), @r#"</livros?cursor=eyJmaWx0ZXIiOm51bGwsImFmdGVyIjoxfQ&limit=1>; rel="next""#);
    let next = first.header("link").trim_start_matches('<').split('>').next().unwrap();
    let second = client.get(next).await;
    assert_eq!((second.json()[0]["id"].as_i64(), second.header("link")), (Some(2), ""));
    for (query, pointer) in
        [("limit=0", "?limit"), ("limit=1001", "?limit"), ("limit=70000", "?limit"), ("cursor=x", "?cursor")]
    {
        let (status, _, fields) = client.get(&format!("/livros?{query}")).await.problem();
        assert_eq!((status, fields), (422, vec![pointer.to_owned()]), "{query}");
    }
}

#[tokio::test]
async fn a_thousand_books_are_the_most_of_one_answer() {
    let client = Client::new().await;
    for _ in 0..1_000 {
        client.send("POST", "/v1/books", &[], r#"{"title": "A", "author": "B"}"#).await;
    }
    assert_eq!(client.get("/livros").await.header("link"), "");
    let last = client.send("POST", "/livros", &[], r#"{"título": "A", "autor": "B"}"#).await;
    assert_eq!(last.json().as_array().unwrap().len(), 1_000);
    let next = last.header("link").trim_start_matches('<').split('>').next().unwrap();
    assert_eq!(client.get(next).await.json(), json!([{"id": 1001, "título": "A", "autor": "B"}]));
}

#[tokio::test]
async fn the_scope_decides_who_may() {
    let client = with_two_books().await;
    let reader = client.with(1, &["books:read"]);
    for (method, path) in [("POST", "/livros"), ("PUT", "/livros/1"), ("DELETE", "/livros/1")] {
        assert_eq!(reader.send(method, path, &[], "{}").await.problem().0, 403, "{method}");
    }
    let writer = client.with(1, &["books:write"]);
    for path in ["/livros", "/livros/1"] {
        assert_eq!(writer.get(path).await.problem().0, 403);
        assert_eq!(client.anonymous().get(path).await.problem().0, 401);
    }
}
