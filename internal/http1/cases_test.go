package http1

import (
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A wireCase is one of the cases that the whole proxy is tested with. What a
// reader of heads and bodies can decide of them alone is tested here.
type wireCase struct {
	ID, Raw, Expect string
	Status          []int
	TolerateForward bool `json:"tolerate_forward"`
	Request         string
	Also            []string
	ClientStatus    int     `json:"client_status"`
	ClientBody      *string `json:"client_body"`
	Phase           string
	Then            string
	Asserts         struct {
		Method string
		Target any
		Host   any
		Body   *string
		N      *int `json:"n_upstream"`
	}
}

func readCases(t *testing.T, path string) []wireCase {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []wireCase }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) == 0 {
		t.Fatal("no cases")
	}
	return file.Cases
}

var macro = regexp.MustCompile(`(?s)\{\{(REP|SEQ):(\d+):(.*?)\}\}`)

// octets makes the bytes that the text of a case stands for.
func octets(text string) []byte {
	text = macro.ReplaceAllStringFunc(text, func(m string) string {
		parts := macro.FindStringSubmatch(m)
		n, _ := strconv.Atoi(parts[2])
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.Replace(parts[3], "%d", strconv.Itoa(i), 1))
		}
		return b.String()
	})
	raw := make([]byte, 0, len(text))
	for _, c := range text {
		raw = append(raw, byte(c))
	}
	return raw
}

// decidedElsewhere are the cases where more than reading decides.
var decidedElsewhere = map[string]string{
	"mt-connect":     "a tunnel is for the proxy to refuse",
	"mt-connect-cl":  "a tunnel is for the proxy to refuse",
	"mt-trace-mf0":   "so is what Max-Forwards ends",
	"mt-options-mf0": "so is what Max-Forwards ends",
}

func TestRequestCases(t *testing.T) {
	for _, c := range readCases(t, "../e2e/testdata/h1cases.json") {
		t.Run(c.ID, func(t *testing.T) {
			if decidedElsewhere[c.ID] != "" {
				return
			}
			raw := octets(c.Raw + c.Then)
			w, _, err := readWhole(raw, len(raw))
			w2, _, err2 := readWhole(raw, 1)
			if (err == nil) != (err2 == nil) {
				t.Errorf("whole: %v; byte by byte: %v", err, err2)
			}
			if err != nil {
				checkRefusal(t, &c, err)
				checkRefusal(t, &c, err2)
				return
			}
			checkWhole(t, &c, w)
			checkWhole(t, &c, w2)
			if c.Asserts.N != nil {
				if n := countRequests(raw); n != *c.Asserts.N {
					t.Errorf("%d requests, want %d", n, *c.Asserts.N)
				}
			}
		})
	}
}

func checkRefusal(t *testing.T, c *wireCase, err error) {
	t.Helper()
	var e *Error
	switch {
	case c.Expect == "forward":
		t.Errorf("refused: %v", err)
	case errors.As(err, &e) && !slices.Contains(c.Status, e.Status):
		t.Errorf("status %d (%v), want one of %v", e.Status, e, c.Status)
	}
}

func checkWhole(t *testing.T, c *wireCase, w *whole) {
	t.Helper()
	if c.Expect == "reject" && !c.TolerateForward {
		t.Fatal("accepted")
	}
	if want := c.Asserts.Method; want != "" && string(w.head.Method) != want {
		t.Errorf("method %q, want %q", w.head.Method, want)
	}
	if want := c.Asserts.Body; want != nil && string(w.body) != string(octets(*want)) {
		t.Errorf("body %q, want %q", w.body, *want)
	}
	target := string(w.head.Target)
	if w.head.Form == AbsoluteForm {
		target = string(w.head.Path)
		if w.head.RawQuery != nil {
			target += "?" + string(w.head.RawQuery)
		}
	}
	checkOneOf(t, "target", target, c.Asserts.Target)
	checkOneOf(t, "host", string(w.head.Host), c.Asserts.Host)
}

func checkOneOf(t *testing.T, what, got string, want any) {
	t.Helper()
	if list, ok := want.([]any); ok && !slices.ContainsFunc(list, func(w any) bool { return got == string(octets(w.(string))) }) {
		t.Errorf("%s %q, want one of %q", what, got, list)
	}
}

// countRequests counts what would be served on one connection.
func countRequests(raw []byte) (n int) {
	for {
		w, size, err := readWhole(raw, len(raw))
		if err != nil {
			return n
		}
		n++
		raw = raw[size:]
		if !w.head.KeepAlive {
			return n
		}
	}
}

// A reply to a request that came over the wire, read to its end.
func readReply(raw, method []byte, piece int) (r *Response, body []byte, err error) {
	for interim := 0; interim < 2000; interim++ {
		r = &Response{}
		n, err := inPieces(raw, piece, func(buf []byte) (int, error) { return r.Parse(buf, method, DefaultLimits) })
		if err != nil {
			return nil, nil, err
		}
		raw = raw[n:]
		if r.Status >= 200 || r.Status == 101 {
			break
		}
	}
	body, _, err = readBody(raw, piece, r.Framing, r.ContentLength)
	return r, body, err
}

func TestResponseCases(t *testing.T) {
	for _, c := range readCases(t, "../e2e/testdata/h1responses.json") {
		// The others are about connections and the order of events.
		if c.Phase != "" || strings.HasPrefix(c.ID, "x-") {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			method, _, _ := strings.Cut(c.Request, " ")
			raw := octets(c.Raw)
			for _, piece := range []int{len(raw), 1000, 1} {
				if piece == 1 && len(raw) > 10000 {
					continue // its copies would take their time
				}
				checkReply(t, &c, raw, []byte(method), piece)
			}
		})
	}
}

func checkReply(t *testing.T, c *wireCase, raw, method []byte, piece int) {
	t.Helper()
	allowed := append(c.Also, c.Expect)
	r, body, err := readReply(raw, method, piece)
	var e *Error
	switch {
	case errors.As(err, &e):
		if !slices.Contains(allowed, "bad_gateway") && !slices.Contains(allowed, "truncate") {
			t.Errorf("refused: %v", err)
		}
		if r == nil && e.Status != 502 {
			t.Errorf("status %d for a head, want 502", e.Status)
		}
	case err != nil:
		if !slices.Contains(allowed, "bad_gateway") && !slices.Contains(allowed, "truncate") {
			t.Errorf("not complete")
		}
	case r.Status == 101:
		// Whether it was asked for is for the proxy to know.
	case !slices.Contains(allowed, "forward"):
		t.Errorf("accepted with %v", allowed)
	case c.ClientStatus != 0 && r.Status != c.ClientStatus:
		t.Errorf("status %d, want %d", r.Status, c.ClientStatus)
	case c.ClientBody != nil && string(body) != string(octets(*c.ClientBody)):
		t.Errorf("body %.100q, want %.100q", body, *c.ClientBody)
	}
}
