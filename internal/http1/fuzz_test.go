package http1

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"os"
	"strings"
	"testing"
)

// The fuzz targets hold the readers against net/http: what both take, they must
// take for the same. It may be that one refuses what the other takes.

func addSeeds(f *testing.F, path string) {
	f.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	var file struct{ Cases []wireCase }
	if err := json.Unmarshal(data, &file); err != nil {
		f.Fatal(err)
	}
	for _, c := range file.Cases {
		if raw := octets(c.Raw); len(raw) < 4<<10 {
			f.Add(raw, uint8(7))
		}
	}
}

func FuzzRequest(f *testing.F) {
	addSeeds(f, "../e2e/testdata/h1cases.json")
	f.Add([]byte(benchRequest), uint8(100))
	f.Fuzz(func(t *testing.T, raw []byte, piece uint8) {
		w, n, err := readWhole(raw, len(raw)+1)
		split, m, splitErr := readWhole(raw, int(piece)+1)
		if errorStatus(err) != errorStatus(splitErr) || n != m {
			t.Fatalf("whole: %d, %v; in pieces of %d: %d, %v", n, err, piece+1, m, splitErr)
		}
		if err != nil {
			return
		}
		checkHead(t, w.head.Head(), int(w.head.LineStart), int(w.head.LineEnd), w.head.Fields)
		if !bytes.Equal(w.body, split.body) || !sameRequest(&w.head, &split.head) {
			t.Fatalf("differs in pieces of %d", piece+1)
		}
		compareRequest(t, raw[:n], &w.head, w.body)
	})
}

// errorStatus is 0 without an error and 1 for one that is no refusal.
func errorStatus(err error) int {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.Status
	case err != nil:
		return 1
	}
	return 0
}

// checkHead holds that the lines make up the head and that each is fit to be forwarded.
func checkHead(t *testing.T, head []byte, start, end int, fields []Field) {
	t.Helper()
	rebuilt := append([]byte(nil), head[:end]...)
	for i := range fields {
		f := &fields[i]
		line := head[f.Start:f.End]
		name, value, _ := bytes.Cut(line[:len(line)-2], []byte{':'})
		if !bytes.Equal(name, f.Name) || !ValidFieldName(string(f.Name)) ||
			!bytes.Equal(bytes.Trim(value, " \t"), f.Value) || !ValidFieldValue(string(f.Value)) {
			t.Errorf("line %q has name %q and value %q", line, f.Name, f.Value)
		}
		rebuilt = append(rebuilt, line...)
	}
	if rebuilt = append(rebuilt, "\r\n"...); !bytes.Equal(rebuilt, head) {
		t.Errorf("%q is made of %q", head, rebuilt)
	}
	lines := bytes.Split(head[start:len(head)-2], []byte("\r\n"))
	for _, line := range lines {
		if bytes.ContainsAny(line, "\r\n\x00") {
			t.Errorf("line %q", line)
		}
	}
}

func sameRequest(a, b *Request) bool {
	same := string(a.Method) == string(b.Method) && string(a.Target) == string(b.Target) && a.Form == b.Form &&
		string(a.Host) == string(b.Host) && string(a.Path) == string(b.Path) && string(a.RawQuery) == string(b.RawQuery) &&
		string(a.Scheme) == string(b.Scheme) && string(a.Upgrade) == string(b.Upgrade) &&
		a.Minor == b.Minor && a.Framing == b.Framing && a.ContentLength == b.ContentLength && a.KeepAlive == b.KeepAlive &&
		a.Expect100 == b.Expect100 && a.Trailers == b.Trailers && a.HeadLen == b.HeadLen &&
		a.LineStart == b.LineStart && a.LineEnd == b.LineEnd && a.TargetStart == b.TargetStart && a.TargetEnd == b.TargetEnd
	return same && string(a.Head()) == string(b.Head()) && sameFields(a.Fields, b.Fields)
}

func sameFields(a, b []Field) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		f, g := &a[i], &b[i]
		if f.Start != g.Start || f.End != g.End || f.ID != g.ID || f.Hop != g.Hop || f.LookAlike != g.LookAlike ||
			string(f.Name) != string(g.Name) || string(f.Value) != string(g.Value) {
			return false
		}
	}
	return true
}

func compareRequest(t *testing.T, raw []byte, r *Request, body []byte) {
	t.Helper()
	source := bytes.NewReader(raw[r.LineStart:])
	buffered := bufio.NewReader(source)
	std, err := http.ReadRequest(buffered)
	if err != nil {
		return
	}
	length := r.ContentLength
	if r.Framing == Chunked {
		length = -1
	}
	switch {
	case std.Method != string(r.Method), std.RequestURI != string(r.Target), std.ProtoMinor != int(r.Minor):
		t.Errorf("line: net/http has %q %q 1.%d", std.Method, std.RequestURI, std.ProtoMinor)
	case std.Host != string(r.Host):
		t.Errorf("host: net/http has %q, we %q", std.Host, r.Host)
	case std.ContentLength != length:
		t.Errorf("length: net/http has %d, we %d", std.ContentLength, length)
	case r.KeepAlive && std.Close:
		t.Error("net/http would close")
	}
	if path := string(r.Path); r.Form == OriginForm && std.URL.EscapedPath() != path && std.URL.Path != path {
		t.Errorf("path: net/http has %q, we %q", std.URL.EscapedPath(), path)
	}
	if r.Form != AuthorityForm && std.URL.RawQuery != string(r.RawQuery) {
		t.Errorf("query: net/http has %q, we %q", std.URL.RawQuery, r.RawQuery)
	}
	compareFields(t, std.Header, r.Fields)
	compareBody(t, std.Body, body, buffered, source)
}

