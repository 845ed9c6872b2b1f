package health_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"spillway/health"
)

const second = int64(time.Second)

func ejecting(failures, keep int) health.Settings {
	return health.Settings{Ejection: health.EjectionSettings{Failures: failures, Window: 10 * time.Second, Time: 30 * time.Second, KeepAtLeast: keep}}
}

func TestEjectionTimesVary(t *testing.T) {
	for _, tc := range []struct {
		dice  float64
		least time.Duration
		most  time.Duration
	}{
		{0, 27 * time.Second, 27 * time.Second},
		{0.25, 28500 * time.Millisecond, 28500 * time.Millisecond},
		{0.999, 32900 * time.Millisecond, 33 * time.Second},
	} {
		g := health.NewGroup(ejecting(1, 0))
		g.Tracker("a", 0).Failure(0, 0, health.Reset, tc.dice)
		at, ok := g.NextDeadline()
		if !ok || time.Duration(at) < tc.least || time.Duration(at) > tc.most {
			t.Errorf("dice %v: ejected until %v (%v), want %v to %v", tc.dice, time.Duration(at), ok, tc.least, tc.most)
		}
	}
}

// However often a backend was ejected, a bounded time in service makes the next ejection a first one again.
func TestEjectionsAreForgotten(t *testing.T) {
	g := health.NewGroup(ejecting(1, 0))
	a := g.Tracker("a", 0)
	now := int64(0)
	eject := func() time.Duration {
		if change := a.Failure(now, now, health.Reset, 0.5); change.To != health.Ejected {
			t.Fatalf("not ejected: %+v", change)
		}
		until, _ := g.NextDeadline()
		length := time.Duration(until - now)
		now = until
		g.Tick(now, rand.Float64())
		return length
	}
	for range 100 {
		eject()
	}
	if got := eject(); got != 300*time.Second {
		t.Errorf("after many ejections the next lasts %v, want 5m", got)
	}
	now += 5 * 30 * second
	if got := eject(); got != 30*time.Second {
		t.Errorf("after five calm base times an ejection lasts %v, want 30s", got)
	}
}

// KeepAtLeast holds whoever reports failures at the same time, and the transitions told add up to the end.
func TestConcurrentFailuresKeepEnough(t *testing.T) {
	const backends, keep = 8, 3
	g := health.NewGroup(ejecting(3, keep))
	trackers := make([]*health.Tracker, backends)
	for i := range trackers {
		trackers[i] = g.Tracker(fmt.Sprint(i), 0)
	}
	var mu sync.Mutex
	balance := 0
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 2000 {
				tr := trackers[rand.IntN(backends)]
				var change health.Transition
				switch rand.IntN(10) {
				case 0:
					tr.Success()
				case 1:
					tr.Available()
					tr.Refused()
					tr.Reason(second)
				default:
					change = tr.Failure(0, second, health.ConnectRefused, rand.Float64())
				}
				if available := g.Available(); available < keep {
					t.Errorf("%d available, %d to keep", available, keep)
				}
				if change.AvailabilityChanged() {
					mu.Lock()
					balance--
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if got := g.Available(); got != keep || got != backends+balance {
		t.Errorf("%d available after %d ejections, want %d", got, -balance, keep)
	}
}

// Everything at once: the group's count stays the number of available backends.
func TestConcurrentEverything(t *testing.T) {
	check := &health.CheckSettings{Rise: 2, Fall: 2}
	with, without := ejecting(2, 1), ejecting(2, 2)
	with.Check = check
	g := health.NewGroup(with)
	ids := []string{"a", "b", "c", "d"}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range int64(2000) {
				now := i * second / 10
				tr := g.Tracker(ids[rand.IntN(len(ids))], now)
				switch rand.IntN(12) {
				case 0:
					tr.SetEnabled(rand.IntN(2) == 0, now)
				case 1:
					g.Configure(with, now)
				case 2:
					g.Configure(without, now)
				case 3:
					g.Remove(tr.ID())
				case 4, 5:
					tr.CheckFailed(now, "timeout", false)
				case 6, 7:
					tr.CheckPassed(now)
				case 8:
					g.Tick(now, rand.Float64())
				case 9:
					tr.Success()
				default:
					tr.Failure(now, now, health.Reset, rand.Float64())
				}
			}
		})
	}
	wg.Wait()
	want := 0
	for _, id := range ids {
		before := g.Available()
		tr := g.Tracker(id, 1000*second)
		if g.Available() > before { // it had been removed and is new
			want++
			continue
		}
		if tr.Available() {
			want++
		}
	}
	if got := g.Available(); got != want {
		t.Errorf("group counts %d available, there are %d", got, want)
	}
}

func TestRemovedBackendComesBackNew(t *testing.T) {
	g := health.NewGroup(ejecting(1, 0))
	old := g.Tracker("a", 0)
	g.Remove("a")
	g.Remove("a")
	if old.SetEnabled(false, 1).Changed() {
		t.Error("a removed backend still has transitions")
	}
	if tr := g.Tracker("a", 2); tr == old || !tr.Available() || g.Available() != 1 {
		t.Errorf("the backend that came back: %+v, %d available", tr.Status(2), g.Available())
	}
}

func TestHotPathAllocatesNothing(t *testing.T) {
	g := health.NewGroup(ejecting(5, 0))
	a := g.Tracker("a", 0)
	a.Failure(0, 0, health.Reset, 0.5) // the ring of failure times
	for name, f := range map[string]func(){
		"Success":             a.Success,
		"Success and Failure": func() { a.Failure(0, 0, health.Reset, 0.5); a.Success() },
		"Available":           func() { a.Available(); a.Refused() },
	} {
		got := testing.AllocsPerRun(1, func() {
			for range 1000 {
				f()
			}
		})
		if got != 0 {
			t.Errorf("%s: %v allocations in 1,000 calls", name, got)
		}
	}
}

func BenchmarkSuccess(b *testing.B) {
	a := health.NewGroup(ejecting(5, 0)).Tracker("a", 0)
	for b.Loop() {
		a.Success()
	}
}
