package balancer

import (
	"fmt"
	"slices"
	"testing"
)

func keyedBy(r *Request, k int) *Request {
	r.Key, r.Keyed = Hash(fmt.Sprint("session ", k)), true
	return r
}

func placed(t *testing.T, v *View, r *Request, keys int) []string {
	t.Helper()
	ids := make([]string, keys)
	for k := range ids {
		m, o := v.Pick(keyedBy(r, k))
		if m == nil {
			t.Fatal(o)
		}
		ids[k] = m.Backend.ID()
		m.Release()
	}
	return ids
}

func TestAffinityKeepsKeysInUseWhereTheyAre(t *testing.T) {
	members := some(11)
	ten := NewView(hashSettings, members[:10], nil)
	r := newRequest()
	r.Affinity = NewAffinity(1000, 60*second)
	before := placed(t, ten, r, 500)
	eleven := NewView(hashSettings, members, ten)
	if after := placed(t, eleven, r, 500); !slices.Equal(before, after) {
		t.Error("keys in use moved to a new member")
	}
	r.Affinity = nil
	if after := placed(t, eleven, r, 500); slices.Equal(before, after) {
		t.Error("a new member owns no key: the test shows nothing")
	}
}

func TestAffinityLasts(t *testing.T) {
	const ttl = 10 * second
	for _, tc := range []struct {
		name  string
		steps []int64 // pauses between uses
		kept  bool
	}{
		{"used within its time", []int64{9 * second}, true},
		{"not used for its time", []int64{10 * second}, false},
		{"each use counts", []int64{6 * second, 6 * second, 6 * second, 6 * second}, true},
	} {
		a := NewAffinity(10, ttl)
		a.put(1, 77, second)
		now, backend, ok := second, uint64(0), false
		for _, pause := range tc.steps {
			now += pause
			backend, ok = a.get(1, now)
		}
		if ok != tc.kept || ok && backend != 77 {
			t.Errorf("%s: %v", tc.name, ok)
		}
		if !ok && a.Len() != 0 {
			t.Errorf("%s: still in the table", tc.name)
		}
	}
}

func TestAffinityForgetsTheLeastRecentlyUsed(t *testing.T) {
	a := NewAffinity(2, second)
	a.put(1, 11, 0)
	a.put(2, 22, 0)
	a.get(1, 1)
	a.put(3, 33, 1)
	_, one := a.get(1, 2)
	_, two := a.get(2, 2)
	if !one || two || a.Len() != 2 {
		t.Errorf("one %v, two %v, %d keys", one, two, a.Len())
	}
}

// What an affinity must yield to: its member being down, tried, full, overloaded, or in a region not to be used now.
func TestAffinityYields(t *testing.T) {
	for _, tc := range []struct {
		name    string
		spoil   func(members []Member, r *Request, at int)
		forever bool // the key stays at its new place when all is well again
	}{
		{"down", func(ms []Member, _ *Request, at int) { ms[at].Available = false }, true},
		{"weight 0", func(ms []Member, _ *Request, at int) { ms[at].Weight = 0 }, true},
		{"tried", func(ms []Member, r *Request, at int) { r.Tried = []*Backend{ms[at].Backend} }, false},
		{"full", func(ms []Member, _ *Request, at int) { ms[at].MaxRequests = 1; ms[at].Backend.acquire(0) }, false},
		{"overloaded", func(ms []Member, _ *Request, at int) {
			for range 100 {
				ms[at].Backend.acquire(0)
			}
		}, false},
	} {
		members := some(8)
		v := NewView(hashSettings, members, nil)
		r := keyedBy(newRequest(), 1)
		r.Affinity = NewAffinity(10, 60*second)
		first, _ := v.Pick(r)
		first.Release()
		well := slices.Clone(members)
		tc.spoil(members, r, first.Index)
		second, _ := NewView(hashSettings, members, v).Pick(r)
		if second == nil || second.Index == first.Index {
			t.Errorf("%s: stayed", tc.name)
			continue
		}
		for first.Backend.Inflight() > 0 {
			first.Backend.release()
		}
		second.Release()
		r.Tried = nil
		third, _ := NewView(hashSettings, well, v).Pick(r)
		if (third.Index == second.Index) != tc.forever {
			t.Errorf("%s: at %d, then %d, and when all was well again %d", tc.name, first.Index, second.Index, third.Index)
		}
	}
}

func TestAffinityDoesNotHoldAKeyAbroad(t *testing.T) {
	members := some(4)
	for i := range members {
		members[i].Region = []string{"eu", "us"}[i/2]
	}
	settings := Settings{Policy: ConsistentHash, Regions: []string{"eu", "us"}}
	r := newRequest()
	r.Affinity = NewAffinity(100, 60*second)
	home := placed(t, NewView(settings, members, nil), r, 50)
	members[0].Available, members[1].Available = false, false
	placed(t, NewView(settings, members, nil), r, 50)
	members[0].Available, members[1].Available = true, true
	if !slices.Equal(home, placed(t, NewView(settings, members, nil), r, 50)) {
		t.Error("keys did not come home when their region did")
	}
}
