package balancer

import (
	"strings"
	"testing"
)

func TestRegionsAreOrderedByDistance(t *testing.T) {
	const ms = 1_000_000
	names := []string{"us", "eu", "ap", "sa"}
	type sample struct {
		region string
		rtt    int64
		after  int64 // seconds
	}
	for _, tc := range []struct {
		name       string
		configured map[string]int64
		samples    []sample
		want       string
	}{
		{name: "nothing is known: by name", want: "eu ap sa us"},
		{name: "configured", configured: map[string]int64{"us": 80 * ms, "ap": 140 * ms, "sa": 120 * ms}, want: "eu us sa ap"},
		{name: "the unknown come last", configured: map[string]int64{"us": 80 * ms}, want: "eu us ap sa"},
		{name: "measured", samples: []sample{{"us", 80 * ms, 0}, {"ap", 140 * ms, 0}, {"sa", 120 * ms, 0}}, want: "eu us sa ap"},
		{name: "the floor counts, not what was slow", samples: []sample{{"us", 80 * ms, 0}, {"ap", 90 * ms, 0}, {"us", 500 * ms, 1}, {"us", 400 * ms, 40}}, want: "eu us ap sa"},
		{name: "measured among configured", configured: map[string]int64{"us": 80 * ms, "sa": 120 * ms}, samples: []sample{{"ap", 100 * ms, 0}}, want: "eu us ap sa"},
		{name: "configured is believed", configured: map[string]int64{"us": 80 * ms, "sa": 120 * ms}, samples: []sample{{"sa", 10 * ms, 0}, {"sa", 10 * ms, 100}}, want: "eu us sa ap"},
		{name: "equal: by name", configured: map[string]int64{"us": 80 * ms, "sa": 80 * ms, "ap": 80 * ms}, want: "eu ap sa us"},
		{name: "home is first however long its checks take", samples: []sample{{"eu", 900 * ms, 0}, {"us", 80 * ms, 0}}, want: "eu us ap sa"},
		{name: "strangers and nonsense", samples: []sample{{"mars", 1, 0}, {"us", 0, 0}, {"us", -5, 0}}, want: "eu ap sa us"},
	} {
		d := NewDistances("eu", names, tc.configured)
		now := second
		for _, s := range tc.samples {
			now = (1 + s.after) * second
			d.Observe(s.region, s.rtt, now)
			d.Order(now)
		}
		if got := strings.Join(d.Order(now), " "); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
}

func TestTheOrderChangesOnlyForGoodReason(t *testing.T) {
	const ms = 1_000_000
	for _, tc := range []struct {
		name    string
		rtt     func(at int64) int64 // of ap, by the second; us is at 80 ms
		changes int
	}{
		{"nearer for good", func(at int64) int64 { return 60 * ms }, 1},
		{"nearer by less than a tenth", func(at int64) int64 { return 73 * ms }, 0},
		{"nearer for a moment", func(at int64) int64 {
			if at < 20 {
				return 60 * ms
			}
			return 100 * ms
		}, 0},
		{"swinging about the same", func(at int64) int64 { return (80 + 5*(at/150%2*2-1)) * ms }, 0},
		{"farther again", func(at int64) int64 {
			if at < 300 {
				return 60 * ms
			}
			return 120 * ms
		}, 2},
	} {
		d := NewDistances("eu", []string{"us", "ap"}, nil)
		d.Observe("us", 80*ms, second)
		d.Observe("ap", 100*ms, second)
		last, changes := strings.Join(d.Order(second), " "), 0
		if last != "eu us ap" {
			t.Fatalf("%s: at first %s", tc.name, last)
		}
		for at := int64(2); at < 900; at++ {
			d.Observe("us", 80*ms, at*second)
			d.Observe("ap", tc.rtt(at), at*second)
			if now := strings.Join(d.Order(at*second), " "); now != last {
				last = now
				changes++
			}
		}
		if changes != tc.changes {
			t.Errorf("%s: the order changed %d times, want %d", tc.name, changes, tc.changes)
		}
	}
}

func TestSubMillisecondRegionsDoNotFlap(t *testing.T) {
	d := NewDistances("a", []string{"b", "c"}, nil)
	d.Observe("b", 900_000, second)
	d.Observe("c", 950_000, second)
	d.Order(second)
	for at := int64(2); at < 600; at++ {
		d.Observe("b", 900_000, at*second)
		d.Observe("c", 200_000, at*second)
		if got := strings.Join(d.Order(at*second), " "); got != "a b c" {
			t.Fatalf("%s after %d s", got, at)
		}
	}
}

func TestARegionMayComeForwardMoreThanOnePlace(t *testing.T) {
	d := NewDistances("a", []string{"b", "c", "d"}, map[string]int64{"b": 50e6, "c": 60e6})
	d.Observe("d", 100e6, second)
	d.Order(second)
	for at := int64(2); at < 400; at++ {
		d.Observe("d", 5e6, at*second)
		d.Order(at * second)
	}
	if got := strings.Join(d.Order(400*second), " "); got != "a d b c" {
		t.Error(got)
	}
	if got := d.RTT("d"); got != 5e6 {
		t.Errorf("rtt %d", got)
	}
}

func TestDistancesOutliveAReload(t *testing.T) {
	d := NewDistances("a", []string{"b", "c"}, nil)
	d.Observe("c", 5e6, second)
	d.Observe("b", 50e6, second)
	d.Order(second)
	d.Configure([]string{"a", "c", "d", "b"}, map[string]int64{"d": 20e6})
	if got := strings.Join(d.Order(2*second), " "); got != "a c d b" {
		t.Error(got)
	}
	d.Configure([]string{"d"}, nil)
	if got := strings.Join(d.Order(3*second), " "); got != "a d" || d.RTT("c") != 0 {
		t.Error(got)
	}
}
