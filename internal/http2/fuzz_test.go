package http2

import (
	"bytes"
	"io"

	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"spillway/internal/http1"
	"spillway/internal/loop"
)

// A script is a socket whose input is given, and whose output is kept. It never
// waits, except at the end of the input, where whoever reads is told so.
type script struct {
	loop   *loop.Loop
	in     []byte
	piece  int
	out    []byte
	closed bool
}

func (s *script) Loop() *loop.Loop              { return s.loop }
func (s *script) RemoteAddr() netip.AddrPort    { return netip.AddrPort{} }
func (s *script) LocalAddr() netip.AddrPort     { return netip.AddrPort{} }
func (s *script) WaitReadable(*loop.Task) error { return nil }
func (s *script) SetReadDeadline(int64)         {}
func (s *script) SetWriteDeadline(int64)        {}
func (s *script) LastRead() int64               { return 1 }
func (s *script) Idle(loop.Waker) bool          { return false }
func (s *script) Busy() bool                    { return false }
func (s *script) Quiet() bool                   { return false }
func (s *script) Watch(*loop.Task)              {}
func (s *script) HungUp() bool                  { return s.closed }
func (s *script) CloseWrite(*loop.Task) error   { return nil }
func (s *script) Close()                        { s.closed = true }
func (s *script) Reset()                        { s.closed = true }

func (s *script) Read(t *loop.Task, p []byte) (int, error) {
	// Streams and the writer have their turns between two reads.
	s.loop.Start(runner(func(*loop.Task) { t.Resume() }))
	if err := t.Park(0); err != nil || s.closed {
		return 0, loop.ErrClosed
	}
	if len(s.in) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), s.piece)], s.in)
	s.in = s.in[n:]
	return n, nil
}

func (s *script) Write(_ *loop.Task, p []byte) (int, error) {
	if s.closed {
		return 0, loop.ErrClosed
	}
	s.out = append(s.out, p...)
	return len(p), nil
}

func (s *script) WriteBuffers(t *loop.Task, buffers [][]byte) (int64, error) {
	n, err := s.Write(t, bytes.Join(buffers, nil))
	return int64(n), err
}

// frames writes frames by x/net's Framer.
func frames(f func(*http2.Framer, func(lines string) []byte)) []byte {
	var out, block bytes.Buffer
	e := hpack.NewEncoder(&block)
	framer := http2.NewFramer(&out, nil)
	framer.AllowIllegalWrites = true
	f(framer, func(lines string) []byte {
		block.Reset()
		for line := range strings.SplitSeq(strings.TrimSpace(lines), "\n") {
			at := strings.Index(line[1:], ":") + 1
			_ = e.WriteField(hpack.HeaderField{Name: line[:at], Value: strings.TrimPrefix(line[at+1:], " ")})
		}
		return bytes.Clone(block.Bytes())
	})
	return out.Bytes()
}

func seeds(f *testing.F, first func(*http2.Framer, func(string) []byte)) {
	for _, more := range []func(w *http2.Framer, fields func(string) []byte){
		func(w *http2.Framer, fields func(string) []byte) {},
		func(w *http2.Framer, fields func(string) []byte) { _ = w.WriteData(1, true, []byte("hello")) },
		func(w *http2.Framer, fields func(string) []byte) {
			_ = w.WriteDataPadded(1, false, []byte("hello"), make([]byte, 9))
			_ = w.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: fields("x: y"), EndHeaders: true, EndStream: true})
		},
		func(w *http2.Framer, fields func(string) []byte) {
			_ = w.WriteWindowUpdate(0, 1000)
			_ = w.WriteRSTStream(1, http2.ErrCodeCancel)
			_ = w.WritePing(false, [8]byte{})
			_ = w.WritePriority(3, http2.PriorityParam{StreamDep: 1})
		},
		func(w *http2.Framer, fields func(string) []byte) {
			_ = w.WriteGoAway(0, http2.ErrCodeNo, nil)
			_ = w.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1}, http2.Setting{ID: http2.SettingHeaderTableSize, Val: 0})
		},
		func(w *http2.Framer, fields func(string) []byte) {
			block := fields("a: b\nc: d")
			_ = w.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block[:2]})
			_ = w.WriteContinuation(1, true, block[2:])
		},
	} {
		for _, piece := range []byte{1, 20, 255} {
			f.Add(frames(func(w *http2.Framer, fields func(string) []byte) {
				first(w, fields)
				more(w, fields)
			}), piece)
		}
	}
}

// settled waits until a scripted connection is over: its input has been read and it was closed.
func settled(t *testing.T, l *loop.Loop, c *conn) {
	t.Helper()
	eventually(t, l, "the end", func() bool {
		return c.dead && !c.readerRuns && !c.out.running && len(c.streams) == 0
	})
	onLoop(t, l, func() {
		if c.in != nil || c.out.first != nil || c.granted != nil || len(c.queue) != 0 {
			t.Error("something is left behind")
		}
	})
}

