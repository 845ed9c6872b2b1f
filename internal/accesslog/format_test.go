package accesslog

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode"
)

// full is an ordinary exchange.
func full() Entry {
	return Entry{
		Time:       time.Date(2026, 3, 29, 1, 59, 59, 42_999_999, time.UTC).UnixNano(),
		ClientAddr: netip.MustParseAddrPort("192.0.2.7:51234"),
		Method:     []byte("GET"), Host: []byte("api.example.com"), Target: []byte("/v1/users?id=7"), Minor: 1,
		Status: 200, BytesIn: 0, BytesOut: 1234,
		Referer: []byte("https://example.com/"), UserAgent: []byte("curl/8.5.0"), RequestID: []byte("4fzzzxjylrx"),
		Listener: "web", Route: "api", Pool: "users", Backend: "10.0.1.10:8080", Region: "eu-west", Attempts: 2,
		Queue: 0, Connect: 412_999, FirstByte: 12_345_678, Total: 1_012_345_678, End: "ok",
	}
}

// line formats one entry, with times in UTC.
func line(f Format, e Entry) string {
	s := newStamp(f)
	s.zone = time.UTC
	if f == Combined {
		return string(s.appendCombined(nil, &e))
	}
	return string(s.appendJSON(nil, &e))
}

func TestGoldenLines(t *testing.T) {
	with := func(change func(e *Entry)) Entry {
		e := full()
		change(&e)
		return e
	}
	for _, tc := range []struct {
		name           string
		entry          Entry
		json, combined string
	}{
		{
			"ordinary", full(),
			`{"time":"2026-03-29T01:59:59.042Z","client":"192.0.2.7:51234","method":"GET","host":"api.example.com","target":"/v1/users?id=7",` +
				`"protocol":"HTTP/1.1","status":200,"bytes_in":0,"bytes_out":1234,"referer":"https://example.com/","user_agent":"curl/8.5.0",` +
				`"request_id":"4fzzzxjylrx","listener":"web","route":"api","pool":"users","backend":"10.0.1.10:8080","region":"eu-west","reason":"","attempts":2,` +
				`"queue_ms":0.000,"connect_ms":0.412,"first_byte_ms":12.345,"total_ms":1012.345,"end":"ok"}`,
			`192.0.2.7 - - [29/Mar/2026:01:59:59 +0000] "GET /v1/users?id=7 HTTP/1.1" 200 1234 "https://example.com/" "curl/8.5.0"`,
		},
		{
			"nothing was read", Entry{ClientAddr: netip.MustParseAddrPort("[2001:db8::1]:443"), Queue: -1, Connect: -1, FirstByte: -1, Total: 5e6, End: "timeout"},
			`{"time":"1970-01-01T00:00:00.000Z","client":"[2001:db8::1]:443","method":"","host":"","target":"",` +
				`"protocol":"","status":0,"bytes_in":0,"bytes_out":0,"referer":"","user_agent":"",` +
				`"request_id":"","listener":"","route":"","pool":"","backend":"","region":"","reason":"","attempts":0,` +
				`"queue_ms":null,"connect_ms":null,"first_byte_ms":null,"total_ms":5.000,"end":"timeout"}`,
			`2001:db8::1 - - [01/Jan/1970:00:00:00 +0000] "-" 000 0 "-" "-"`,
		},
		{
			"HTTP/2 over a unix socket", with(func(e *Entry) {
				*e = Entry{Method: []byte("POST"), Target: []byte("/"), Major: 2, Status: 503, BytesIn: 9}
			}),
			`{"time":"1970-01-01T00:00:00.000Z","client":"unix:","method":"POST","host":"","target":"/",` +
				`"protocol":"HTTP/2.0","status":503,"bytes_in":9,"bytes_out":0,"referer":"","user_agent":"",` +
				`"request_id":"","listener":"","route":"","pool":"","backend":"","region":"","reason":"","attempts":0,` +
				`"queue_ms":0.000,"connect_ms":0.000,"first_byte_ms":0.000,"total_ms":0.000,"end":""}`,
			`unix: - - [01/Jan/1970:00:00:00 +0000] "POST / HTTP/2.0" 503 0 "-" "-"`,
		},
		{
			"HTTP/1.0 from an IPv4 address on an IPv6 socket", with(func(e *Entry) {
				*e = Entry{Method: []byte("HEAD"), Target: []byte("/a"), Status: 404, ClientAddr: netip.MustParseAddrPort("[::ffff:192.0.2.7]:1")}
			}),
			`{"time":"1970-01-01T00:00:00.000Z","client":"192.0.2.7:1","method":"HEAD","host":"","target":"/a",` +
				`"protocol":"HTTP/1.0","status":404,"bytes_in":0,"bytes_out":0,"referer":"","user_agent":"",` +
				`"request_id":"","listener":"","route":"","pool":"","backend":"","region":"","reason":"","attempts":0,` +
				`"queue_ms":0.000,"connect_ms":0.000,"first_byte_ms":0.000,"total_ms":0.000,"end":""}`,
			`192.0.2.7 - - [01/Jan/1970:00:00:00 +0000] "HEAD /a HTTP/1.0" 404 0 "-" "-"`,
		},
	} {
		if got := line(JSON, tc.entry); got != tc.json+"\n" {
			t.Errorf("%s\n got %s want %s", tc.name, got, tc.json)
		}
		if got := line(Combined, tc.entry); got != tc.combined+"\n" {
			t.Errorf("%s\n got %s want %s", tc.name, got, tc.combined)
		}
	}
}

