// Package tlsconn is TLS on the event loops: crypto/tls over a connection of a
// loop, and what a server needs around it (certificates by name, ticket keys,
// the reading of a ClientHello before anything is decided).
//
// A [Conn] is a [loop.Stream]. In its handshake a task may wait inside
// crypto/tls. After that none ever does, for it would hold locks there that
// another task of the loop then waits for, and with it the loop: the connection
// below answers a read with an error that passes, keeps what the socket does not
// take of a write, and the task waits outside. What a peer can make crypto/tls
// answer without reading it is bounded; past that the connection fails.
//
// A loop has one [Worker], which its connections share. Handshakes are the
// dearest thing that a stranger can ask for: 0.3 ms of the loop's time with
// ECDSA and X25519, 0.4 ms with X25519MLKEM768, 1.6 ms with an RSA key of 2048
// bits (on a virtual processor that is shared). See [Handshakes].
//
// Memory, measured on Linux with 2,000 connections that had one small exchange
// (a test holds it below 10 KiB): an idle connection holds 7.0 KiB on the heap,
// and the process grows by 8.6 KiB. Of that crypto/tls has 3.5 KiB of buffers
// that the ClientHello made it grow, 1.7 KiB of cipher state and 0.9 KiB besides;
// Conn is 0.2 KiB. crypto/tls never shrinks its input buffer: once a record of
// 16 KiB has come in, the connection holds 23 KiB until it is closed. While a
// peer is slow to read, a connection has a buffer of 69 KiB more.
//
// Allocation: none in reads and writes but crypto/tls's own, which is one of
// 24 bytes for each record read.
package tlsconn
