// Package tlsconn is TLS on the event loops: crypto/tls over a connection of a
// loop, and what a server needs around it (certificates by name, ticket keys,
// the reading of a ClientHello before anything is decided).
//
// A [Conn] is a [loop.Stream]. After the handshake no task ever waits inside
// crypto/tls, whose locks it would hold meanwhile: the connection below never
// blocks, and the task waits outside.
package tlsconn
