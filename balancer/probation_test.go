package balancer

import "testing"

// One of three is back on probation: it has one request at a time, whatever the policy.
func TestProbationIsOneRequestAtATime(t *testing.T) {
	for _, policy := range allPolicies {
		members := some(3)
		members[0].Probation = true
		v := NewView(Settings{Policy: policy}, members, nil)
		r := newRequest()
		for range 30 {
			r.Key, r.Keyed = r.Rand.Uint64(), true
			if m, o := v.Pick(r); m == nil {
				t.Fatalf("%v: %v", policy, o)
			}
			if n := members[0].Backend.Inflight(); n > 1 {
				t.Fatalf("%v: %d in flight on probation", policy, n)
			}
		}
	}
}

// Probation steers and does not refuse: what has room nowhere else is served.
func TestProbationRefusesNobody(t *testing.T) {
	for _, policy := range allPolicies {
		members := some(2)
		members[0].Probation, members[1].MaxRequests = true, 2
		v := NewView(Settings{Policy: policy}, members, nil)
		got := counts(t, v, newRequest(), 10, true)
		if got[0] != 8 || got[1] != 2 {
			t.Errorf("%v: %v, want 8 and 2", policy, got)
		}
	}
}

// A region whose backends are all on probation has room for one request each; the rest goes on.
func TestProbationIsTheRoomOfItsRegion(t *testing.T) {
	members := some(4)
	for i := range members {
		members[i].Region, members[i].Probation = "home", true
		if i >= 2 {
			members[i].Region, members[i].Probation = "far", false
		}
	}
	v := NewView(Settings{Regions: []string{"home", "far"}}, members, nil)
	got := counts(t, v, newRequest(), 10, true)
	if got[0] != 1 || got[1] != 1 || got[2]+got[3] != 8 {
		t.Errorf("%v, want one each at home and eight away", got)
	}
}

// A backend that asks for a rest gets it while others have room, and is used where there is nobody else.
func TestAvoid(t *testing.T) {
	for _, policy := range []Policy{LeastConn, P2C, PeakEWMA} {
		members := some(2)
		v := NewView(Settings{Policy: policy}, members, nil)
		r := newRequest()
		members[0].Backend.Avoid(r.Now + 10*second)
		r.Now += 9 * second
		if got := counts(t, v, r, 8, true); got[0] > 1 {
			t.Errorf("%v: %v while it asks for a rest", policy, got)
		}
		v = NewView(Settings{Policy: policy}, members[:1], nil)
		if m, o := v.Pick(r); m == nil {
			t.Errorf("%v: %v where there is nobody else", policy, o)
		}
	}
}
