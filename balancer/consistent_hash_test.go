package balancer

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

var hashSettings = Settings{Policy: ConsistentHash}

// moved counts the keys whose owner changed, by the old owner.
func moved(before, after []string) map[string]int {
	m := map[string]int{}
	for k := range before {
		if before[k] != after[k] {
			m[before[k]]++
		}
	}
	return m
}

func TestBusiestBackendIsAsWithPerfectHashing(t *testing.T) {
	const keys, backends, trials = 5000, 10, 41
	var busiest []float64
	for trial := range trials {
		members := make([]Member, backends)
		for i := range members {
			members[i] = Member{Backend: NewBackend(fmt.Sprintf("10.%d.0.%d:8080", trial, i)), Weight: 1, Available: true}
		}
		v := NewView(hashSettings, members, nil)
		got := map[string]int{}
		most := 0
		for _, id := range owners(t, v, keys) {
			got[id]++
			most = max(most, got[id])
		}
		busiest = append(busiest, float64(most)/(keys/backends))
	}
	slices.Sort(busiest)
	if median := busiest[trials/2]; median > 1.09 || median < 1.03 {
		t.Errorf("the busiest of %d has %.3f times the mean (median of %d pools); perfect hashing gives 1.065", backends, median, trials)
	}
}

func TestKeysFollowWeights(t *testing.T) {
	for _, n := range []int{4, 30, 64, 65, 200} {
		members := some(n)
		for i := range members {
			members[i].Weight = 1 + i%4*3
		}
		v := NewView(hashSettings, members, nil)
		got := make([]int, n)
		for _, id := range owners(t, v, 20_000) {
			got[v.ByHash(Hash(id)).Index]++
		}
		sharesNear(t, got, members)
	}
}

// A member that goes down takes its keys, and only its keys, elsewhere, to all the others; and has them back after.
func TestAFlapMovesOnlyTheKeysOfWhoFlaps(t *testing.T) {
	for _, n := range []int{2, 10, 64, 65, 200} {
		for _, weighted := range []bool{false, true} {
			members := some(n)
			for i := range members {
				if weighted {
					members[i].Weight = 1 + i%3
				}
			}
			up := NewView(hashSettings, members, nil)
			before := owners(t, up, 5000)
			members[1].Available = false
			down := NewView(hashSettings, members, up)
			during := owners(t, down, 5000)
			for id, keys := range moved(before, during) {
				if id != "b1" {
					t.Errorf("%d members: %d keys of %s moved", n, keys, id)
				}
			}
			if slices.Contains(during, "b1") {
				t.Errorf("%d members: keys at one that is down", n)
			}
			heirs := map[string]bool{}
			for k := range before {
				if before[k] == "b1" {
					heirs[during[k]] = true
				}
			}
			if want := min(n-1, 8); len(heirs) < want {
				t.Errorf("%d members: the keys went to %d others only", n, len(heirs))
			}
			members[1].Available = true
			if again := owners(t, NewView(hashSettings, members, down), 5000); !slices.Equal(before, again) {
				t.Errorf("%d members: not all keys came back", n)
			}
		}
	}
}

func TestMembershipChangesMoveFewKeys(t *testing.T) {
	const keys = 10_000
	for _, tc := range []struct {
		n         int
		innocents float64 // share of keys that may move between members that stay
	}{{10, 0}, {64, 0}, {200, 0.03}} {
		members := some(tc.n)
		all := owners(t, NewView(hashSettings, members, nil), keys)
		fewer := owners(t, NewView(hashSettings, slices.Delete(slices.Clone(members), 3, 4), nil), keys)
		innocent := 0
		for id, n := range moved(all, fewer) {
			if id != "b3" {
				innocent += n
			}
		}
		if float64(innocent) > tc.innocents*keys {
			t.Errorf("%d members, one removed or added: %d keys moved between the others", tc.n, innocent)
		}
	}
}

