//! Slips and Pix codes, as they are asked for over HTTP.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::{HeaderMap, Request};
use axum::middleware::from_fn;
use comporta_http::{Principal, render_problems};
use comporta_kernel::{CompanyId, TypedId as _, Uuid};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::Error;
use crate::model::{BrCode, DeliveryStatus};
use crate::service::{AccountChange, Selection, SlipLayout};
use crate::store::boletos::BoletoFilter;
use crate::store::contract::{HEAD, MOST_SLIPS, World, counts, on_both_engines, rows};
use crate::store::delivery::{Claim, IdRange};

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// Its status and the last part of the kind of problem.
    fn problem(&self) -> (u16, String) {
        let kind = self.json()["type"].as_str().unwrap().to_owned();
        (self.status, kind.rsplit(':').next().unwrap().to_owned())
    }

    /// Pages of a document.
    fn pages(&self) -> usize {
        assert_eq!((self.status, self.header("content-type")), (200, "application/pdf"));
        assert!(self.body.starts_with(b"%PDF-1.7") && self.body.trim_ascii_end().ends_with(b"%%EOF"));
        self.body.windows(12).filter(|part| part.starts_with(b"/Type /Page") && part[11] != b's').count()
    }

    /// The names of an archive's files.
    fn names(&self) -> Vec<String> {
        assert_eq!((self.status, self.header("content-type")), (200, "application/zip"));
        let mut names = Vec::new();
        let mut rest = &self.body[..];
        while let Some(head) = rest.strip_prefix(b"PK\x03\x04") {
            let length = u32::from_le_bytes(head[14..18].try_into().unwrap()) as usize;
            let name = usize::from(u16::from_le_bytes(head[22..24].try_into().unwrap()));
            names.push(String::from_utf8(head[26..26 + name].to_vec()).unwrap());
            assert!(head[26 + name..].starts_with(b"%PDF"));
            rest = &head[26 + name + length..];
        }
        assert!(rest.starts_with(b"PK\x01\x02"), "the directory follows");
        names
    }
}

impl World {
    /// A request by this company.
    async fn send(&self, request: axum::http::request::Builder, body: &str) -> Answer {
        let scopes = ["boletos:read", "boletos:write"].map(str::to_owned).into();
        let principal = Principal { company_id: self.company, actor: "key_1".into(), live: true, scopes };
        let request = match request.headers_ref() {
            Some(headers) if headers.contains_key("content-type") => request,
            _ => request.header("content-type", "application/json"),
        };
        let request = request.extension(Arc::new(principal));
        let router = crate::router(self.boletos.clone()).layer(from_fn(render_problems));
        let answer = router.oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
        let (head, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: head.status.as_u16(), headers: head.headers, body }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path), "").await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Request::post(path), &body.to_string()).await
    }

    /// Issues a boleto; gives it as it is shown.
    async fn issued(&self, debt: &str, payer: &str, due: &str) -> Value {
        self.clock.advance(jiff::SignedDuration::from_millis(1));
        let payer = json!({"name": payer, "document": "52998224725", "email": "ana@example.com"});
        let body = json!({"debt_id": debt, "amount": "150.00", "due_date": due, "payer": payer});
        let answer = self.post("/v1/boletos", &body).await;
        assert_eq!(answer.status, 201, "{}", answer.json());
        answer.json()
    }

    /// Gives the default account a Pix key.
    async fn with_pix(&self) {
        self.change_account(json!({"pix_key": "pix@padaria.example", "pix_city": "São Paulo"}))
            .await
            .unwrap();
    }

    async fn change_account(&self, fields: Value) -> Result<(), Error> {
        let account = self.boletos.accounts(self.company, None, 1).await.unwrap().remove(0);
        let change = AccountChange(fields.as_object().unwrap().clone());
        self.boletos.change_account(self.company, account.id, change).await.map(|_| ())
    }
}

fn id(boleto: &Value) -> &str {
    boleto["id"].as_str().unwrap()
}

