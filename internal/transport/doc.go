// Package transport is how a backend is spoken to, below HTTP: what a new connection
// begins with, and whether a later one would be as good.
//
// A [Transport] is made of a pool's configuration. Whoever has connected to the
// backend hands the socket to [Transport.Open], which takes it past the PROXY header
// and the handshake of TLS. Whether idle connections and TLS sessions outlive a
// reload is for [Transport.Same] to say.
package transport
