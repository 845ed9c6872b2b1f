//go:build linux && !portable && !race

package http2

import "testing"

// TestAllocations: a request costs the stream, and nothing else.
func TestAllocations(t *testing.T) {
	r := newRequester(t, new(exchanges))
	r.requests(10)
	const requests = 1000
	perRun := testing.AllocsPerRun(1, func() {
		for range requests / 10 {
			r.requests(10)
		}
	})
	if perRun > requests*11/10 {
		t.Errorf("%.0f allocations for %d requests", perRun, requests)
	}
}
