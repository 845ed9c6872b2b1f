package http1

import (
	"strings"
	"testing"
)

func TestRequestLimits(t *testing.T) {
	limits := Limits{Head: 200, Fields: 3, Target: 50}
	ofSize := func(n int) string {
		head := get("/", hostLine+"A: \r\n")
		return strings.Replace(head, "A: ", "A: "+strings.Repeat("a", n-len(head)), 1)
	}
	for _, c := range []struct {
		section, name, wire string
		status              int // 0: taken; 1: asks for more
	}{
		{"RFC 6585 5", "a head of the limit", ofSize(200), 0},
		{"RFC 6585 5", "a larger one", ofSize(201), 431},
		{"RFC 6585 5", "one that can only become larger", ofSize(300)[:200], 431},
		{"RFC 6585 5", "one that may end in time", ofSize(300)[:199], 1},
		{"RFC 6585 5", "three fields", get("/", hostLine+"A: b\r\nC: d\r\n"), 0},
		{"RFC 6585 5", "four fields", get("/", hostLine+"A: b\r\nC: d\r\nE: f\r\n"), 431},
		{"RFC 6585 5", "the fourth field's name", "GET / HTTP/1.1\r\n" + hostLine + "A: b\r\nC: d\r\nE:", 431},
		{"RFC 9112 3", "a target of the limit", get("/"+strings.Repeat("a", 49), hostLine), 0},
		{"RFC 9112 3", "a longer one", get("/"+strings.Repeat("a", 50), hostLine), 414},
		{"RFC 9112 3", "one that has no end yet", "GET /" + strings.Repeat("a", 50), 414},
	} {
		t.Run(c.section+"/"+c.name, func(t *testing.T) {
			for _, piece := range []int{1, 10, len(c.wire)} {
				var r Request
				_, err := inPieces([]byte(c.wire), piece, func(buf []byte) (int, error) { return r.Parse(buf, limits) })
				if got := errorStatus(err); got != c.status {
					t.Errorf("in pieces of %d: status %d, want %d", piece, got, c.status)
				}
			}
		})
	}
}

func TestDefaultLimits(t *testing.T) {
	var r Request
	head := []byte(get("/"+strings.Repeat("a", 7980), hostLine+strings.Repeat("A: b\r\n", 99)))
	if n, err := r.Parse(head, Limits{}); n != len(head) || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	r.Reset()
	if _, err := r.Parse([]byte(get("/", hostLine+strings.Repeat("A: b\r\n", 100))), Limits{}); errorStatus(err) != 431 {
		t.Error(err)
	}
}

func TestResponseLimits(t *testing.T) {
	for _, wire := range []string{
		"HTTP/1.1 200 OK\r\nA: " + strings.Repeat("a", 200),
		"HTTP/1.1 200 " + strings.Repeat("a", 200),
		"HTTP/1.1 200 OK\r\nA:\r\nB:\r\nC:\r\nD:\r\n\r\n",
	} {
		var r Response
		if _, err := r.Parse([]byte(wire), nil, Limits{Head: 200, Fields: 3}); errorStatus(err) != 502 {
			t.Errorf("%q: %v", wire, err)
		}
	}
}

func TestTrailerLimits(t *testing.T) {
	limits := Limits{Head: 50, Fields: 2}
	for wire, want := range map[string]int{
		"A: b\r\nC: d\r\n\r\n":                 0,
		"A: b\r\nC: d\r\nE: f\r\n\r\n":         431,
		"A: " + strings.Repeat("a", 47):        431,
		"A: " + strings.Repeat("a", 43) + "\r": 0,
	} {
		if _, _, err := ParseTrailer([]byte(wire), nil, limits); errorStatus(err) != want {
			t.Errorf("%q: %v", wire, err)
		}
	}
}

