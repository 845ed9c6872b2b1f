package balancer

import (
	"fmt"
	"math"
	"testing"
)

const second = int64(1e9)

var allPolicies = []Policy{LeastConn, P2C, RoundRobin, Random, ConsistentHash, PeakEWMA}

// some makes n available members of weight 1, with backends b0, b1, ...
func some(n int) []Member {
	members := make([]Member, n)
	for i := range members {
		members[i] = Member{Backend: NewBackend(fmt.Sprintf("b%d", i)), Weight: 1, Available: true, Index: i}
	}
	return members
}

func weighing(weights ...int) []Member {
	members := some(len(weights))
	for i, w := range weights {
		members[i].Weight = w
	}
	return members
}

func newRequest() *Request { return &Request{Now: second, Rand: NewRand(7)} }

// counts makes n picks, each of which ends before the next when held is false, and counts by Member.Index.
func counts(t *testing.T, v *View, r *Request, n int, held bool) []int {
	t.Helper()
	got := make([]int, len(v.Members()))
	for range n {
		m, o := v.Pick(r)
		if m == nil {
			t.Fatalf("outcome %v, want a member", o)
		}
		got[m.Index]++
		if !held {
			m.Release()
		}
	}
	return got
}

// sharesNear checks that got is as weights say, each within five standard deviations of a fair draw.
func sharesNear(t *testing.T, got []int, members []Member) {
	t.Helper()
	total, weight := 0, 0
	for i, m := range members {
		total, weight = total+got[i], weight+m.Weight
	}
	for i, m := range members {
		p := float64(m.Weight) / float64(weight)
		want, slack := p*float64(total), 5*math.Sqrt(float64(total)*p*(1-p))+1
		if math.Abs(float64(got[i])-want) > slack {
			t.Errorf("member %d of weight %d got %d of %d, want %.0f ± %.0f", i, m.Weight, got[i], total, want, slack)
		}
	}
}

// owners tells for each of n keys the id of the backend it goes to.
func owners(t *testing.T, v *View, n int) []string {
	t.Helper()
	r := newRequest()
	r.Keyed = true
	ids := make([]string, n)
	for k := range ids {
		r.Key = Hash(fmt.Sprintf("user-%d", k))
		m, o := v.Pick(r)
		if m == nil {
			t.Fatalf("key %d: %v", k, o)
		}
		ids[k] = m.Backend.ID()
		m.Release()
	}
	return ids
}