on_both_engines! {
    async fn a_slip_is_a_file_with_a_tag_as_long_as_it_is_to_be_paid(world: World) {
        let boleto = world.issued("one", "Ana", "2026-11-20").await;
        let path = format!("/v1/boletos/{}/pdf", id(&boleto));
        let slip = world.get(&path).await;
        assert_eq!(slip.pages(), 1, "overdue, and still to be paid");
        assert_eq!(slip.header("content-disposition"), "inline; filename=\"boleto-00000001.pdf\"");
        let tag = slip.header("etag").to_owned();
        let again = world.get(&path).await;
        assert!(again.header("etag") == tag && again.body == slip.body && tag.len() == 34);
        let held = world.send(Request::get(&path).header("if-none-match", format!("\"x\", {tag}")), "").await;
        assert_eq!((held.status, held.body.len(), held.header("etag")), (304, 0, &*tag));
        world.post(&format!("/v1/boletos/{}/due-date", id(&boleto)), &json!({"due_date": "2027-01-10"})).await;
        let moved = world.send(Request::get(&path).header("if-none-match", &tag), "").await;
        assert_eq!(moved.pages(), 1, "it says something else now");

        let stranger = World { company: CompanyId::from_uuid(Uuid::from_u128(8)), ..world.another() };
        assert_eq!(stranger.get(&path).await.problem(), (404, "not-found".to_owned()));
        assert_eq!(world.get(&path.replace(id(&boleto), "bol_01kb1gy3m7f0v9s4t2q8n6x5cw")).await.status, 404);
        world.post(&format!("/v1/boletos/{}/cancel", id(&boleto)), &json!({})).await;
        assert_eq!(world.get(&path).await.problem(), (409, "boleto-not-open".to_owned()));
    }

    async fn the_slips_of_an_import_come_in_the_order_of_its_lines(world: World) {
        world.issued("before", "Ana", "2027-01-10").await;
        let mut lines: Vec<String> = rows(1..=12).lines().map(str::to_owned).collect();
        lines.reverse();
        let import = world.import(&format!("{}\n", lines.join("\n"))).await;
        world.issued("after", "Ana", "2027-01-10").await;
        let listed = world.get(&format!("/v1/boletos?import_id={}&limit=5", import.id)).await.json();
        assert_eq!(listed["data"].as_array().unwrap().len(), 5);
        let cursor = listed["next_cursor"].as_str().unwrap();
        let rest = world.get(&format!("/v1/boletos?cursor={cursor}&limit=500")).await.json();
        assert_eq!(rest["data"].as_array().unwrap().len(), 7, "the file's, and no other");
        let gone = rest["data"].as_array().unwrap().iter().find(|boleto| boleto["import_line"] == 3).or_else(|| {
            listed["data"].as_array().unwrap().iter().find(|boleto| boleto["import_line"] == 3)
        });
        let gone = gone.unwrap();
        world.post(&format!("/v1/boletos/{}/cancel", id(gone)), &json!({})).await;

        let slips = world.get(&format!("/v1/boletos/slips?import_id={}", import.id)).await;
        assert_eq!(slips.pages(), 11);
        assert_eq!(slips.header("content-disposition"), format!("attachment; filename=\"boletos-{}.pdf\"", import.id));
        let archive = world.get(&format!("/v1/boletos/slips?layout=zip&import_id={}", import.id)).await;
        let mut told: Vec<(u64, String)> = Vec::new();
        for page in [&listed, &rest] {
            let page = page["data"].as_array().unwrap().iter().filter(|boleto| id(boleto) != id(gone));
            told.extend(page.map(|boleto| {
                let name = format!("boleto-{}.pdf", boleto["our_number"].as_str().unwrap());
                (boleto["import_line"].as_u64().unwrap(), name)
            }));
        }
        told.sort();
        assert_eq!(archive.names(), told.into_iter().map(|(_, name)| name).collect::<Vec<_>>());
        let none = "imp_01kb1gy3m7f0v9s4t2q8n6x5cw";
        assert_eq!(world.get(&format!("/v1/boletos/slips?import_id={none}")).await.problem(), (404, "not-found".to_owned()));
        assert_eq!(world.get(&format!("/v1/boletos?import_id={none}")).await.json()["data"], json!([]));
    }

    async fn a_booklet_begins_on_a_page_of_its_own_for_each_payer(world: World) {
        for (debt, payer) in [("1", "Ana"), ("2", "Bia"), ("3", "Ana"), ("4", "Ana"), ("5", "Ana")] {
            world.issued(debt, payer, &format!("2027-0{debt}-10")).await;
        }
        let booklets = world.get("/v1/boletos/slips?layout=booklet").await;
        assert_eq!(booklets.pages(), 3);
        assert_eq!(booklets.header("content-disposition"), "attachment; filename=\"carne-2026-11-21.pdf\"");
        assert_eq!(world.get("/v1/boletos/slips?layout=booklet&q=bia").await.pages(), 1);
        assert_eq!(world.get("/v1/boletos/slips?due_to=2027-03-10").await.pages(), 3);
        assert_eq!(world.get("/v1/boletos/slips?status=overdue").await.problem().0, 404);
    }

    async fn boletos_can_be_named_and_what_is_wrong_with_each_is_told(world: World) {
        let boletos = [world.issued("1", "Ana", "2027-01-10").await, world.issued("2", "Ana", "2027-01-10").await];
        let [one, two] = [id(&boletos[0]), id(&boletos[1])];
        let named = world.get(&format!("/v1/boletos/slips?layout=zip&ids={two},{one},{two}")).await;
        assert_eq!(named.names(), ["boleto-00000002.pdf", "boleto-00000001.pdf"]);
        world.post(&format!("/v1/boletos/{two}/cancel"), &json!({})).await;
        let none = "bol_01kb1gy3m7f0v9s4t2q8n6x5cw";
        let refused = world.get(&format!("/v1/boletos/slips?ids={one},{two},{none}")).await;
        let fault = |detail: String| json!({"pointer": "?ids", "detail": detail});
        let faults = json!([fault(format!("{two} is cancelled")), fault(format!("there is no boleto {none}"))]);
        assert_eq!((refused.status, &refused.json()["errors"]), (422, &faults));
        for wrong in [
            format!("ids={one}&status=open"),
            "ids=".to_owned(),
            format!("ids={one},x"),
            format!("ids={}", vec![one; 501].join(",")),
            "status=paid".to_owned(),
            "layout=poster".to_owned(),
            "limit=5".to_owned(),
        ] {
            assert_eq!(world.get(&format!("/v1/boletos/slips?{wrong}")).await.status, 422, "{wrong}");
        }
        let stranger = World { company: CompanyId::from_uuid(Uuid::from_u128(8)), ..world.another() };
        assert_eq!(stranger.get(&format!("/v1/boletos/slips?ids={one}")).await.status, 422);
        assert_eq!(stranger.get("/v1/boletos/slips").await.status, 404);
    }

    async fn a_file_has_so_many_slips_and_what_is_cancelled_while_it_is_read_is_left_out(world: World) {
        let import = world.import(&rows(1..=MOST_SLIPS as u32)).await;
        let selection = Selection::Matching(Box::new(BoletoFilter {
            import_id: Some(import.id),
            to_be_paid: true,
            ..BoletoFilter::default()
        }));
        let layout = SlipLayout::Zip;
        let mut file = world.boletos.slips(world.company, selection, layout).await.unwrap().body;
        let first = file.recv().await.unwrap().unwrap();
        let found = world.get(&format!("/v1/boletos?debt_id=debt-{MOST_SLIPS}")).await.json();
        world.post(&format!("/v1/boletos/{}/cancel", id(&found["data"][0])), &json!({})).await;
        let mut body = first.to_vec();
        while let Some(piece) = file.recv().await {
            body.extend_from_slice(&piece.unwrap());
        }
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/zip".parse().unwrap());
        assert_eq!(Answer { status: 200, headers, body }.names().len(), MOST_SLIPS - 1);
        for debt in ["one more", "and one more"] {
            world.issued(debt, "Ana", "2027-01-10").await;
        }
        let refused = world.get("/v1/boletos/slips").await;
        assert_eq!(refused.problem(), (422, "invalid".to_owned()));
        assert!(refused.json()["detail"].as_str().unwrap().contains("more than 150 boletos match"));
        assert_eq!(world.get("/v1/boletos/slips?document=52998224725").await.pages(), 2);
    }

    async fn a_slip_never_contradicts_its_barcode(world: World) {
        let boleto = world.issued("one", "Ana", "2027-01-10").await;
        world.change_account(json!({"wallet": "110"})).await.unwrap();
        let changed = (409, "bank-account-changed".to_owned());
        assert_eq!(world.get(&format!("/v1/boletos/{}/pdf", id(&boleto))).await.problem(), changed);
        let refused = world.get("/v1/boletos/slips").await;
        assert_eq!(refused.problem(), changed);
        assert!(refused.json()["detail"].as_str().unwrap().contains(id(&boleto)), "it is named");
        world.change_account(json!({"wallet": "109"})).await.unwrap();
        assert_eq!(world.get("/v1/boletos/slips").await.pages(), 1);
    }

    async fn boletos_of_an_account_with_a_pix_key_have_codes_of_their_own(world: World) {
        let plain = world.issued("plain", "Ana", "2027-01-10").await;
        assert_eq!(plain["pix_payload"], Value::Null);
        assert_eq!(world.asked.0.load(Ordering::Relaxed), 0, "nobody is asked for nothing");
        let slip = world.get(&format!("/v1/boletos/{}/pdf", id(&plain))).await.body;
        for (fields, field) in [
            (json!({"pix_key": "a b", "pix_city": "Recife"}), "pix_key"),
            (json!({"pix_key": "a@b.example", "pix_city": "a town that is too long"}), "pix_city"),
            (json!({"pix_key": "a@b.example"}), "pix_city"),
        ] {
            let error = world.change_account(fields).await.unwrap_err();
            assert!(matches!(error, Error::Pix(error) if error.field() == field), "{error}");
        }
        world.with_pix().await;
        for debt in ["1", "2"] {
            world.issued(debt, "Ana", "2027-01-10").await;
        }
        let before = world.asked.0.load(Ordering::Relaxed);
        let listed = world.get("/v1/boletos").await.json();
        assert_eq!(world.asked.0.load(Ordering::Relaxed) - before, 1, "once for a page");
        for boleto in listed["data"].as_array().unwrap() {
            let code = BrCode::parse(boleto["pix_payload"].as_str().unwrap()).unwrap();
            let txid = id(boleto)[5..].to_ascii_uppercase();
            assert_eq!((code.key, code.txid), (Some("pix@padaria.example"), Some(txid.as_str())));
            assert_eq!((code.merchant_name, code.city), ("Padaria Sao Joao", "Sao Paulo"));
            assert_eq!((code.amount.unwrap().to_string(), code.crc_ok), ("150.00".to_owned(), true));
        }
        let path = format!("/v1/boletos/{}", id(&plain));
        assert_eq!(world.get(&path).await.json()["pix_payload"], listed["data"][2]["pix_payload"]);
        let with_pix = world.get(&format!("{path}/pdf")).await.body;
        assert!(with_pix.len() > slip.len() && with_pix.len() <= 40 * 1024, "{}", with_pix.len());
        let moved = world.post(&format!("{path}/due-date"), &json!({"due_date": "2027-02-10"})).await.json();
        assert_eq!(moved["pix_payload"], listed["data"][2]["pix_payload"]);
        let cancelled = world.post(&format!("{path}/cancel"), &json!({})).await.json();
        assert_eq!((&cancelled["status"], &cancelled["pix_payload"]), (&json!("cancelled"), &Value::Null));
        assert_eq!(world.get(&path).await.json()["pix_payload"], Value::Null);
    }

    async fn a_letter_has_the_code_to_be_copied(world: World) {
        world.with_pix().await;
        let boleto = world.issued("one", "Ana", "2027-01-10").await;
        world.deliver_all().await;
        let letter = std::fs::read_to_string(world.files.path().join("outbox").join(&world.files()[0])).unwrap();
        let words = letter.replace("=\r\n", "").replace("=3D", "=");
        assert!(words.contains(boleto["pix_payload"].as_str().unwrap()), "{words}");
    }

    async fn that_a_letter_is_being_sent_right_now_is_shown_as_queued(world: World) {
        for debt in ["1", "2"] {
            world.issued(debt, "Ana", "2027-01-10").await;
        }
        let range = IdRange { company: world.company, from: Uuid::nil(), to: Uuid::max() };
        let claim = Claim { range, only_registered: false, limit: 1, at: "2026-11-21T15:00:00Z".parse().unwrap() };
        let mut tx = world.db.begin().await.unwrap();
        let claimed = crate::store::open(&world.db).claim_letters(&mut tx, &claim).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(claimed.letters[0].boleto.delivery.status, DeliveryStatus::Sending);
        let queued = world.get("/v1/boletos?delivery=queued").await.json();
        let statuses: Vec<_> = queued["data"].as_array().unwrap().iter().map(|one| &one["delivery"]["status"]).collect();
        assert_eq!(statuses, ["queued", "queued"]);
        assert_eq!(world.get("/v1/boletos?delivery=none").await.json()["data"], json!([]));
        assert_eq!(world.get("/v1/boletos?delivery=sending").await.problem(), (422, "invalid".to_owned()));
    }

    async fn charges_are_refused_where_they_stand(world: World) {
        let payer = json!({"name": "Ana", "document": "52998224725"});
        for (charges, pointer) in [
            (json!({"fine": {}}), "/fine"),
            (json!({"fine": {"amount": "1.00", "percent": "2"}}), "/fine"),
            (json!({"fine": {"percent": "0"}}), "/fine/percent"),
            (json!({"fine": {"percent": 2}}), "/fine/percent"),
            (json!({"fine": {"amount": "150.01"}}), "/fine"),
            (json!({"interest": {"amount": "-1.00"}}), "/interest/amount"),
            (json!({"discounts": [{"until": "2027-01-01", "off": {"percent": "101"}}]}), "/discounts/0/off/percent"),
            (json!({"discounts": [{"until": "2027-01-11", "off": {"percent": "1"}}]}), "/discounts"),
            (json!({"discounts": [{"until": "2027-01-01"}]}), "/discounts/0/off"),
        ] {
            let mut new = json!({"debt_id": "one", "amount": "150.00", "due_date": "2027-01-10", "payer": payer});
            new.as_object_mut().unwrap().extend(charges.as_object().unwrap().clone());
            let refused = world.post("/v1/boletos", &new).await;
            assert_eq!((refused.status, &refused.json()["errors"][0]["pointer"]), (422, &json!(pointer)), "{charges}");
        }
        assert_eq!(world.get("/v1/boletos").await.json()["data"], json!([]));
    }

    async fn an_account_whose_bank_gives_the_numbers_is_refused(world: World) {
        let inter = json!({"bank": "077", "agency": "0001", "account": "1234567", "account_digit": "8",
            "wallet": "112", "operation": "1234567"});
        let refused = world.post("/v1/bank-accounts", &inter).await;
        assert_eq!((refused.status, &refused.json()["errors"][0]["pointer"]), (422, &json!("/wallet")), "{}", refused.json());
    }

    async fn a_form_has_one_file_and_nothing_else(world: World) {
        let part = |name: &str, text: &str| {
            format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
        };
        let file = part("file", &format!("{HEAD}{}", rows(0..2)));
        for (parts, expected) in [
            (file.clone(), None),
            (String::new(), Some("/file")),
            (format!("{}{file}", part("documents", "valid")), Some("/documents")),
            (format!("{file}{}", part("documents", "valid")), Some("/documents")),
            (format!("{file}{file}"), Some("/file")),
        ] {
            let request = Request::post("/v1/boleto-imports").header("content-type", "multipart/form-data; boundary=b");
            let answer = world.send(request, &format!("{parts}--b--\r\n")).await;
            match expected {
                None => assert_eq!(answer.status, 202, "{}", answer.json()),
                Some(pointer) => assert_eq!(
                    (answer.status, &answer.json()["errors"][0]["pointer"]), (422, &json!(pointer)), "{parts}"
                ),
            }
        }
        let kept = std::fs::read_dir(world.files.path().join("boleto-imports")).unwrap().count();
        assert_eq!(kept, 1, "what is refused leaves no file behind");
    }

    async fn a_due_date_is_at_most_as_far_ahead_as_four_digits_tell(world: World) {
        let (last, beyond) = ("2041-12-12", "2041-12-13");
        let boleto = world.issued("one", "Ana", last).await;
        let payer = json!({"name": "Ana", "document": "52998224725"});
        let new = json!({"debt_id": "two", "amount": "1.00", "due_date": beyond, "payer": payer});
        let path = format!("/v1/boletos/{}/due-date", id(&boleto));
        for refused in [world.post("/v1/boletos", &new).await, world.post(&path, &json!({"due_date": beyond})).await] {
            assert_eq!((refused.status, &refused.json()["errors"][0]["pointer"]), (422, &json!("/due_date")));
        }
        let import = world.import(&format!("Ana,1,,1,{last},a\nAna,1,,1,{beyond},b\n")).await;
        assert_eq!(counts(&import), [2, 1, 0, 1, 1]);
        assert!(world.report(&import).await.contains(&(3, "date_out_of_range")));
    }
}
