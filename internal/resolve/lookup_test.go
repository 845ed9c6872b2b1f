package resolve

import (
	"context"
	"errors"
	"net/netip"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/miekg/dns"
)

func TestLookupReadsRecords(t *testing.T) {
	server := startServer(t,
		"both.example. 60 IN A 10.0.0.2",
		"both.example. 60 IN A 10.0.0.1",
		"both.example. 40 IN AAAA fd00::1",
		"four.example. 7 IN A 10.0.0.1",
		"six.example. 8 IN AAAA fd00::1",
		"mapped.example. 60 IN A 10.0.0.1",
		"mapped.example. 60 IN AAAA ::ffff:10.0.0.1",
		"zero.example. 0 IN A 10.0.0.1",
		"negative.example. 4294967295 IN A 10.0.0.1",
		"WWW.example. 50 IN CNAME edge.example.",
		"edge.example. 20 IN CNAME host.example.",
		"host.example. 300 IN A 10.0.0.9",
		"short.example. 300 IN CNAME four.example.",
		"dangling.example. 300 IN CNAME gone.example.",
		"text.example. 60 IN TXT none",
		"denied.example. 60 IN A 10.0.0.1",
		"broken.example. 60 IN A 10.0.0.1",
		"broken4.example. 60 IN AAAA fd00::1",
		"db 600 IN A 172.18.0.2",
	)
	server.refuse("AAAA denied.example.", dns.RcodeNameError)
	server.refuse("AAAA broken.example.", dns.RcodeServerFailure)
	server.refuse("A broken4.example.", dns.RcodeServerFailure)
	r := newTestResolver(t, server.addr)

	for _, test := range []struct {
		host       string
		addrs      string // empty: ErrNotFound
		ttl        time.Duration
		incomplete bool
	}{
		{host: "both.example", addrs: "10.0.0.1 10.0.0.2 fd00::1", ttl: 40 * time.Second},
		{host: "BOTH.example.", addrs: "10.0.0.1 10.0.0.2 fd00::1", ttl: 40 * time.Second},
		{host: "four.example", addrs: "10.0.0.1", ttl: 7 * time.Second},
		{host: "six.example", addrs: "fd00::1", ttl: 8 * time.Second},
		{host: "mapped.example", addrs: "10.0.0.1", ttl: time.Minute},
		{host: "zero.example", addrs: "10.0.0.1"},
		{host: "negative.example", addrs: "10.0.0.1"},
		{host: "www.example", addrs: "10.0.0.9", ttl: 20 * time.Second},
		{host: "short.example", addrs: "10.0.0.1", ttl: 7 * time.Second},
		{host: "denied.example", addrs: "10.0.0.1", ttl: time.Minute},
		{host: "broken.example", addrs: "10.0.0.1", ttl: time.Minute, incomplete: true},
		{host: "broken4.example", addrs: "fd00::1", ttl: time.Minute, incomplete: true},
		{host: "db", addrs: "172.18.0.2", ttl: 10 * time.Minute},
		{host: "dangling.example"},
		{host: "text.example"},
		{host: "absent.example"},
	} {
		t.Run(test.host, func(t *testing.T) {
			got, err := r.Lookup(t.Context(), test.host)
			if test.addrs == "" {
				if !errors.Is(err, ErrNotFound) {
					t.Fatalf("got %v, %v; want ErrNotFound", got, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Addrs, addrs(test.addrs)) || got.TTL != test.ttl || got.Incomplete != test.incomplete {
				t.Errorf("got %+v, want %s for %v, incomplete %v", got, test.addrs, test.ttl, test.incomplete)
			}
		})
	}
}

func TestLookupAsksNoOne(t *testing.T) {
	server := startServer(t)
	r := newTestResolver(t, server.addr)
	r.HostsFile = writeFile(t, "10.9.9.9 localhost\n")
	for host, want := range map[string]string{
		"localhost":        "127.0.0.1 ::1",
		"LocalHost.":       "127.0.0.1 ::1",
		"api.localhost":    "127.0.0.1 ::1",
		"10.0.0.1":         "10.0.0.1",
		"::ffff:10.0.0.1":  "10.0.0.1",
		"fd00::1":          "fd00::1",
		"":                 "",
		".":                "",
		"a..b":             "",
		"white space":      "",
		`back\.slash`:      "",
		"höst.example":     "",
		"10.0.0.1:80":      "",
		"*.example":        "",
		"under_score.test": "not found",
	} {
		got, err := r.Lookup(t.Context(), host)
		switch want {
		case "":
			if err == nil || errors.Is(err, ErrNotFound) {
				t.Errorf("%q: got %v, %v; want an error about the name", host, got, err)
			}
		case "not found":
			if !errors.Is(err, ErrNotFound) {
				t.Errorf("%q: got %v, %v; want ErrNotFound", host, got, err)
			}
		default:
			if err != nil || !slices.Equal(got.Addrs, addrs(want)) {
				t.Errorf("%q: got %v, %v; want %s", host, got, err, want)
			}
		}
	}
	if got, want := server.askedFor("udp A"), []string{"under_score.test."}; !slices.Equal(got, want) {
		t.Errorf("the server was asked for %q, want %q", got, want)
	}
}

func TestLookupSaysWhichServerFailed(t *testing.T) {
	server := startServer(t)
	server.refuse("A api.example.", dns.RcodeRefused)
	server.refuse("AAAA api.example.", dns.RcodeRefused)
	_, err := newTestResolver(t, server.addr).Lookup(t.Context(), "api.example")
	want := "lookup api.example: server " + server.addr + ": REFUSED"
	if err == nil || err.Error() != want || errors.Is(err, ErrNotFound) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestLookupWithoutServersAsksTheSystem(t *testing.T) {
	for _, resolvConf := range []string{
		filepath.Join(t.TempDir(), "absent"),
		writeFile(t, "search example\nnameserver not-an-address\n"),
	} {
		r := newTestResolver(t)
		r.ResolvConf = resolvConf
		r.system = func(_ context.Context, host string) ([]netip.Addr, error) {
			if host != "api.example" {
				return nil, nil
			}
			return addrs("fd00::1 ::ffff:10.0.0.1 10.0.0.1"), nil
		}
		got, err := r.Lookup(t.Context(), "api.example")
		if err != nil || !slices.Equal(got.Addrs, addrs("10.0.0.1 fd00::1")) || got.TTL != 30*time.Second {
			t.Errorf("got %+v, %v", got, err)
		}
		if got, err := r.Lookup(t.Context(), "absent.example"); !errors.Is(err, ErrNotFound) {
			t.Errorf("got %+v, %v; want ErrNotFound", got, err)
		}
	}
}

func TestTTLOfReplyWithCircle(t *testing.T) {
	reply := new(dns.Msg)
	reply.Answer = []dns.RR{
		mustRR(t, "a.example. 5 IN CNAME b.example."),
		mustRR(t, "b.example. 5 IN CNAME a.example."),
	}
	if got := readRecords(reply, "a.example.", dns.TypeA); len(got.addrs) != 0 || got.ttl != 0 {
		t.Errorf("got %+v, want nothing", got)
	}
}

func TestRecordsOfOthersAreNotBelieved(t *testing.T) {
	reply := new(dns.Msg)
	reply.Answer = []dns.RR{
		mustRR(t, "other.example. 1 IN A 10.6.6.6"),
		mustRR(t, "a.example. 2 CH A 10.6.6.7"),
		mustRR(t, "a.example. 3 IN AAAA fd00::6"),
		mustRR(t, "A.Example. 60 IN A 10.0.0.1"),
	}
	reply.Extra = []dns.RR{mustRR(t, "a.example. 4 IN A 10.6.6.8")}
	got := readRecords(reply, "a.example.", dns.TypeA)
	if !slices.Equal(got.addrs, addrs("10.0.0.1")) || got.ttl != time.Minute {
		t.Errorf("got %+v, want 10.0.0.1 for a minute", got)
	}
}
