//! Bodies in pieces: what is sent is taken as it comes, what is answered is read from a file as the other side takes it.

use super::{Audience, HttpLimits, guard};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited, combinators::UnsyncBoxBody};
use hyper::{
    Request, Response, StatusCode,
    body::{Body, Bytes, Frame, Incoming, SizeHint},
    header::{CONTENT_TYPE, HeaderValue},
};
use std::{
    convert::Infallible,
    fs::File,
    io::{self, Read},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use thiserror::Error;
use tokio::time::timeout;

/// Bytes read from a file at a time.
const PIECE: usize = 64 << 10;

/// What a streaming handler answers with.
pub type Streamed = Response<UnsyncBoxBody<Bytes, io::Error>>;

/// A short answer of this kind.
pub fn streamed(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Streamed {
    let body = Full::new(body.into()).map_err(|never: Infallible| match never {});
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// Answers with `length` bytes of a file, from where it stands.
pub fn file(status: StatusCode, kind: &'static str, file: File, length: u64) -> Streamed {
    let mut response = Response::new(FileBody { file, left: length }.boxed_unsync());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// The body of a request, piece by piece; at most as many bytes as the server's limits say.
#[derive(Debug)]
pub struct Pieces {
    body: Limited<Incoming>,
    patience: Duration,
    limit: usize,
}

/// Why there is no further piece.
#[derive(Debug, Error)]
pub enum PieceError {
    /// The sender is too slow.
    #[error("nothing came for {0:?}")]
    Slow(Duration),
    /// The body is longer than any that is read.
    #[error("at most {0} bytes are read")]
    TooLong(usize),
    /// The sender broke off.
    #[error("the body broke off")]
    Broken,
}

impl Pieces {
    /// The next piece; none at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, PieceError> {
        loop {
            let frame = timeout(self.patience, self.body.frame()).await;
            match frame.map_err(|_| PieceError::Slow(self.patience))? {
                None => return Ok(None),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(piece) => return Ok(Some(piece)),
                    // Trailers say nothing here.
                    Err(_) => continue,
                },
                Some(Err(error)) if error.is::<LengthLimitError>() => {
                    return Err(PieceError::TooLong(self.limit));
                }
                Some(Err(_)) => return Err(PieceError::Broken),
            }
        }
    }
}

pub(super) async fn answered<H, A>(
    request: Request<Incoming>,
    handler: H,
    limits: HttpLimits,
    audience: Audience,
) -> Result<Streamed, Infallible>
where
    H: Fn(Request<Pieces>) -> A,
    A: Future<Output = Streamed>,
{
    if audience == Audience::Here
        && let Err(foreign) = guard::check(&request)
    {
        return Ok(streamed(StatusCode::FORBIDDEN, "text/plain; charset=utf-8", format!("{foreign}\n")));
    }
    let request = request.map(|body| Pieces {
        body: Limited::new(body, limits.body),
        patience: limits.head_time,
        limit: limits.body,
    });
    Ok(handler(request).await)
}

/// A part of a file as a body. Reading a local file blocks for as long as the disk takes for a piece.
struct FileBody {
    file: File,
    left: u64,
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let length = usize::try_from(self.left).map_or(PIECE, |left| left.min(PIECE));
        let mut piece = vec![0; length];
        if let Err(error) = self.file.read_exact(&mut piece) {
            self.left = 0;
            return Poll::Ready(Some(Err(error)));
        }
        self.left -= length as u64;
        Poll::Ready(Some(Ok(Frame::data(piece.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
