//! Entries, balances, reports and incomes as their callers see them.

use serde_json::json;

use crate::test_app::TestApp;

const SALE: &str =
    r#"{"kind":"credit","amount":"150.00","description":"Venda no balcão","category":"vendas"}"#;

#[tokio::test]
async fn an_entry_answers_with_itself_and_its_place() {
    let app = TestApp::start().await;
    let posted = app.post("/v1/entries", SALE).await;
    assert_eq!(posted.status, 201);
    let entry = posted.json();
    assert_eq!(posted.header("location"), format!("/v1/entries/{}", entry["id"].as_str().unwrap()));
    assert_eq!(app.get(posted.header("location")).await.json(), entry);
    let fields: Vec<&str> = entry.as_object().unwrap().keys().map(String::as_str).collect();
    let wanted = [
        "account_id",
        "amount",
        "business_date",
        "category",
        "currency",
        "description",
        "external_id",
        "id",
        "kind",
        "metadata",
        "occurred_at",
        "recorded_at",
        "reversed_by",
        "reverses",
    ];
    assert_eq!(fields, wanted);
    assert_eq!(
        (&entry["amount"], &entry["business_date"], &entry["occurred_at"]),
        (&json!("150.00"), &json!("2026-03-10"), &json!("2026-03-10T15:00:00Z"))
    );
}

