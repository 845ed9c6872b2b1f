package e2e

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// faults are ways in which a backend serves nobody; they say whether that was the answer.
var faults = map[string]func(*Exchange) (done bool){
	"answers 503":  func(x *Exchange) bool { x.Reply(503, "sick"); return true },
	"resets":       func(x *Exchange) bool { x.Reset(); return true },
	"keeps silent": func(x *Exchange) bool { x.AwaitEnd(); return true },
	"is slow":      func(x *Exchange) bool { time.Sleep(100 * time.Millisecond); return false },
}

// stricken serves until the fault strikes.
func stricken(name string, struck <-chan struct{}, fault func(*Exchange) bool) func(*Backend) {
	return Handling(func(x *Exchange) {
		select {
		case <-struck:
			if fault(x) {
				return
			}
		default:
		}
		x.Echo(name)
	})
}

// Nothing, retry, hedge or panic included, goes where a route may not send it.
func TestResidencyHoldsUnderEveryFault(t *testing.T) {
	t.Parallel()
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			struck := make(chan struct{})
			checkResidency(t, ", max_requests: 4", fault, struck, func([]*Backend) { close(struck) })
		})
	}
	t.Run("dies", func(t *testing.T) {
		t.Parallel()
		checkResidency(t, "", nil, nil, func(home []*Backend) {
			for _, b := range home {
				b.Kill()
			}
		})
	})
}

func checkResidency(t *testing.T, keys string, fault func(*Exchange) bool, struck <-chan struct{}, strike func(home []*Backend)) {
	near := []*Backend{NewBackend(t, "near1", stricken("near1", struck, fault)), NewBackend(t, "near2", stricken("near2", struck, fault))}
	mid := NewBackend(t, "mid", stricken("mid", struck, fault))
	far := NewBackend(t, "far")
	p := Start(t, residential(near, mid, far, keys), nil)
	ask := func(n int) {
		var clients sync.WaitGroup
		for _, path := range []string{"/stays", "/mid", "/free"} {
			for range n {
				clients.Go(func() {
					if c, err := dialRaw(p.Addr("web")); err == nil {
						defer c.Close()
						c.SetDeadline(time.Now().Add(patience))
						fmt.Fprint(c, head("GET", path, "Connection: close"))
						buf := make([]byte, 1<<10)
						for err == nil {
							_, err = c.Read(buf)
						}
					}
				})
			}
		}
		clients.Wait()
	}
	ask(5)
	if n := near[0].Count("/") + near[1].Count("/"); n == 0 {
		t.Fatal("nobody is served at home while it is well")
	}
	strike(append(near, mid))
	eventually(t, "what may leave does", func() bool { ask(5); return far.Count("/free") > 10 })
	if n := far.Count("/stays") + far.Count("/mid"); n > 0 {
		t.Errorf("%d requests went to a region that they may not use", n)
	}
	if n := mid.Count("/stays"); n > 0 {
		t.Errorf("%d requests left their region", n)
	}
}

// residential has a route that may not leave, one that may go to the region mid, and one that may go anywhere.
func residential(near []*Backend, mid, far *Backend, keys string) string {
	config := `
region: near
regions: {mid: {rtt: 20ms}, far: {rtt: 80ms}}
listeners: [{name: web, address: {{listen "web"}}}]
routes:
  - {match: {path: /stays}, pool: app, spill: off}
  - {match: {path: /mid}, pool: app, spill: {to: [mid]}}
  - {match: {path: /}, pool: app}
pools:
  - name: app
    health_check: {type: tcp, interval: 50ms, timeout: 1s, rise: 1, fall: 1}
    ejection: {failures: 3, time: 1m, keep_at_least: 1}
    retries: {budget: 100%}
    hedge: {after: 20ms}
    timeouts: {response: 300ms}
    backends:
`
	var b strings.Builder
	b.WriteString(config)
	for _, each := range near {
		fmt.Fprintf(&b, "      - {address: %s%s}\n", each.Address, keys)
	}
	fmt.Fprintf(&b, "      - {address: %s, region: mid%s}\n      - {address: %s, region: far}\n", mid.Address, keys, far.Address)
	return b.String()
}
