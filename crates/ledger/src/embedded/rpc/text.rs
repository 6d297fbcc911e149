//! JSON-RPC 2.0 as text: one request or a batch in, the answers out.

use crate::embedded::chain::Shared;
use alloy::rpc::json_rpc::{ErrorPayload, Id, Response, ResponsePayload};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// What one text may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RpcLimits {
    /// Most requests in a batch.
    pub batch: usize,
    /// Most bytes of results in an answer; what comes after that is refused.
    pub results: usize,
}

impl Default for RpcLimits {
    /// 1,000 requests, 64 MiB.
    fn default() -> Self {
        Self { batch: 1_000, results: 64 << 20 }
    }
}

#[derive(Deserialize)]
struct Call<'a> {
    #[serde(borrow)]
    jsonrpc: Cow<'a, str>,
    /// Not there in a notification, which nobody answers; `null` is there.
    #[serde(default, deserialize_with = "given")]
    id: Option<Id>,
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
}

fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Id>, D::Error> {
    Id::deserialize(deserializer).map(Some)
}

/// Answers `text`; `None` if it holds nothing but notifications. Requests of a batch are answered in order,
/// and other callers' requests may come between them.
pub(in crate::embedded) fn answer_text(chain: &Shared, text: &[u8], limits: RpcLimits) -> Option<Vec<u8>> {
    match serde_json::from_slice::<&RawValue>(text) {
        Err(_) => encode(&failed(Id::None, ErrorPayload::parse_error())),
        Ok(whole) if whole.get().starts_with('[') => {
            let batch: Vec<&RawValue> = serde_json::from_str(whole.get()).unwrap_or_default();
            if batch.is_empty() {
                return encode(&failed(Id::None, ErrorPayload::invalid_request()));
            }
            if batch.len() > limits.batch {
                let why = format!("at most {} requests in a batch, got {}", limits.batch, batch.len());
                return encode(&failed(Id::None, refused(-32600, why)));
            }
            let mut left = limits.results;
            let answers: Vec<Response> =
                batch.into_iter().filter_map(|one| answer_one(chain, one, &mut left, limits)).collect();
            if answers.is_empty() { None } else { encode(&answers) }
        }
        Ok(one) => encode(&answer_one(chain, one, &mut { limits.results }, limits)?),
    }
}

fn answer_one(chain: &Shared, text: &RawValue, left: &mut usize, limits: RpcLimits) -> Option<Response> {
    let call = match serde_json::from_str::<Call<'_>>(text.get()) {
        Ok(call) if call.jsonrpc == "2.0" => call,
        _ => return Some(failed(Id::None, ErrorPayload::invalid_request())),
    };
    let too_much = |id| {
        let why =
            format!("the answers to this request are longer than {} bytes; ask for less", limits.results);
        failed(id, refused(-32005, why))
    };
    if *left == 0 {
        return call.id.map(too_much);
    }
    let response = super::respond(chain, call.id.clone().unwrap_or(Id::None), &call.method, call.params);
    let id = call.id?;
    if let ResponsePayload::Success(result) = &response.payload {
        match left.checked_sub(result.get().len()) {
            Some(rest) => *left = rest,
            None => {
                *left = 0;
                return Some(too_much(id));
            }
        }
    }
    Some(response)
}

fn refused(code: i64, why: String) -> ErrorPayload {
    ErrorPayload { code, message: why.into(), data: None }
}

fn failed(id: Id, error: ErrorPayload) -> Response {
    Response { id, payload: ResponsePayload::Failure(error) }
}

