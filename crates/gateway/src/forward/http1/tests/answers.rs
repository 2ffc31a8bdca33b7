//! Which answers are taken, and how: a table of good ones and one of bad ones, whole and byte by byte.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::forward::http1::fault::Broken;
use crate::http1::Malformed;

/// Answers to a GET, with what they say and whether another request may follow.
const GOOD: [(&str, &str, bool); 18] = [
    ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", "hello", true),
    ("HTTP/1.1 200 OK\r\nContent-Length:\t05 \r\n\r\nhello", "hello", true),
    ("HTTP/1.1 200\r\ncontent-length: 5\r\n\r\nhello", "hello", true),
    ("HTTP/1.1 404 Nao \u{e9} aqui\r\ncontent-length: 0\r\n\r\n", "", true),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "hello", true),
    (
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n02;a=\"b\";c\r\nlo\r\n000\r\n\r\n",
        "hello",
        true,
    ),
    (
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nA\r\n0123456789\r\n0;last\r\nx: y\r\n\r\n",
        "0123456789",
        true,
    ),
    ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0000000000000001\r\nx\r\n0\r\n\r\n", "x", true),
    ("HTTP/1.1 200 OK\r\nx: y\r\n\r\nto the end", "to the end", false),
    ("HTTP/1.1 200 OK\r\n\r\n", "", false),
    ("HTTP/1.1 204 No Content\r\n\r\n", "", true),
    ("HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n", "", true),
    ("HTTP/1.1 200 OK\r\nconnection: x, Close\r\ncontent-length: 1\r\n\r\n1", "1", false),
    ("HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\n1", "1", false),
    ("HTTP/1.0 200 OK\r\nconnection: Keep-Alive\r\ncontent-length: 1\r\n\r\n1", "1", true),
    ("HTTP/1.0 200 OK\r\nconnection: keep-alive\r\n\r\nto the end", "to the end", false),
    (
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        "",
        true,
    ),
    // What comes after an answer is nobody's: the connection is of no more use.
    (
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        "hello",
        false,
    ),
];

/// What is no answer, or could be read as two different ones.
const BAD: [&str; 45] = [
    "SSH-2.0-OpenSSH\r\n",
    "\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    "HTTP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n",
    "HTTP/1.2 200 OK\r\ncontent-length: 0\r\n\r\n",
    "HTTP/1.1  200 OK\r\ncontent-length: 0\r\n\r\n",
    "HTTP/1.1 099 OK\r\ncontent-length: 0\r\n\r\n",
    "HTTP/1.1 600 OK\r\ncontent-length: 0\r\n\r\n",
    "HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n",
    "HTTP/1.1 20 OK\r\ncontent-length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\ncontent-length: 0\n\n",
    "HTTP/1.1 200 OK\r\ncontent-length: 0\n\r\n",
    "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\n",
    "HTTP/1.1 200 OK\r\nx: a\rb\r\ncontent-length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nx: a\0b\r\ncontent-length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\n x: a\r\ncontent-length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\ncontent-length : 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\n: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nnothing\r\n\r\n",
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\ncontent-length: 5, 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\ncontent-length: +5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\ncontent-length: \r\n\r\nhello",
    "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\n\r\nhello",
    "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;a\rb\r\nhello\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n00000000000000005\r\nhello\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: y\n\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nnothing\r\n\r\n",
];

#[tokio::test]
async fn a_good_answer_is_read_the_same_however_it_comes() {
    for (text, body, stays) in GOOD {
        for at_a_time in [text.len(), 1, 2, 3, 7] {
            let (heard, connection) = told(&Asked::new(Method::GET), text.as_bytes(), at_a_time).await;
            let heard = heard.unwrap_or_else(|failure| panic!("{text:?} by {at_a_time}: {failure:?}"));
            assert_eq!(heard.body, body.as_bytes(), "{text:?} by {at_a_time}");
            // Byte by byte, what follows has not come yet when the answer ends: it is seen before the next request.
            if stays || at_a_time == text.len() {
                assert_eq!(connection.may_stay(), stays, "{text:?} by {at_a_time}");
            }
        }
    }
}

#[tokio::test]
async fn a_bad_answer_is_refused_however_it_comes() {
    for text in BAD {
        for at_a_time in [text.len(), 1, 2, 3, 7] {
            let (heard, _) = told(&Asked::new(Method::GET), text.as_bytes(), at_a_time).await;
            assert!(heard.is_err(), "{text:?} by {at_a_time}: {heard:?}");
        }
    }
}

