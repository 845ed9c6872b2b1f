package balancer

import "testing"

func TestRetriesThatLeaveTheirRegionHaveABudgetOfTheirOwn(t *testing.T) {
	for _, tc := range []struct {
		name         string
		local, cross float64
		last         bool
		want         RetryScope
	}{
		{"at home while there may be another", 1, 1, false, LocalRetry},
		{"the last goes elsewhere", 1, 1, true, CrossRetry},
		{"the last stays when crossing is over budget", 1, 0, true, LocalRetry},
		{"the last goes when home is over budget", 0, 1, true, CrossRetry},
		{"an earlier one does not use the budget for the last", 0, 1, false, NoRetry},
		{"none is left", 0, 0, true, NoRetry},
	} {
		b := RetryBudgets{NewRetryBudget(tc.local, 0), NewRetryBudget(tc.cross, 0)}
		for range 10 {
			b.Request(second)
		}
		if got := b.Allow(second, tc.last); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

func TestWhereARetryGoes(t *testing.T) {
	for _, tc := range []struct {
		name  string
		scope RetryScope
		cross float64 // budget left for crossing
		spoil func(ms []Member)
		want  string // region; empty: none
	}{
		{name: "local: another at home", scope: LocalRetry, want: "eu"},
		{name: "local: nobody else at home, and crossing is allowed", scope: LocalRetry, cross: 1, spoil: func(ms []Member) { ms[1].Available = false }, want: "us"},
		{name: "local: nobody else at home, and it is not", scope: LocalRetry, spoil: func(ms []Member) { ms[1].Available = false }},
		{name: "local: home is full, and it is not", scope: LocalRetry, spoil: func(ms []Member) { ms[1].MaxRequests = 1; ms[1].Backend.acquire(0) }},
		{name: "cross", scope: CrossRetry, want: "us"},
		{name: "cross: nobody is elsewhere", scope: CrossRetry, spoil: func(ms []Member) { ms[2].Available, ms[3].Available = false, false }, want: "eu"},
	} {
		members := regional(2, 0, "eu", "us")
		if tc.spoil != nil {
			tc.spoil(members)
		}
		v := NewView(Settings{Regions: []string{"eu", "us"}}, members, nil)
		b := RetryBudgets{NewRetryBudget(1, 0), NewRetryBudget(tc.cross, 0)}
		b.Request(second)
		r := newRequest()
		r.Tried = []*Backend{members[0].Backend}
		b.Aim(r, tc.scope, "eu")
		before := snapshotOf(v)
		m, _ := v.Pick(r)
		got := ""
		if m != nil {
			got = m.Region
			m.Release()
		}
		if got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
		if after := snapshotOf(v); after != before {
			t.Errorf("%s: slots before %s and after %s", tc.name, before, after)
		}
	}
}

func TestCrossingIsBoundedByItsBudget(t *testing.T) {
	members := regional(1, 0, "eu", "us")
	v := NewView(Settings{Regions: []string{"eu", "us"}}, members, nil)
	b := RetryBudgets{NewRetryBudget(1, 0), NewRetryBudget(0.2, 0)}
	crossed := 0
	r := newRequest()
	for range 1000 {
		b.Request(second)
		r.Tried = []*Backend{members[0].Backend}
		b.Aim(r, LocalRetry, "eu")
		if m, _ := v.Pick(r); m != nil {
			crossed++
			m.Release()
		}
	}
	if crossed != 200 {
		t.Errorf("%d of 1000 retries crossed, want 200", crossed)
	}
}
