package proxy

import (
	"strconv"

	"spillway/internal/http1"
)

// priorityOf is how important the request is, 1 to 100: as its route says, or a
// client whose word counts.
func (r *route) priorityOf(x *exchange) int {
	p := &r.priority
	if p.Header == "" || !x.client.trusts(x.settings) {
		return p.Default
	}
	value, ok := x.request.GetName(p.Header)
	if !ok {
		return p.Default
	}
	n, err := strconv.Atoi(string(value))
	if err != nil || n < 1 || n > 100 {
		return p.Default
	}
	return n
}

// spilledFrom is the region of another spillway that has no room for the request;
// empty: it is no such request, or whoever says so is not believed.
func (x *exchange) spilledFrom() []byte {
	f := x.request.Get(http1.SpillwayOrigin)
	if f == nil || !x.client.trusts(x.settings) {
		return nil
	}
	return f.Value
}