func TestEscapes(t *testing.T) {
	for _, tc := range []struct{ name, in, json, combined string }{
		{"plain", "a b/c?d=~", `"a b/c?d=~"`, `a b/c?d=~`},
		{"quote and backslash", `a"b\c`, `"a\"b\\c"`, `a\x22b\x5Cc`},
		{"line ends", "a\r\nb", `"a\u000d\u000ab"`, `a\x0D\x0Ab`},
		{"terminal escape, NUL, DEL", "\x1b[31m\x00\x7f", `"\u001b[31m\u0000\u007f"`, `\x1B[31m\x00\x7F`},
		{"UTF-8", "grüße 日本", `"grüße 日本"`, `gr\xC3\xBC\xC3\x9Fe \xE6\x97\xA5\xE6\x9C\xAC`},
		{"not UTF-8", "a\xff\xc3(b\xe6\x97", `"a\ufffd\ufffd(b\ufffd\ufffd"`, `a\xFF\xC3(b\xE6\x97`},
		{"a replacement character that was sent", "\ufffd", "\"\ufffd\"", `\xEF\xBF\xBD`},
		{"C1 control, line separators", "\u009b\u0085\u2028\u2029", `"\u009b\u0085\u2028\u2029"`, `\xC2\x9B\xC2\x85\xE2\x80\xA8\xE2\x80\xA9`},
		{"right-to-left override", "\u202egnp.exe", `"\u202egnp.exe"`, `\xE2\x80\xAEgnp.exe`},
		{"invisible beyond the basic plane", "\U000e0041", `"\udb40\udc41"`, `\xF3\xA0\x81\x81`},
	} {
		if got := string(appendString(nil, tc.in)); got != tc.json {
			t.Errorf("%s: JSON %s, want %s", tc.name, got, tc.json)
		}
		if got := string(appendString(nil, []byte(tc.in))); got != tc.json {
			t.Errorf("%s: JSON of bytes %s, want %s", tc.name, got, tc.json)
		}
		if got := string(appendEscaped(nil, []byte(tc.in))); got != tc.combined {
			t.Errorf("%s: combined %s, want %s", tc.name, got, tc.combined)
		}
	}
}

// A second's text is remembered, and not for longer than the second.
func TestTimesAcrossSeconds(t *testing.T) {
	s := newStamp(JSON)
	for _, tc := range []struct {
		at   int64
		want string
	}{
		{0, "1970-01-01T00:00:00.000Z"},
		{999_999_999, "1970-01-01T00:00:00.999Z"},
		{1_000_000_000, "1970-01-01T00:00:01.000Z"},
		{61_050_000_000, "1970-01-01T00:01:01.050Z"},
		{1_000_000_000, "1970-01-01T00:00:01.000Z"},
		{-1, "1969-12-31T23:59:59.999Z"},
	} {
		if got := string(s.appendJSON(nil, &Entry{Time: tc.at})); !strings.HasPrefix(got, `{"time":"`+tc.want+`",`) {
			t.Errorf("at %d: %s, want %s", tc.at, got, tc.want)
		}
	}
}

// FuzzLines: whatever a client sends, a JSON line is one line that decodes to what was sent, and a combined line is one line with its
// six quotes where they belong.
func FuzzLines(f *testing.F) {
	f.Add([]byte("GET"), []byte("/"), []byte("a\"} {\"x\":\""), []byte("\r\n\x1b\u2028\xff"))
	f.Add([]byte(`\`), []byte(`"`), []byte("\U0001f600\U000e0041"), []byte("\xed\xa0\x80\xf4\x90\x80\x80"))
	f.Fuzz(func(t *testing.T, method, target, agent, referer []byte) {
		e := Entry{Method: method, Host: agent, Target: target, UserAgent: agent, Referer: referer, RequestID: target, Route: string(referer), End: "ok"}
		out := line(JSON, e)
		var got struct {
			Method, Host, Target, Referer, Route, End string
			UserAgent                                 string `json:"user_agent"`
			RequestID                                 string `json:"request_id"`
		}
		var fields map[string]any
		if err := json.Unmarshal([]byte(out), &fields); err != nil || len(fields) != 24 {
			t.Fatalf("%d fields, %v: %s", len(fields), err, out)
		}
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatal(err)
		}
		for _, pair := range []struct {
			decoded string
			sent    []byte
		}{
			{got.Method, method}, {got.Host, agent}, {got.Target, target}, {got.UserAgent, agent}, {got.Referer, referer},
			{got.RequestID, target}, {got.Route, referer}, {got.End, []byte("ok")},
		} {
			if valid := string([]rune(string(pair.sent))); pair.decoded != valid {
				t.Fatalf("%q decodes to %q", pair.sent, pair.decoded)
			}
		}
		oneLine(t, out)

		out = line(Combined, e)
		oneLine(t, out)
		if n := strings.Count(out, `"`); n != 6 {
			t.Fatalf("%d quotes: %s", n, out)
		}
		if i := strings.IndexFunc(out[:len(out)-1], func(r rune) bool { return r < ' ' || r > '~' }); i >= 0 {
			t.Fatalf("byte %d is not printable ASCII: %q", i, out)
		}
	})
}

func oneLine(t *testing.T, out string) {
	t.Helper()
	body, ends := strings.CutSuffix(out, "\n")
	if i := strings.IndexFunc(body, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 || !ends {
		t.Fatalf("not one printable line: %q", out)
	}
	if bytes.Count([]byte(out), newline) != 1 {
		t.Fatalf("not one line: %q", out)
	}
}
