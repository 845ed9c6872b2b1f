package http2

import (
	"bytes"

	"spillway/internal/http1"
	"spillway/internal/loop"
)

type outPhase uint8

const (
	inHead outPhase = iota
	inLength
	inChunks
	inTrailer
	inUntilClose
	inTunnel
	complete
)

// An outgoing is where the HTTP/1.1 message that is written to a stream has got to.
type outgoing struct {
	phase  outPhase
	left   int64 // inLength: bytes of the body to come
	chunks http1.Chunks
	part   []byte // a head or trailer section that is not whole
}

// Write sends all of p, a part of an HTTP/1.1 message or, in a tunnel, of
// whatever it carries. It waits where the peer's windows or the connection's output
// are full. The count is what was taken, also on an error.
func (s *Stream) Write(t *loop.Task, p []byte) (int, error) {
	done := 0
	for done < len(p) {
		n, err := s.send(t, p[done:])
		done += n
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// WriteBuffers is Write for several slices, which stay the caller's.
func (s *Stream) WriteBuffers(t *loop.Task, buffers [][]byte) (int64, error) {
	done := int64(0)
	if s.out.phase == inHead && len(buffers) > 1 {
		n, rest, err := s.sendHeadOf(t, buffers)
		if done += n; err != nil {
			return done, err
		}
		m, err := s.Write(t, rest.first)
		if done += int64(m); err != nil {
			return done, err
		}
		buffers = rest.others
	}
	for _, b := range buffers {
		n, err := s.Write(t, b)
		if done += int64(n); err != nil {
			return done, err
		}
	}
	return done, nil
}

// send takes a part of p, according to the phase.
func (s *Stream) send(t *loop.Task, p []byte) (n int, err error) {
	if err := s.writeError(); err != nil {
		return 0, err
	}
	switch s.out.phase {
	case inHead:
		return s.sendSection(t, p, s.sendHead)
	case inTrailer:
		return s.sendSection(t, p, s.sendTrailer)
	case inChunks:
		return s.sendChunks(t, p)
	case inLength:
		n, err := s.sendData(t, p[:min(int64(len(p)), s.out.left)])
		if s.out.left -= int64(n); s.out.left == 0 && err == nil {
			s.endStream()
		}
		return n, err
	case inUntilClose, inTunnel:
		return s.sendData(t, p)
	}
	return 0, ErrMessage // behind the message
}

func (s *Stream) writeError() error {
	switch {
	case s.closed:
		return loop.ErrClosed
	case s.failure != nil:
		return s.failure
	case s.conn.ending && s.id == 0:
		return ErrGoneAway
	case s.conn.ending:
		return ErrConnection
	case s.localEnded && s.out.phase != complete:
		return &ResetError{Code: NoError, ByPeer: true}
	}
	return nil
}

// buffersLeft is the rest of a list of slices.
type buffersLeft struct {
	first  []byte
	others [][]byte
}

// sendHeadOf takes the head off the start of the slices.
func (s *Stream) sendHeadOf(t *loop.Task, buffers [][]byte) (n int64, rest buffersLeft, err error) {
	if err := s.writeError(); err != nil {
		return 0, rest, err
	}
	if err := s.waitRoomForHead(t); err != nil {
		return 0, rest, err
	}
	// Nothing waits from here on: the scratch space is the worker's.
	w := s.conn.worker
	section := append(w.scratch[:0], s.out.part...)
	had := len(section)
	defer func() { w.scratch = section[:0] }()
	for i, b := range buffers {
		from := max(0, len(section)-3)
		section = append(section, b...)
		end := sectionEnd(section, from)
		if end == 0 && len(section) <= maxHead {
			continue
		}
		if end == 0 {
			return 0, rest, s.broken()
		}
		unused := len(section) - end
		s.out.part = nil
		rest = buffersLeft{b[len(b)-unused:], buffers[i+1:]}
		return int64(end - had), rest, s.sendHead(section[:end])
	}
	s.out.part = append(s.out.part[:0], section...)
	return int64(len(section) - had), rest, nil
}

// sendSection takes the rest of a head or a trailer section off the start of p.
func (s *Stream) sendSection(t *loop.Task, p []byte, send func([]byte) error) (n int, err error) {
	if err := s.waitRoomForHead(t); err != nil {
		return 0, err
	}
	part := s.out.part
	if len(part) == 0 {
		if end := s.sectionEnd(p, 0); end > 0 {
			return end, send(p[:end])
		}
	}
	had := len(part)
	part = append(part, p...)
	end := s.sectionEnd(part, max(0, had-3))
	if end == 0 {
		s.out.part = part
		if len(part) > maxHead {
			return 0, s.broken()
		}
		return len(p), nil
	}
	s.out.part = nil
	return end - had, send(part[:end])
}

// sectionEnd is where the section ends; a trailer section may be empty.
func (s *Stream) sectionEnd(p []byte, from int) int {
	if s.out.phase == inTrailer && len(p) >= 2 && p[0] == '\r' && p[1] == '\n' {
		return 2
	}
	return sectionEnd(p, from)
}

func sectionEnd(p []byte, from int) int {
	if i := bytes.Index(p[from:], emptyLine); i >= 0 {
		return from + i + len(emptyLine)
	}
	return 0
}

var emptyLine = []byte("\r\n\r\n")

// broken ends a stream to which no message was written.
func (s *Stream) broken() error {
	if s.id != 0 {
		s.conn.sendReset(s.id, InternalError)
	}
	s.end(ErrMessage)
	return ErrMessage
}

// sendHead sends a head of whichever side.
func (s *Stream) sendHead(head []byte) error {
	if s.conn.isClient {
		return s.sendRequestHead(head)
	}
	return s.sendResponseHead(head)
}

// sendChunks takes the chunk coding off p and sends what is in it.
func (s *Stream) sendChunks(t *loop.Task, p []byte) (done int, err error) {
	for done < len(p) {
		before := s.out.chunks
		n, kind, err := s.out.chunks.Next(p[done:])
		if err != nil {
			return done, s.broken()
		}
		switch kind {
		case http1.Data:
			sent, err := s.sendData(t, p[done:done+n])
			done += sent
			if err != nil {
				s.out.chunks = before
				s.out.chunks.Skip(int64(sent))
				return done, err
			}
			continue
		case http1.Last:
			s.out.phase = inTrailer
			return done + n, nil
		}
		done += n
	}
	return done, nil
}

// sendTrailer ends a body in chunks.
func (s *Stream) sendTrailer(section []byte) error {
	w := s.conn.worker
	_, fields, err := http1.ParseTrailer(section, w.trailer[:0], headLimits)
	w.trailer = fields
	if err != nil {
		return s.broken()
	}
	if len(fields) == 0 {
		s.endStream()
		return nil
	}
	e := s.conn.startBlock()
	for i := range fields {
		if f := &fields[i]; !f.Hop && f.ID != http1.ContentLength {
			w.fields.add(e, f.Name, f.Value)
		}
	}
	s.sendBlock(true)
	return nil
}

// sendBlock sends the header block that has been made.
func (s *Stream) sendBlock(end bool) {
	c := s.conn
	if len(c.worker.fields.block) == 0 && end {
		s.endStream()
		return
	}
	s.lastFrame = c.out.headers(s.id, c.worker.fields.block, end)
	if end {
		s.localEnded, s.out.phase = true, complete
	}
	c.flush()
}

// endStream sends END_STREAM: with the stream's last frame, where that has not left yet.
func (s *Stream) endStream() {
	c := s.conn
	if s.lastFrame < 0 || !c.out.endStream(s.lastFrame) {
		c.out.frame(frameHeader{kind: dataFrame, flags: flagEndStream, stream: s.id})
		c.flush()
	}
	if s.lastFrame == c.out.lastData {
		c.out.lastData = -1
	}
	s.localEnded, s.out.phase = true, complete
}
