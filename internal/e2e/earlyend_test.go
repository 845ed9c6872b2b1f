package e2e

import (
	"io"
	"net/http"
	"testing"

	"golang.org/x/net/http2"
)

func TestAnswersThatEndEarlySayWhy(t *testing.T) {
	t.Parallel()
	begin := func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "one")
		w.(http.Flusher).Flush()
		if r.URL.Path == "/cut" {
			panic(http.ErrAbortHandler)
		}
		<-r.Context().Done()
	}
	for _, back := range []protocol{overHTTP1, overH2C} {
		backend := newGoBackend(t, back, begin)
		for _, c := range []struct {
			what, path, timeouts string
			want                 http2.ErrCode
		}{
			{"the time for the exchange is over", "/held", "request: 500ms", http2.ErrCodeCancel},
			{"the backend falls silent", "/held", "response: 500ms", http2.ErrCodeInternal},
			{"the backend cuts its answer", "/cut", "request: 1m", http2.ErrCodeInternal},
		} {
			t.Run(c.what+" over "+string(back), func(t *testing.T) {
				p := Setup{Pool: back.poolKeys() + "\ntimeouts: {" + c.timeouts + "}"}.Start(t, backend)
				s := dialFrames(t, p.Addr("web")).Get(1, c.path)
				if !s.wasReset() || *s.reset != c.want || string(s.body) != "one" {
					t.Errorf("%s, want a reset by %s", s, c.want)
				}
			})
		}
	}
}