// compareFields holds that net/http has the same fields, except for those that it
// takes out or puts in.
func compareFields(t *testing.T, std http.Header, fields []Field) {
	t.Helper()
	ours := http.Header{}
	for i := range fields {
		ours.Add(string(fields[i].Name), string(fields[i].Value))
	}
	if len(ours["Content-Length"]) > 1 {
		ours["Content-Length"] = ours["Content-Length"][:1]
	}
	for _, name := range []string{"Host", "Transfer-Encoding", "Trailer", "Connection"} {
		ours.Del(name)
		std.Del(name)
	}
	if ours.Get("Pragma") == "no-cache" {
		ours.Del("Cache-Control")
		std.Del("Cache-Control")
	}
	if len(ours) != len(std) {
		t.Errorf("fields: net/http has %q, we %q", std, ours)
	}
	for name, values := range ours {
		if strings.Join(values, "\n") != strings.Join(std[name], "\n") {
			t.Errorf("field %s: net/http has %q, we %q", name, std[name], values)
		}
	}
}

// compareBody holds that net/http ends the message at the end of what it was given, with the same body.
func compareBody(t *testing.T, std io.Reader, body []byte, buffered *bufio.Reader, source *bytes.Reader) {
	t.Helper()
	got, err := io.ReadAll(std)
	if err != nil {
		return
	}
	if !bytes.Equal(got, body) {
		t.Errorf("body: net/http has %q, we %q", got, body)
	}
	if left := buffered.Buffered() + source.Len(); left != 0 {
		t.Errorf("net/http leaves %d bytes", left)
	}
}

func FuzzResponse(f *testing.F) {
	addSeeds(f, "../e2e/testdata/h1responses.json")
	f.Add([]byte(benchResponse), uint8(100))
	f.Fuzz(func(t *testing.T, raw []byte, piece uint8) {
		for _, method := range []string{"GET", "HEAD"} {
			var r, split Response
			parse := func(r *Response) func(buf []byte) (int, error) {
				return func(buf []byte) (int, error) { return r.Parse(buf, []byte(method), DefaultLimits) }
			}
			n, err := inPieces(raw, len(raw)+1, parse(&r))
			m, splitErr := inPieces(raw, int(piece)+1, parse(&split))
			if errorStatus(err) != errorStatus(splitErr) || n != m {
				t.Fatalf("whole: %d, %v; in pieces of %d: %d, %v", n, err, piece+1, m, splitErr)
			}
			if err != nil {
				return
			}
			checkHead(t, r.Head(), 0, int(r.LineEnd), r.Fields)
			if !sameResponse(&r, &split) {
				t.Fatalf("differs in pieces of %d", piece+1)
			}
			body, size, err := readBody(raw[n:], int(piece)+1, r.Framing, r.ContentLength)
			if err == nil {
				compareResponse(t, raw[:n+size], method, &r, body)
			}
		}
	})
}

func sameResponse(a, b *Response) bool {
	return a.Status == b.Status && a.Minor == b.Minor && string(a.Reason) == string(b.Reason) && a.Framing == b.Framing &&
		a.ContentLength == b.ContentLength && a.KeepAlive == b.KeepAlive && a.KeepAliveTimeout == b.KeepAliveTimeout &&
		string(a.Upgrade) == string(b.Upgrade) && a.HeadLen == b.HeadLen && a.LineEnd == b.LineEnd &&
		string(a.Head()) == string(b.Head()) && sameFields(a.Fields, b.Fields)
}

func compareResponse(t *testing.T, raw []byte, method string, r *Response, body []byte) {
	t.Helper()
	source := bytes.NewReader(raw)
	buffered := bufio.NewReader(source)
	std, err := http.ReadResponse(buffered, &http.Request{Method: method})
	if err != nil {
		return
	}
	switch {
	case std.StatusCode != r.Status, std.ProtoMinor != int(r.Minor):
		t.Errorf("line: net/http has %d 1.%d", std.StatusCode, std.ProtoMinor)
	case r.Framing == Length && std.ContentLength != r.ContentLength,
		(r.Framing == Chunked || r.Framing == UntilClose) && std.ContentLength != -1:
		t.Errorf("length: net/http has %d, we %d", std.ContentLength, r.ContentLength)
	case r.KeepAlive && std.Close:
		t.Error("net/http would close")
	}
	compareFields(t, std.Header, r.Fields)
	compareBody(t, std.Body, body, buffered, source)
}

func FuzzChunked(f *testing.F) {
	for _, seed := range []string{
		"0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", "5;a=b;c=\"d\\\"e\"\r\nhello\r\n0;x\r\nA: b\r\n\r\n", "a ; b = c\r\n0123456789\r\n00\r\n\r\n",
		"5\nhello\n0\n\n", "ffffffffffffffff\r\n", "0005\r\nhello\r\n000\r\n\r\nGET", "1\r\na\r\n1\r\nb\r\n0\r\n\r\n",
	} {
		f.Add([]byte(seed), uint8(3))
	}
	f.Fuzz(func(t *testing.T, raw []byte, piece uint8) {
		body, n, err := readChunks(raw, len(raw)+1)
		split, m, splitErr := readChunks(raw, int(piece)+1)
		if errorStatus(err) != errorStatus(splitErr) || n != m || !bytes.Equal(body, split) {
			t.Fatalf("whole: %q, %d, %v; in pieces of %d: %q, %d, %v", body, n, err, piece+1, split, m, splitErr)
		}
		if err != nil {
			return
		}
		got, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(raw[:n])))
		if err == nil && !bytes.Equal(got, body) {
			t.Errorf("net/http has %q, we %q", got, body)
		}
	})
}
