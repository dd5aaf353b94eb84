//! The upstream's answer: its head with the framing of its body, and a chunked body, decoded.
//! The copy into the read buffer is the benchmark's own and is a part of the figures.

use std::hint::black_box;

use bytes::BytesMut;
use criterion::{BatchSize, Criterion, Throughput};
use goodgate::{
    limits,
    upstream::transport::http1::{
        chunked::{Chunked, Piece},
        framing::framing,
        head,
    },
};

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\n\
    Server: app/1.4\r\n\
    Date: Tue, 24 Nov 2026 15:08:00 GMT\r\n\
    Content-Type: application/json; charset=utf-8\r\n\
    Content-Length: 512\r\n\
    Cache-Control: private, max-age=0\r\n\
    ETag: W/\"200-4f2a9c\"\r\n\
    Vary: Accept-Encoding\r\n\
    Set-Cookie: session=0192f0c4; Path=/; HttpOnly; SameSite=Lax\r\n\
    X-Content-Type-Options: nosniff\r\n\
    Connection: keep-alive\r\n\
    \r\n";

pub fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("answer");
    group.bench_function("head and framing", |bencher| {
        bencher.iter_batched(
            || BytesMut::from(HEAD),
            |mut buffer| {
                let head = head::take(&mut buffer, limits::UPSTREAM_HEAD_SIZE)
                    .expect("the sample is valid")
                    .expect("the sample is complete");
                let framing = framing(&head, false).expect("the sample is valid");
                black_box((head, framing))
            },
            BatchSize::SmallInput,
        );
    });
    for (name, count, size) in [("16 chunks of 4 KiB", 16, 4096), ("256 chunks of 64 bytes", 256, 64)] {
        let body = chunks(count, size);
        group.throughput(Throughput::Bytes((count * size) as u64));
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || BytesMut::from(&body[..]),
                |buffer| black_box(decode(buffer)),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

/// A whole chunked body.
fn chunks(count: usize, size: usize) -> Vec<u8> {
    let mut chunk = format!("{size:x}\r\n").into_bytes();
    chunk.resize(chunk.len() + size, b'x');
    chunk.extend_from_slice(b"\r\n");
    let mut body = chunk.repeat(count);
    body.extend_from_slice(b"0\r\n\r\n");
    body
}

/// The bytes of data in a whole chunked body.
fn decode(mut buffer: BytesMut) -> usize {
    let mut chunked = Chunked::default();
    let mut bytes = 0;
    while let Some(Piece::Data(data)) = chunked.next(&mut buffer).expect("the sample is valid") {
        bytes += black_box(data).len();
    }
    assert!(chunked.is_done(), "the sample is complete");
    bytes
}
