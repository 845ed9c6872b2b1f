package resolve

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

func TestTruncatedReplyIsAskedForOverTCP(t *testing.T) {
	var records []dns.RR
	for i := range 200 {
		records = append(records, mustRR(t, fmt.Sprintf("many.example. 60 IN A 10.0.1.%d", i)))
	}
	for name, truncate := range map[string]func(w dns.ResponseWriter, reply *dns.Msg){
		"at a record": func(w dns.ResponseWriter, reply *dns.Msg) {
			reply.Truncate(ednsSize)
			w.WriteMsg(reply)
		},
		"inside a record": func(w dns.ResponseWriter, reply *dns.Msg) {
			reply.Truncated = true
			packet, _ := reply.Pack()
			w.Write(packet[:ednsSize])
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, func(w dns.ResponseWriter, query *dns.Msg) {
				reply := answerFrom(records, query)
				if w.LocalAddr().Network() == "udp" && len(reply.Answer) > 0 {
					if opt := query.IsEdns0(); opt == nil || opt.UDPSize() != ednsSize {
						t.Errorf("EDNS0 %v, want size %d", opt, ednsSize)
					}
					truncate(w, reply)
					return
				}
				w.WriteMsg(reply)
			})
			got, err := newTestResolver(t, server).Lookup(t.Context(), "many.example")
			if err != nil || len(got.Addrs) != len(records) || got.Incomplete {
				t.Errorf("got %d addresses, incomplete %v, error %v; want %d", len(got.Addrs), got.Incomplete, err, len(records))
			}
		})
	}
}

func TestForgedRepliesArePassedOver(t *testing.T) {
	records := []dns.RR{mustRR(t, "api.example. 60 IN A 10.0.0.1")}
	forged := []dns.RR{mustRR(t, "api.example. 60 IN A 10.6.6.6"), mustRR(t, "evil.example. 60 IN A 10.6.6.6")}
	for name, forge := range map[string]func(w dns.ResponseWriter, reply *dns.Msg){
		"other id": func(w dns.ResponseWriter, reply *dns.Msg) { reply.Id++; w.WriteMsg(reply) },
		"other name": func(w dns.ResponseWriter, reply *dns.Msg) {
			reply.Question[0].Name = "evil.example."
			w.WriteMsg(reply)
		},
		"other type": func(w dns.ResponseWriter, reply *dns.Msg) { reply.Question[0].Qtype = dns.TypeTXT; w.WriteMsg(reply) },
		"other class": func(w dns.ResponseWriter, reply *dns.Msg) {
			reply.Question[0].Qclass = dns.ClassCHAOS
			w.WriteMsg(reply)
		},
		"no question":      func(w dns.ResponseWriter, reply *dns.Msg) { reply.Question = nil; w.WriteMsg(reply) },
		"a query":          func(w dns.ResponseWriter, reply *dns.Msg) { reply.Response = false; w.WriteMsg(reply) },
		"a short packet":   func(w dns.ResponseWriter, _ *dns.Msg) { w.Write([]byte("oops")) },
		"an empty packet":  func(w dns.ResponseWriter, _ *dns.Msg) { w.Write(nil) },
		"half of a packet": func(w dns.ResponseWriter, reply *dns.Msg) { packet, _ := reply.Pack(); w.Write(packet[:len(packet)-3]) },
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, func(w dns.ResponseWriter, query *dns.Msg) {
				forge(w, answerFrom(forged, query))
				w.WriteMsg(answerFrom(records, query))
			})
			r := newTestResolver(t, server)
			r.Attempts = 1
			got, err := r.Lookup(t.Context(), "api.example")
			if err != nil || !slices.Equal(got.Addrs, addrs("10.0.0.1")) || got.Incomplete {
				t.Errorf("got %+v, %v; want 10.0.0.1", got, err)
			}
		})
	}
}

func TestServerWithoutEDNS(t *testing.T) {
	records := []dns.RR{mustRR(t, "api.example. 60 IN A 10.0.0.1")}
	for name, reject := range map[string]func(reply *dns.Msg){
		"not implemented":           func(reply *dns.Msg) { reply.Rcode = dns.RcodeNotImplemented },
		"format error":              func(reply *dns.Msg) { reply.Rcode = dns.RcodeFormatError },
		"format error, header only": func(reply *dns.Msg) { reply.Rcode = dns.RcodeFormatError; reply.Question = nil },
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, func(w dns.ResponseWriter, query *dns.Msg) {
				reply := answerFrom(records, query)
				if query.IsEdns0() != nil {
					reply.Answer = nil
					reject(reply)
				}
				w.WriteMsg(reply)
			})
			r := newTestResolver(t, server)
			r.Attempts = 1
			got, err := r.Lookup(t.Context(), "api.example")
			if err != nil || !slices.Equal(got.Addrs, addrs("10.0.0.1")) || got.Incomplete {
				t.Errorf("got %+v, %v; want 10.0.0.1", got, err)
			}
		})
	}
}

func TestIDsDiffer(t *testing.T) {
	var mu sync.Mutex
	ids := map[uint16]int{}
	server := serve(t, func(w dns.ResponseWriter, query *dns.Msg) {
		mu.Lock()
		ids[query.Id]++
		mu.Unlock()
		w.WriteMsg(answerFrom(nil, query))
	})
	r := newTestResolver(t, server)
	const lookups = 20
	for range lookups {
		r.Lookup(t.Context(), "absent.example.")
	}
	mu.Lock()
	defer mu.Unlock()
	if len(ids) < lookups {
		t.Errorf("%d questions had only %d ids", 2*lookups, len(ids))
	}
}

func TestServersAreTriedInOrder(t *testing.T) {
	good := startServer(t, "api.example. 60 IN A 10.0.0.1")
	lame := serve(t, func(w dns.ResponseWriter, query *dns.Msg) {
		w.WriteMsg(new(dns.Msg).SetReply(query))
	})
	refusing := func(rcode int) string {
		return serve(t, func(w dns.ResponseWriter, query *dns.Msg) {
			w.WriteMsg(new(dns.Msg).SetRcode(query, rcode))
		})
	}
	cutOff := serve(t, func(w dns.ResponseWriter, query *dns.Msg) {
		if w.LocalAddr().Network() == "tcp" {
			w.Close()
			return
		}
		reply := new(dns.Msg).SetReply(query)
		reply.Truncated = true
		w.WriteMsg(reply)
	})
	for name, first := range map[string]string{
		"server failure":         refusing(dns.RcodeServerFailure),
		"refused":                refusing(dns.RcodeRefused),
		"not implemented":        refusing(dns.RcodeNotImplemented),
		"lame":                   lame,
		"truncated, without TCP": cutOff,
		"not reachable":          "127.0.0.1:not-a-port",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := newTestResolver(t, first, good.addr).Lookup(t.Context(), "api.example")
			if err != nil || !slices.Equal(got.Addrs, addrs("10.0.0.1")) || got.Incomplete {
				t.Errorf("got %+v, %v; want 10.0.0.1", got, err)
			}
		})
	}

	t.Run("a denial is final", func(t *testing.T) {
		denying := startServer(t)
		second := startServer(t, "other.example. 60 IN A 10.0.0.1")
		got, err := newTestResolver(t, denying.addr, second.addr).Lookup(t.Context(), "other.example")
		if err == nil || len(second.askedFor("udp A")) != 0 {
			t.Errorf("got %+v, %v, and the second server was asked for %q", got, err, second.askedFor("udp A"))
		}
	})
}
