package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// A demoBackend answers each request with its name and region.
type demoBackend struct {
	Name, Region string
	Address      string // on the loopback, with a port that was free
	distance     time.Duration
	broken       atomic.Bool
	server       *http.Server
}

func (d *demo) startBackends() error {
	for _, b := range []*demoBackend{
		{Name: "eu-1", Region: "eu-west"},
		{Name: "eu-2", Region: "eu-west"},
		{Name: "us-1", Region: "us-east", distance: 80 * time.Millisecond},
		{Name: "us-2", Region: "us-east", distance: 80 * time.Millisecond},
	} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return fmt.Errorf("backend %s: %w", b.Name, err)
		}
		b.Address = ln.Addr().String()
		b.server = &http.Server{Handler: b.handler(), ReadHeaderTimeout: 10 * time.Second}
		d.Backends = append(d.Backends, b)
		go b.server.Serve(ln)
	}
	return nil
}

func (d *demo) stop() {
	for _, b := range d.Backends {
		_ = b.server.Close()
	}
}

func (b *demoBackend) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		b.travel(r.Context())
		fmt.Fprintf(w, "%s in %s\n", b.Name, b.Region)
	})
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, r *http.Request) {
		b.travel(r.Context())
		if b.broken.Load() {
			http.Error(w, "broken", http.StatusServiceUnavailable)
		}
	})
	for path, broken := range map[string]bool{"POST /break": true, "POST /mend": false} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			b.broken.Store(broken)
			fmt.Fprintf(w, "%s fails its checks: %t\n", b.Name, broken)
		})
	}
	return mux
}

// travel takes as long as a request and its answer would.
func (b *demoBackend) travel(ctx context.Context) {
	select {
	case <-time.After(b.distance):
	case <-ctx.Done():
	}
}
