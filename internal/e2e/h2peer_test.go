package e2e

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// framePeer speaks HTTP/2 by the frame, as a client or as a backend. It answers
// SETTINGS and PING by itself; of flow control it does nothing unless it is greedy.
// It belongs to one goroutine.
type framePeer struct {
	net.Conn
	t       testing.TB
	framer  *http2.Framer
	block   bytes.Buffer
	encoder *hpack.Encoder

	number   int      // of a backend's connection, from 1
	each     []func() // what a backend does after every frame
	greedy   bool     // every DATA is given back to both windows at once
	mute     bool     // PINGs are not answered
	streams  map[uint32]*frameStream
	opened   []uint32 // streams in the order in which their first HEADERS came
	goAway   *http2.GoAwayFrame
	pings    int // that were not answers
	pongs    int
	acked    bool // this side's SETTINGS
	settled  bool // the other side's SETTINGS came
	ended    bool // the connection
	end      error
	extended bool  // the other side offers extended CONNECT
	initial  int64 // what the other side gives a new stream
	window   int64 // what may be sent on the connection
}

// A frameStream is what came on one stream.
type frameStream struct {
	interim  []map[string]string
	fields   map[string]string // values of one name are joined by a comma
	trailers map[string]string
	body     []byte
	ended    bool
	reset    *http2.ErrCode
	window   int64 // what the other side has given and was not used, besides the initial one
}

func newFramePeer(t testing.TB, conn net.Conn) *framePeer {
	p := &framePeer{Conn: conn, t: t, framer: http2.NewFramer(conn, conn), streams: map[uint32]*frameStream{},
		initial: 65535, window: 65535}
	p.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	p.framer.MaxHeaderListSize = 1 << 20
	p.framer.AllowIllegalWrites = true
	p.encoder = hpack.NewEncoder(&p.block)
	conn.SetDeadline(time.Now().Add(3 * patience))
	return p
}

// dialFrames opens a connection by prior knowledge and sends the preface.
func dialFrames(t testing.TB, address string, settings ...http2.Setting) *framePeer {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		t.Fatal(err)
	}
	return beginFrames(t, conn, settings)
}

// dialFramesTLS is dialFrames over TLS.
func dialFramesTLS(t testing.TB, address string, settings ...http2.Setting) *framePeer {
	t.Helper()
	conn, err := tls.Dial("tcp", address, clientTLS("h2"))
	if err != nil {
		t.Fatal(err)
	}
	return beginFrames(t, conn, settings)
}

func beginFrames(t testing.TB, conn net.Conn, settings []http2.Setting) *framePeer {
	t.Helper()
	t.Cleanup(func() { conn.Close() })
	p := newFramePeer(t, conn)
	io.WriteString(conn, http2.ClientPreface)
	p.framer.WriteSettings(settings...)
	p.until("the proxy's SETTINGS", func() bool { return p.settled })
	return p
}

// Headers sends a head or trailers; fields are "name: value" each.
func (p *framePeer) Headers(id uint32, end bool, fields ...string) {
	p.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: p.encode(fields), EndStream: end, EndHeaders: true})
}

func (p *framePeer) encode(fields []string) []byte {
	p.block.Reset()
	for _, field := range fields {
		name, value, _ := strings.Cut(field[1:], ": ")
		p.encoder.WriteField(hpack.HeaderField{Name: field[:1] + name, Value: value})
	}
	return bytes.Clone(p.block.Bytes())
}

// Ask sends a request; fields are more than what every one has.
func (p *framePeer) Ask(id uint32, end bool, method, path string, fields ...string) {
	p.Headers(id, end, append([]string{":method: " + method, ":scheme: http", ":authority: example.com", ":path: " + path}, fields...)...)
}

// Data sends a piece of a body, whatever the windows are.
func (p *framePeer) Data(id uint32, end bool, data string) {
	p.framer.WriteData(id, end, []byte(data))
	p.window -= int64(len(data))
	p.stream(id).window -= int64(len(data))
}

// room is how many bytes of a body the windows take now.
func (p *framePeer) room(id uint32) int { return int(min(p.window, p.stream(id).window+p.initial)) }

// Body sends all of a body within the windows; false when the connection or the
// stream ends before.
func (p *framePeer) Body(id uint32, body string) bool {
	s := p.stream(id)
	for _, piece := range split(body, 10000) {
		if !p.await(func() bool { return s.reset != nil || p.room(id) >= len(piece) }) || s.reset != nil {
			return false
		}
		p.Data(id, false, piece)
	}
	p.Data(id, true, "")
	return true
}

func (p *framePeer) stream(id uint32) *frameStream {
	s := p.streams[id]
	if s == nil {
		s = &frameStream{}
		p.streams[id] = s
	}
	return s
}

