package evacuation

import (
	"errors"
	"math"
	"testing"
	"time"
)

var (
	euEverywhere = Scope{Target: Target{Region: "eu"}}
	euOfA        = Scope{Target: Target{Region: "eu", Pool: "a"}}
	nodeOfA      = Scope{Target: Target{Pool: "a", Backend: "node"}, Addresses: []string{"10.0.0.1:80", "10.0.0.2:80"}}
)

const (
	over = 10 * time.Second
	half = int64(over) / 2
)

func TestWhatIsKeptWhileSeveralLeave(t *testing.T) {
	var v Registry
	v.Begin(New(euEverywhere, 1, 0, over, nil))
	v.Begin(New(euOfA, 0.4, 0, over, nil))
	v.Begin(New(nodeOfA, 1, 0, over, nil))
	for _, c := range []struct {
		what      string
		got, want float64
	}{
		{"the least counts", v.RegionShare("a", "eu", half), 0.2},
		{"another pool", v.RegionShare("b", "eu", half), 0.5},
		{"another region", v.RegionShare("a", "us", half), 1},
		{"an address of the name", v.BackendShare("a", "10.0.0.2:80", half), 0.5},
		{"another backend", v.BackendShare("a", "10.0.0.3:80", half), 1},
		{"the address in another pool", v.BackendShare("b", "10.0.0.2:80", half), 1},
	} {
		if math.Abs(c.got-c.want) > 1e-9 {
			t.Errorf("%s: %v, want %v", c.what, c.got, c.want)
		}
	}
	if v.Leaving("b", "eu", euEverywhere.Target) {
		t.Error("a region is in the way of its own evacuation")
	}
	if !v.Leaving("a", "eu", euEverywhere.Target) || !v.Leaving("b", "eu", nodeOfA.Target) || v.Leaving("a", "us", nodeOfA.Target) {
		t.Error("it is not seen which regions leave on another account")
	}
}

func TestANewOrderGoesOnFromTheOld(t *testing.T) {
	var v Registry
	v.Begin(New(euEverywhere, 1, 0, over, nil))
	if got := v.Replace(euOfA.Target, 1, half); got != 1 {
		t.Errorf("the target of nothing keeps %v", got)
	}
	share := v.Replace(euEverywhere.Target, 1, half)
	if math.Abs(share-0.5) > 1e-9 || v.Moving() != 0 {
		t.Errorf("it keeps %v, and %d are under way", share, v.Moving())
	}
	e := NewReturn(euEverywhere, share, half, 0)
	if lasts := time.Duration(e.ramp.lasts); e.share(half) != share || lasts != comeHomeWithin/2 {
		t.Errorf("it comes back from %v in %s", e.share(half), lasts)
	}
	for _, nothing := range []*Evacuation{NewReturn(euEverywhere, 1, 0, over), NewReturn(euEverywhere, 0, 0, 0)} {
		if nothing != nil {
			t.Errorf("%+v has nothing to do by degrees", nothing)
		}
	}
}

// Somebody has to drive as long as anything is under way, and not twice.
func TestDrivingBeginsAndEnds(t *testing.T) {
	var v Registry
	first, second := New(euOfA, 1, 0, over, nil), New(nodeOfA, 1, 0, over, nil)
	if !v.Begin(first) || v.Begin(second) || len(v.Drive()) != 2 {
		t.Error("it is not one who drives both")
	}
	v.TakenOut(first, int64(over))
	if list := v.Drive(); len(list) != 1 || list[0] != second {
		t.Errorf("%v are driven", list)
	}
	if _, ok := v.CallOff(first, int64(over), "why"); ok || v.Current(first) {
		t.Error("what has ended is called off")
	}
	if wasOut, ok := v.CallOff(second, half, "why"); wasOut || !ok {
		t.Error("what is under way is not called off")
	}
	v.End(second, int64(over))
	if v.Drive() != nil || v.Moving() != 0 || !v.Begin(New(euOfA, 1, 0, over, nil)) {
		t.Error("nobody begins to drive again")
	}
	told := v.Status(int64(over))
	if len(told) != 2 || told[0].State != Aborted || told[0].Aborted != "why" || told[0].Share != 1 {
		t.Errorf("the status tells of %+v", told)
	}
}

