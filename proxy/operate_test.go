package proxy

import (
	"errors"
	"net/netip"
	"slices"
	"testing"

	"spillway/health"
	"spillway/internal/config"
	"spillway/internal/loop"
)

const twoRegions = `
region: near
regions: {far: {rtt: 80ms}, beyond: {}}
listeners: [{name: web, address: "127.0.0.1:0"}]
routes: [{match: {path: /}, pool: a}, {match: {path: /b}, pool: b}]
pools:
  - {name: a, backends: [{address: "127.0.0.1:1"}, {address: "127.0.0.1:2"}, {address: "127.0.0.1:3", region: far}]}
  - {name: b, backends: [{address: "127.0.0.1:1"}, {address: "127.0.0.1:4", region: far}]}
`

func parseConfig(t *testing.T, text string) *config.Config {
	t.Helper()
	c, err := config.Parse("config.yaml", []byte(text), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newServer(t *testing.T, text string, loops int) *Server {
	t.Helper()
	s, err := New(parseConfig(t, text), Options{Loops: loops})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// newTestServer runs a server with one loop on a free port in front of one backend.
func newTestServer(t *testing.T, backend, more string) (s *Server, address string) {
	t.Helper()
	s = newServer(t, `
listeners: [{name: web, address: "127.0.0.1:0"}]
routes: [{match: {path: /}, pool: web}]
pools: [{name: web, backends: [{address: "`+backend+`"}]`+more+`}]
`, 1)
	return s, addressOf(s)
}

// addressOf is where a server with one listener listens.
func addressOf(s *Server) (address string) {
	for _, ln := range s.listeners {
		address = ln.socket.Addr().String()
	}
	return address
}

// drained lists the backends that are, as pool/port.
func drained(s *Server) (list []string) {
	for _, p := range s.Status().Pools {
		for _, r := range p.Regions {
			for _, b := range r.Backends {
				if b.State == health.Draining.String() {
					list = append(list, p.Name+"/"+b.Address[len("127.0.0.1:"):])
				}
			}
		}
	}
	return list
}

func TestOperatorsOrdersAddUp(t *testing.T) {
	s := newServer(t, twoRegions, 1)
	region := func(name string, enabled bool) func() error {
		return func() error { return s.DrainRegion(name, enabled) }
	}
	backend := func(pool, port string, enabled bool) func() error {
		return func() error { return s.DrainBackend(pool, "127.0.0.1:"+port, enabled) }
	}
	load := func(text string) func() error {
		return func() error { return s.Reload(parseConfig(t, text)) }
	}
	const fewer = `
region: near
listeners: [{name: web, address: "127.0.0.1:0"}]
routes: [{match: {path: /}, pool: a}]
pools: [{name: a, backends: [{address: "127.0.0.1:1"}, {address: "127.0.0.1:5"}]}]
`
	for i, step := range []struct {
		what func() error
		want []string
	}{
		{backend("a", "1", false), []string{"a/1"}},
		{backend("a", "1", false), []string{"a/1"}},
		{region("near", false), []string{"a/1", "a/2", "b/1"}},
		{region("beyond", false), []string{"a/1", "a/2", "b/1"}},
		{backend("b", "4", false), []string{"a/1", "a/2", "b/1", "b/4"}},
		{load(twoRegions), []string{"a/1", "a/2", "b/1", "b/4"}},
		// What comes into a drained region is drained, and what comes back is as it was.
		{load(fewer), []string{"a/1", "a/5"}},
		{load(twoRegions), []string{"a/1", "a/2", "b/1", "b/4"}},
		// Undraining a backend does not undrain its region, nor the other way round.
		{backend("a", "2", true), []string{"a/1", "a/2", "b/1", "b/4"}},
		{region("near", true), []string{"a/1", "b/4"}},
		{load(fewer), []string{"a/1"}},
		{backend("a", "1", true), nil},
		{region("beyond", true), nil}, // not of this configuration, but drained
		{load(twoRegions), []string{"b/4"}},
		{backend("b", "4", true), nil},
	} {
		if err := step.what(); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		if got := drained(s); !slices.Equal(got, step.want) {
			t.Errorf("after step %d %v are drained, want %v", i, got, step.want)
		}
	}
}

func TestUnknownNamesAreToldWithThoseThereAre(t *testing.T) {
	s := newServer(t, twoRegions, 1)
	for _, c := range []struct {
		err  error
		want string
	}{
		{s.DrainRegion("nera", false), `no region is named "nera"; there is near, far, beyond`},
		{s.DrainRegion("nera", true), `no region is named "nera"; there is near, far, beyond`},
		{s.DrainBackend("c", "127.0.0.1:1", false), `no pool is named "c"; there is a, b`},
		{s.DrainBackend("b", "127.0.0.1:2", false), `no backend of pool b is named "127.0.0.1:2"; there is 127.0.0.1:1, 127.0.0.1:4`},
		{s.DrainBackend("b", "", true), `no backend of pool b is named ""; there is 127.0.0.1:1, 127.0.0.1:4`},
	} {
		if _, ok := errors.AsType[*UnknownNameError](c.err); !ok || c.err.Error() != c.want {
			t.Errorf("got %v, want %s", c.err, c.want)
		}
	}
	if got := drained(s); got != nil {
		t.Errorf("%v are drained", got)
	}
	many := &UnknownNameError{Kind: "pool", Name: "x", There: make([]string, 23)}
	if want := `no pool is named "x"; there are , , , , , , , , , , , , , , , , , , ,  and 3 more`; many.Error() != want {
		t.Errorf("got %s", many)
	}
	if none := (&UnknownNameError{Kind: "pool", Name: "x"}); none.Error() != `no pool is named "x"; there is none` {
		t.Errorf("got %s", none)
	}
}

// A name stands for all its addresses, and an address that the resolver brings
// later is as the operator left it.
func TestDrainsFollowTheAddressesOfAName(t *testing.T) {
	s := newServer(t, `
region: near
listeners: [{name: web, address: "127.0.0.1:0"}]
routes: [{match: {path: /}, pool: a}]
pools: [{name: a, backends: [{address: "localhost:7"}]}]
`, 1)
	p := s.pools["a"]
	f := p.names["localhost"]
	become := func(addresses ...string) {
		var list []netip.Addr
		for _, each := range addresses {
			list = append(list, netip.MustParseAddr(each))
		}
		p.nameChanged("localhost", f, list)
	}
	states := func() (list []string) {
		p.mu.Lock()
		defer p.mu.Unlock()
		for i := range p.members {
			list = append(list, p.members[i].Address+" "+p.members[i].Data.(*backend).tracker.State().String())
		}
		return list
	}
	want := func(when string, want ...string) {
		t.Helper()
		if got := states(); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", when, got, want)
		}
	}
	become("127.0.0.1", "127.0.0.2")
	if err := s.DrainBackend("a", "localhost:7", false); err != nil {
		t.Fatal(err)
	}
	want("drained by name", "127.0.0.1:7 draining", "127.0.0.2:7 draining")
	become("127.0.0.2")
	become("127.0.0.1", "127.0.0.2", "127.0.0.3")
	want("gone and come back", "127.0.0.1:7 draining", "127.0.0.2:7 draining", "127.0.0.3:7 healthy")
	if err := s.DrainRegion("near", false); err != nil {
		t.Fatal(err)
	}
	become("127.0.0.4")
	want("new in a drained region", "127.0.0.4:7 draining")
	if err := s.DrainRegion("near", true); err != nil {
		t.Fatal(err)
	}
	if err := s.DrainBackend("a", "127.0.0.1:7", true); err != nil {
		t.Fatalf("an address that is gone can not be undrained: %v", err)
	}
	become("127.0.0.1", "127.0.0.2")
	want("undrained while gone", "127.0.0.1:7 healthy", "127.0.0.2:7 draining")
}

// A drained backend is not even tried when nobody else is left.
func TestPanicPassesOverTheDrained(t *testing.T) {
	s := newServer(t, twoRegions, 1)
	p := s.pools["b"]
	p.mu.Lock()
	first := p.backends["127.0.0.1:1"]
	p.mu.Unlock()
	first.tracker.Failure(0, loop.Nanotime(), health.ConnectRefused, 0.5)
	for _, region := range []string{"near", "far"} {
		if err := s.DrainRegion(region, false); err != nil {
			t.Fatal(err)
		}
	}
	view := p.view.Load()
	if !view.Panic() {
		t.Error("no backend is available, and the view is not in panic")
	}
	for _, m := range view.Members() {
		if !m.Refused {
			t.Errorf("%s would be tried in panic", m.Address)
		}
	}
	for _, r := range s.Status().Pools[1].Regions {
		if r.State != RegionDraining || r.Share != 0 {
			t.Errorf("%s is %s with a share of %v", r.Name, r.State, r.Share)
		}
	}
}
