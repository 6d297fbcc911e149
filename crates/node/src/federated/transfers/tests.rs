//! Transfers between an honest client and the server, and under everything a stranger or a bad member can send.

use super::*;
use alloy_primitives::{Address, hex, keccak256};
use averment_atomic::faults::{self, Plan};
use averment_ledger::{
    http::HttpLimits,
    keys::{AccountKey, development},
};
use hyper::body::Bytes;
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const LIMIT: u64 = 1 << 20;
const PLACE: Place = Place { chain_id: 31337, task: Address::repeat_byte(7) };

/// Admits all but one, and has a model of round 3 for everybody else.
struct Office {
    outsider: Address,
    outbox: Shelf,
    came: Mutex<Vec<(Address, ContentHash)>>,
}

impl Desk for Office {
    fn admits(&self, who: Address) -> Result<(), Refused> {
        match who == self.outsider {
            true => Err(Refused(format!("{who} is no participant of this round"))),
            false => Ok(()),
        }
    }

    fn brought(&self, who: Address, hash: ContentHash) {
        self.came.lock().unwrap().push((who, hash));
    }

    fn model(&self, round: u16, who: Address) -> Result<Option<Notice>, Refused> {
        self.admits(who)?;
        if round != 3 {
            return Ok(None);
        }
        let hash = self.outbox.put(who, &model_of(who)).map_err(|error| Refused(error.to_string()))?;
        Ok(Some(Notice { hash, length: model_of(who).len() as u64 }))
    }
}

fn model_of(who: Address) -> Vec<u8> {
    who.iter().cycle().take(300_000).copied().collect()
}

struct World {
    folder: TempDir,
    keys: Vec<AccountKey>,
    office: Arc<Office>,
    inbox: Shelf,
    address: SocketAddr,
}

impl World {
    async fn new() -> Self {
        Self::with(TransferServer::limits(LIMIT)).await
    }

    async fn with(limits: HttpLimits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = development::accounts(31337).unwrap();
        let shelf = |name: &str| {
            Shelf::open(&folder.path().join(name), Limits { file: LIMIT, ..Limits::default() }).unwrap()
        };
        let (inbox, outbox) = (shelf("inbox"), shelf("outbox"));
        let came = Mutex::default();
        let office = Arc::new(Office { outsider: keys[9].address(), outbox: outbox.clone(), came });
        let local = "127.0.0.1:0".parse().unwrap();
        let server =
            TransferServer::bind(local, limits, PLACE, office.clone(), inbox.clone(), outbox).await.unwrap();
        let address = server.address();
        tokio::spawn(server.run(std::future::pending()));
        Self { folder, keys, office, inbox, address }
    }

    fn client(&self, at: usize) -> TransferClient {
        let patience = Patience { again: Duration::from_millis(1), ..Patience::default() };
        TransferClient::new(&format!("http://{}", self.address), PLACE, self.keys[at].clone(), patience)
            .unwrap()
    }

    fn signed(&self, at: usize, method: &str, path: &str, length: u64) -> String {
        Errand { method, path, length }.sign(&PLACE, &self.keys[at], now()).unwrap()
    }