#[tokio::test]
async fn a_repeated_request_answers_as_it_did_and_another_under_its_key_is_refused() {
    let app = TestApp::start().await;
    let first = app.post_with_key("/v1/entries", SALE, Some("k1")).await;
    let again = app.post_with_key("/v1/entries", SALE, Some("k1")).await;
    assert_eq!(
        (again.status, again.header("idempotent-replayed"), &again.body),
        (first.status, "true", &first.body)
    );
    let other = app.post_with_key("/v1/entries", &SALE.replace("150", "151"), Some("k1")).await;
    assert_eq!(other.problem().1, "idempotency-key-reused");
    let elsewhere = app.post_with_key("/incomes", r#"{"description":"x","amount":1}"#, Some("k1")).await;
    assert_eq!(elsewhere.problem().1, "idempotency-key-reused");
    assert_eq!(app.get("/v1/daily-balances/2026-03-10").await.json()["closing"], "150.00");
    assert_eq!(app.post_with_key("/v1/entries", SALE, Some("white space")).await.problem().0, 400);
}

#[tokio::test]
async fn every_bad_row_of_a_batch_is_named_and_none_is_written() {
    let app = TestApp::start().await;
    let mut rows = vec![json!({"kind": "debit", "amount": "1.00", "description": "x"}); 100];
    rows[7]["amount"] = json!("1.001");
    rows[42]["kind"] = json!("gift");
    rows[99]["account_id"] = json!("acc_00000000000000000000000000");
    rows[99]["surprise"] = json!(1);
    let refused = app.post("/v1/entries/batch", &json!({"entries": rows}).to_string()).await;
    let wanted =
        ["/entries/7/amount", "/entries/42/kind", "/entries/99/surprise"].map(str::to_owned).to_vec();
    assert_eq!(refused.problem(), (422, "invalid".to_owned(), wanted));
    assert_eq!(app.get("/v1/entries").await.json()["data"], json!([]));
    assert_eq!(app.post("/v1/entries/batch", r#"{"entries":[]}"#).await.problem().2, ["/entries"]);
    let good = json!({"entries": vec![rows[0].clone(); 3]}).to_string();
    assert_eq!(app.post("/v1/entries/batch", &good).await.json()["data"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_cursor_walks_a_list_and_keeps_its_filters() {
    let app = TestApp::start().await;
    for _ in 0..5 {
        app.post("/v1/entries", SALE).await;
        app.post("/v1/entries", &SALE.replace("credit", "debit")).await;
    }
    let first = app.get("/v1/entries?kind=credit&limit=3").await.json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = app.get(&format!("/v1/entries?cursor={cursor}&limit=3")).await.json();
    assert_eq!((first["data"].as_array().unwrap().len(), second["data"].as_array().unwrap().len()), (3, 2));
    assert!(second["next_cursor"].is_null());
    let mixed = app.get(&format!("/v1/entries?cursor={cursor}&kind=debit")).await;
    assert_eq!(mixed.problem().2, ["?cursor"]);
}

#[tokio::test]
async fn a_report_is_a_download_that_a_spreadsheet_reads() {
    let app = TestApp::start().await;
    app.post("/v1/entries", &SALE.replace("vendas", "=1+1")).await;
    let csv = app.get("/v1/reports/cash-flow?from=2026-03-09&to=2026-03-10&format=csv").await;
    assert_eq!(
        csv.header("content-disposition"),
        "attachment; filename=\"cash-flow-2026-03-09-2026-03-10.csv\""
    );
    let wanted = "from,to,opening,credits,debits,net,closing,entries\n\
        2026-03-09,2026-03-09,0.00,0.00,0.00,0.00,0.00,0\n2026-03-10,2026-03-10,0.00,150.00,0.00,150.00,150.00,1\n";
    assert_eq!(csv.body, wanted);
    let by_category =
        app.get("/v1/reports/cash-flow?from=2026-03-10&to=2026-03-10&group_by=category&format=csv").await;
    assert_eq!(by_category.body, "category,credits,debits,net,entries\n'=1+1,150.00,0.00,150.00,1\n");
    let json = app.get("/v1/reports/cash-flow?from=2026-03-01&to=2026-03-10&group_by=month").await.json();
    assert_eq!(
        (&json["opening"], &json["closing"], &json["rows"][0]["net"]),
        (&json!("0.00"), &json!("150.00"), &json!("150.00"))
    );
}

#[tokio::test]
async fn incomes_answer_as_the_small_api_does() {
    let app = TestApp::start().await;
    let posted = app.post("/incomes", r#"{"description":"salary","amount":12.200}"#).await;
    assert_eq!((posted.status.as_u16(), posted.body.as_str()), (204, ""));
    app.post("/v1/entries", &SALE.replace("credit", "debit")).await;
    assert_eq!(app.get("/incomes").await.body, r#"[{"description":"salary","amount":12.20}]"#);
    assert_eq!(app.post("/incomes", r#"{"description":"salary","amount":0}"#).await.problem().2, ["/amount"]);
}

#[tokio::test]
async fn a_month_is_closed_and_opened_again() {
    let app = TestApp::start().await;
    let dated = SALE.replace('{', r#"{"business_date":"2026-02-03","#);
    assert_eq!(
        app.post("/v1/periods/2026-02/close", "").await.json(),
        json!({"month": "2026-02", "status": "closed"})
    );
    assert_eq!(app.post("/v1/entries", &dated).await.problem().1, "month-closed");
    assert_eq!(app.post("/v1/periods/2026-02/reopen", "").await.json()["status"], "open");
    assert_eq!(app.post("/v1/entries", &dated).await.status, 201);
    assert_eq!(app.post("/v1/periods/2026-13/close", "").await.problem().0, 404);
}

#[tokio::test]
async fn an_accounts_answer_is_remembered_under_its_key() {
    let app = TestApp::start().await;
    let body =
        r#"{"name":"Banco","time_zone":"Asia/Tokyo","opening_balance":"-10.00","opening_date":"2026-03-01"}"#;
    let first = app.post_with_key("/v1/accounts", body, Some("a")).await;
    assert_eq!((first.status.as_u16(), &first.json()["balance"]), (201, &json!("-10.00")));
    let again = app.post_with_key("/v1/accounts", body, Some("a")).await;
    assert_eq!(
        (again.status, again.header("idempotent-replayed"), &again.body),
        (first.status, "true", &first.body)
    );
    assert_eq!(app.post("/v1/accounts", body).await.problem().1, "account-name-taken");
    assert_eq!(app.get("/v1/accounts").await.json()["data"].as_array().unwrap().len(), 2);
}
