package probe

import (
	"strings"
	"testing"

	"spillway/internal/http1"
)

func TestRequestOfAGRPCCheck(t *testing.T) {
	for service, message := range map[string]string{
		"":     "\x00\x00\x00\x00\x00",
		"shop": "\x00\x00\x00\x00\x06\x0a\x04shop",
	} {
		s := &Settings{Kind: GRPC, Service: service, Headers: []Header{{"X-Probe", "yes"}}}
		head, body, _ := strings.Cut(string(s.request("shop.example")), "\r\n\r\n")
		if body != message {
			t.Errorf("service %q: the message is %q, want %q", service, body, message)
		}
		for _, line := range []string{"POST /grpc.health.v1.Health/Check HTTP/1.1", "Host: shop.example", "TE: trailers", "X-Probe: yes"} {
			if !strings.Contains(head+"\r\n", line+"\r\n") {
				t.Errorf("service %q: %q is not in the head %q", service, line, head)
			}
		}
	}
}

func TestWhatAGRPCAnswerMeans(t *testing.T) {
	const serving, notServing = "\x00\x00\x00\x00\x02\x08\x01", "\x00\x00\x00\x00\x02\x08\x02"
	for _, c := range []struct {
		name, head, trailer, body string
		reason                    string // empty: it is well
	}{
		{"serving", "200 OK", "0", serving, ""},
		{"not serving", "200 OK", "0", notServing, "serving status 2"},
		{"nothing said", "200 OK", "0", "\x00\x00\x00\x00\x00", "serving status 0"},
		{"an unknown service", "200 OK", "5", "", `grpc-status "5"`},
		{"a status without trailers", "200 OK\r\nGrpc-Status: 12", "", "", `grpc-status "12"`},
		{"no status", "200 OK", "", serving, `grpc-status ""`},
		{"not gRPC", "404 Not Found", "", "", "status 404"},
		{"a message that is cut", "200 OK", "0", serving[:6], "malformed"},
		{"a compressed message", "200 OK", "0", "\x01" + serving[1:], "malformed"},
		{"another field", "200 OK", "0", "\x00\x00\x00\x00\x02\x10\x01", "malformed"},
		{"no message", "200 OK", "0", "", "malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var head http1.Response
			if _, err := head.Parse([]byte("HTTP/1.1 "+c.head+"\r\n\r\n"), []byte("POST"), limits); err != nil {
				t.Fatal(err)
			}
			var trailers []http1.Field
			if c.trailer != "" {
				trailers = []http1.Field{{Name: []byte("grpc-status"), Value: []byte(c.trailer)}}
			}
			got := judgeGRPC(&head, []byte(c.body), trailers)
			if (got == "") != (c.reason == "") || !strings.Contains(got, c.reason) {
				t.Errorf("%q, want %q", got, c.reason)
			}
		})
	}
}
