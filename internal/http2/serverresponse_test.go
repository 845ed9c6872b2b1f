package http2

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"spillway/internal/loop"
)

// answers say which frames the text of an answer becomes. The text is written in
// the pieces between bars, all of them in one call.
var answers = []struct {
	name, method string
	text         string
	frames       []string
}{
	{name: "nothing", text: "HTTP/1.1 204 No Content\r\n\r\n", frames: []string{"HEADERS 1 END_STREAM :status=204"}},
	{name: "length nought", text: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		frames: []string{"HEADERS 1 END_STREAM :status=200 content-length=0"}},
	{name: "length", text: "HTTP/1.1 200 OK\r\nServer: X\r\nContent-Length: 5\r\n\r\nhello",
		frames: []string{"HEADERS 1 :status=200 server=X content-length=5", "DATA 1 END_STREAM hello"}},
	{name: "length in pieces", text: "HTTP/1.1 200| OK\r\nContent-Length: 5\r|\n\r|\nhe|ll|o",
		frames: []string{"HEADERS 1 :status=200 content-length=5", "DATA 1 END_STREAM hello"}},
	{name: "chunks", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n|2\r\nhe\r\n3\r\nllo\r\n|0\r\n\r\n",
		frames: []string{"HEADERS 1 :status=200", "DATA 1 END_STREAM hello"}},
	{name: "chunks with a trailer", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\nX-Sum: 1|\r\n\r\n",
		frames: []string{"HEADERS 1 :status=200", "DATA 1 hello", "HEADERS 1 END_STREAM x-sum=1"}},
	{name: "no chunk", text: "HTTP/1.1 200 OK\r\ngrpc-status: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		frames: []string{"HEADERS 1 END_STREAM :status=200 grpc-status=5"}},
	{name: "no chunk, in pieces", text: "HTTP/1.1 200 OK\r\ngrpc-status: 5\r\nTransfer-Encoding: chunked\r\n\r\n|0\r\n|\r\n",
		frames: []string{"HEADERS 1 END_STREAM :status=200 grpc-status=5"}},
	{name: "until the close", text: "HTTP/1.0 200 OK\r\n\r\nhello", frames: []string{"HEADERS 1 :status=200", "DATA 1 END_STREAM hello"}},
	{name: "interim", text: "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n|HTTP/1.1 100 Continue\r\n\r\n|HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
		frames: []string{"HEADERS 1 :status=103 link=</a>", "HEADERS 1 :status=100", "HEADERS 1 :status=200 content-length=2", "DATA 1 END_STREAM hi"}},
	{name: "HEAD", method: "HEAD", text: "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
		frames: []string{"HEADERS 1 END_STREAM :status=200 content-length=1000"}},
	{name: "HEAD of chunks", method: "HEAD", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
		frames: []string{"HEADERS 1 END_STREAM :status=200"}},
	{name: "not modified", text: "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 5\r\n\r\n",
		frames: []string{"HEADERS 1 END_STREAM :status=304 etag=\"x\" content-length=5"}},
	{name: "hop-by-hop", text: "HTTP/1.1 200 OK\r\nConnection: close, X-Own\r\nKeep-Alive: timeout=5\r\nX-Own: 1\r\nUpgrade: h2c\r\nProxy-Connection: close\r\nTE: x\r\nContent-Length: 0\r\n\r\n",
		frames: []string{"HEADERS 1 END_STREAM :status=200 content-length=0"}},
	{name: "cut", text: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
		frames: []string{"HEADERS 1 :status=200 content-length=9", "DATA 1 hello", "RST_STREAM 1 INTERNAL_ERROR"}},
	{name: "cut in chunks", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello",
		frames: []string{"HEADERS 1 :status=200", "DATA 1 hello", "RST_STREAM 1 INTERNAL_ERROR"}},
	{name: "cut in the head", text: "HTTP/1.1 200 OK\r\nConte", frames: []string{"RST_STREAM 1 INTERNAL_ERROR"}},
	{name: "no answer", text: "", frames: []string{"RST_STREAM 1 INTERNAL_ERROR"}},
	{name: "no HTTP", text: "SSH-2.0\r\n\r\n", frames: []string{"RST_STREAM 1 INTERNAL_ERROR"}},
	{name: "a switch nobody asked for", text: "HTTP/1.1 101 \r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", frames: []string{"RST_STREAM 1 INTERNAL_ERROR"}},
	{name: "bad chunk", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
		frames: []string{"HEADERS 1 :status=200", "RST_STREAM 1 INTERNAL_ERROR"}},
	{name: "values of the peer's kind", text: "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Empty:\r\nContent-Length: 0\r\n\r\n",
		frames: []string{"HEADERS 1 END_STREAM :status=200 set-cookie=a=1 set-cookie=b=2 x-empty= content-length=0"}},
}

func TestAnswers(t *testing.T) {
	for _, c := range answers {
		for _, how := range []string{"buffers", "writes", "bytes"} {
			t.Run(c.name+" in "+how, func(t *testing.T) {
				s := serveWith(t, ServerOptions{}, func(task *loop.Task, s *Stream) {
					var pieces [][]byte
					for piece := range strings.SplitSeq(c.text, "|") {
						pieces = append(pieces, []byte(piece))
					}
					switch how {
					case "buffers":
						_, _ = s.WriteBuffers(task, pieces)
					case "writes":
						for _, p := range pieces {
							_, _ = s.Write(task, p)
						}
					default:
						for _, p := range pieces {
							for i := range p {
								_, _ = s.Write(task, p[i:i+1])
							}
						}
					}
				})
				method := c.method
				if method == "" {
					method = "GET"
				}
				s.headers(1, true, ":method: "+method+"\n:scheme: http\n:path: /\n:authority: a")
				s.expect(c.frames...)
			})
		}
	}
}

func TestNothingIsTakenBehindAnAnswer(t *testing.T) {
	s := serveWith(t, ServerOptions{}, func(task *loop.Task, s *Stream) {
		text := "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
		n, err := s.Write(task, []byte(text+"HTTP/1.1 200 OK\r\n\r\n"))
		if n != len(text) || !errors.Is(err, ErrMessage) {
			t.Errorf("%d, %v", n, err)
		}
	})
	s.headers(1, true, get)
	s.expect("HEADERS 1 :status=200 content-length=2", "DATA 1 END_STREAM hi")
}

// TestAnswerBeforeTheRequestEnds: the client is told that the rest is not wanted.
func TestAnswerBeforeTheRequestEnds(t *testing.T) {
	for _, half := range []bool{false, true} {
		t.Run(fmt.Sprint("CloseWrite first: ", half), func(t *testing.T) {
			s := serveWith(t, ServerOptions{}, func(task *loop.Task, s *Stream) {
				_, _ = s.Write(task, []byte("HTTP/1.1 413 \r\nContent-Length: 0\r\n\r\n"))
				if half {
					if err := s.CloseWrite(task); err != nil {
						t.Error(err)
					}
					if text, err := readAll(task, s); err != nil || text != "" {
						t.Errorf("read %q, %v", text, err)
					}
				}
			})
			s.headers(1, false, post)
			s.expect("HEADERS 1 END_STREAM :status=413 content-length=0", "RST_STREAM 1 NO_ERROR")
			s.ok(s.WriteData(1, false, []byte("under way")))
			s.ok(s.WritePing(false, [8]byte{}))
			s.expect(`PING ACK "\x00\x00\x00\x00\x00\x00\x00\x00"`)
		})
	}
}

func TestLargeHead(t *testing.T) {
	value := strings.Repeat("y", 100<<10)
	s := serveWith(t, ServerOptions{}, func(task *loop.Task, s *Stream) {
		_, _ = s.Write(task, []byte("HTTP/1.1 200 OK\r\nX: "+value+"\r\nContent-Length: 0\r\n\r\n"))
	})
	s.headers(1, true, get)
	s.expect("HEADERS 1 END_STREAM :status=200 x=" + value + " content-length=0")
}

func TestWebSocket(t *testing.T) {
	head := make(chan string, 1)
	s := serveWith(t, ServerOptions{}, func(task *loop.Task, s *Stream) {
		p := make([]byte, 1000)
		n, _ := s.Read(task, p)
		head <- string(p[:n])
		_, _ = s.Write(task, []byte("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\nSec-WebSocket-Protocol: chat\r\n\r\n"))
		text, err := readAll(task, s)
		if text != "to the server" || err != nil {
			t.Errorf("read %q, %v", text, err)
		}
		_, _ = s.Write(task, []byte("to the client"))
		if err := s.CloseWrite(task); err != nil {
			t.Error(err)
		}
	})
	s.headers(1, false, ":method: CONNECT\n:protocol: websocket\n:scheme: https\n:path: /chat\n:authority: a\nsec-websocket-version: 13\nsec-websocket-key: none of its own")
	s.ok(s.WriteData(1, false, []byte("to the ")))
	text := <-head
	before, rest, _ := strings.Cut(text, "sec-websocket-key: ")
	key, behind, _ := strings.Cut(rest, "\r\n")
	if before != "GET /chat HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\n" || len(key) != 24 || behind != "sec-websocket-version: 13\r\n\r\n" {
		t.Errorf("%q", text)
	}
	s.expect("HEADERS 1 :status=200 sec-websocket-protocol=chat")
	s.ok(s.WriteData(1, true, []byte("server")))
	s.expect("DATA 1 END_STREAM to the client")
}

// TestRefusedWebSocket: nothing that was meant for the tunnel is read as HTTP.
func TestRefusedWebSocket(t *testing.T) {
	s := serveWith(t, ServerOptions{}, func(task *loop.Task, s *Stream) {
		p := make([]byte, 1000)
		n, _ := s.Read(task, p)
		if !strings.HasSuffix(string(p[:n]), "\r\n\r\n") {
			t.Errorf("read %q", p[:n])
		}
		_, _ = s.Write(task, []byte("HTTP/1.1 403 \r\nContent-Length: 0\r\n\r\n"))
		if text, err := readAll(task, s); text != "" || err != nil {
			t.Errorf("behind the answer: %q, %v", text, err)
		}
	})
	s.headers(1, false, ":method: CONNECT\n:protocol: websocket\n:scheme: https\n:path: /chat\n:authority: a")
	s.ok(s.WriteData(1, false, []byte("GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n")))
	s.expect("HEADERS 1 END_STREAM :status=403 content-length=0", "RST_STREAM 1 NO_ERROR")
}