func TestGoneForGoodMovesNothingMoreThanDown(t *testing.T) {
	members := some(20)
	members[4].Available = false
	down := owners(t, NewView(hashSettings, members, nil), 5000)
	gone := owners(t, NewView(hashSettings, slices.Delete(members, 4, 5), nil), 5000)
	if !slices.Equal(down, gone) {
		t.Error("keys moved a second time when the member that was down was removed")
	}
}

func TestOwnersDoNotDependOnOrderOrHistory(t *testing.T) {
	for _, n := range []int{10, 100} {
		members := some(n)
		one := NewView(hashSettings, members, nil)
		slices.Reverse(members)
		for i := range members {
			members[i].Backend = NewBackend(members[i].Backend.ID()) // another process
		}
		two := NewView(hashSettings, members, NewView(hashSettings, some(n+1), nil))
		if !slices.Equal(owners(t, one, 2000), owners(t, two, 2000)) {
			t.Errorf("%d members: two instances disagree", n)
		}
	}
}

func TestMaglevTable(t *testing.T) {
	members := some(100)
	for i := range members {
		members[i].Weight = 1 + i%2
	}
	v := NewView(hashSettings, members, nil)
	table := v.regions[0].tiers[0].maglev
	if table == nil {
		t.Fatal("no table for 100 members")
	}
	got := make([]int, 100)
	for _, owner := range table.slots {
		got[owner]++
	}
	for i, n := range got {
		if want := float64(maglevSize*table.weights[i]) / 150; math.Abs(float64(n)-want) > 3 {
			t.Errorf("member %d of weight %d has %d slots, want %.0f", i, table.weights[i], n, want)
		}
	}
	members[7].Available = false
	if next := NewView(hashSettings, members, v).regions[0].tiers[0].maglev; next != table {
		t.Error("the table was built again although only availability changed")
	}
	members[7].Weight++
	if next := NewView(hashSettings, members, v).regions[0].tiers[0].maglev; next == table {
		t.Error("the table was kept although a weight changed")
	}
	if t64 := NewView(hashSettings, some(64), nil).regions[0].tiers[0].maglev; t64 != nil {
		t.Error("a table for 64 members")
	}
}

func TestKeysStayPutWhenNearlyAllAreDown(t *testing.T) {
	members := some(300)
	for i := range members {
		members[i].Available = i%100 == 0
	}
	v := NewView(hashSettings, members, nil)
	first := owners(t, v, 1000)
	if !slices.Equal(first, owners(t, v, 1000)) {
		t.Error("a key has two owners")
	}
	got := make([]int, 3)
	for _, id := range first {
		got[v.ByHash(Hash(id)).Index/100]++
	}
	sharesNear(t, got, some(3))
}

func TestBoundedLoad(t *testing.T) {
	for _, tc := range []struct {
		n      int
		bound  float64
		weight func(i int) int
	}{
		{10, 1.5, func(int) int { return 1 }},
		{10, 1.25, func(int) int { return 1 }},
		{10, 2, func(i int) int { return 1 + i%3 }},
		{2, 1.5, func(int) int { return 1 }},
		{64, 1.5, func(i int) int { return 1 + i%2 }},
	} {
		members := some(tc.n)
		weight := 0
		for i := range members {
			members[i].Weight = tc.weight(i)
			weight += members[i].Weight
		}
		v := NewView(Settings{Policy: ConsistentHash, BoundedLoad: tc.bound}, members, nil)
		r := newRequest()
		r.Key, r.Keyed = 42, true
		first, _ := v.Pick(r)
		for total := 2; total <= 1000; total++ {
			m, _ := v.Pick(r)
			limit := math.Ceil(tc.bound * float64(total*m.Weight) / float64(weight))
			if n := m.Backend.Inflight(); float64(n) > limit {
				t.Fatalf("%d members: %d of %d in flight at one of weight %d, limit %v", tc.n, n, total, m.Weight, limit)
			}
		}
		if n, least := float64(first.Backend.Inflight()), tc.bound*1000*float64(first.Weight)/float64(weight)*0.98; n < least {
			t.Errorf("%d members: the key's owner has only %v of 1000, and room up to %.0f", tc.n, n, least)
		}
	}
}

