package resolve

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// A testServer serves a few records on one port of the loopback, UDP and TCP.
type testServer struct {
	addr string

	mu      sync.Mutex
	records []dns.RR
	rcodes  map[string]int // by "type name": answered with this code
	asked   []string       // "network type name", in the order of arrival
}

func startServer(t *testing.T, records ...string) *testServer {
	t.Helper()
	s := &testServer{rcodes: map[string]int{}}
	s.set(t, records...)
	s.addr = serve(t, s.reply)
	return s
}

// serve runs handler until the test ends.
func serve(t *testing.T, handler dns.HandlerFunc) (addr string) {
	t.Helper()
	packets, listener := listenBoth(t)
	for _, server := range []*dns.Server{{PacketConn: packets}, {Listener: listener}} {
		server.Handler = handler
		started := make(chan struct{})
		ended := make(chan error, 1)
		server.NotifyStartedFunc = func() { close(started) }
		go func() { ended <- server.ActivateAndServe() }()
		<-started
		t.Cleanup(func() {
			server.Shutdown()
			if err := <-ended; err != nil {
				t.Errorf("DNS server: %v", err)
			}
		})
	}
	return packets.LocalAddr().String()
}

func listenBoth(t *testing.T) (net.PacketConn, net.Listener) {
	t.Helper()
	var err error
	for range 20 {
		var packets net.PacketConn
		if packets, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
			break
		}
		var listener net.Listener
		if listener, err = net.Listen("tcp", packets.LocalAddr().String()); err == nil {
			return packets, listener
		}
		packets.Close() // the port is another's in TCP
	}
	t.Fatal(err)
	return nil, nil
}

func (s *testServer) set(t *testing.T, records ...string) {
	t.Helper()
	var parsed []dns.RR
	for _, record := range records {
		parsed = append(parsed, mustRR(t, record))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records = parsed
}

func (s *testServer) refuse(question string, rcode int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rcodes[question] = rcode
}

// askedFor lists the names of the questions of one kind ("udp A").
func (s *testServer) askedFor(kind string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, question := range s.asked {
		if name, ok := strings.CutPrefix(question, kind+" "); ok {
			names = append(names, name)
		}
	}
	return names
}

func (s *testServer) reply(w dns.ResponseWriter, query *dns.Msg) {
	q := query.Question[0]
	key := dns.TypeToString[q.Qtype] + " " + q.Name
	s.mu.Lock()
	s.asked = append(s.asked, w.LocalAddr().Network()+" "+key)
	rcode, refused := s.rcodes[key]
	reply := answerFrom(s.records, query)
	s.mu.Unlock()
	if refused {
		reply = new(dns.Msg).SetRcode(query, rcode)
		reply.RecursionAvailable = true
	}
	w.WriteMsg(reply)
}

// answerFrom answers as a recursive server whose world is records.
func answerFrom(records []dns.RR, query *dns.Msg) *dns.Msg {
	reply := new(dns.Msg).SetReply(query)
	reply.RecursionAvailable = true
	reply.Rcode = dns.RcodeNameError
	q := query.Question[0]
	for name := q.Name; name != ""; {
		alias := ""
		for _, rr := range records {
			if !strings.EqualFold(rr.Header().Name, name) {
				continue
			}
			reply.Rcode = dns.RcodeSuccess
			if cname, ok := rr.(*dns.CNAME); ok {
				alias = cname.Target
				reply.Answer = append(reply.Answer, rr)
			} else if rr.Header().Rrtype == q.Qtype {
				reply.Answer = append(reply.Answer, rr)
			}
		}
		name = alias
	}
	return reply
}

func mustRR(t *testing.T, record string) dns.RR {
	t.Helper()
	rr, err := dns.NewRR(record)
	if err != nil {
		t.Fatalf("record %q: %v", record, err)
	}
	return rr
}

// newTestResolver asks the given servers and reads no file of the machine.
func newTestResolver(t *testing.T, servers ...string) *Resolver {
	t.Helper()
	r := New()
	r.Servers = servers
	r.ResolvConf = filepath.Join(t.TempDir(), "absent")
	r.HostsFile = filepath.Join(t.TempDir(), "absent")
	return r
}

func writeFile(t *testing.T, content string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// addrs reads a list of addresses divided by spaces.
func addrs(list string) []netip.Addr {
	var out []netip.Addr
	for field := range strings.FieldsSeq(list) {
		out = append(out, netip.MustParseAddr(field))
	}
	return out
}
