package proxy

import "spillway/internal/http1"

// A chunkScanner follows a chunked body that is forwarded as it came, so that
// nothing outside the grammar passes.
type chunkScanner struct {
	state   http1.Chunks
	limits  http1.Limits
	fields  []http1.Field
	payload int64
	last    bool // the last chunk has passed; the trailer section follows
}

func (s *chunkScanner) reset(limits http1.Limits) {
	s.state = http1.Chunks{}
	s.limits = limits
	s.payload = 0
	s.last = false
}

// step takes the next piece of p, all of it of one kind.
func (s *chunkScanner) step(p []byte) (n int, kind http1.ChunkKind, err error) {
	n, kind, err = s.state.Next(p)
	switch kind {
	case http1.Data:
		s.payload += int64(n)
	case http1.Last:
		s.last = true
	}
	return n, kind, err
}

// scan returns how many bytes of p may be forwarded: all that are known to be
// well-formed, up to the end of the last chunk's line.
func (s *chunkScanner) scan(p []byte) (n int, err error) {
	for n < len(p) && !s.last {
		took, kind, err := s.step(p[n:])
		if err != nil {
			return n, err
		}
		n += took
		if kind == http1.NeedMore {
			break
		}
	}
	return n, nil
}

// A nominator is a head, which may say that fields end at this hop.
type nominator interface{ Nominates(name []byte) bool }

// trailer parses the trailer section at the start of p and appends to dst what
// of it may be forwarded, with the empty line that ends it. n is 0 while the
// section is not whole. Fields that the message's Connection names
// end here too.
func (s *chunkScanner) trailer(dst, p []byte, head nominator) (out []byte, n int, err error) {
	n, s.fields, err = http1.ParseTrailer(p, s.fields[:0], s.limits)
	if err != nil || n == 0 {
		return dst, 0, err
	}
	for i := range s.fields {
		if f := &s.fields[i]; http1.TrailerAllowed(f) && !head.Nominates(f.Name) {
			dst = append(dst, p[f.Start:f.End]...)
		}
	}
	return append(dst, "\r\n"...), n, nil
}
