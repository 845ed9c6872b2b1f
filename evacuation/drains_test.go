package evacuation

import "testing"

func TestDrainsAddUp(t *testing.T) {
	var d Drains
	allowed := func(when string, want bool) {
		t.Helper()
		if got := d.Allows("a", "10.0.0.1:80", "eu"); got != want {
			t.Errorf("%s: allowed is %t", when, got)
		}
	}
	allowed("at first", true)
	for _, of := range []*Scope{&euEverywhere, &euOfA, &nodeOfA} {
		d.Set(of, true)
		allowed("put back without having been taken out", true)
		d.Set(of, false)
		allowed("taken out with "+of.String(), false)
		d.Set(of, true)
		allowed("put back with "+of.String(), true)
	}
	d.Set(&euEverywhere, false)
	d.Set(&euOfA, false)
	d.Set(&nodeOfA, false)
	d.Set(&euEverywhere, true)
	allowed("the region was taken out of its pool, too", false)
	d.Set(&euOfA, true)
	allowed("the backend was taken out by itself, too", false)
	d.Set(&nodeOfA, true)
	allowed("all is put back", true)
}

// What a name stands for is out when all of its addresses are.
func TestDrainsHaveWhatWasTakenOut(t *testing.T) {
	var d Drains
	first := Scope{Target: Target{Pool: "a", Backend: "10.0.0.1:80"}, Addresses: []string{"10.0.0.1:80"}}
	d.Set(&first, false)
	d.Set(&euEverywhere, false)
	for _, c := range []struct {
		of   *Scope
		want bool
	}{{&first, true}, {&nodeOfA, false}, {&euEverywhere, true}, {&euOfA, false}} {
		if got := d.Has(c.of); got != c.want {
			t.Errorf("%s is out: %t", c.of, got)
		}
	}
	d.Set(&nodeOfA, false)
	if !d.Has(&nodeOfA) || !d.HasBackend("a", "10.0.0.2:80") || d.HasBackend("b", "10.0.0.2:80") || !d.HasRegion("", "eu") || d.HasRegion("a", "eu") {
		t.Error("it is not known what was taken out")
	}
}