func TestReportOfADrill(t *testing.T) {
	var v Registry
	of := euEverywhere
	guard := new(Guard)
	guard.Watch("a", &of, &Baseline{Destinations: served(100, 1, 0, 10*time.Millisecond)})
	guard.Watch("b", &of, &Baseline{Destinations: served(50, 0, 0, 10*time.Millisecond)})
	order := &Order{Target: of.Target, Over: over}
	d := NewDrill(order, time.Minute, time.Unix(0, 0), guard)
	if _, err := v.BeginDrill(d); err != nil {
		t.Fatal(err)
	}
	if _, err := v.BeginDrill(NewDrill(order, time.Minute, time.Unix(0, 0), new(Guard))); err == nil {
		t.Error("two drills at a time")
	} else if _, ok := errors.AsType[*ConflictError](err); !ok {
		t.Errorf("%T", err)
	}
	e := d.Evacuation(of, 1, 0)
	v.Begin(e)
	now := int64(over)
	is := func(state DrillState) *DrillReport {
		t.Helper()
		r := v.DrillReport()
		if r.State != state {
			t.Errorf("it is %s, want %s", r.State, state)
		}
		return r
	}
	is(DrillDraining)
	v.TakenOut(e, now)
	is(DrillOut)
	lately := served(10, 2, 3, 10*time.Millisecond)
	if why := e.Judge("a", &lately); why == "" {
		t.Error("the guard bears requests that are refused")
	}
	v.NoteDrill(e, 4, 16)
	now += int64(time.Minute)
	if m, _ := v.Reached(e, now); m != Due {
		t.Errorf("it asks for %d", m)
	}
	v.ComeBack(e, now)
	is(DrillReturning)
	e.Judge("a", &lately) // it counts no more
	now += int64(over)
	if m, _ := v.Reached(e, now); m != Whole || !e.AwaitsTraffic(now) || e.AwaitsTraffic(now+int64(settlePatience)+1) {
		t.Errorf("it asks for %d", m)
	}
	v.NoteDrill(e, 5, 20)
	v.End(e, now)
	r := is(DrillDone)
	if !r.Ended || r.Before.Requests != 150 || r.Before.Errors != 1 || r.During.Requests != 10 || r.During.Errors != 2 || r.Refused != 3 ||
		r.Moved != 5 || r.Requests != 20 || r.Share != 0.25 || r.HomeAfter != over.Seconds() {
		t.Errorf("%+v", r)
	}
}

func TestADrillThatIsReplaced(t *testing.T) {
	var v Registry
	d := NewDrill(&Order{Target: euOfA.Target, Over: over}, time.Minute, time.Unix(0, 0), new(Guard))
	if _, err := v.BeginDrill(d); err != nil {
		t.Fatal(err)
	}
	e := d.Evacuation(euOfA, 1, 0)
	v.Begin(e)
	v.Replace(euOfA.Target, 1, half)
	v.NoteDrill(e, 1, 1)
	if r := v.DrillReport(); r.State != DrillReplaced || !r.Ended || r.Moved != 0 {
		t.Errorf("%+v", r)
	}
}

// A drill that wants no guard is measured all the same, and not called off.
func TestADrillWithoutAGuard(t *testing.T) {
	guard := new(Guard)
	guard.Watch("a", &euOfA, &Baseline{})
	d := NewDrill(&Order{Target: euOfA.Target, NoGuard: true}, time.Minute, time.Unix(0, 0), guard)
	e := d.Evacuation(euOfA, 1, 0)
	lately := served(10, 10, 10, time.Second)
	if why := e.Judge("a", &lately); why != "" || d.during.Errors != 10 || !e.Watched() {
		t.Errorf("%q, and %d errors", why, d.during.Errors)
	}
	if e.status(0).Guarded {
		t.Error("it says that it is guarded")
	}
}
