package http2

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/http2"
)

func goClient(address string) *http.Client {
	return &http.Client{Timeout: patience, Transport: &http2.Transport{
		AllowHTTP: true,
		DialTLSContext: func(ctx context.Context, network, _ string, _ *tls.Config) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, address)
		},
	}}
}

func TestGoClient(t *testing.T) {
	l := oneLoop(t)
	_, address := serve(t, l, ServerOptions{}, echo)
	client := goClient(address)
	big := strings.Repeat("0123456789abcdef", 1<<16)
	for _, body := range []string{"", "short", big} {
		r, err := client.Post("http://example.com/path?q=1", "text/plain", onlyReader{strings.NewReader(body)})
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		if r.StatusCode != 200 || !strings.HasSuffix(string(got), body) || !strings.HasPrefix(string(got), "http POST /path?q=1 HTTP/1.1\r\nhost: example.com\r\n") {
			t.Errorf("%d %.200q", r.StatusCode, got)
		}
	}
}
