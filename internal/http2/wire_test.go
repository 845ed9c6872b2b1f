package http2

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"spillway/internal/loop"
)

// A peer is the other end of a connection, on the wire: it writes frames one by
// one and reads what comes as lines of text.
type peer struct {
	*http2.Framer
	t       testing.TB
	conn    *net.TCPConn
	block   bytes.Buffer
	encoder *hpack.Encoder
	decoder *hpack.Decoder
	pending []byte
}

func newPeer(t testing.TB, conn *net.TCPConn) *peer {
	p := &peer{t: t, conn: conn, Framer: http2.NewFramer(conn, conn)}
	p.AllowIllegalWrites, p.AllowIllegalReads = true, true
	p.encoder = hpack.NewEncoder(&p.block)
	p.decoder = hpack.NewDecoder(4096, nil)
	return p
}

// fields encodes lines of the form "name: value".
func (p *peer) fields(lines string) []byte {
	p.block.Reset()
	for line := range strings.SplitSeq(strings.TrimSpace(lines), "\n") {
		line = strings.TrimLeft(line, " \t")
		at := strings.Index(line[1:], ":") + 1
		value := strings.TrimPrefix(line[at+1:], " ")
		value = strings.NewReplacer(`\0`, "\x00", `\r`, "\r", `\n`, "\n", `\s`, " ").Replace(value)
		_ = p.encoder.WriteField(hpack.HeaderField{Name: line[:at], Value: value})
	}
	return bytes.Clone(p.block.Bytes())
}

func (p *peer) headers(stream uint32, end bool, lines string) {
	p.t.Helper()
	p.ok(p.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: p.fields(lines), EndStream: end, EndHeaders: true}))
}

func (p *peer) ok(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Errorf("peer: %v", err)
	}
}

// next describes the next frame, "EOF" at the end.
func (p *peer) next() string {
	f, err := p.ReadFrame()
	if err != nil {
		if err == io.EOF {
			return "EOF"
		}
		return err.Error()
	}
	h := f.Header()
	end := ""
	if (h.Type == http2.FrameData || h.Type == http2.FrameHeaders) && h.Flags.Has(http2.FlagDataEndStream) {
		end = " END_STREAM"
	}
	switch f := f.(type) {
	case *http2.DataFrame:
		text := string(f.Data())
		if len(text) > 100 {
			text = fmt.Sprintf("(%d bytes)", len(text))
		}
		return strings.TrimRight(fmt.Sprintf("DATA %d%s %s", h.StreamID, end, text), " ")
	case *http2.HeadersFrame:
		p.pending = append([]byte(nil), f.HeaderBlockFragment()...)
		for more := !f.HeadersEnded(); more; {
			c, err := p.ReadFrame()
			if err != nil {
				return err.Error()
			}
			p.pending = append(p.pending, c.(*http2.ContinuationFrame).HeaderBlockFragment()...)
			more = !c.(*http2.ContinuationFrame).HeadersEnded()
		}
		fields, err := p.decoder.DecodeFull(p.pending)
		if err != nil {
			return err.Error()
		}
		line := fmt.Sprintf("HEADERS %d%s", h.StreamID, end)
		for _, f := range fields {
			line += " " + f.Name + "=" + f.Value
		}
		return line
	case *http2.RSTStreamFrame:
		return fmt.Sprintf("RST_STREAM %d %s", h.StreamID, ErrCode(f.ErrCode))
	case *http2.GoAwayFrame:
		return fmt.Sprintf("GOAWAY %d %s", f.LastStreamID, ErrCode(f.ErrCode))
	case *http2.WindowUpdateFrame:
		return fmt.Sprintf("WINDOW_UPDATE %d %d", h.StreamID, f.Increment)
	case *http2.SettingsFrame:
		if f.IsAck() {
			return "SETTINGS ACK"
		}
		return "SETTINGS"
	case *http2.PingFrame:
		if f.IsAck() {
			return fmt.Sprintf("PING ACK %q", f.Data[:])
		}
		return fmt.Sprintf("PING %q", f.Data[:])
	}
	return h.String()
}