func TestBoundedLoadCanBeOffOrBeginLater(t *testing.T) {
	for _, tc := range []struct {
		settings Settings
		picks    int
		want     int64 // at the owner
	}{
		{Settings{BoundedLoad: math.Inf(1)}, 500, 500},
		{Settings{BoundedFrom: 8}, 8, 8},
		{Settings{BoundedFrom: 8}, 16, 8},
		{Settings{}, 2, 1},
	} {
		tc.settings.Policy = ConsistentHash
		v := NewView(tc.settings, some(10), nil)
		r := newRequest()
		r.Key, r.Keyed = 42, true
		first, _ := v.Pick(r)
		for range tc.picks - 1 {
			v.Pick(r)
		}
		if got := first.Backend.Inflight(); got != tc.want {
			t.Errorf("%+v: %d of %d requests for one key at its owner, want %d", tc.settings, got, tc.picks, tc.want)
		}
	}
}

func TestBoundedLoadOfALargePoolIsCountedNowAndThen(t *testing.T) {
	v := NewView(hashSettings, some(200), nil)
	r := newRequest()
	r.Key, r.Keyed = 42, true
	for total := int64(1); total <= 2000; total++ {
		r.Now += loadEvery
		m, _ := v.Pick(r)
		if limit := int64(math.Ceil(1.5 * float64(total) / 200)); m.Backend.Inflight() > limit {
			t.Fatalf("%d of %d in flight at one", m.Backend.Inflight(), total)
		}
	}
}

func TestAKeyIsHashedInTheRegionThatServesIt(t *testing.T) {
	members := some(12)
	for i := range members {
		members[i].Region = []string{"eu", "us", "ap"}[i/4]
	}
	settings := Settings{Policy: ConsistentHash, Regions: []string{"eu", "us", "ap"}}
	home := owners(t, NewView(settings, members, nil), 1000)
	for i := range 4 {
		members[i].Available = false
	}
	away := owners(t, NewView(settings, members, nil), 1000)
	alone := owners(t, NewView(hashSettings, members[4:8], nil), 1000)
	if !slices.Equal(away, alone) {
		t.Error("in the next region keys have other owners than if that were the only one")
	}
	for i := range 4 {
		members[i].Available = true
	}
	if !slices.Equal(home, owners(t, NewView(settings, members, nil), 1000)) {
		t.Error("the keys did not come home")
	}
}

func TestWithoutAKeyTheHashPolicyIsPowerOfTwoChoices(t *testing.T) {
	members := some(2)
	members[0].Backend.acquire(0)
	if got := counts(t, NewView(hashSettings, members, nil), newRequest(), 100, false); got[1] != 100 {
		t.Errorf("shares %v", got)
	}
}

func TestARetriedKeyGoesToItsNextChoice(t *testing.T) {
	for _, n := range []int{5, 100} {
		members := some(n)
		v := NewView(hashSettings, members, nil)
		r := newRequest()
		r.Keyed = true
		for key := range uint64(500) {
			r.Key, r.Tried = key, nil
			first, _ := v.Pick(r)
			first.Release()
			r.Tried = []*Backend{first.Backend}
			retry, _ := v.Pick(r)
			retry.Release()
			down := slices.Clone(members)
			down[first.Index].Available = false
			r.Tried = nil
			heir, _ := NewView(hashSettings, down, v).Pick(r)
			heir.Release()
			if retry == first || retry.Backend != heir.Backend {
				t.Fatalf("%d members, key %d at %d: retried at %d, but %d has the key when it is down", n, key, first.Index, retry.Index, heir.Index)
			}
		}
	}
}
