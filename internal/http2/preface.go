package http2

// preface begins every connection of a client (RFC 9113 3.4).
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// A PrefaceMatch says what the first bytes of a connection have to do with HTTP/2.
type PrefaceMatch uint8

const (
	NoPreface    PrefaceMatch = iota // another protocol
	MaybePreface                     // they are the beginning of the preface; more bytes tell
	Preface                          // HTTP/2
)

// MatchPreface compares the first bytes of a connection with the preface of
// HTTP/2 clients. No valid HTTP/1 request begins as the preface does for more
// than its method.
func MatchPreface(p []byte) PrefaceMatch {
	n := min(len(p), len(preface))
	switch {
	case string(p[:n]) != preface[:n]:
		return NoPreface
	case n < len(preface):
		return MaybePreface
	}
	return Preface
}
