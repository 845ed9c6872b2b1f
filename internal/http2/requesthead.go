package http2

import (
	"bytes"

	"spillway/internal/http1"
)

// sendRequestHead opens the stream with the head of a request, given as HTTP/1.1.
func (s *Stream) sendRequestHead(head []byte) error {
	c := s.conn
	r := &c.worker.request
	r.Reset()
	if _, err := r.Parse(head, requestLimits); err != nil || r.Form == http1.AuthorityForm {
		return s.broken()
	}
	upgrade := r.Upgrade != nil
	if upgrade && !(c.peer.connectProtocol && isWebSocket(r.Upgrade)) {
		s.end(ErrNoUpgrade)
		s.end(ErrNoUpgrade)
		return ErrNoUpgrade
	}
	client := c.side.(*ClientConn)
	if !client.begins(s) {
		s.end(ErrGoneAway)
		return ErrGoneAway
	}
	e := c.startBlock()
	s.pseudoFields(e, r, upgrade, client.options.Scheme)
	s.requestFields(e, r, upgrade)
	s.asksHead = string(r.Method) == "HEAD"
	s.phaseBehindRequest(r)
	s.sendBlock(s.out.phase == complete)
	return nil
}

func (s *Stream) phaseBehindRequest(r *http1.Request) {
	switch {
	case s.upgrade:
		s.out.phase = inTunnel
	case r.Framing == http1.Chunked:
		s.out.phase = inChunks
	case r.Framing == http1.Length:
		s.out.phase, s.out.left = inLength, r.ContentLength
	default:
		s.out.phase = complete
	}
}

func (s *Stream) pseudoFields(e encoder, r *http1.Request, upgrade bool, scheme string) {
	w := &s.conn.worker.fields
	switch {
	case upgrade:
		s.upgrade = true
		w.indexed(e, ":method", "CONNECT")
		w.indexed(e, ":protocol", "websocket")
	default:
		w.addPseudo(e, ":method", r.Method)
	}
	w.indexed(e, ":scheme", scheme)
	if len(r.Host) > 0 {
		w.addPseudo(e, ":authority", r.Host)
	}
	path := r.Target
	if r.Form == http1.AbsoluteForm {
		path = append([]byte(nil), r.Path...)
		if r.RawQuery != nil {
			path = append(append(path, '?'), r.RawQuery...)
		}
	}
	w.addPseudo(e, ":path", path)
}

// requestFields adds the regular fields. Trailers are offered for a gRPC request
// even where TE was left behind on the way here: it makes no sense without.
func (s *Stream) requestFields(e encoder, r *http1.Request, upgrade bool) {
	w := &s.conn.worker.fields
	trailers, lengthSent := r.Trailers, false
	for i := range r.Fields {
		f := &r.Fields[i]
		switch {
		case f.Hop, f.ID == http1.Host, f.ID == http1.ContentLength && lengthSent:
			continue
		case upgrade && isKey(f.Name):
			s.accept = acceptFor(f.Value)
			continue
		case f.ID == http1.ContentLength:
			lengthSent = true
		case f.ID == http1.ContentType && bytes.HasPrefix(f.Value, grpc):
			trailers = true
		}
		w.add(e, f.Name, f.Value)
	}
	if trailers {
		w.indexed(e, "te", "trailers")
	}
	if upgrade && s.accept == "" {
		s.accept = acceptFor(nil)
	}
}

var grpc = []byte("application/grpc")

func isWebSocket(protocols []byte) bool { return sameHost(string(protocols), "websocket") }

// isKey tells whether the field is Sec-WebSocket-Key, which HTTP/2 has no use for (RFC 8441 5).
func isKey(name []byte) bool {
	const key = "sec-websocket-key"
	return len(name) == len(key) && sameHost(string(name), key)
}