// An error is told with the first byte that makes it certain, since the peer may
// wait for us to go on.
func TestErrorsAtOnce(t *testing.T) {
	const line = "GET / HTTP/1.1\r\n"
	for _, c := range []struct{ good, bad string }{
		{"", "\x16"}, {"", "\n"}, {"", " "}, {"\r", "X"}, {"\r\n", "\r"}, {"G", "("}, {"GET ", " "}, {"GET /", "\r"}, {"GET /a", "\x01"}, {"GET /a", "#"},
		{"GET / ", "h"}, {"GET / HTTP/", "x"}, {"GET / HTTP/1.1", " "}, {"GET / HTTP/1.1", "\n"}, {"GET / HTTP/2.0\r", "\n"}, {"GET foo HTTP/1.1\r", "\n"},
		{strings.Repeat("M", 64), "M"}, {line, " "}, {line, ":"}, {line + "A", " "}, {line + "A", "\r"}, {line + "A: ", "\x00"}, {line + "A: b", "\n"},
		{line + "A: b\r", "C"}, {line + "\r", "X"},
	} {
		for _, wire := range []string{c.good, c.good + c.bad} {
			var r Request
			n, err := r.Parse([]byte(wire), DefaultLimits)
			if refused := errorStatus(err) >= 400; n != 0 || refused != (wire != c.good) {
				t.Errorf("%q: %d, %v", wire, n, err)
			}
		}
	}
	const answer = "HTTP/1.1 200"
	for _, c := range []struct{ good, bad string }{
		{"", "S"}, {"", "\r"}, {"HTTP/", "2"}, {"HTTP/1.1", "\t"}, {"HTTP/1.1 ", "6"}, {"HTTP/1.1 20", "O"}, {answer, "O"},
		{answer + " a", "\n"}, {answer + "\r", "X"}, {answer + "\r\nA", " "},
	} {
		for _, wire := range []string{c.good, c.good + c.bad} {
			var r Response
			n, err := r.Parse([]byte(wire), nil, DefaultLimits)
			if refused := errorStatus(err) == 502; n != 0 || refused != (wire != c.good) {
				t.Errorf("%q: %d, %v", wire, n, err)
			}
		}
	}
}

// What has been read is not read again: linear time however slowly it comes.
// Only the lines' parts are taken anew once the head is whole.
func TestNoByteIsReadTwice(t *testing.T) {
	wire := []byte("\r\nPOST /" + strings.Repeat("a", 1000) + " HTTP/1.1\r\n" + hostLine + strings.Repeat("Name: value\r\n", 50) + "Last: line\r\n")
	var r Request
	for end := range wire {
		buf := append([]byte(nil), wire[:end]...)
		for i := range max(0, end-12) {
			buf[i] = 0 // neither name nor value can hold it
		}
		if r.stage == inVersion {
			copy(buf, wire) // the line is taken as a whole at its end
		}
		if n, err := r.Parse(buf, DefaultLimits); n != 0 || err != nil {
			t.Fatalf("at %d: %d, %v", end, n, err)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	request, response, method := []byte(benchRequest), []byte(benchResponse), []byte("GET")
	odd := []byte(get("http://[::1]:80/", "Host: [::1]\r\nX_Real_IP: 1\r\nConnection: upgrade, a, b\r\nUpgrade: a/1, b\r\nTE: trailers\r\nA: b\r\n"))
	bad := []byte(get("/", "Host: a b\r\n"))
	chunked := []byte("5;a=b\r\nhello\r\n0\r\nA: b\r\nX_Real_IP: c\r\n\r\n")
	var r Request
	var a Response
	var fields []Field
	round := func() {
		for _, head := range [][]byte{request, odd, bad, request[:100]} {
			r.Reset()
			_, _ = r.Parse(head, DefaultLimits)
		}
		r.GetName("x-none")
		a.Reset()
		_, _ = a.Parse(response, method, DefaultLimits)
		var c Chunks
		p := chunked
		for kind := NeedMore; kind != Last; {
			var n int
			n, kind, _ = c.Next(p)
			p = p[n:]
		}
		_, fields, _ = ParseTrailer(p, fields, DefaultLimits)
		for i := range fields {
			TrailerAllowed(&fields[i])
		}
	}
	round()
	if n := testing.AllocsPerRun(1, func() {
		for range 1000 {
			round()
		}
	}); n != 0 {
		t.Errorf("%v allocations in 1000 rounds", n)
	}
}
