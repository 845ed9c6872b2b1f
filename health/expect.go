package health

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// StatusRange is a range of status codes, both ends included.
type StatusRange struct{ Low, High int }

// Expect is what the response to an HTTP check must look like.
type Expect struct {
	Statuses []StatusRange // any of them; none: 200 to 399
	Body     []byte        // must occur in the body; empty: any body will do
}

var defaultStatuses = []StatusRange{{200, 399}}

// Match reports whether a response is a good one, else in words what is wrong with it. It keeps nothing of body.
func (e Expect) Match(status int, body []byte) (ok bool, reason string) {
	statuses := e.Statuses
	if len(statuses) == 0 {
		statuses = defaultStatuses
	}
	if !slices.ContainsFunc(statuses, func(r StatusRange) bool { return r.Low <= status && status <= r.High }) {
		return false, fmt.Sprintf("status %d, expected %s", status, join(statuses))
	}
	if !bytes.Contains(body, e.Body) {
		return false, fmt.Sprintf("body of %d bytes without %q", len(body), e.Body)
	}
	return true, ""
}

func join(statuses []StatusRange) string {
	words := make([]string, len(statuses))
	for i, r := range statuses {
		if words[i] = fmt.Sprint(r.Low); r.High != r.Low {
			words[i] = fmt.Sprintf("%d-%d", r.Low, r.High)
		}
	}
	return strings.Join(words, ",")
}
