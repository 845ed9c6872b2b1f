package http2

import (
	"bytes"

	"net"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"spillway/internal/http1"
	"spillway/internal/loop"
)

// An exchange answers as a proxy does: it is used again, and allocates nothing.
type exchange struct {
	pool    *[]*exchange
	stream  *Stream
	request http1.Request
	room    [4096]byte
	slices  [2][]byte
}

var answerHead = []byte("HTTP/1.1 200 OK\r\nServer: test\r\nContent-Type: text/plain\r\nDate: Mon, 02 Jan 2006 15:04:05 GMT\r\nContent-Length: 125\r\n\r\n")

var answerBody = bytes.Repeat([]byte{'x'}, 125)

func (x *exchange) Run(t *loop.Task) {
	defer x.end()
	have := 0
	for {
		n, err := x.stream.Read(t, x.room[have:])
		if err != nil {
			return
		}
		have += n
		x.request.Reset()
		if n, err := x.request.Parse(x.room[:have], http1.DefaultLimits); err != nil {
			return
		} else if n > 0 {
			break
		}
	}
	x.slices = [2][]byte{answerHead, answerBody}
	_, _ = x.stream.WriteBuffers(t, x.slices[:])
}

func (x *exchange) end() {
	x.stream.Close()
	x.stream = nil
	*x.pool = append(*x.pool, x)
}

// exchanges is a handler that runs exchanges of a pool.
type exchanges []*exchange

func (e *exchanges) Stream(s *Stream) {
	var x *exchange
	if n := len(*e); n > 0 {
		x, *e = (*e)[n-1], (*e)[:n-1]
	} else {
		x = &exchange{pool: (*[]*exchange)(e)}
	}
	x.stream = s
	s.Loop().Start(x)
}

func (e *exchanges) Closed(*ServerConn) {}

// A requester sends requests as fast as they are answered, ten at a time.
type requester struct {
	t       testing.TB
	peer    net.Conn
	block   []byte
	out     []byte
	in      []byte
	next    uint32
	credits int
}

func newRequester(t testing.TB, h Handler) *requester {
	l := oneLoop(t)
	c, peer := connected(t, l)
	if err := peer.SetDeadline(timeNever); err != nil {
		t.Fatal(err)
	}
	w := NewWorker(l)
	onLoop(t, l, func() { w.Serve(c, nil, ServerOptions{}, h) })
	r := &requester{t: t, peer: peer, in: make([]byte, 64<<10), next: 1}
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	for range 2 { // the second time everything is indexed
		r.block = nil
		block.Reset()
		for _, f := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", "example.com"}, {":path", "/"},
			{"user-agent", "a client/1.0"}, {"accept", "*/*"}} {
			_ = e.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
		}
		if r.next == 1 {
			var start bytes.Buffer
			start.WriteString(preface)
			f := http2.NewFramer(&start, nil)
			_ = f.WriteSettings()
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndStream: true, EndHeaders: true})
			if _, err := peer.Write(start.Bytes()); err != nil {
				t.Fatal(err)
			}
			r.next = 3
			r.awaitEnds(1)
		}
	}
	r.block = append([]byte(nil), block.Bytes()...)
	return r
}

// awaitEnds reads until n streams have ended, and gives credit for what it reads.
func (r *requester) awaitEnds(n int) {
	for have := 0; n > 0; {
		got, err := r.peer.Read(r.in[have:])
		if err != nil {
			r.t.Error(err)
			return
		}
		have += got
		at := 0
		for have-at >= frameHeaderLen {
			h := parseFrameHeader(r.in[at:])
			if have-at < frameHeaderLen+h.length {
				break
			}
			if (h.kind == dataFrame || h.kind == headersFrame) && h.has(flagEndStream) {
				n--
			}
			if h.kind == dataFrame {
				r.credits += h.length
			}
			if h.kind == goAwayFrame {
				r.t.Errorf("GOAWAY %x", r.in[at:at+frameHeaderLen+h.length])
				return
			}
			at += frameHeaderLen + h.length
		}
		have = copy(r.in, r.in[at:have])
	}
}

func (r *requester) requests(n int) {
	r.out = r.out[:0]
	var head [frameHeaderLen]byte
	if r.credits > 0 {
		frameHeader{length: 4, kind: windowUpdateFrame}.put(head[:])
		r.out = append(r.out, head[:]...)
		r.out = append(r.out, 0, byte(r.credits>>16), byte(r.credits>>8), byte(r.credits))
		r.credits = 0
	}
	for range n {
		frameHeader{length: len(r.block), kind: headersFrame, flags: flagEndHeaders | flagEndStream, stream: r.next}.put(head[:])
		r.out = append(r.out, head[:]...)
		r.out = append(r.out, r.block...)
		r.next += 2
	}
	if _, err := r.peer.Write(r.out); err != nil {
		r.t.Error(err)
	}
	r.awaitEnds(n)
}

func BenchmarkServer(b *testing.B) {
	r := newRequester(b, new(exchanges))
	r.requests(10)
	b.ReportAllocs()
	b.ResetTimer()
	for left := b.N; left > 0; left -= 10 {
		r.requests(min(left, 10))
	}
}
