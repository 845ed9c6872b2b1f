package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync"
	"testing"
)

// combine calls run for each protocol in front of each; address is that of the
// listener, whose backend answers with handler.
func combine(t *testing.T, handler http.HandlerFunc, run func(t *testing.T, front, back protocol, client *http.Client, url string)) {
	backs := map[protocol]*Backend{}
	config := "listeners:\n  - {name: plain, address: {{listen \"plain\"}}}\n  - name: secure\n    address: {{listen \"secure\"}}\n" +
		indent(secureListener()) + "routes:\n"
	for _, back := range protocols {
		config += fmt.Sprintf("  - {match: {path: /%s/}, strip_prefix: /%[1]s, pool: \"%[1]s\"}\n", pathOf(back))
	}
	config += "pools:\n"
	for _, back := range protocols {
		backs[back] = newGoBackend(t, back, handler)
		config += fmt.Sprintf("  - name: %s\n    backends: [{address: %s}]\n", pathOf(back), backs[back].Address) + indent(back.poolKeys())
	}
	p := Start(t, config, nil)
	for _, front := range protocols {
		client := newGoClient(t, front)
		address := p.Addr("plain")
		if front == overH2 {
			address = p.Addr("secure")
		}
		for _, back := range protocols {
			t.Run(string(front)+" to "+string(back), func(t *testing.T) {
				run(t, front, back, client, front.url(address, "/"+pathOf(back)))
			})
		}
	}
}

func pathOf(way protocol) string { return strings.ReplaceAll(strings.ToLower(string(way)), "/", "") }

func indent(lines string) (indented string) {
	for line := range strings.Lines(lines) {
		indented += "    " + strings.TrimRight(line, "\n") + "\n"
	}
	return indented
}

// manners answers in all the ways that a message of HTTP may have.
func manners(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	http.NewResponseController(w).EnableFullDuplex() // the server of HTTP/1.1 wants to be told
	switch r.URL.Path {
	case "/echo":
		io.Copy(w, r.Body)
	case "/hints":
		h.Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		h.Del("Link")
		io.WriteString(w, "final")
	case "/continue":
		w.WriteHeader(http.StatusContinue)
		io.Copy(w, r.Body)
	case "/unwanted":
		http.Error(w, "no", http.StatusExpectationFailed)
	case "/trailers":
		h.Set("Trailer", "X-Sum, X-Late")
		n, _ := io.Copy(w, r.Body)
		h.Set("X-Sum", fmt.Sprint(n))
		h.Set("X-Late", r.Trailer.Get("X-Sent"))
	case "/204":
		w.WriteHeader(http.StatusNoContent)
	case "/304":
		h.Set("ETag", `"x"`)
		w.WriteHeader(http.StatusNotModified)
	case "/early":
		http.Error(w, "enough", http.StatusForbidden)
		w.(http.Flusher).Flush()
	default:
		h.Set("Content-Length", "12")
		io.WriteString(w, "hello, world")
	}
}

func TestMessagesThroughAllProtocols(t *testing.T) {
	combine(t, manners, func(t *testing.T, front, back protocol, client *http.Client, url string) {
		t.Run("no body", func(t *testing.T) { checkBodyless(t, client, url) })
		t.Run("interim answers", func(t *testing.T) { checkInterim(t, client, url) })
		t.Run("trailers", func(t *testing.T) { checkTrailers(t, client, url) })
		t.Run("bodies", func(t *testing.T) { checkBodies(t, client, url) })
		t.Run("an early answer", func(t *testing.T) { checkEarly(t, client, url) })
	})
}

// do makes a request and reads its answer to the end.
func do(t *testing.T, client *http.Client, r *http.Request) (*http.Response, string) {
	t.Helper()
	answer, err := client.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("%s %s: %v after %d bytes", r.Method, r.URL.Path, err, len(body))
	}
	return answer, string(body)
}

