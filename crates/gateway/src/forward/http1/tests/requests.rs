//! What a target reads of a request, and what becomes of one that goes wrong.

use super::*;

/// What a target reads until the connection is closed, of a request whose answer is the one given.
async fn written(asked: &Asked, body: RequestBody) -> String {
    let (mut connection, mut far) = connected(64 * 1024);
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    far.write_all(answer).await.unwrap();
    asked.of(&mut connection, body).await.unwrap();
    assert!(connection.may_stay(), "all of it has been sent");
    drop(connection);
    let mut text = String::new();
    far.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn a_request_is_written_with_one_host_and_one_length() {
    let said = [("content-length", "0003"), ("transfer-encoding", "chunked"), ("host", "other")];
    let asked =
        said.into_iter().fold(Asked::new(Method::PUT), |asked, (name, value)| asked.with(name, value));
    let asked = asked.with("x-one", "1").with("x-one", "2");
    let text = written(&asked, RequestBody::whole(Bytes::from_static(b"abc"))).await;
    let wanted =
        "PUT /a?b=c HTTP/1.1\r\nhost: t.example\r\nx-one: 1\r\nx-one: 2\r\ncontent-length: 3\r\n\r\nabc";
    assert_eq!(text, wanted);
}

#[tokio::test]
async fn no_body_is_told_where_one_is_usual() {
    for (asked, told) in [
        (Asked::new(Method::GET), ""),
        (Asked::new(Method::DELETE), ""),
        (Asked::new(Method::GET).with("content-length", "0"), "content-length: 0\r\n"),
        (Asked::new(Method::POST), "content-length: 0\r\n"),
        (Asked::new(Method::PATCH), "content-length: 0\r\n"),
    ] {
        let wanted = format!("{} /a?b=c HTTP/1.1\r\nhost: t.example\r\n{told}\r\n", asked.method);
        assert_eq!(written(&asked, nothing()).await, wanted);
    }
    let star = Asked { path: Uri::from_static("*"), ..Asked::new(Method::OPTIONS) };
    assert!(written(&star, nothing()).await.starts_with("OPTIONS * HTTP/1.1\r\n"));
    let bare = Asked { path: Uri::default(), ..Asked::new(Method::GET) };
    assert!(written(&bare, nothing()).await.starts_with("GET / HTTP/1.1\r\n"));
}

#[tokio::test]
async fn a_body_of_unknown_length_goes_in_chunks_with_its_trailers() {
    let (sender, body) = pieces(None);
    for piece in ["hello", "", " and good bye"] {
        sender.send(Ok(Frame::data(Bytes::from_static(piece.as_bytes())))).await.unwrap();
    }
    sender.send(Ok(Frame::trailers(headers(&[("x-sum", "9")])))).await.unwrap();
    drop(sender);
    // The answer must come last here: one that comes early ends the request.
    let (mut connection, mut far) = connected(64 * 1024);
    let target = async {
        let head = hear_head(&mut far).await;
        let rest = hear_head(&mut far).await;
        say(&mut far, b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 99).await;
        head + &rest
    };
    let asked = Asked::new(Method::GET);
    let (heard, text) = tokio::join!(asked.of(&mut connection, body), target);
    heard.unwrap();
    let wanted = "GET /a?b=c HTTP/1.1\r\nhost: t.example\r\ntransfer-encoding: chunked\r\n\r\n\
                  5\r\nhello\r\nd\r\n and good bye\r\n0\r\nx-sum: 9\r\n\r\n";
    assert_eq!(text, wanted);
    assert!(connection.may_stay());
}

#[tokio::test]
async fn a_body_that_fails_is_to_blame_and_the_target_never_takes_it_for_whole() {
    for exact in [None, Some(11)] {
        let (sender, body) = pieces(exact);
        let (mut connection, mut far) = connected(64 * 1024);
        let asked = Asked::new(Method::POST);
        let caller = async {
            sender.send(Ok(Frame::data(Bytes::from_static(b"hello")))).await.unwrap();
            yield_now().await;
            sender.send(Err(BodyError::TooLarge)).await.unwrap();
        };
        let (heard, ()) = tokio::join!(asked.of(&mut connection, body), caller);
        assert!(matches!(heard, Err(SendFailure::Body(BodyError::TooLarge))), "{heard:?}");
        drop(connection);
        let mut text = String::new();
        far.read_to_string(&mut text).await.unwrap();
        assert!(text.contains("hello") && !text.contains("0\r\n\r\n"), "{text}");
    }
}

#[tokio::test]
async fn a_body_is_as_long_as_it_was_said_to_be() {
    for piece in ["too long", "no"] {
        let (sender, body) = pieces(Some(3));
        sender.send(Ok(Frame::data(Bytes::from_static(piece.as_bytes())))).await.unwrap();
        drop(sender);
        let (mut connection, _far) = connected(64 * 1024);
        let heard = Asked::new(Method::POST).of(&mut connection, body).await;
        assert!(matches!(heard, Err(SendFailure::Body(BodyError::Caller))), "{piece}: {heard:?}");
    }
}

#[tokio::test]
async fn an_answer_may_come_before_all_was_sent() {
    let (sender, body) = pieces(Some(1_000_000));
    let (mut connection, mut far) = connected(1024);
    sender.send(Ok(Frame::data(Bytes::from(vec![7; 500_000])))).await.unwrap();
    let target = async {
        hear_head(&mut far).await;
        say(&mut far, b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno", 10).await;
        // It reads no more, and closes with the request half sent.
        drop(far);
    };
    let asked = Asked::new(Method::POST).with("expect", "100-continue");
    let (heard, ()) = tokio::join!(asked.of(&mut connection, body), target);
    let heard = heard.unwrap();
    assert_eq!((heard.status.as_u16(), heard.body.as_slice()), (413, &b"no"[..]));
    assert!(!connection.may_stay(), "the target would take the rest for another request");
    drop(sender);
}

#[tokio::test]
async fn a_body_is_sent_on_while_the_answer_is_read() {
    let (sender, body) = pieces(None);
    let (mut connection, mut far) = connected(64);
    let target = async {
        hear_head(&mut far).await;
        say(&mut far, b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", 99).await;
        // Says again what it hears; the caller says the next only when it has heard that.
        let mut heard = [0; 6];
        for _ in 0..100 {
            far.read_exact(&mut heard).await.unwrap();
            far.write_all(&heard).await.unwrap();
        }
        far.read_exact(&mut heard[..5]).await.unwrap();
        far.write_all(b"0\r\n\r\n").await.unwrap();
    };
    let caller = async {
        let asked = Asked::new(Method::POST);
        let (method, path, headers) = (&asked.method, &asked.path, &asked.headers);
        let host = &HeaderValue::from_static("t");
        let head = RequestHead { method, path, headers, host, upgrades: false };
        connection.send(head, Some(Box::new(body))).await.unwrap();
        for number in 0..100_u8 {
            let said = Bytes::copy_from_slice(&[number]);
            sender.send(Ok(Frame::data(said.clone()))).await.unwrap();
            let frame = std::future::poll_fn(|cx| connection.poll_frame(cx)).await;
            assert_eq!(frame.unwrap().unwrap().into_data().unwrap(), said);
        }
        drop(sender);
        assert!(std::future::poll_fn(|cx| connection.poll_frame(cx)).await.is_none());
    };
    tokio::join!(caller, target);
    assert!(connection.may_stay());
}

#[tokio::test]
async fn a_request_of_which_nothing_was_sent_comes_back_whole() {
    let (mut connection, far) = connected(64);
    drop(far);
    let (sender, body) = pieces(Some(5));
    for piece in [&b"hel"[..], b"lo"] {
        sender.send(Ok(Frame::data(Bytes::from_static(piece)))).await.unwrap();
    }
    let asked = Asked::new(Method::POST);
    let body = match asked.of(&mut connection, body).await {
        Err(SendFailure::Unsent(body)) => *body,
        other => panic!("{other:?}"),
    };
    let (mut connection, mut far) = connected(1024);
    let target = async {
        let head = hear_head(&mut far).await;
        let mut sent = [0; 5];
        far.read_exact(&mut sent).await.unwrap();
        say(&mut far, b"HTTP/1.1 204 Fine\r\n\r\n", 99).await;
        (head, sent)
    };
    let (heard, (head, sent)) = tokio::join!(asked.of(&mut connection, body), target);
    heard.unwrap();
    assert!(head.contains("content-length: 5\r\n"), "{head}");
    assert_eq!(&sent, b"hello");
}

#[tokio::test]
async fn a_target_that_hangs_up_without_a_word_is_told_from_one_that_breaks_off() {
    let (heard, _) = told(&Asked::new(Method::GET), b"", 1).await;
    assert!(matches!(heard, Err(SendFailure::Closed)), "{heard:?}");
    let (heard, _) = told(&Asked::new(Method::GET), b"HTTP/1.1 200 O", 1).await;
    assert!(matches!(heard, Err(SendFailure::Broke(_))), "{heard:?}");
}

#[tokio::test]
async fn another_protocol_begins_with_what_came_behind_the_answer() {
    let (mut connection, mut far) = connected(1024);
    far.write_all(b"HTTP/1.1 101 Fine\r\nupgrade: x\r\n\r\nfirst words").await.unwrap();
    let asked = Asked { upgrades: true, ..Asked::new(Method::GET).with("upgrade", "x") };
    let heard = asked.of(&mut connection, nothing()).await.unwrap();
    assert_eq!(heard.headers, headers(&[("upgrade", "x")]));
    hear_head(&mut far).await;
    let (mut stream, said) = connection.upgraded();
    assert_eq!(&said[..], b"first words");
    stream.write_all(b"and on").await.unwrap();
    let mut on = [0; 6];
    far.read_exact(&mut on).await.unwrap();
    assert_eq!(&on, b"and on");
}