    /// What the server says to these bytes.
    async fn raw(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// What it says to a package that is put there in this way; `headers` beside those that are needed.
    async fn put(&self, at: usize, bytes: &[u8], body: &[u8], headers: &str) -> String {
        let path = format!("/packages/{}", hex::encode(keccak256(bytes)));
        self.put_at(at, &path, bytes.len() as u64, body, headers).await
    }

    async fn put_at(&self, at: usize, path: &str, length: u64, body: &[u8], headers: &str) -> String {
        let signed = self.signed(at, "PUT", path, length);
        let head = format!(
            "PUT {path} HTTP/1.1\r\nhost: a\r\nauthorization: {signed}\r\nupload-length: {length}\r\n{headers}\r\n"
        );
        self.raw(&[head.as_bytes(), body].concat()).await
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| ((at * at) >> 3) as u8).collect()
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

fn plain(offset: usize, length: usize) -> String {
    format!("upload-offset: {offset}\r\ncontent-length: {length}\r\n")
}

#[tokio::test]
async fn a_package_is_brought_once_and_lies_under_its_hash() {
    let world = World::new().await;
    let package = Bytes::from(bytes(700_000));
    let client = world.client(1);
    let hash = client.bring(&package).await.unwrap();
    assert_eq!(hash, keccak256(&package));
    let who = world.keys[1].address();
    assert_eq!(world.inbox.bytes(who, &hash).unwrap().unwrap(), package);
    assert_eq!(*world.office.came.lock().unwrap(), [(who, hash)]);
    // A second time nothing is sent.
    assert_eq!(client.bring(&package).await.unwrap(), hash);
    assert_eq!(world.office.came.lock().unwrap().len(), 1);
    assert_eq!(world.inbox.whole(who).unwrap(), [hash]);
    // An empty file is one, too.
    client.bring(&Bytes::new()).await.unwrap();
    assert_eq!(world.inbox.whole(who).unwrap().len(), 2);
}

#[tokio::test]
async fn what_broke_off_is_taken_up_where_it_did() {
    let world = World::new().await;
    let package = bytes(500_000);
    let who = world.keys[1].address();
    // The connection goes in the middle of it.
    let headers = plain(0, 500_000);
    let broken = world.put(1, &package, &package[..123_456], &headers);
    let broken = tokio::time::timeout(Duration::from_millis(300), broken).await;
    assert!(broken.is_err());
    let hash = keccak256(&package);
    let have = || world.inbox.standing(who, &hash).unwrap();
    while have().0 < 123_456 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(have(), (123_456, false));
    // From elsewhere than where it ended it is not taken, and said where.
    while status(&world.put(1, &package, &package, &plain(0, 500_000)).await) == 409 && have().0 == 0 {}
    let answer = world.put(1, &package, &package[7..], &plain(7, 499_993)).await;
    assert!(status(&answer) == 409, "{answer}");
    // A piece of the rest, then by the client all that is missing.
    let answer = world.put(1, &package, &package[123_456..200_000], &plain(123_456, 76_544)).await;
    assert!(status(&answer) == 202 && answer.contains("upload-offset: 200000"), "{answer}");
    assert_eq!(have(), (200_000, false));
    world.client(1).bring(&package.clone().into()).await.unwrap();
    assert_eq!(world.inbox.bytes(who, &hash).unwrap().unwrap(), package);
}

#[tokio::test]
async fn bytes_that_are_not_what_their_name_says_are_forgotten() {
    let world = World::new().await;
    let (package, who) = (bytes(100_000), world.keys[1].address());
    let mut other = package.clone();
    other[99_999] ^= 1;
    let answer = world.put(1, &package, &other, &plain(0, 100_000)).await;
    assert_eq!(status(&answer), 422, "{answer}");
    assert_eq!(world.inbox.standing(who, &keccak256(&package)).unwrap(), (0, false));
    assert!(world.office.came.lock().unwrap().is_empty());
    world.client(1).bring(&package.into()).await.unwrap();
}

#[tokio::test]
async fn nothing_is_taken_that_is_long_compressed_or_of_unknown_length() {
    let world = World::new().await;
    let package = bytes(1_000);
    let long = world.put_at(1, &format!("/packages/{:064x}", 1), LIMIT + 1, &[], &plain(0, 10)).await;
    let cases = [
        (long, 413),
        (
            world.put(1, &package, &package, &format!("{}content-encoding: gzip\r\n", plain(0, 1_000))).await,
            415,
        ),
        (world.put(1, &package, &[], "upload-offset: 0\r\ntransfer-encoding: chunked\r\n").await, 411),
        (world.put(1, &package, &package, &plain(1, 1_000)).await, 400),
        (world.put(1, &package, &package, &plain(usize::MAX, 1_000)).await, 400),
        (world.put(1, &package, &package, "content-length: 1000\r\n").await, 400),
        (world.put(1, &package, &package, &format!("upload-offset: 0\r\n{}", plain(0, 1_000))).await, 400),
        (world.put_at(1, "/packages/abc", 1_000, &package, &plain(0, 1_000)).await, 404),
        (world.put_at(1, "/others", 1_000, &package, &plain(0, 1_000)).await, 404),
        (world.raw(b"DELETE /packages/00 HTTP/1.1\r\nhost: a\r\n\r\n").await, 405),
        (world.raw(b"nonsense\r\n\r\n").await, 400),
    ];
    for (at, (answer, expected)) in cases.iter().enumerate() {
        assert_eq!(status(answer), *expected, "case {at}: {answer}");
    }
    let refused = world.client(1).bring(&vec![0; LIMIT as usize + 1].into()).await.unwrap_err();
    assert!(matches!(refused, TransferError::Refused { status: 413, .. }), "{refused}");
    assert!(world.inbox.whole(world.keys[1].address()).unwrap().is_empty());
}

#[tokio::test]
async fn outsiders_and_forged_or_stale_signatures_get_nothing() {
    let world = World::new().await;
    let package = bytes(1_000);
    let refused = world.client(9).bring(&package.clone().into()).await.unwrap_err();
    assert!(matches!(refused, TransferError::Refused { status: 403, .. }), "{refused}");
    let refused = world.client(9).model(3).await.unwrap_err();
    assert!(refused.to_string().contains("no participant"), "{refused}");
    let path = format!("/packages/{}", hex::encode(keccak256(&package)));
    let key = &world.keys[1];
    let errand = Errand { method: "PUT", path: &path, length: 1_000 };
    let elsewhere = Place { task: Address::repeat_byte(8), ..PLACE };
    let good = errand.sign(&PLACE, key, now()).unwrap();
    // Somebody else's, for another task, file or time signs as nobody that is known, or not at all.
    let headers = [
        String::new(),
        "Bearer x".to_owned(),
        good.replace("expires=", "expires=1"),
        errand.sign(&PLACE, key, now() - 400).unwrap(),
        errand.sign(&PLACE, key, now() + 1_000).unwrap(),
        good.replace("r=0x", "r=0xff"),
    ];
    for header in headers {
        let request = format!(
            "PUT {path} HTTP/1.1\r\nhost: a\r\nauthorization: {header}\r\nupload-length: 1000\r\n{}\r\n",
            plain(0, 1_000)
        );
        let answer = world.raw(request.as_bytes()).await;
        assert_eq!(status(&answer), 401, "{header}: {answer}");
    }
    let whose = |errand: Errand<'_>, place: &Place| errand.signer(place, &good, now());
    assert_eq!(whose(errand, &PLACE), Ok(key.address()));
    assert_ne!(whose(errand, &elsewhere), Ok(key.address()));
    assert_ne!(whose(errand, &Place { chain_id: 1, ..PLACE }), Ok(key.address()));
    for other in [
        Errand { method: "HEAD", ..errand },
        Errand { length: 1_001, ..errand },
        Errand { path: "/packages/1", ..errand },
    ] {
        assert_ne!(whose(other, &PLACE), Ok(key.address()));
    }
    assert!(world.office.came.lock().unwrap().is_empty());
}

#[tokio::test]
async fn who_is_slow_loses_the_connection_and_nothing_else() {
    let limits = HttpLimits { head_time: Duration::from_millis(100), ..TransferServer::limits(LIMIT) };
    let world = World::with(limits).await;
    let package = bytes(100_000);
    let answer = world.put(1, &package, &package[..60_000], &plain(0, 100_000)).await;
    assert_eq!(status(&answer), 408, "{answer}");
    let hash = keccak256(&package);
    assert_eq!(world.inbox.standing(world.keys[1].address(), &hash).unwrap(), (60_000, false));
    // A connection has its end, however steady its drops are.
    let world = World::with(HttpLimits { time: Duration::from_millis(200), ..limits }).await;
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let path = format!("/packages/{}", hex::encode(hash));
    let signed = world.signed(1, "PUT", &path, 100_000);
    let head = format!(
        "PUT {path} HTTP/1.1\r\nhost: a\r\nauthorization: {signed}\r\nupload-length: 100000\r\n{}\r\n",
        plain(0, 100_000)
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut sent = 0;
    while stream.write_all(&package[sent..sent + 10]).await.is_ok() && sent < 90_000 {
        sent += 10;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(sent < 90_000);
    world.client(1).bring(&package.into()).await.unwrap();
}

#[tokio::test]
async fn a_member_fetches_what_is_sealed_to_it_from_where_it_stopped() {
    let world = World::new().await;
    let own = Shelf::open(&world.folder.path().join("own"), Limits::default()).unwrap();
    let (client, who) = (world.client(1), world.keys[1].address());
    let notice = client.model(3).await.unwrap();
    // Half of it is there from another time.
    let mut part = own.part(who, notice.hash, notice.length).unwrap();
    part.append(0, &model_of(who)[..100_000]).unwrap();
    drop(part);
    client.fetch(&notice, &own).await.unwrap();
    assert_eq!(own.bytes(who, &notice.hash).unwrap().unwrap(), model_of(who));
    client.fetch(&notice, &own).await.unwrap();
    assert!(matches!(client.model(4).await, Err(TransferError::Refused { status: 404, .. })));
    // Somebody else's file is not there for others.
    let refused = world.client(2).fetch(&notice, &own).await.unwrap_err();
    assert!(matches!(refused, TransferError::Refused { status: 404, .. }), "{refused}");
    // Bytes of another file under the name are found at the end.
    let mut part = own.part(world.keys[3].address(), notice.hash, notice.length).unwrap();
    part.append(0, &vec![1; notice.length as usize]).unwrap();
    assert!(matches!(part.finish(), Err(ShelfError::OtherHash { .. })));
    let path = format!("/files/{}", hex::encode(notice.hash));
    for (range, expected) in
        [("bytes=300000-", 416), ("bytes=0-5", 400), ("lines=1-", 400), ("bytes=299999-", 206)]
    {
        let signed = world.signed(1, "GET", &path, 0);
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: a\r\nauthorization: {signed}\r\nrange: {range}\r\n\r\n");
        assert_eq!(status(&world.raw(request.as_bytes()).await), expected, "{range}");
    }
}

#[tokio::test]
async fn a_server_that_gives_more_or_other_bytes_is_found_out() {
    let world = World::new().await;
    let own = Shelf::open(&world.folder.path().join("own"), Limits::default()).unwrap();
    let (client, who) = (world.client(1), world.keys[1].address());
    let notice = client.model(3).await.unwrap();
    let short = Notice { length: notice.length - 1, ..notice };
    assert!(matches!(client.fetch(&short, &own).await, Err(TransferError::Shelf(ShelfError::Beyond { .. }))));
    assert!(own.whole(who).unwrap().is_empty());
    let bomb = Notice { length: u64::MAX, ..notice };
    assert!(matches!(client.fetch(&bomb, &own).await, Err(TransferError::Shelf(ShelfError::TooLong { .. }))));
}

#[test]
fn a_member_fills_its_own_place_only() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { file: 100, whole: 2, parts: 2 };
    let shelf = Shelf::open(folder.path(), limits).unwrap();
    let [one, other] = [1, 2].map(Address::repeat_byte);
    let kept = shelf.put(other, b"what the other brought").unwrap();
    let mut all = Vec::new();
    for at in 0..5_u8 {
        all.push(shelf.put(one, &[at; 50]).unwrap());
        shelf.part(one, keccak256([at, 1]), 100).unwrap().append(0, &[at; 10]).unwrap();
        // Times of files are what says which is the newest.
        std::thread::sleep(Duration::from_millis(15));
    }
    assert_eq!(shelf.whole(one).unwrap(), [all[4], all[3]]);
    assert_eq!(std::fs::read_dir(folder.path().join(hex::encode(one))).unwrap().count(), 4);
    assert_eq!(shelf.whole(other).unwrap(), [kept]);
    let part = shelf.part(one, all[0], 100).unwrap();
    assert!(matches!(shelf.part(one, all[0], 100), Err(ShelfError::Busy(_))));
    drop(part);
    assert!(matches!(shelf.put(one, &[0; 101]), Err(ShelfError::TooLong { .. })));
    // A part that is longer than what is announced now begins anew.
    let mut part = shelf.part(one, all[0], 100).unwrap();
    part.append(0, &[1; 60]).unwrap();
    drop(part);
    assert_eq!(shelf.part(one, all[0], 50).unwrap().have(), 0);
}

#[test]
fn wherever_the_disk_fails_no_half_file_is_seen_and_it_goes_on() {
    let package = bytes(200_000);
    let hash = keccak256(&package);
    let who = Address::repeat_byte(1);
    let bring = |shelf: &Shelf| -> Result<bool, ShelfError> {
        let mut part = shelf.part(who, hash, package.len() as u64)?;
        for piece in package[part.have() as usize..].chunks(70_000) {
            part.append(part.have(), piece)?;
        }
        part.finish()
    };
    let steps = faults::each(|plan: Option<Plan>| {
        let folder = tempfile::tempdir().unwrap();
        let shelf = faults::unharmed(|| Shelf::open(folder.path(), Limits::default())).unwrap();
        let done = bring(&shelf);
        faults::end();
        assert_eq!(done.is_ok(), plan.is_none(), "{done:?}");
        let seen = shelf.bytes(who, &hash).unwrap();
        assert!(seen.is_none_or(|seen| seen == package));
        // Up again, it is brought to the end.
        if !shelf.standing(who, &hash).unwrap().1 {
            match bring(&shelf) {
                Ok(whole) => assert!(whole),
                // What a full disk took a part of is found by its hash, and brought anew.
                Err(ShelfError::OtherHash { .. }) => assert!(bring(&shelf).unwrap()),
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(shelf.bytes(who, &hash).unwrap().unwrap(), package);
    });
    assert!(steps >= 8, "{steps}");
}
