//! Whether a request comes from this machine's own programs, as far as its head can say.
//!
//! A page from anywhere can have its own name resolve to 127.0.0.1 (DNS rebinding) or send a form to it. The
//! first shows in `Host`, the second in `Origin`; programs that are no browsers send no `Origin`.

use hyper::{
    Request,
    header::{HOST, HeaderName, ORIGIN},
    http::uri::{Authority, Uri},
};
use std::net::IpAddr;
use thiserror::Error;

/// Why a request was refused before anybody looked at it.
#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum Foreign {
    /// It does not say whom it is for.
    #[error("a request must name its host once, as HTTP/1.1 does")]
    NoHost,
    /// It is for another machine.
    #[error("this serves localhost and loopback addresses only, the request is for another host")]
    Host,
    /// It comes from a page of another machine.
    #[error("this serves localhost and loopback addresses only, the request comes from a page elsewhere")]
    Origin,
}

/// Checks where the request goes and where it says it comes from.
pub(super) fn check<B>(request: &Request<B>) -> Result<(), Foreign> {
    let host = once(request, HOST)?.ok_or(Foreign::NoHost)?;
    let host: Authority = host.parse().map_err(|_| Foreign::Host)?;
    // A request with a whole URL as its target (as to a proxy) has the host there as well.
    let target = request.uri().authority().is_none_or(is_here);
    if !(is_here(&host) && target) {
        return Err(Foreign::Host);
    }
    match once(request, ORIGIN)? {
        None => Ok(()),
        Some(origin) => match origin.parse::<Uri>() {
            Ok(uri) if uri.authority().is_some_and(is_here) && uri.scheme().is_some() => Ok(()),
            _ => Err(Foreign::Origin),
        },
    }
}

/// A header that may be there once.
fn once<B>(request: &Request<B>, name: HeaderName) -> Result<Option<&str>, Foreign> {
    let mut values = request.headers().get_all(&name).iter();
    let wrong = || if name == HOST { Foreign::NoHost } else { Foreign::Origin };
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| wrong()),
        (Some(_), Some(_)) => Err(wrong()),
    }
}

fn is_here(authority: &Authority) -> bool {
    let host = authority.host();
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let named = host.eq_ignore_ascii_case("localhost");
    // Nobody signs in here: a name before an @ can only be there to deceive.
    !authority.as_str().contains('@') && (named || bare.parse::<IpAddr>().is_ok_and(super::is_loopback))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(target: &str, headers: &[(&str, &str)]) -> Result<(), Foreign> {
        let mut request = Request::post(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        check(&request.body(()).unwrap())
    }

    #[test]
    fn this_machine_by_its_names() {
        for host in ["localhost", "LocalHost:8545", "127.0.0.1", "127.0.0.9:1", "[::1]", "[::1]:8545"] {
            assert_eq!(checked("/", &[("host", host)]), Ok(()), "{host}");
        }
        assert_eq!(checked("http://127.0.0.1:8545/", &[("host", "127.0.0.1:8545")]), Ok(()));
        for origin in ["http://localhost:3000", "http://127.0.0.1", "https://[::1]:5173"] {
            assert_eq!(checked("/", &[("host", "localhost"), ("origin", origin)]), Ok(()), "{origin}");
        }
    }

    #[test]
    fn anybody_else_is_refused() {
        for host in [
            "attacker.example",
            "localhost.attacker.example",
            "localhost.",
            "127.0.0.1.nip.io",
            "10.0.0.1",
            "0.0.0.0",
            "[::]",
            "localhost@attacker.example",
            "attacker.example@localhost",
            "127.1",
            "2130706433",
        ] {
            assert_eq!(checked("/", &[("host", host)]), Err(Foreign::Host), "{host}");
            let elsewhere = format!("http://{host}");
            let headers = [("host", "localhost"), ("origin", elsewhere.as_str())];
            assert_eq!(checked("/", &headers), Err(Foreign::Origin), "{host}");
        }
        assert_eq!(checked("/", &[("host", "")]), Err(Foreign::Host));
        for origin in ["null", "", "localhost", "file://", "chrome-extension://abcdef"] {
            let headers = [("host", "localhost"), ("origin", origin)];
            assert_eq!(checked("/", &headers), Err(Foreign::Origin), "{origin}");
        }
        assert_eq!(checked("http://attacker.example/", &[("host", "localhost")]), Err(Foreign::Host));
    }

    #[test]
    fn a_host_must_be_named_once() {
        assert_eq!(checked("/", &[]), Err(Foreign::NoHost));
        assert_eq!(checked("/", &[("host", "localhost"), ("host", "localhost")]), Err(Foreign::NoHost));
        let origin = ("origin", "http://localhost");
        assert_eq!(checked("/", &[("host", "localhost"), origin, origin]), Err(Foreign::Origin));
    }
}
