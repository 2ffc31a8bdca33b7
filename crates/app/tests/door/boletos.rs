//! Slips by the door.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use crate::test_app::TestApp;

#[tokio::test]
async fn a_slip_leaves_by_the_door_with_the_companys_name_in_its_pix_code() {
    let app = TestApp::start().await;
    let accounts = app.get("/v1/bank-accounts").await.json();
    let account = accounts["data"][0]["id"].as_str().unwrap();
    assert!(accounts["data"][0].get("pix_key").is_none(), "nobody asked for it");
    let change = Request::patch(format!("/v1/bank-accounts/{account}"))
        .header("x-api-key", &app.first.api_key)
        .header("content-type", "application/json");
    let body = json!({"pix_key": "pix@demo.example", "pix_city": "Recife"}).to_string();
    assert_eq!(app.send(change.body(Body::from(body)).unwrap()).await.status, 200);
    let payer = json!({"name": "Ana", "document": "529.982.247-25"});
    let new = json!({"debt_id": "one", "amount": "150.00", "due_date": "2026-04-10", "payer": payer});
    let boleto = app.post("/v1/boletos", &new.to_string()).await.json();
    assert!(boleto["pix_payload"].as_str().unwrap().contains("5904Demo6006Recife"), "{boleto}");

    let path = format!("/v1/boletos/{}/pdf", boleto["id"].as_str().unwrap());
    let slip = app.get(&path).await;
    assert_eq!((slip.status.as_u16(), slip.header("content-type")), (200, "application/pdf"));
    assert!(slip.body.starts_with("%PDF-1.7"));
    let held = Request::get(&path)
        .header("x-api-key", &app.first.api_key)
        .header("if-none-match", slip.header("etag"));
    assert_eq!(app.send(held.body(Body::empty()).unwrap()).await.status, 304);
    let archive = app.get("/v1/boletos/slips?layout=zip").await;
    assert_eq!((archive.status.as_u16(), archive.header("content-type")), (200, "application/zip"));
    assert!(archive.body.starts_with("PK") && archive.body.contains("boleto-00000001.pdf"));
    let nothing = app.get("/v1/boletos/slips?q=nobody").await;
    assert_eq!((nothing.status.as_u16(), nothing.problem().1.as_str()), (404, "not-found"));
}
