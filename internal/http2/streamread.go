package http2

import (
	"io"
	"strconv"

	"spillway/internal/loop"
)

// Read reads what has come in, as HTTP/1.1: at least one byte, waiting for it if
// need be. io.EOF comes behind the message, or in a tunnel at the peer's end.
func (s *Stream) Read(t *loop.Task, p []byte) (int, error) {
	for {
		if err := s.readError(); err != nil {
			return 0, err
		}
		if n := s.pull(p); n > 0 || len(p) == 0 {
			s.lastRead = s.conn.worker.loop.Now()
			return n, nil
		}
		if err := s.inputEnd(); err != nil {
			return 0, err
		}
		if err := s.waitInput(t); err != nil {
			return 0, err
		}
	}
}

// WaitReadable waits until there is something to read, or the end of it.
func (s *Stream) WaitReadable(t *loop.Task) error {
	for {
		if err := s.readError(); err != nil {
			return err
		}
		if s.readable() || s.inputEnd() != nil {
			return nil
		}
		if err := s.waitInput(t); err != nil {
			return err
		}
	}
}

// readError is what ends reading at once. What came before a reset is of use to
// a client, whose user may pass it on; of a request it is not.
func (s *Stream) readError() error {
	switch {
	case s.closed:
		return loop.ErrClosed
	case s.failure != nil && !s.conn.isClient:
		return s.failure
	case s.failure == nil && s.conn.ending && s.id == 0:
		return ErrGoneAway
	}
	return nil
}

// inputEnd is what follows when all that came in has been read; nil: more may come.
func (s *Stream) inputEnd() error {
	switch {
	case s.failure != nil:
		return s.failure
	case s.remoteEnded, s.discards:
		return io.EOF
	case s.localEnded && s.declared >= 0 && s.received == s.declared && !s.conn.isClient:
		return io.EOF // nobody waits for an END_STREAM that says nothing new
	}
	return nil
}

func (s *Stream) waitInput(t *loop.Task) error {
	s.reader = t
	err := t.Park(s.readDeadline)
	s.reader = nil
	if err == loop.ErrTimeout && (s.readDeadline == 0 || s.readDeadline > s.conn.worker.loop.Now()) {
		return nil // the deadline has been moved
	}
	return err
}

// bodyOpen tells whether the body may be read: that of a tunnel only once it stands.
func (s *Stream) bodyOpen() bool { return !s.upgrade || s.tunnel }

// readable tells whether pull would find something.
func (s *Stream) readable() bool {
	return s.stagedFrom < s.stagedTo || s.headLeft > 0 || s.bodyLeft > 0 && s.bodyOpen() ||
		s.chunked && s.remoteEnded && !s.lastChunk || s.trailerLeft > 0 && s.lastChunk
}

// pull moves to p as much of the message's text as there is and fits.
func (s *Stream) pull(p []byte) (n int) {
	for n < len(p) && s.readable() {
		room := len(p) - n
		switch {
		case s.stagedFrom < s.stagedTo:
			took := copy(p[n:], s.staged[s.stagedFrom:s.stagedTo])
			s.stagedFrom += uint8(took)
			n += took
		case s.headLeft > 0:
			took := s.take(p[n:], min(room, s.headLeft))
			s.headLeft -= took
			n += took
		case s.bodyLeft > 0 && !s.chunked:
			n += s.takeBody(p[n:], min(room, s.bodyLeft))
		case s.chunkLeft > 0:
			took := s.takeBody(p[n:], min(room, s.chunkLeft))
			n += took
			if s.chunkLeft -= took; s.chunkLeft == 0 {
				s.stage("\r\n")
			}
		case s.bodyLeft > 0:
			s.chunkLeft = s.bodyLeft
			s.stage("")
			size := append(strconv.AppendInt(s.staged[:0], int64(s.chunkLeft), 16), "\r\n"...)
			s.stagedTo = uint8(len(size))
		case !s.lastChunk:
			s.lastChunk = true
			if s.trailerLeft > 0 {
				s.stage("0\r\n")
			} else {
				s.stage("0\r\n\r\n")
			}
		default:
			took := s.take(p[n:], min(room, s.trailerLeft))
			s.trailerLeft -= took
			n += took
		}
	}
	return n
}

func (s *Stream) stage(text string) {
	s.stagedFrom = 0
	s.stagedTo = uint8(copy(s.staged[:], text))
}

func (s *Stream) take(p []byte, n int) int { return s.input.pull(&s.conn.worker.blocks, p[:n]) }

func (s *Stream) takeBody(p []byte, n int) int {
	n = s.take(p, n)
	s.bodyLeft -= n
	s.used(n)
	s.conn.used(n)
	return n
}

// addHead puts the text of a head behind those that have come.
func (s *Stream) addHead(text []byte) {
	s.input.push(&s.conn.worker.blocks, text)
	s.headLeft += len(text)
	s.wakeReader()
}

// addTrailer puts the text of a trailer section behind the body. A body without
// chunks has no place for it.
func (s *Stream) addTrailer(text []byte) {
	if s.chunked && !s.discards && len(text) > len("\r\n") {
		s.input.push(&s.conn.worker.blocks, text)
		s.trailerLeft = len(text)
	}
	s.remoteEnded = true
	s.wakeReader()
}
