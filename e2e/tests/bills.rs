//! A month's calls become invoices that add up to them, are mailed, and read the same on paper.
#![cfg(test)]

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use comporta_e2e::{Admin, Engine, Gateway, Oracle};
use comporta_neighbours::{POPPLER, install};
use comporta_testkit::{Client, Setup};
use hyper::Method;
use serde_json::{Value, json};

/// A month that has long ended, whenever this is run.
const MONTH: &str = "2026-09";
const SERVED: &str =
    "INSERT INTO usage_day (company_id, day, route, class, live, requests, bytes_in, bytes_out)
    SELECT id, '2026-09-30', 'r', 2, true, 2500, 0, 0 FROM company WHERE name = 'Padaria São João'";
const REFUSED: &str =
    "INSERT INTO usage_day (company_id, day, route, class, live, requests, bytes_in, bytes_out)
    SELECT id, '2026-09-06', 'r', 4, true, 3, 0, 0 FROM company WHERE name = 'Padaria São João'";
const OVER_A_LIMIT: &str =
    "INSERT INTO usage_day (company_id, day, route, class, live, requests, bytes_in, bytes_out)
    SELECT id, '2026-09-06', 'r', 9, true, 999, 0, 0 FROM company WHERE name = 'Padaria São João'";

#[tokio::test]
async fn a_months_calls_become_an_invoice_on_sqlite() {
    tell(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_months_calls_become_an_invoice_on_postgres() {
    tell(Engine::Postgres).await;
}

async fn tell(engine: Engine) {
    let url = engine.fresh_url();
    let gateway = Gateway::start_as(Setup::new(&url), &json!({})).await;
    let (mut admin, oracle) = (gateway.admin(), Oracle::new(&url));
    let price = json!({
        "base": "150.00",
        "tiers": [{"up_to": 1_000, "unit": "0"}, {"up_to": 2_000, "unit": "0.0125"}, {"unit": "0.004"}],
        "bill": ["2xx", "4xx"],
    });
    let put = admin.send(Method::PUT, "/admin/v1/plans/gold", &json!({"price": price})).await;
    assert!(put.status.is_success(), "{}", put.text());
    let ana = company_on_gold(&mut admin, "Padaria São João").await;
    let bia = company_on_gold(&mut admin, "Bia").await;
    let (key, other) = (admin.key(&ana, &["ledger:read"]).await, admin.key(&bia, &["ledger:read"]).await);
    // The plan was taken in time, and in September the meter counted.
    let since = match engine {
        Engine::Sqlite => "UPDATE company_plan SET since = 1788609600000000",
        Engine::Postgres => "UPDATE company_plan SET since = '2026-09-05T12:00:00Z'",
    };
    for change in [since, SERVED, REFUSED, OVER_A_LIMIT] {
        oracle.change(change).await;
    }

    let running = admin.post("/admin/v1/invoices/run", &json!({"month": "2199-12"})).await;
    assert_eq!((running.status.as_u16(), &running.json()["errors"][0]["pointer"]), (422, &json!("/month")));
    for issued in [2, 0] {
        let run = admin.post("/admin/v1/invoices/run", &json!({"month": MONTH})).await;
        assert_eq!(run.json(), json!({"month": MONTH, "issued": issued, "invoices": 2, "failed": 0}));
    }
    let trail = admin.send(Method::GET, "/admin/v1/audit?action=invoices.run", &Value::Null).await.json();
    let runs: Vec<_> = trail["data"].as_array().unwrap().iter().map(|run| &run["detail"]["issued"]).collect();
    assert_eq!((runs, &trail["data"][0]["subject"]), (vec![&json!(0), &json!(2)], &json!(MONTH)));

    let mut client = Client::new(gateway.server.public(), Some(&key.text));
    let list = client.get(&format!("/v1/invoices?month={MONTH}&status=issued")).await.unwrap().json();
    assert_eq!((list["data"].as_array().unwrap().len(), &list["data"][0]["company_id"]), (1, &json!(ana)));
    let path = format!("/v1/invoices/{}", list["data"][0]["id"].as_str().unwrap());
    let invoice = client.get(&path).await.unwrap().json();
    // 150.00 + 1,000 × 0 + 1,000 × 0.0125 + 503 × 0.004 = 2.012
    assert_eq!(amounts(&invoice), ["150.00", "0.00", "12.50", "2.01"]);
    assert_eq!((&invoice["total"], &invoice["issuer"]["name"]), (&json!("164.51"), &json!("Demo")));
    let mut stranger = Client::new(gateway.server.public(), Some(&other.text));
    for path in [path.clone(), format!("{path}/pdf")] {
        assert_eq!(stranger.get(&path).await.unwrap().status, 404, "{path}");
    }
    // Of this month: the schedule makes those of the month that ended last.
    let all =
        admin.send(Method::GET, &format!("/admin/v1/invoices?month={MONTH}"), &Value::Null).await.json();
    assert_eq!(all["data"].as_array().unwrap().len(), 2);

    let pdf = client.get(&format!("{path}/pdf")).await.unwrap();
    assert_eq!(pdf.header("content-type"), Some("application/pdf"));
    assert_eq!(pdf.body, client.get(&format!("{path}/pdf")).await.unwrap().body, "the same bytes each time");
    on_paper(&pdf.body);
    mailed(&gateway, invoice["id"].as_str().unwrap()).await;
}

async fn company_on_gold(admin: &mut Admin, name: &str) -> String {
    let body =
        json!({"name": name, "email": "partner@example.com", "plan": "gold", "document": "12345678000195"});
    let made = admin.post("/admin/v1/companies", &body).await;
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()["id"].as_str().unwrap().to_owned()
}

fn amounts(invoice: &Value) -> Vec<&str> {
    let lines = invoice["lines"].as_array().unwrap();
    lines.iter().map(|line| line["amount"].as_str().unwrap()).collect()
}

/// What a reader finds on the page, which other software than ours has read.
fn on_paper(pdf: &[u8]) {
    install(&[POPPLER]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("invoice.pdf");
    fs::write(&file, pdf).unwrap();
    let read = Command::new("pdftotext").args(["-layout"]).arg(&file).arg("-").output().unwrap();
    let text = String::from_utf8(read.stdout).unwrap();
    for part in [
        "FATURA",
        "Padaria São João",
        "CNPJ 12.345.678/0001-95",
        "setembro de 2026",
        "September 2026",
        "Chamadas, da 1.001ª à 2.000ª",
        "R$ 0,0125",
        "R$ 12,50",
        "R$ 164,51",
        "Vencimento",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let fonts = Command::new("pdffonts").arg(&file).output().unwrap();
    let fonts = String::from_utf8(fonts.stdout).unwrap();
    assert!(
        fonts.contains("Roboto-Regular") && fonts.lines().skip(2).all(|font| font.contains(" yes ")),
        "{fonts}"
    );
}

/// One letter has come, with the invoice in it.
async fn mailed(gateway: &Gateway, id: &str) {
    let outbox = gateway.server.data_dir().join("outbox");
    let started = Instant::now();
    let letter = loop {
        let files = fs::read_dir(&outbox).into_iter().flatten().map(|file| file.unwrap().path());
        let texts = files.filter_map(|file| fs::read_to_string(file).ok());
        let about: Vec<String> = texts.filter(|text| text.contains(&format!("<invoice-{id}@"))).collect();
        if let [letter] = about.as_slice() {
            break letter.clone();
        }
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "{} letters\n{}",
            about.len(),
            gateway.server.log()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(letter.contains("To: partner@example.com") && letter.contains("application/pdf"), "{letter}");
}