// FuzzServer has a server read any bytes behind a client's preface. Nothing
// panics, nothing is left behind, the output is frames, and what handlers read is HTTP/1.1.
func FuzzServer(f *testing.F) {
	seeds(f, func(w *http2.Framer, fields func(string) []byte) {
		_ = w.WriteSettings()
		_ = w.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: fields(post), EndHeaders: true})
	})
	seeds(f, func(w *http2.Framer, fields func(string) []byte) {
		_ = w.WriteSettings()
		_ = w.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: fields(get + "cookie: a\ncookie: b\nhost: example.com"), EndHeaders: true, EndStream: true})
		_ = w.WriteHeaders(http2.HeadersFrameParam{StreamID: 3, BlockFragment: fields(":method: CONNECT\n:protocol: websocket\n" + get[13:]), EndHeaders: true})
	})
	l := oneLoop(f)
	f.Fuzz(func(t *testing.T, input []byte, piece byte) {
		s := &script{loop: l, in: append([]byte(preface), input...), piece: int(piece) + 1}
		w := NewWorker(l)
		h := &handler{f: func(task *loop.Task, s *Stream) {
			s.SetReadDeadline(s.Loop().Now() + int64(10*time.Millisecond))
			s.SetWriteDeadline(s.Loop().Now() + int64(10*time.Millisecond))
			m, r, err := readRequest(task, s)
			if err == errSurplus {
				t.Errorf("bytes behind the request %q", m.head)
			}
			if err == nil && strings.Contains(strings.ToLower(m.head), "\ntransfer-encoding") != (r.Framing == http1.Chunked) {
				t.Errorf("a coding of the client's own in %q", m.head)
			}
			echoOf(task, s, m, err)
		}}
		var c *ServerConn
		onLoop(t, l, func() {
			c = w.Serve(s, nil, ServerOptions{Settings: Settings{MaxHeaderList: 4 << 10, StreamWindow: 4 << 10}}, h)
		})
		settled(t, l, &c.conn)
		checkFrames(t, s.out)
		if h.closed != 1 {
			t.Errorf("the handler was told %d times of the end", h.closed)
		}
	})
}

func echoOf(task *loop.Task, s *Stream, m message, err error) {
	if err != nil {
		answerBad(task, s, err)
		return
	}
	_, _ = s.Write(task, []byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"))
	if m.body != "" {
		_, _ = s.Write(task, []byte("3\r\nabc\r\n"))
	}
	_, _ = s.Write(task, []byte("0\r\nx-trailer: y\r\n\r\n"))
}

// checkFrames demands that x/net's Framer understands what was written.
func checkFrames(t *testing.T, out []byte) {
	t.Helper()
	framer := http2.NewFramer(nil, bytes.NewReader(out))
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	for {
		_, err := framer.ReadFrame()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatalf("the output is no frames: %v", err)
		}
	}
}

// FuzzClient has a client read any bytes as what a server sends. What its stream
// yields is an HTTP/1.1 response or the beginning of one.
func FuzzClient(f *testing.F) {
	for _, status := range []string{":status: 200", ":status: 200\ncontent-length: 5", ":status: 103"} {
		seeds(f, func(w *http2.Framer, fields func(string) []byte) {
			_ = w.WriteSettings(http2.Setting{ID: http2.SettingEnableConnectProtocol, Val: 1})
			_ = w.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: fields(status), EndHeaders: true})
		})
	}
	l := oneLoop(f)
	requests := []string{
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx: y\r\n\r\n",
	}
	f.Fuzz(func(t *testing.T, input []byte, piece byte) {
		s := &script{loop: l, in: input, piece: int(piece) + 1}
		w := NewWorker(l)
		var c *ClientConn
		onLoop(t, l, func() {
			c = w.NewClientConn(s, ClientOptions{Settings: Settings{MaxHeaderList: 4 << 10, StreamWindow: 4 << 10}})
			for _, text := range requests {
				stream, err := c.Open()
				if err != nil {
					t.Error(err)
					continue
				}
				l.Start(runner(func(task *loop.Task) { fetch(t, task, stream, text) }))
			}
		})
		settled(t, l, &c.conn)
		if c.open != 0 {
			t.Errorf("%d streams still count", c.open)
		}
		checkFrames(t, bytes.TrimPrefix(s.out, []byte(preface)))
	})
}

func fetch(t *testing.T, task *loop.Task, s *Stream, request string) {
	defer s.Close()
	s.SetReadDeadline(s.Loop().Now() + int64(10*time.Millisecond))
	s.SetWriteDeadline(s.Loop().Now() + int64(10*time.Millisecond))
	if _, err := s.Write(task, []byte(request)); err != nil {
		return
	}
	method, _, _ := strings.Cut(request, " ")
	m, r, err := readResponse(task, s, method)
	if err == errSurplus {
		t.Errorf("bytes behind the response %q", m.head)
	}
	if err != nil {
		return
	}
	if r.Framing == http1.UntilClose {
		t.Errorf("a response without framing: %q", m.head)
	}
	if rest, _ := readAll(task, s); rest != "" {
		t.Errorf("behind the response: %q", rest)
	}
}
