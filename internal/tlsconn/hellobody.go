package tlsconn

import "strings"

// parse reads a ClientHello without its message header. It is as strict as
// crypto/tls about what it reads.
func (h *Hello) parse(p []byte) bool {
	s := scanner{rest: p}
	s.take(2 + 32) // legacy version, random
	s.vector8()    // session id
	ciphers := s.vector16()
	s.vector8() // compression methods
	if s.bad || len(ciphers)%2 != 0 {
		return false
	}
	if len(s.rest) == 0 {
		return true
	}
	extensions := scanner{rest: s.vector16()}
	if s.bad || len(s.rest) > 0 {
		return false
	}
	seen := make(map[int]bool)
	for len(extensions.rest) > 0 {
		kind := extensions.uint16()
		body := scanner{rest: extensions.vector16()}
		if extensions.bad || seen[kind] {
			return false
		}
		seen[kind] = true
		switch kind {
		case extensionServerName:
			h.parseNames(&body)
		case extensionALPN:
			h.parseProtocols(&body)
		default:
			continue
		}
		if body.bad || len(body.rest) > 0 {
			return false
		}
	}
	return true
}

// parseNames reads RFC 6066 3.
func (h *Hello) parseNames(s *scanner) {
	list := scanner{rest: s.vector16()}
	s.bad = s.bad || len(list.rest) == 0
	for len(list.rest) > 0 && !s.bad {
		kind := list.take(1)
		name := list.vector16()
		switch {
		case list.bad || len(name) == 0:
			s.bad = true
		case kind[0] != nameTypeHost:
		case h.ServerName != "" || strings.HasSuffix(string(name), "."):
			s.bad = true
		default:
			h.ServerName = string(name)
		}
	}
}

// parseProtocols reads RFC 7301 3.1.
func (h *Hello) parseProtocols(s *scanner) {
	list := scanner{rest: s.vector16()}
	s.bad = s.bad || len(list.rest) == 0
	for len(list.rest) > 0 && !s.bad {
		name := list.vector8()
		if list.bad || len(name) == 0 {
			s.bad = true
			return
		}
		h.Protocols = append(h.Protocols, string(name))
	}
}

// A scanner takes lengths and what they announce off the front; once something
// was too short it is bad, and gives nothing.
type scanner struct {
	rest []byte
	bad  bool
}

func (s *scanner) take(n int) []byte {
	if s.bad || n > len(s.rest) {
		s.bad, s.rest = true, nil
		return nil
	}
	p := s.rest[:n]
	s.rest = s.rest[n:]
	return p
}

func (s *scanner) uint16() int {
	if p := s.take(2); p != nil {
		return int(p[0])<<8 | int(p[1])
	}
	return 0
}

func (s *scanner) vector8() []byte {
	if p := s.take(1); p != nil {
		return s.take(int(p[0]))
	}
	return nil
}

func (s *scanner) vector16() []byte { return s.take(s.uint16()) }
