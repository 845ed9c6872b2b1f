package resolve

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"
)

// pipeNet connects a resolver to servers inside the test, whose clock is the
// bubble's: a server that is nil reads questions and says nothing.
type pipeNet struct {
	servers map[string]dns.HandlerFunc

	mu    sync.Mutex
	asked []string // "server name" of each question for IPv4 addresses
}

type pipeWriter struct {
	dns.ResponseWriter
	conn *dns.Conn
}

func (w pipeWriter) WriteMsg(m *dns.Msg) error { return w.conn.WriteMsg(m) }

func (p *pipeNet) dial(_ context.Context, _, server string) (net.Conn, error) {
	near, far := net.Pipe()
	go func() {
		defer far.Close()
		conn := &dns.Conn{Conn: far}
		for {
			query, err := conn.ReadMsg()
			if err != nil {
				return // the resolver hung up
			}
			if q := query.Question[0]; q.Qtype == dns.TypeA {
				p.mu.Lock()
				p.asked = append(p.asked, server+" "+q.Name)
				p.mu.Unlock()
			}
			if handler := p.servers[server]; handler != nil {
				handler(pipeWriter{conn: conn}, query)
			}
		}
	}()
	return near, nil
}

func (p *pipeNet) questions() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked)
}

func TestSilentServerCostsOneTimeout(t *testing.T) {
	records := []dns.RR{mustRR(t, "api.example. 60 IN A 10.0.0.1")}
	answering := func(w dns.ResponseWriter, query *dns.Msg) { w.WriteMsg(answerFrom(records, query)) }
	synctest.Test(t, func(t *testing.T) {
		pipes := &pipeNet{servers: map[string]dns.HandlerFunc{"good": answering}}
		r := newTestResolver(t, "silent", "good")
		r.dial = pipes.dial
		r.Timeout = 3 * time.Second
		start := time.Now()
		got, err := r.Lookup(t.Context(), "api.example")
		if err != nil || !slices.Equal(got.Addrs, addrs("10.0.0.1")) {
			t.Fatalf("got %+v, %v; want 10.0.0.1", got, err)
		}
		if took := time.Since(start); took != r.Timeout {
			t.Errorf("took %v, want one timeout of %v", took, r.Timeout)
		}
	})
}

func TestSilenceEndsTheSearch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pipes := &pipeNet{}
		r := newTestResolver(t, "one", "two")
		r.ResolvConf = writeFile(t, "search a.example b.example\noptions timeout:1 attempts:2\n")
		r.dial = pipes.dial
		start := time.Now()
		got, err := r.Lookup(t.Context(), "api")
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %+v, %v; want a timeout", got, err)
		}
		want := []string{"one api.a.example.", "two api.a.example.", "one api.a.example.", "two api.a.example."}
		if got := pipes.questions(); !slices.Equal(got, want) {
			t.Errorf("asked %q, want %q", got, want)
		}
		if took := time.Since(start); took != 4*time.Second {
			t.Errorf("took %v, want 4 questions of 1 s each", took)
		}
	})
}

func TestOneFamilyMayStaySilent(t *testing.T) {
	records := []dns.RR{mustRR(t, "api.example. 60 IN A 10.0.0.1")}
	synctest.Test(t, func(t *testing.T) {
		pipes := &pipeNet{servers: map[string]dns.HandlerFunc{"half": func(w dns.ResponseWriter, query *dns.Msg) {
			if query.Question[0].Qtype == dns.TypeA {
				w.WriteMsg(answerFrom(records, query))
			}
		}}}
		r := newTestResolver(t, "half")
		r.dial = pipes.dial
		for _, deadline := range []time.Duration{time.Hour, time.Second} {
			got, err := r.Lookup(within(t, deadline), "api.example")
			if err != nil || !slices.Equal(got.Addrs, addrs("10.0.0.1")) || !got.Incomplete {
				t.Errorf("within %v: got %+v, %v; want 10.0.0.1, incomplete", deadline, got, err)
			}
		}
	})
}

// The bubble fails the test if a goroutine outlives it.
func TestEndedContextEndsTheLookup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pipes := &pipeNet{}
		r := newTestResolver(t, "silent")
		r.dial = pipes.dial
		start := time.Now()
		_, err := r.Lookup(within(t, time.Second), "api.example")
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}

		ctx, cancel := context.WithCancelCause(t.Context())
		enough := errors.New("enough")
		time.AfterFunc(time.Second, func() { cancel(enough) })
		if _, err := r.Lookup(ctx, "api.example"); !errors.Is(err, enough) || time.Since(start) != 2*time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
	})
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestCancelledLookupLeavesItsSockets(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := serve(t, func(dns.ResponseWriter, *dns.Msg) { cancel() })
	r := newTestResolver(t, server)
	r.Timeout = time.Hour
	var mu sync.Mutex
	var sockets []net.Conn
	dial := r.dial
	r.dial = func(ctx context.Context, network, server string) (net.Conn, error) {
		conn, err := dial(ctx, network, server)
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			sockets = append(sockets, conn)
		}
		return conn, err
	}
	if _, err := r.Lookup(ctx, "api.example"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if len(sockets) == 0 {
		t.Error("no socket was opened")
	}
	for _, socket := range sockets {
		if err := socket.SetDeadline(time.Time{}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("a socket is still open: %v", err)
		}
	}
}