// expect reads frames that must be as described.
func (p *peer) expect(want ...string) {
	p.t.Helper()
	for _, w := range want {
		if got := p.next(); got != w {
			p.t.Fatalf("got  %.300s\nwant %.300s", got, w)
		}
	}
}

// expectEnd reads until the connection is closed; the last GOAWAY must have the code.
func (p *peer) expectEnd(code ErrCode) {
	p.t.Helper()
	last := ""
	for range 100000 {
		got := p.next()
		if strings.HasPrefix(got, "GOAWAY") {
			last = got
		}
		if got == "EOF" {
			if !strings.HasSuffix(last, " "+code.String()) {
				p.t.Errorf("the connection ended with %q, want %s", last, code)
			}
			return
		}
		if strings.Contains(got, "timeout") || strings.Contains(got, "reset") {
			p.t.Fatalf("the connection did not end in order: %s (after %q)", got, last)
		}
	}
	p.t.Fatal("the connection did not end")
}

// A served is a server's connection and the peer that plays the client.
type served struct {
	*peer
	loop   *loop.Loop
	worker *Worker
	server *ServerConn
	end    *handler
}

// serveWith serves one connection with f, and has the peer open it.
func serveWith(t testing.TB, o ServerOptions, f func(*loop.Task, *Stream), settings ...http2.Setting) *served {
	t.Helper()
	l := oneLoop(t)
	c, conn := connected(t, l)
	s := &served{peer: newPeer(t, conn), loop: l, worker: NewWorker(l), end: &handler{f: f}}
	onLoop(t, l, func() { s.server = s.worker.Serve(c, nil, o, s.end) })
	if _, err := io.WriteString(conn, preface); err != nil {
		t.Fatal(err)
	}
	s.ok(s.WriteSettings(settings...))
	s.expect("SETTINGS")
	if s.server.settings.ConnWindow > firstWindow {
		s.expect(fmt.Sprintf("WINDOW_UPDATE 0 %d", s.server.settings.ConnWindow-firstWindow))
	}
	s.expect("SETTINGS ACK")
	s.ok(s.WriteSettingsAck())
	return s
}

// A requested is a client's connection and the peer that plays the server.
type requested struct {
	*peer
	loop   *loop.Loop
	worker *Worker
	client *ClientConn
}

func requestWith(t testing.TB, o ClientOptions, settings ...http2.Setting) *requested {
	t.Helper()
	l := oneLoop(t)
	c, conn := connected(t, l)
	r := &requested{peer: newPeer(t, conn), loop: l, worker: NewWorker(l)}
	onLoop(t, l, func() { r.client = r.worker.NewClientConn(c, o) })
	got := make([]byte, len(preface))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != preface {
		t.Fatalf("preface %q, %v", got, err)
	}
	r.ok(r.WriteSettings(settings...))
	r.expect("SETTINGS")
	if r.client.settings.ConnWindow > firstWindow {
		r.expect(fmt.Sprintf("WINDOW_UPDATE 0 %d", r.client.settings.ConnWindow-firstWindow))
	}
	r.expect("SETTINGS ACK")
	r.ok(r.WriteSettingsAck())
	eventually(t, l, "the client knows the settings", func() bool { return r.client.settled })
	return r
}

// stream opens a stream and writes text to it, in one piece.
func (r *requested) stream(task *loop.Task, text string) *Stream {
	s, err := r.client.Open()
	if err != nil {
		r.t.Errorf("open: %v", err)
		return nil
	}
	if _, err := s.Write(task, []byte(text)); err != nil {
		r.t.Errorf("write: %v", err)
	}
	return s
}

const get = ":method: GET\n:scheme: https\n:authority: example.com\n:path: /\n"

const post = ":method: POST\n:scheme: https\n:authority: example.com\n:path: /\n"