#[tokio::test]
async fn the_answer_to_head_has_no_body_whatever_it_says() {
    for said in ["content-length: 5", "transfer-encoding: chunked", "x: y"] {
        let text = format!("HTTP/1.1 200 OK\r\n{said}\r\n\r\n");
        let (heard, connection) = told(&Asked::new(Method::HEAD), text.as_bytes(), 5).await;
        let heard = heard.unwrap();
        assert_eq!((heard.body.as_slice(), connection.may_stay()), (&b""[..], true), "{said}");
        let (name, value) = said.split_once(": ").unwrap();
        assert_eq!(heard.headers, headers(&[(name, value)]));
    }
}

#[tokio::test]
async fn what_an_answer_may_be_is_bounded() {
    let refused = |text: String| async move {
        let (heard, _) = told(&Asked::new(Method::GET), text.as_bytes(), 4096).await;
        match heard {
            Err(SendFailure::Broke(Broken::Malformed(malformed))) => Some(malformed),
            Err(SendFailure::Body(BodyError::Upstream)) => None,
            other => panic!("{other:?}"),
        }
    };
    let ok = "HTTP/1.1 200 OK\r\n";
    let large = format!("{ok}x: {}\r\n\r\n", "y".repeat(65 * 1024));
    assert_eq!(refused(large).await, Some(Malformed::TooLarge));
    let many = format!("{ok}{}\r\n", "x: y\r\n".repeat(101));
    assert_eq!(refused(many).await, Some(Malformed::Syntax(httparse::Error::TooManyHeaders)));
    let at_work = format!("{}{ok}content-length: 0\r\n\r\n", "HTTP/1.1 102 At work\r\n\r\n".repeat(9));
    assert_eq!(refused(at_work).await, Some(Malformed::Interim));
    let chunked = format!("{ok}transfer-encoding: chunked\r\n\r\n");
    assert_eq!(refused(format!("{chunked}5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(2000))).await, None);
    assert_eq!(refused(format!("{chunked}0\r\nx: {}\r\n\r\n", "y".repeat(17 * 1024))).await, None);

    let most = format!("{ok}{}content-length: 0\r\n\r\n", "x: y\r\n".repeat(99));
    let (heard, _) = told(&Asked::new(Method::GET), most.as_bytes(), 4096).await;
    assert_eq!(heard.unwrap().headers.len(), 100);
}

#[tokio::test]
async fn trailers_come_without_those_that_only_a_head_may_say() {
    let text = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nx-sum: 1\r\n\
                content-length: 9\r\nauthorization: x\r\nX-Sum: 2\r\n\r\n";
    let (heard, _) = told(&Asked::new(Method::GET), text.as_bytes(), 9).await;
    assert_eq!(heard.unwrap().trailers, headers(&[("x-sum", "1"), ("x-sum", "2")]));
}

proptest! {
    #[test]
    fn any_chunks_with_any_cuts_are_read_back(
        chunks in vec((vec(any::<u8>(), 1..300), "(;[a-z =\"]{0,20})?", any::<bool>()), 0..12),
        trailer in "[a-z]{0,10}",
        at_a_time in 1_usize..200,
    ) {
        let mut text = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        let mut body = Vec::new();
        for (data, extension, upper) in chunks {
            let size = if upper { format!("{:X}", data.len()) } else { format!("{:04x}", data.len()) };
            text.extend(format!("{size}{extension}\r\n").bytes());
            text.extend(&data);
            text.extend(b"\r\n");
            body.extend(data);
        }
        text.extend(format!("0\r\nx-sum: {trailer}\r\n\r\n").bytes());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (heard, connection) = runtime.block_on(told(&Asked::new(Method::GET), &text, at_a_time));
        let heard = heard.unwrap();
        prop_assert_eq!(heard.body, body);
        prop_assert_eq!(heard.trailers, headers(&[("x-sum", &trailer)]));
        prop_assert!(connection.may_stay());
    }

    #[test]
    fn no_bytes_upset_the_reader(
        beginning in "(HTTP/1\\.[01] [0-9]{3} ?\r\n)?",
        lines in "((content-length|transfer-encoding|connection|x): ?(chunked|[0-9]{1,3}|close|,)\r?\n){0,4}",
        rest in vec(any::<u8>(), 0..100),
        at_a_time in 1_usize..100,
    ) {
        let text = [beginning.as_bytes(), lines.as_bytes(), b"\r\n", &rest].concat();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let asked = Asked::new(Method::GET);
        let (by_piece, _) = runtime.block_on(told(&asked, &text, at_a_time));
        let (whole, _) = runtime.block_on(told(&asked, &text, text.len()));
        // However it is cut, it says the same.
        prop_assert_eq!(by_piece.ok(), whole.ok());
    }
}