func request(t *testing.T, method, url string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// onlyReader hides how long a body is.
type onlyReader struct{ io.Reader }

func checkBodyless(t *testing.T, client *http.Client, url string) {
	for _, c := range []struct {
		method, path string
		status       int
		length       int64
		body         string
	}{
		{"GET", "/x", 200, 12, "hello, world"},
		{"HEAD", "/x", 200, 12, ""},
		{"GET", "/204", 204, 0, ""},
		{"HEAD", "/204", 204, 0, ""},
		{"POST", "/204", 204, 0, ""},
		{"GET", "/x", 200, 12, "hello, world"},
	} {
		answer, body := do(t, client, request(t, c.method, url+c.path, nil))
		if answer.StatusCode != c.status || (c.length > 0 && answer.ContentLength != c.length) || body != c.body {
			t.Errorf("%s %s: %d with %d bytes: %q", c.method, c.path, answer.StatusCode, answer.ContentLength, body)
		}
	}
	answer, body := do(t, client, request(t, "GET", url+"/304", nil))
	if answer.StatusCode != 304 || answer.Header.Get("ETag") != `"x"` || body != "" {
		t.Errorf("304: %d %q %q", answer.StatusCode, answer.Header, body)
	}
}

func checkInterim(t *testing.T, client *http.Client, url string) {
	var mu sync.Mutex
	var seen []string
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, fmt.Sprint(code, " ", h.Get("Link")))
		return nil
	}}
	r := request(t, "GET", url+"/hints", nil)
	answer, body := do(t, client, r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
	if answer.StatusCode != 200 || body != "final" || len(seen) != 1 || seen[0] != "103 </style.css>; rel=preload" {
		t.Errorf("103: %d %q after %q", answer.StatusCode, body, seen)
	}
	if link := answer.Header.Get("Link"); link != "" {
		t.Errorf("a field of 103 is in the final answer: %q", link)
	}
	for _, known := range []bool{true, false} {
		var content io.Reader = strings.NewReader("expected")
		if !known {
			content = onlyReader{content}
		}
		r := request(t, "POST", url+"/continue", content)
		r.Header.Set("Expect", "100-continue")
		seen = nil
		answer, body := do(t, client, r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
		if answer.StatusCode != 200 || body != "expected" || len(seen) != 1 || seen[0] != "100 " {
			t.Errorf("100: %d %q after %q", answer.StatusCode, body, seen)
		}
		r = request(t, "POST", url+"/unwanted", strings.NewReader("unwanted"))
		r.Header.Set("Expect", "100-continue")
		if answer, _ := do(t, client, r); answer.StatusCode != 417 {
			t.Errorf("instead of 100: %d", answer.StatusCode)
		}
	}
}

func checkTrailers(t *testing.T, client *http.Client, url string) {
	r := request(t, "POST", url+"/trailers", onlyReader{strings.NewReader("body")})
	r.Trailer = http.Header{"X-Sent": {"behind the body"}}
	r.Header.Set("TE", "trailers")
	answer, body := do(t, client, r)
	if answer.StatusCode != 200 || body != "body" {
		t.Errorf("%d %q", answer.StatusCode, body)
	}
	if got := answer.Trailer; got.Get("X-Sum") != "4" || got.Get("X-Late") != "behind the body" {
		t.Errorf("the trailers of the answer are %q", got)
	}
}

func checkBodies(t *testing.T, client *http.Client, url string) {
	for _, size := range []int{1, 16383, 16384, 16385, 1 << 20, 4 << 20} {
		for _, known := range []bool{true, false} {
			want := pattern(size)
			var content io.Reader = strings.NewReader(want)
			if !known {
				content = onlyReader{content}
			}
			answer, body := do(t, client, request(t, "POST", url+"/echo", content))
			if answer.StatusCode != 200 || body != want {
				t.Fatalf("%d bytes, length known %t: status %d and %d bytes came back", size, known, answer.StatusCode, len(body))
			}
		}
	}
}

func checkEarly(t *testing.T, client *http.Client, url string) {
	// The upload stalls and never ends: the answer has to end it.
	reader, writer := io.Pipe()
	go writer.Write(bytes.Repeat([]byte("u"), 64<<10))
	defer reader.Close()
	answer, err := client.Do(request(t, "POST", url+"/early", reader))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != 403 || string(body) != "enough\n" {
		t.Errorf("%d %q, %v", answer.StatusCode, body, err)
	}
}