/// Results are JSON already and ids are numbers and strings: nothing here has no encoding.
fn encode(value: &impl serde::Serialize) -> Option<Vec<u8>> {
    serde_json::to_vec(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::{Embedded, Genesis};
    use serde_json::{Value, json};

    fn asked(text: &str, limits: RpcLimits) -> Option<Value> {
        let chain = Embedded::in_memory(Genesis::development(1_700_000_000)).unwrap();
        answer_text(&chain.chain, text.as_bytes(), limits)
            .map(|answer| serde_json::from_slice(&answer).unwrap())
    }

    fn code(text: &str) -> i64 {
        let answer = asked(text, RpcLimits::default()).unwrap();
        assert_eq!(answer["jsonrpc"], "2.0");
        assert!(answer["id"].is_null() && answer.get("result").is_none(), "{answer}");
        answer["error"]["code"].as_i64().unwrap()
    }

    #[test]
    fn one_request_and_every_kind_of_id() {
        for id in [json!(7), json!("seven"), Value::Null] {
            let text = json!({ "jsonrpc": "2.0", "id": id, "method": "eth_chainId", "params": [] });
            let expected = json!({ "jsonrpc": "2.0", "id": id, "result": "0x7a69" });
            assert_eq!(asked(&text.to_string(), RpcLimits::default()), Some(expected));
        }
        // Escapes in a method's name are JSON's own affair; parameters may be left out.
        let text = r#" {"jsonrpc":"2.0","id":1,"method":"eth_chain\u0049d"} "#;
        assert_eq!(asked(text, RpcLimits::default()).unwrap()["result"], "0x7a69");
    }

    #[test]
    fn notifications_are_not_answered() {
        let notification = r#"{"jsonrpc":"2.0","method":"eth_chainId"}"#;
        assert_eq!(asked(notification, RpcLimits::default()), None);
        assert_eq!(asked(&format!("[{notification},{notification}]"), RpcLimits::default()), None);
        let mixed = format!(r#"[{notification},{{"jsonrpc":"2.0","id":1,"method":"net_version"}}]"#);
        let expected = json!([{ "jsonrpc": "2.0", "id": 1, "result": "31337" }]);
        assert_eq!(asked(&mixed, RpcLimits::default()), Some(expected));
    }

    #[test]
    fn what_is_no_request_gets_the_codes_of_the_standard() {
        for text in ["", "{", "[1,", "nonsense", "\u{fffd}", "{} {}", &"[".repeat(10_000)] {
            assert_eq!(code(text), -32700, "{text}");
        }
        for text in [
            "[]",
            "{}",
            "1",
            "null",
            r#""eth_chainId""#,
            r#"{"jsonrpc":"1.0","id":1,"method":"eth_chainId"}"#,
            r#"{"id":1,"method":"eth_chainId"}"#,
            r#"{"jsonrpc":"2.0","id":1}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":7}"#,
            r#"{"jsonrpc":"2.0","id":1.5,"method":"eth_chainId"}"#,
            r#"{"jsonrpc":"2.0","id":{},"method":"eth_chainId"}"#,
        ] {
            assert_eq!(code(text), -32600, "{text}");
        }
        let answers = asked(r#"[1,{"jsonrpc":"2.0","id":2,"method":"eth_nonsense"}]"#, RpcLimits::default());
        let answers = answers.unwrap();
        assert_eq!((&answers[0]["error"]["code"], &answers[0]["id"]), (&json!(-32600), &Value::Null));
        assert_eq!((&answers[1]["error"]["code"], &answers[1]["id"]), (&json!(-32601), &json!(2)));
        let named = r#"{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":{"address":"0x"}}"#;
        assert_eq!(asked(named, RpcLimits::default()).unwrap()["error"]["code"], -32602);
    }

    #[test]
    fn batches_and_results_are_limited() {
        let one = r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#;
        let batch = |count| format!("[{}]", vec![one; count].join(","));
        let limits = RpcLimits { batch: 3, ..RpcLimits::default() };
        assert_eq!(asked(&batch(3), limits).unwrap().as_array().unwrap().len(), 3);
        assert_eq!(asked(&batch(4), limits).unwrap()["error"]["code"], -32600);
        // "0x7a69" with its quotes has eight bytes: two fit.
        let limits = RpcLimits { results: 17, ..RpcLimits::default() };
        let answers = asked(&batch(4), limits).unwrap();
        assert!(answers[0]["result"].is_string() && answers[1]["result"].is_string());
        assert_eq!(
            (&answers[2]["error"]["code"], &answers[3]["error"]["code"]),
            (&json!(-32005), &json!(-32005))
        );
        let limits = RpcLimits { results: 7, ..RpcLimits::default() };
        assert_eq!(asked(one, limits).unwrap()["error"]["code"], -32005);
    }
}
