package e2e

import (
	"slices"
	"strings"
	"testing"

	"spillway/internal/e2e/wire"
)

// requestAsserts are the asserts of a request case; the file's head says what
// each of them means.
type requestAsserts struct {
	NUpstream            *int `json:"n_upstream"`
	NUpstreamMax         *int `json:"n_upstream_max"`
	Method, Target, Host oneOf
	Body                 oneOf
	TE, CL               oneOf
	TEHeader             oneOf `json:"te_header"`
	TEXorCL              bool  `json:"te_xor_cl"`
	Absent, Has          []string
	Present              map[string]octets
	ClientClosed         bool  `json:"client_closed"`
	ClientStatuses       []int `json:"client_statuses"`
	ClientStatusesPrefix []int `json:"client_statuses_prefix"`
	Interim              []int
	NoCompleteUpstream   bool              `json:"no_complete_upstream"`
	CleanHead            bool              `json:"clean_head"`
	UpgradeNot           []string          `json:"upgrade_not"`
	TargetNotPrefix      string            `json:"target_not_prefix"`
	XFFLastNot           string            `json:"xff_last_not"`
	XFPNot               string            `json:"xfp_not"`
	XFFNotRemoved        bool              `json:"xff_not_removed"`
	HeaderList           map[string]string `json:"header_list"`
	NotTunnel            bool              `json:"not_tunnel"`
}

// checkAlways holds whether or not the request was forwarded.
func (a *requestAsserts) checkAlways(t *testing.T, o *requestOutcome) {
	if a.NoCompleteUpstream && len(o.complete) > 0 {
		t.Errorf("the backend got a complete message of a request that was not sent whole")
	}
	if a.NUpstreamMax != nil && len(o.complete) > *a.NUpstreamMax {
		t.Errorf("the backend got %d requests, want at most %d", len(o.complete), *a.NUpstreamMax)
	}
	if a.NUpstream != nil && *a.NUpstream == 0 && len(o.complete) > 0 {
		t.Errorf("the backend got %d requests, want none", len(o.complete))
	}
	if a.NotTunnel && slices.Contains(o.client.statuses(), 101) {
		t.Errorf("a tunnel was opened")
	}
	for _, r := range o.received {
		// As the route that denies it: at the boundary of a segment, so that /private.
		// is another path, forwarded as it came.
		path, _, _ := strings.Cut(r.Target, "?")
		if a.TargetNotPrefix != "" && strings.HasPrefix(path+"/", a.TargetNotPrefix+"/") {
			t.Errorf("the backend was asked for %q", r.Target)
		}
	}
}

// checkForwarded judges what the backend and the client saw of a forwarded case.
func (a *requestAsserts) checkForwarded(t *testing.T, o *requestOutcome) {
	first := o.complete[0]
	if a.NUpstream != nil && len(o.complete) != *a.NUpstream {
		t.Errorf("the backend got %d requests, want %d", len(o.complete), *a.NUpstream)
	}
	a.checkMessage(t, &first)
	a.checkFields(t, first.Fields)
	a.checkForwardedFor(t, first.Fields)
	a.checkClient(t, o)
}

func (a *requestAsserts) checkMessage(t *testing.T, r *Received) {
	check := func(what string, allowed oneOf, value string, present bool) {
		if allowed != nil && !allowed.allows(value, present) {
			t.Errorf("%s is %.80q (present: %v), want %v", what, value, present, allowed)
		}
	}
	field := func(name string) (string, bool) { return r.Fields.Get(name) }
	check("the method", a.Method, r.Method, true)
	check("the target", a.Target, r.Target, true)
	check("the body", a.Body, string(r.Body), true)
	value, present := field("Host")
	check("Host", a.Host, value, present)
	coding, coded := field("Transfer-Encoding")
	length, measured := field("Content-Length")
	check("Transfer-Encoding", a.TE, coding, coded)
	check("Content-Length", a.CL, length, measured)
	if a.TEXorCL && coded && measured {
		t.Errorf("Transfer-Encoding %q beside Content-Length %q", coding, length)
	}
	value, present = field("TE")
	check("TE", a.TEHeader, value, present)
}

func (a *requestAsserts) checkFields(t *testing.T, fields wire.Fields) {
	for _, name := range a.Absent {
		if value, present := fields.Get(name); present {
			t.Errorf("%s: %q reached the backend", name, value)
		}
	}
	for _, name := range a.Has {
		if _, present := fields.Get(name); !present {
			t.Errorf("%s did not reach the backend", name)
		}
	}
	for name, want := range a.Present {
		if !slices.Contains(fields.Values(name), string(want)) {
			t.Errorf("%s is %q, want %q", name, fields.Values(name), want)
		}
	}
	for name, want := range a.HeaderList {
		got, _ := fields.Get(name)
		if strings.ReplaceAll(got, " ", "") != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for _, token := range a.UpgradeNot {
		if fields.Has("Upgrade", token) {
			t.Errorf("an upgrade to %s was offered to the backend", token)
		}
	}
	if a.CleanHead {
		for _, field := range fields {
			if strings.ContainsAny(field.Value, "\r\n\x00") {
				t.Errorf("%s: %q reached the backend", field.Name, field.Value)
			}
		}
	}
}

func (a *requestAsserts) checkForwardedFor(t *testing.T, fields wire.Fields) {
	chain, present := fields.Get("X-Forwarded-For")
	last := strings.TrimSpace(chain[strings.LastIndex(chain, ",")+1:])
	if a.XFFLastNot != "" && last == a.XFFLastNot {
		t.Errorf("X-Forwarded-For is %q", chain)
	}
	if a.XFFNotRemoved && !present {
		t.Errorf("X-Forwarded-For was removed")
	}
	if scheme, _ := fields.Get("X-Forwarded-Proto"); a.XFPNot != "" && scheme == a.XFPNot {
		t.Errorf("X-Forwarded-Proto is %q", scheme)
	}
}

func (a *requestAsserts) checkClient(t *testing.T, o *requestOutcome) {
	statuses := o.client.statuses()
	if a.ClientClosed && !o.client.closed {
		t.Errorf("the connection stays open")
	}
	if a.ClientStatuses != nil && !slices.Equal(statuses, a.ClientStatuses) {
		t.Errorf("the client got %v, want %v", statuses, a.ClientStatuses)
	}
	if n := len(a.ClientStatusesPrefix); n > len(statuses) || !slices.Equal(statuses[:n], a.ClientStatusesPrefix) {
		t.Errorf("the client got %v, want first %v", statuses, a.ClientStatusesPrefix)
	}
	for _, want := range a.Interim {
		seen := false
		for _, r := range o.client.responses {
			for _, interim := range r.Interim {
				seen = seen || interim.Status == want
			}
		}
		if !seen {
			t.Errorf("the client did not see %d", want)
		}
	}
}