// step takes one frame; false at the end of the connection.
func (p *framePeer) step() bool {
	if p.ended {
		return false
	}
	f, err := p.framer.ReadFrame()
	var broken http2.StreamError
	switch {
	case errors.As(err, &broken):
		p.t.Errorf("the proxy sent a malformed head on stream %d: %v", broken.StreamID, err)
		return true
	case err != nil:
		var late net.Error
		if errors.As(err, &late) && late.Timeout() {
			p.t.Error("the proxy sends nothing any more")
		}
		p.ended, p.end = true, err
		return false
	}
	switch f := f.(type) {
	case *http2.SettingsFrame:
		if f.IsAck() {
			p.acked = true
		} else {
			p.settled = true
			v, ok := f.Value(http2.SettingEnableConnectProtocol)
			p.extended = ok && v == 1
			if v, ok := f.Value(http2.SettingInitialWindowSize); ok {
				p.initial = int64(v)
			}
			p.framer.WriteSettingsAck()
		}
	case *http2.PingFrame:
		switch {
		case f.IsAck():
			p.pongs++
		default:
			if p.pings++; !p.mute {
				p.framer.WritePing(true, f.Data)
			}
		}
	case *http2.GoAwayFrame:
		p.goAway = f
	case *http2.RSTStreamFrame:
		code := f.ErrCode
		p.stream(f.StreamID).reset = &code
	case *http2.WindowUpdateFrame:
		if f.StreamID == 0 {
			p.window += int64(f.Increment)
		} else {
			p.stream(f.StreamID).window += int64(f.Increment)
		}
	case *http2.MetaHeadersFrame:
		p.takeHead(f)
	case *http2.DataFrame:
		s := p.stream(f.StreamID)
		s.body = append(s.body, f.Data()...)
		s.ended = s.ended || f.StreamEnded()
		if n := f.Header().Length; p.greedy && n > 0 {
			p.framer.WriteWindowUpdate(0, n)
			if !f.StreamEnded() {
				p.framer.WriteWindowUpdate(f.StreamID, n)
			}
		}
	}
	return true
}

func (p *framePeer) takeHead(f *http2.MetaHeadersFrame) {
	s := p.stream(f.StreamID)
	fields := map[string]string{}
	for _, field := range f.Fields {
		if before, twice := fields[field.Name]; twice {
			fields[field.Name] = before + ", " + field.Value
		} else {
			fields[field.Name] = field.Value
		}
	}
	switch {
	case s.fields != nil:
		s.trailers = fields
	case len(fields[":status"]) == 3 && fields[":status"][0] == '1':
		s.interim = append(s.interim, fields)
	default:
		s.fields = fields
		p.opened = append(p.opened, f.StreamID)
	}
	s.ended = s.ended || f.StreamEnded()
}

// until takes frames until the condition holds; the end of the connection before that ends the test.
func (p *framePeer) until(what string, condition func() bool) {
	p.t.Helper()
	p.SetReadDeadline(time.Now().Add(patience))
	if !p.await(condition) {
		p.t.Fatalf("the connection ended before %s: %v; GOAWAY %v", what, p.end, p.goAway)
	}
}

// await is until for the scripts of backends: false at the end of the connection.
func (p *framePeer) await(condition func() bool) bool {
	for !condition() {
		if !p.step() {
			return condition()
		}
	}
	return true
}

// over waits for the end of a stream, however it comes.
func (p *framePeer) over(id uint32) *frameStream {
	p.t.Helper()
	s := p.stream(id)
	p.until("stream "+strconv.Itoa(int(id))+" ends", s.isOver)
	return s
}

// Get asks and waits for the answer.
func (p *framePeer) Get(id uint32, path string, fields ...string) *frameStream {
	p.t.Helper()
	p.Ask(id, true, "GET", path, fields...)
	return p.over(id)
}

// works fails the test unless the connection still serves a request of that id.
func (p *framePeer) works(id uint32) {
	p.t.Helper()
	if s := p.Get(id, "/works"); s.reset != nil || s.status() != "200" {
		p.t.Errorf("the connection does not serve the next request: %s", s)
	}
}

// lastWord reads to the end of the connection and returns the code of its GOAWAY.
func (p *framePeer) lastWord() http2.ErrCode {
	p.t.Helper()
	p.SetReadDeadline(time.Now().Add(patience))
	for p.step() {
	}
	if p.goAway == nil {
		p.t.Fatal("the connection ended without GOAWAY")
	}
	return p.goAway.ErrCode
}

func (s *frameStream) status() string { return s.fields[":status"] }

func (s *frameStream) String() string {
	text := "status " + s.status() + ", " + strconv.Itoa(len(s.body)) + " bytes"
	if s.ended {
		text += ", ended"
	}
	if s.reset != nil {
		text += ", reset by " + s.reset.String()
	}
	return text
}

// isOver tells whether the stream has ended, in whichever way.
func (s *frameStream) isOver() bool { return s.ended || s.reset != nil }

// wasReset tells whether the stream was reset and not ended before.
func (s *frameStream) wasReset() bool { return s.reset != nil && !s.ended }

// newFrameBackend is a backend that speaks HTTP/2 by the frame, with prior
// knowledge. answer is called for each request whose head has come; each
// connection has a goroutine of its own, and ends with it.
func newFrameBackend(t testing.TB, answer func(p *framePeer, id uint32), settings ...http2.Setting) *Backend {
	t.Helper()
	ln := listenAnywhere(t)
	var running sync.WaitGroup
	conns := map[net.Conn]bool{}
	b := &Backend{Name: "frames", Address: ln.Addr().String(), t: t}
	running.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			b.update(func() { conns[conn] = true })
			running.Go(func() {
				defer conn.Close()
				serveFrames(b, conn, answer, settings)
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		b.update(func() {
			for conn := range conns {
				conn.Close()
			}
		})
		running.Wait()
	})
	return b
}

func serveFrames(b *Backend, conn net.Conn, answer func(p *framePeer, id uint32), settings []http2.Setting) {
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := io.ReadFull(conn, preface); err != nil {
		return // somebody who only connects
	}
	number := 0
	b.update(func() { b.accepted++; number = b.accepted })
	p := newFramePeer(b.t, conn)
	p.number = number
	p.framer.WriteSettings(settings...)
	for answered := 0; p.step(); {
		for ; answered < len(p.opened); answered++ {
			answer(p, p.opened[answered])
		}
		for _, work := range p.each {
			work()
		}
	}
}

// Reply answers a request whole.
func (p *framePeer) Reply(id uint32, body string, fields ...string) {
	p.Headers(id, body == "", append([]string{":status: 200"}, fields...)...)
	if body != "" {
		p.Data(id, true, body)
	}
}
