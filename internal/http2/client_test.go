package http2

import (
	"errors"
	"io"
	"strings"
	"testing"

	"golang.org/x/net/http2"

	"spillway/internal/loop"
)

// requestFrames say which frames the text of a request becomes.
var requestFrames = []struct {
	name, text string
	frames     []string
}{
	{name: "plain", text: "GET /a?b HTTP/1.1\r\nHost: example.com\r\nUser-Agent: x\r\n\r\n",
		frames: []string{"HEADERS 1 END_STREAM :method=GET :scheme=http :authority=example.com :path=/a?b user-agent=x"}},
	{name: "absolute form", text: "GET http://other.com?b HTTP/1.1\r\nHost: example.com\r\n\r\n",
		frames: []string{"HEADERS 1 END_STREAM :method=GET :scheme=http :authority=other.com :path=/?b"}},
	{name: "asterisk", text: "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
		frames: []string{"HEADERS 1 END_STREAM :method=OPTIONS :scheme=http :authority=a :path=*"}},
	{name: "hop-by-hop", text: "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, x-own\r\nX-Own: 1\r\nKeep-Alive: 1\r\nProxy-Connection: x\r\nTE: gzip\r\nHTTP2-Settings: x\r\n\r\n",
		frames: []string{"HEADERS 1 END_STREAM :method=GET :scheme=http :authority=a :path=/"}},
	{name: "trailers taken", text: "GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: te\r\n\r\n",
		frames: []string{"HEADERS 1 END_STREAM :method=GET :scheme=http :authority=a :path=/ te=trailers"}},
	{name: "length", text: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
		frames: []string{"HEADERS 1 :method=POST :scheme=http :authority=a :path=/ content-length=5", "DATA 1 END_STREAM hello"}},
	{name: "length nought", text: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
		frames: []string{"HEADERS 1 END_STREAM :method=POST :scheme=http :authority=a :path=/ content-length=0"}},
	{name: "chunks", text: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		frames: []string{"HEADERS 1 :method=POST :scheme=http :authority=a :path=/", "DATA 1 END_STREAM hello"}},
	{name: "trailer", text: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n",
		frames: []string{"HEADERS 1 :method=POST :scheme=http :authority=a :path=/", "DATA 1 hello", "HEADERS 1 END_STREAM x-sum=1"}},
	{name: "gRPC", text: "POST /s/m HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc+proto\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		frames: []string{"HEADERS 1 :method=POST :scheme=http :authority=a :path=/s/m content-type=application/grpc+proto te=trailers", "DATA 1 END_STREAM hello"}},
}

func TestRequestFrames(t *testing.T) {
	for _, c := range requestFrames {
		for _, piece := range []int{1 << 20, 7, 1} {
			t.Run(c.name, func(t *testing.T) {
				r := requestWith(t, ClientOptions{})
				onTask(t, r.loop, func(task *loop.Task) {
					s, err := r.client.Open()
					if err != nil {
						t.Fatal(err)
					}
					for text := c.text; text != ""; text = text[min(piece, len(text)):] {
						if _, err := s.Write(task, []byte(text[:min(piece, len(text))])); err != nil {
							t.Error(err)
						}
					}
				})
				r.expect(c.frames...)
			})
		}
	}
}

// responseTexts say which text the frames of a response become, and how reading ends.
var responseTexts = []struct {
	name, request string
	send          func(p *peer)
	text          string
	err           error // nil: io.EOF
}{
	{name: "length", send: func(p *peer) {
		p.headers(1, false, ":status: 200\nserver: x\ncontent-length: 5")
		p.ok(p.WriteData(1, true, []byte("hello")))
	}, text: "HTTP/1.1 200 \r\nserver: x\r\ncontent-length: 5\r\n\r\nhello"},
	{name: "no length", send: func(p *peer) {
		p.headers(1, false, ":status: 200")
		p.ok(p.WriteDataPadded(1, true, []byte("hello"), make([]byte, 10)))
	}, text: "HTTP/1.1 200 \r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
	{name: "trailer", send: func(p *peer) {
		p.headers(1, false, ":status: 200")
		p.ok(p.WriteData(1, false, []byte("hello")))
		p.headers(1, true, "grpc-status: 0")
	}, text: "HTTP/1.1 200 \r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\ngrpc-status: 0\r\n\r\n"},
	{name: "trailers only", send: func(p *peer) { p.headers(1, true, ":status: 200\ngrpc-status: 5") },
		text: "HTTP/1.1 200 \r\ngrpc-status: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"},
	{name: "length nought", send: func(p *peer) { p.headers(1, true, ":status: 200\ncontent-length: 0") },
		text: "HTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n"},
	{name: "nothing", send: func(p *peer) { p.headers(1, true, ":status: 204") }, text: "HTTP/1.1 204 \r\n\r\n"},
	{name: "not modified", send: func(p *peer) { p.headers(1, true, ":status: 304\ncontent-length: 7") }, text: "HTTP/1.1 304 \r\ncontent-length: 7\r\n\r\n"},
	{name: "HEAD", request: "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", send: func(p *peer) { p.headers(1, true, ":status: 200\ncontent-length: 7") },
		text: "HTTP/1.1 200 \r\ncontent-length: 7\r\n\r\n"},
	{name: "HEAD that ends with DATA", request: "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", send: func(p *peer) {
		p.headers(1, false, ":status: 200\ncontent-length: 7")
		p.ok(p.WriteData(1, true, nil))
	}, text: "HTTP/1.1 200 \r\ncontent-length: 7\r\n\r\n"},
	{name: "interim", send: func(p *peer) {
		p.headers(1, false, ":status: 100")
		p.headers(1, false, ":status: 103\nlink: </a>")
		p.headers(1, true, ":status: 204")
	}, text: "HTTP/1.1 100 \r\n\r\nHTTP/1.1 103 \r\nlink: </a>\r\n\r\nHTTP/1.1 204 \r\n\r\n"},
	{name: "reset behind the answer", request: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", send: func(p *peer) {
		p.headers(1, true, ":status: 413\ncontent-length: 0")
		p.ok(p.WriteRSTStream(1, http2.ErrCodeNo))
	}, text: "HTTP/1.1 413 \r\ncontent-length: 0\r\n\r\n"},
	{name: "reset in the answer", send: func(p *peer) {
		p.headers(1, false, ":status: 200\ncontent-length: 10")
		p.ok(p.WriteData(1, false, []byte("hello")))
		p.ok(p.WriteRSTStream(1, http2.ErrCodeInternal))
	}, text: "HTTP/1.1 200 \r\ncontent-length: 10\r\n\r\nhello", err: ErrReset},
	{name: "refused", send: func(p *peer) { p.ok(p.WriteRSTStream(1, http2.ErrCodeRefusedStream)) }, err: ErrRefused},
	{name: "left out of a GOAWAY", send: func(p *peer) { p.ok(p.WriteGoAway(0, http2.ErrCodeNo, nil)) }, err: ErrRefused},
	{name: "within a GOAWAY", send: func(p *peer) {
		p.ok(p.WriteGoAway(1, http2.ErrCodeNo, nil))
		p.headers(1, true, ":status: 204")
	}, text: "HTTP/1.1 204 \r\n\r\n"},
	{name: "lost", send: func(p *peer) { p.conn.Close() }, err: ErrConnection},
	{name: "lost in the answer", send: func(p *peer) {
		p.headers(1, false, ":status: 200")
		p.ok(p.WriteData(1, false, []byte("hello")))
		p.conn.Close()
	}, text: "HTTP/1.1 200 \r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", err: ErrConnection},
	{name: "too little", send: func(p *peer) {
		p.headers(1, false, ":status: 200\ncontent-length: 6")
		p.ok(p.WriteData(1, true, []byte("hello")))
	}, text: "HTTP/1.1 200 \r\ncontent-length: 6\r\n\r\n", err: ErrReset},
	{name: "too much", send: func(p *peer) {
		p.headers(1, false, ":status: 200\ncontent-length: 4")
		p.ok(p.WriteData(1, true, []byte("hello")))
	}, text: "HTTP/1.1 200 \r\ncontent-length: 4\r\n\r\n", err: ErrReset},
	{name: "nothing of a length", send: func(p *peer) { p.headers(1, true, ":status: 200\ncontent-length: 4") }, err: ErrReset},
	{name: "body of a HEAD", request: "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", send: func(p *peer) {
		p.headers(1, false, ":status: 200")
		p.ok(p.WriteData(1, true, []byte("hello")))
	}, text: "HTTP/1.1 200 \r\n\r\n", err: ErrReset},
	{name: "DATA before the head", send: func(p *peer) { p.ok(p.WriteData(1, true, []byte("hello"))) }, err: ErrReset},
	{name: "no status", send: func(p *peer) { p.headers(1, true, "a: b") }, err: ErrReset},
	{name: "odd status", send: func(p *peer) { p.headers(1, true, ":status: 2000") }, err: ErrReset},
	{name: "switch of protocols", send: func(p *peer) { p.headers(1, false, ":status: 101") }, err: ErrReset},
	{name: "end in an interim head", send: func(p *peer) { p.headers(1, true, ":status: 100") }, err: ErrReset},
	{name: "request's field", send: func(p *peer) { p.headers(1, true, ":status: 200\n:path: /") }, err: ErrReset},
	{name: "connection", send: func(p *peer) { p.headers(1, true, ":status: 200\nconnection: close") }, err: ErrReset},
	{name: "coding", send: func(p *peer) { p.headers(1, true, ":status: 200\ntransfer-encoding: chunked") }, err: ErrReset},
	{name: "NUL", send: func(p *peer) { p.headers(1, true, ":status: 200\n"+`a: x\0`) }, err: ErrReset},
	{name: "line end", send: func(p *peer) { p.headers(1, true, ":status: 200\n"+`a: x\r\nb: c`) }, err: ErrReset},
	{name: "upper case", send: func(p *peer) { p.headers(1, true, ":status: 200\nServer: x") }, err: ErrReset},
	{name: "differing lengths", send: func(p *peer) { p.headers(1, false, ":status: 200\ncontent-length: 1\ncontent-length: 2") }, err: ErrReset},
	{name: "trailer that does not end", send: func(p *peer) {
		p.headers(1, false, ":status: 200\ncontent-length: 1")
		p.headers(1, false, "a: b")
	}, text: "HTTP/1.1 200 \r\ncontent-length: 1\r\n\r\n", err: ErrReset},
	{name: "pseudo-field in a trailer", send: func(p *peer) {
		p.headers(1, false, ":status: 200\ncontent-length: 1")
		p.headers(1, true, ":status: 200")
	}, text: "HTTP/1.1 200 \r\ncontent-length: 1\r\n\r\n", err: ErrReset},
	{name: "too large a head", send: func(p *peer) {
		p.headers(1, true, ":status: 200\n"+strings.Repeat("a: "+strings.Repeat("x", 1000)+"\n", 40))
	}, err: ErrReset},
}

func TestResponseText(t *testing.T) {
	for _, c := range responseTexts {
		t.Run(c.name, func(t *testing.T) {
			r := requestWith(t, ClientOptions{})
			request := c.request
			if request == "" {
				request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
			}
			var s *Stream
			onTask(t, r.loop, func(task *loop.Task) { s = r.stream(task, request) })
			r.next()
			c.send(r.peer)
			onTask(t, r.loop, func(task *loop.Task) {
				defer s.Close()
				var text strings.Builder
				_, err := io.Copy(&text, onlyReader{taskStream{s, task}})
				if text.String() != c.text {
					t.Errorf("got  %q\nwant %q", text.String(), c.text)
				}
				if !errors.Is(err, c.err) {
					t.Errorf("error %v, want %v", err, c.err)
				}
			})
			onLoop(t, r.loop, func() {
				if r.client.Streams() != 0 {
					t.Error("the stream still counts")
				}
			})
		})
	}
}

func TestClosedStreams(t *testing.T) {
	for _, c := range []struct {
		name, request string
		answered      bool
		want          string
	}{
		{"answered", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", true, "PING ACK"},
		{"not answered", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", false, "RST_STREAM 1 CANCEL"},
		{"answered early", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", true, "RST_STREAM 1 CANCEL"},
		{"half a request", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", false, "RST_STREAM 1 CANCEL"},
		{"half a head", "GET / HTTP/1.1\r\n", false, "PING ACK"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := requestWith(t, ClientOptions{})
			var s *Stream
			onTask(t, r.loop, func(task *loop.Task) { s = r.stream(task, c.request) })
			if s.ID() != 0 {
				r.next()
			}
			if c.answered {
				r.headers(1, true, ":status: 204")
			}
			onTask(t, r.loop, func(task *loop.Task) {
				if c.answered {
					if _, err := readAll(task, s); err != nil {
						t.Error(err)
					}
				}
				s.Close()
				s.Close()
				if _, err := s.Read(task, make([]byte, 1)); err != loop.ErrClosed {
					t.Errorf("read: %v", err)
				}
				if _, err := s.Write(task, make([]byte, 1)); err != loop.ErrClosed {
					t.Errorf("write: %v", err)
				}
			})
			r.ok(r.WritePing(false, [8]byte{}))
			if got := r.next(); !strings.HasPrefix(got, c.want) {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestLimitOfTheServer(t *testing.T) {
	r := requestWith(t, ClientOptions{}, http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 1})
	onTask(t, r.loop, func(task *loop.Task) {
		s := r.stream(task, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if _, err := r.client.Open(); r.client.CanTakeStream() || !errors.Is(err, ErrUnavailable) {
			t.Errorf("a second stream: %v", err)
		}
		s.Close()
		if !r.client.CanTakeStream() {
			t.Error("no stream after the first was closed")
		}
	})
}

func TestGoAwayEndsTheConnection(t *testing.T) {
	r := requestWith(t, ClientOptions{})
	var s, unsent *Stream
	onTask(t, r.loop, func(task *loop.Task) {
		s = r.stream(task, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		unsent = r.stream(task, "GET / HTT")
	})
	r.next()
	r.ok(r.WriteGoAway(1, http2.ErrCodeNo, nil))
	eventually(t, r.loop, "no stream is taken", r.client.Done)
	onTask(t, r.loop, func(task *loop.Task) {
		if _, err := unsent.Write(task, []byte("P/1.1\r\nHost: a\r\n\r\n")); !errors.Is(err, ErrRefused) {
			t.Errorf("write to a stream that was not opened: %v", err)
		}
		if _, err := unsent.Read(task, make([]byte, 1)); !errors.Is(err, ErrRefused) {
			t.Errorf("read from it: %v", err)
		}
		unsent.Close()
	})
	r.headers(1, true, ":status: 204")
	onTask(t, r.loop, func(task *loop.Task) {
		if text, err := readAll(task, s); err != nil || text != "HTTP/1.1 204 \r\n\r\n" {
			t.Errorf("%q, %v", text, err)
		}
		s.Close()
	})
	r.expect("GOAWAY 0 NO_ERROR", "EOF")
}

func TestWebSocketToTheBackend(t *testing.T) {
	const request = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
	r := requestWith(t, ClientOptions{}, http2.Setting{ID: http2.SettingEnableConnectProtocol, Val: 1})
	var s *Stream
	onTask(t, r.loop, func(task *loop.Task) { s = r.stream(task, request) })
	r.expect("HEADERS 1 :method=CONNECT :protocol=websocket :scheme=http :authority=a :path=/chat sec-websocket-version=13")
	r.headers(1, false, ":status: 200\nsec-websocket-protocol: chat")
	r.ok(r.WriteData(1, false, []byte("to the client")))
	onTask(t, r.loop, func(task *loop.Task) {
		// The answer to that key is an example of RFC 6455 1.3.
		const want = "HTTP/1.1 101 \r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nsec-websocket-protocol: chat\r\n\r\nto the client"
		got := make([]byte, len(want))
		if _, err := io.ReadFull(taskStream{s, task}, got); err != nil || string(got) != want {
			t.Errorf("%q, %v", got, err)
		}
		_, _ = s.Write(task, []byte("to the server"))
		_ = s.CloseWrite(task)
	})
	if got := r.next(); got == "DATA 1 to the server" {
		r.expect("DATA 1 END_STREAM")
	} else if got != "DATA 1 END_STREAM to the server" {
		t.Error(got)
	}
	r.ok(r.WriteData(1, true, nil))
	onTask(t, r.loop, func(task *loop.Task) {
		if text, err := readAll(task, s); text != "" || err != nil {
			t.Errorf("%q, %v", text, err)
		}
		s.Close()
	})
}

func TestWebSocketThatTheBackendDoesNotTake(t *testing.T) {
	r := requestWith(t, ClientOptions{})
	onTask(t, r.loop, func(task *loop.Task) {
		s, _ := r.client.Open()
		_, err := s.Write(task, []byte("GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n"))
		if !errors.Is(err, ErrNoUpgrade) {
			t.Errorf("write: %v", err)
		}
		if _, err := s.Read(task, make([]byte, 1)); !errors.Is(err, ErrNoUpgrade) {
			t.Errorf("read: %v", err)
		}
		s.Close()
	})
}
