// Package accesslog writes one line per exchange, off the hot path.
//
// Each loop has a [Shard] and formats its lines into the shard's buffer: no lock, no allocation, no I/O. One goroutine writes full
// buffers to the output. When the output is slower than the traffic, lines are dropped and counted; no loop ever waits for it.
//
// A line stays one line whatever a client sent: what could end it, forge a field or drive a terminal is escaped.
package accesslog

import "net/netip"

// Format is how a line is written.
type Format uint8

const (
	// JSON is one flat object per line, keys in snake case, all keys always there.
	JSON Format = iota
	// Combined is the format that Apache and nginx call so; escapes as nginx writes them.
	Combined
)

// Entry is what is known of one exchange when it has ended. Nothing of it is kept after [Shard.Append]. Strings may hold any bytes.
type Entry struct {
	Time       int64          // when the request began, wall clock, nanoseconds since 1970
	ClientAddr netip.AddrPort // the zero AddrPort: a peer on a unix socket

	Method       []byte // empty: no request was read
	Host, Target []byte
	Major, Minor uint8 // the client side's HTTP version; Major 0 means 1
	Status       int   // 0: no response was sent
	BytesIn      int64 // of the request's body
	BytesOut     int64 // of the response's body

	Referer, UserAgent, RequestID []byte

	Listener, Route, Pool, Backend, Region string

	Attempts int // how many backends were tried

	// Nanoseconds; negative: it did not come to that, which JSON shows as null.
	Queue     int64 // waiting for a backend with room
	Connect   int64 // connecting to the backend
	FirstByte int64 // from the start to the first byte of the response
	Total     int64 // from the start to the end

	Reason string // one word for why it went to that backend
	End    string // one word for how it ended
}
