package http1

import "testing"

// A browser's request, as it reaches a proxy.
const benchRequest = "GET /assets/app.3f9c2b.js?v=20260101 HTTP/1.1\r\n" +
	"Host: www.example.com\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n" +
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n" +
	"Accept-Language: en-US,en;q=0.5\r\n" +
	"Accept-Encoding: gzip, deflate, br\r\n" +
	"Connection: keep-alive\r\n" +
	"Referer: https://www.example.com/\r\n" +
	"Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n\r\n"

const benchResponse = "HTTP/1.1 200 OK\r\n" +
	"Server: example\r\n" +
	"Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n" +
	"Content-Type: text/plain; charset=utf-8\r\n" +
	"Content-Length: 125\r\n" +
	"Cache-Control: max-age=60\r\n" +
	"ETag: \"0123456789\"\r\n" +
	"Connection: keep-alive\r\n\r\n"

func BenchmarkRequest(b *testing.B) {
	for _, bench := range []struct{ name, head string }{
		{"short", "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"},
		{"8fields", benchRequest},
	} {
		b.Run(bench.name, func(b *testing.B) {
			buf := []byte(bench.head)
			var r Request
			b.SetBytes(int64(len(buf)))
			b.ReportAllocs()
			for b.Loop() {
				r.Reset()
				if n, _ := r.Parse(buf, DefaultLimits); n != len(buf) {
					b.Fatal("not parsed")
				}
			}
		})
	}
}

func BenchmarkResponse(b *testing.B) {
	buf, method := []byte(benchResponse), []byte("GET")
	var r Response
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		r.Reset()
		if n, _ := r.Parse(buf, method, DefaultLimits); n != len(buf) {
			b.Fatal("not parsed")
		}
	}
}

func BenchmarkChunks(b *testing.B) {
	buf := []byte("40\r\n0123456789012345678901234567890123456789012345678901234567890123\r\n0\r\n")
	b.ReportAllocs()
	for b.Loop() {
		var c Chunks
		for p := buf; len(p) > 0; {
			n, _, err := c.Next(p)
			if err != nil {
				b.Fatal(err)
			}
			p = p[n:]
		}
	}
}
