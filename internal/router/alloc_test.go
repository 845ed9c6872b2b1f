package router

import (
	"fmt"
	"net/netip"
	"testing"
)

// oneField answers every question without a map.
type oneField struct{ value []byte }

func (f *oneField) GetName(name string) ([]byte, bool) { return f.value, name == "x-beta" }

// site has n routes over hosts and paths, as an API's gateway would; the last
// matches everything.
func site(n int) []Match {
	matches := make([]Match, 0, n)
	for i := range n - 1 {
		m := Match{Host: fmt.Sprintf("h%d.example.com", i%50), Path: fmt.Sprintf("/api/v%d/items%d/", i%3, i)}
		if i%5 == 0 {
			m.Host = fmt.Sprintf("*.w%d.example.com", i%50)
		}
		if i%7 == 0 {
			m.Methods = []string{"GET", "HEAD"}
		}
		matches = append(matches, m)
	}
	return append(matches, Match{Path: "/"})
}

// requestFor is one that the i-th route of site matches.
func requestFor(matches []Match, i int) *Request {
	host := matches[i].Host
	if len(host) > 0 && host[0] == '*' {
		host = "Deep.er" + host[1:]
	}
	return &Request{
		Listener: "web", Scheme: "https", Host: []byte(host + ":443"), Path: []byte(matches[i].Path + "1234/parts"),
		Method: []byte("GET"), ClientIP: netip.MustParseAddr("192.0.2.1"),
	}
}

func wantNoAllocation(t *testing.T, what string, f func()) {
	t.Helper()
	f()
	if n := testing.AllocsPerRun(1, func() {
		for range 1000 {
			f()
		}
	}); n != 0 {
		t.Errorf("%s: %v allocations in 1,000 calls", what, n)
	}
}

func TestNoAllocation(t *testing.T) {
	matches := site(1000)
	table := mustBuild(t, matches...)
	for _, i := range []int{0, 1, 500, 999} {
		r := requestFor(matches, i)
		wantNoAllocation(t, fmt.Sprint("Find ", i), func() {
			if got, ok := table.Find(r); got != i || !ok {
				t.Fatalf("got %d, %v; want %d", got, ok, i)
			}
		})
	}

	conditions := mustBuild(t, Match{
		Listener: "web", Scheme: "https", Host: "*.example.com", Path: "/a", Methods: []string{"GET"},
		Headers: map[string]string{"X-Beta": "1"}, Query: map[string]string{"q": "a b"},
		ClientIP: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
	})
	path, field := []byte("/a/b"), &oneField{[]byte("1")}
	host, method, query := []byte("A.example.com:443"), []byte("GET"), []byte("x&q=a%20b")
	wantNoAllocation(t, "every condition", func() {
		r := Request{
			Listener: "web", Scheme: "https", Host: host, Path: path, Method: method, RawQuery: query,
			ClientIP: netip.MustParseAddr("192.0.2.1"), Fields: field,
		}
		if _, ok := conditions.Find(&r); !ok {
			t.Fatal("no match")
		}
	})

	buf := make([]byte, 256)
	for _, raw := range []string{"/api/v1/items/1", "/a/%2e%2e/b%20c/./d\xff", "/a/..%2fb", "/%zz"} {
		raw := []byte(raw)
		wantNoAllocation(t, fmt.Sprintf("NormalizePath %q", raw), func() { _, _ = NormalizePath(buf, raw) })
	}
	for _, path := range []string{"/api/v1/items/1", "//api//v1/items/1"} {
		path := []byte(path)
		wantNoAllocation(t, fmt.Sprintf("MergeSlashes %q", path), func() { _ = MergeSlashes(buf, path) })
	}
	wantNoAllocation(t, "StripPrefix", func() { _ = StripPrefix("/a", path) })

	template, err := NewTemplate("{scheme}://{authority}{uri}")
	if err != nil {
		t.Fatal(err)
	}
	wantNoAllocation(t, "Template", func() {
		v := Vars{Scheme: "https", Authority: host, Path: path, Query: query}
		if _, ok := template.Append(buf[:0], &v); !ok {
			t.Fatal("no target")
		}
	})

	split := mustSplit(t, 95, 5)
	wantNoAllocation(t, "Split", func() { _ = split.Pick(1) })
}

func BenchmarkFind(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000, 10000} {
		matches := site(n)
		table := mustBuild(b, matches...)
		requests := make([]*Request, 64)
		for i := range requests {
			requests[i] = requestFor(matches, i*(n-1)/63)
		}
		b.Run(fmt.Sprintf("routes=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, ok := table.Find(requests[i%len(requests)]); !ok {
					b.Fatal("no match")
				}
			}
		})
	}
}

// BenchmarkScan is what BenchmarkFind is to be compared with.
func BenchmarkScan(b *testing.B) {
	for _, n := range []int{1, 1000} {
		matches := site(n)
		requests := make([]*Request, 64)
		for i := range requests {
			requests[i] = requestFor(matches, i*(n-1)/63)
			requests[i].Fields = fields{}
		}
		b.Run(fmt.Sprintf("routes=%d", n), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				if scan(matches, requests[i%len(requests)]) < 0 {
					b.Fatal("no match")
				}
			}
		})
	}
}

func BenchmarkNormalizePath(b *testing.B) {
	buf := make([]byte, 256)
	for _, path := range []string{"/api/v1/items/1234/parts", "/api/v1/%69tems/../x"} {
		b.Run(path[:12], func(b *testing.B) {
			b.ReportAllocs()
			raw := []byte(path)
			for b.Loop() {
				if _, err := NormalizePath(buf, raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSplit(b *testing.B) {
	split := mustSplit(b, 95, 5)
	for i := uint64(0); b.Loop(); i++ {
		split.Pick(i)
	}
}

// The expression runs only on paths below what it begins with.
func BenchmarkFindRegex(b *testing.B) {
	var matches []Match
	for i := range 1000 {
		matches = append(matches, Match{Path: "~ " + fmt.Sprintf(`^/api/items%d/[0-9]+$`, i)})
	}
	table := mustBuild(b, matches...)
	r := &Request{Path: []byte("/api/items999/1234")}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := table.Find(r); !ok {
			b.Fatal("no match")
		}
	}
}
