//! The embedded chain as one of alloy's transports: a `tower::Service` that answers in the same call.

use super::{chain::Shared, rpc};
use alloy::{
    rpc::json_rpc::{RequestPacket, Response, ResponsePacket, SerializedRequest},
    transports::{TransportError, TransportFut},
};
use std::task::{Context, Poll};

/// The chain behind the transport; copies are the same chain.
#[derive(Clone)]
pub(super) struct Transport(Shared);

impl Transport {
    pub(super) fn new(chain: Shared) -> Self {
        Self(chain)
    }

    fn answer(&self, request: &SerializedRequest) -> Response {
        rpc::respond(&self.0, request.id().clone(), request.method(), request.params())
    }
}

impl tower::Service<RequestPacket> for Transport {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, packet: RequestPacket) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            Ok(match packet {
                RequestPacket::Single(request) => ResponsePacket::Single(this.answer(&request)),
                RequestPacket::Batch(requests) => {
                    ResponsePacket::Batch(requests.iter().map(|request| this.answer(request)).collect())
                }
            })
        })
    }
}
