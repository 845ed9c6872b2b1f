package probe

import "spillway/health"

// A Kind is how a backend is asked.
type Kind uint8

const (
	// HTTP is by a request, whose answer has to be as expected.
	HTTP Kind = iota
	// TCP is by a connection, and whatever it begins with, such as a TLS handshake.
	TCP
	// GRPC is by grpc.health.v1.Health/Check, over HTTP/2.
	GRPC
)

// Settings are what one configuration says of a backend's checks. They must not be
// changed once a Checker has them.
type Settings struct {
	Kind    Kind
	Port    uint16 // 0: the backend's own
	Timing  health.CheckSettings
	Method  string
	Path    string // with its query
	Host    string // empty: the backend's
	Headers []Header
	Service string        // what GRPC asks for; empty: the server as a whole
	Expect  health.Expect // of an answer to HTTP
}

// A Header is one more line of a request's head.
type Header struct{ Name, Value string }

// request is what is written to a backend of that name, as HTTP/1.1 says it.
func (s *Settings) request(host string) []byte {
	if s.Host != "" {
		host = s.Host
	}
	more := ""
	for _, h := range s.Headers {
		more += h.Name + ": " + h.Value + "\r\n"
	}
	if s.Kind == GRPC {
		return grpcRequest(host, more, s.Service)
	}
	head := s.Method + " " + s.Path + " HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: spillway-health-check\r\nAccept: */*\r\nConnection: close\r\n"
	return []byte(head + more + "\r\n")
}
