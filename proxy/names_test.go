package proxy

import (
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// A patientDNS answers nobody before it has been asked for the addresses of n names.
type patientDNS struct {
	mu    sync.Mutex
	asked []string
	n     int
	all   chan struct{}
}

func (p *patientDNS) ServeDNS(w dns.ResponseWriter, query *dns.Msg) {
	q := query.Question[0]
	if q.Qtype == dns.TypeA {
		p.mu.Lock()
		if p.asked = append(p.asked, q.Name); len(p.asked) == p.n {
			close(p.all)
		}
		p.mu.Unlock()
	}
	<-p.all
	reply := new(dns.Msg).SetReply(query)
	reply.RecursionAvailable = true
	if q.Qtype == dns.TypeA {
		reply.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 300}, A: net.IPv4(127, 0, 0, 1)}}
	}
	_ = w.WriteMsg(reply)
}

func (p *patientDNS) start(t *testing.T) (address string) {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: socket, Handler: p}
	ended := make(chan error, 1)
	started := make(chan struct{})
	server.NotifyStartedFunc = func() { close(started) }
	go func() { ended <- server.ActivateAndServe() }()
	<-started
	t.Cleanup(func() {
		_ = server.Shutdown()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return socket.LocalAddr().String()
}

// The names of all pools are asked for at the same time, and each of them once: dead
// ones of several pools do not add up to a slow reload.
func TestAReloadAsksForTheNamesOfAllPoolsAtOnce(t *testing.T) {
	s := newServer(t, twoRegions, 1)
	names := &patientDNS{n: 4, all: make(chan struct{})}
	s.resolver.Servers, s.resolver.ResolvConf, s.resolver.HostsFile = []string{names.start(t)}, "", ""
	if err := s.Reload(parseConfig(t, `
listeners: [{name: web, address: "127.0.0.1:0"}]
routes: [{match: {path: /}, pool: a}]
pools:
  - {name: a, backends: [{address: "one.test:1"}, {address: "two.test:1"}, {address: "127.0.0.1:2"}]}
  - {name: b, backends: [{address: "two.test:3"}, {address: "three.test:3"}]}
  - {name: c, backends: [{address: "four.test:4"}]}
`)); err != nil {
		t.Fatal(err)
	}
	for pool, want := range map[string][]string{
		"a": {"127.0.0.1:1", "127.0.0.1:2"}, "b": {"127.0.0.1:3"}, "c": {"127.0.0.1:4"},
	} {
		var got []string
		for _, m := range s.pools[pool].view.Load().Members() {
			got = append(got, m.Address)
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("pool %s has %q, want %q", pool, got, want)
		}
	}
	names.mu.Lock()
	defer names.mu.Unlock()
	if slices.Sort(names.asked); !slices.Equal(names.asked, []string{"four.test.", "one.test.", "three.test.", "two.test."}) {
		t.Errorf("it was asked for %q", names.asked)
	}
}
