//! Rows on their way into a database, as one JSON array: one statement for a batch, whatever its size.

use comporta_kernel::TypedId as _;
use serde::Serialize;

use crate::LoggedRequest;

/// A row with its columns' names; instants in microseconds since 1970, ids as hexadecimal digits.
#[derive(Serialize)]
struct Row<'a> {
    id: String,
    at: i64,
    company_id: Option<String>,
    key_id: Option<&'a str>,
    request_id: &'a str,
    trace_id: String,
    method: &'a str,
    path: &'a str,
    query: Option<&'a str>,
    route: Option<&'a str>,
    status: u16,
    broken_off: bool,
    sampled: bool,
    problem: Option<&'a str>,
    target: Option<&'a str>,
    client: &'a str,
    bytes_in: i64,
    bytes_out: i64,
    who_us: i64,
    limit_us: i64,
    before_us: Option<i64>,
    upstream_us: Option<i64>,
    body_us: Option<i64>,
    total_us: i64,
    details: String,
}

/// The columns of a row, in the order in which both engines name them.
pub(super) const COLUMNS: &str = "id, at, company_id, key_id, request_id, trace_id, method, path, query, route, status, \
     broken_off, sampled, problem, target, client, bytes_in, bytes_out, who_us, limit_us, before_us, upstream_us, \
     body_us, total_us, details";

/// A batch as JSON.
pub(super) fn encode(batch: &[LoggedRequest]) -> String {
    let rows: Vec<Row<'_>> = batch.iter().map(row).collect();
    // Texts and numbers alone: this cannot fail.
    serde_json::to_string(&rows).unwrap_or_default()
}

fn row(request: &LoggedRequest) -> Row<'_> {
    let timings = &request.timings;
    Row {
        id: request.id.uuid().simple().to_string(),
        at: request.at.as_microsecond(),
        company_id: request.company_id.map(|id| id.uuid().simple().to_string()),
        key_id: request.key_id.as_deref(),
        request_id: &request.request_id,
        trace_id: request.trace_id.to_string(),
        method: &request.method,
        path: &request.path,
        query: request.query.as_deref(),
        route: request.route.as_deref(),
        status: request.status,
        broken_off: request.broken_off,
        sampled: request.sampled,
        problem: request.problem.as_deref(),
        target: request.target.as_deref(),
        client: &request.client,
        bytes_in: number(request.bytes_in),
        bytes_out: number(request.bytes_out),
        who_us: number(timings.who),
        limit_us: number(timings.limit),
        before_us: timings.before.map(number),
        upstream_us: timings.upstream.map(number),
        body_us: timings.body.map(number),
        total_us: number(timings.total),
        details: serde_json::to_string(&request.details).unwrap_or_default(),
    }
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Reads a row of either engine: `$instant` reads the column `at`.
macro_rules! read_row {
    ($row:expr, $instant:expr) => {{
        let row = $row;
        let number = |column| -> Result<u64, Error> {
            Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or_default())
        };
        let number_if_any = |column| -> Result<Option<u64>, Error> {
            let number: Option<i64> = row.try_get(column)?;
            Ok(number.map(|number| u64::try_from(number).unwrap_or_default()))
        };
        let details: Option<String> = row.try_get("details")?;
        let corrupt = |_| comporta_db::Error::Corrupt { column: "request_log.details" };
        let details = details.map(|text| serde_json::from_str(&text)).transpose().map_err(corrupt)?;
        LoggedRequest {
            id: LoggedRequestId::from_uuid(row.try_get("id")?),
            at: $instant,
            company_id: row.try_get::<Option<Uuid>, _>("company_id")?.map(CompanyId::from_uuid),
            key_id: row.try_get("key_id")?,
            request_id: row.try_get("request_id")?,
            trace_id: TraceId(row.try_get::<Uuid, _>("trace_id")?.into_bytes()),
            method: row.try_get("method")?,
            path: row.try_get("path")?,
            query: row.try_get("query")?,
            route: row.try_get("route")?,
            status: u16::try_from(row.try_get::<i64, _>("status")?).unwrap_or_default(),
            broken_off: row.try_get("broken_off")?,
            sampled: row.try_get("sampled")?,
            problem: row.try_get("problem")?,
            target: row.try_get("target")?,
            client: row.try_get("client")?,
            bytes_in: number("bytes_in")?,
            bytes_out: number("bytes_out")?,
            timings: StageTimings {
                who: number("who_us")?,
                limit: number("limit_us")?,
                before: number_if_any("before_us")?,
                upstream: number_if_any("upstream_us")?,
                body: number_if_any("body_us")?,
                total: number("total_us")?,
            },
            details: details.unwrap_or_default(),
        }
    }};
}
pub(super) use read_row;
