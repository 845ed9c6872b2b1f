package health_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"spillway/health"
)

func judging(keep int, fraction float64) health.Settings {
	return health.Settings{Probation: true, Ejection: health.EjectionSettings{
		Time: 3 * time.Second, KeepAtLeast: keep,
		Outliers: health.OutlierSettings{
			Interval: time.Second, Fraction: fraction,
			GatewayErrors: health.GatewayErrorSettings{InARow: 3, Share: 0.5, Hosts: 2, Requests: 5},
			SuccessRate:   health.SuccessRateSettings{Deviations: 2, Margin: 0.1, Hosts: 3, Requests: 5},
			Latency:       health.LatencySettings{Factor: 3, Floor: 10 * time.Millisecond, Hosts: 3, Requests: 5},
		},
	}}
}

// Whatever backends do: no judgement leaves fewer than are to be kept, nor holds more than its fraction ejected.
func TestJudgementsStayWithinTheirLimits(t *testing.T) {
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 1))
		backends, keep := 1+random.IntN(12), random.IntN(6)
		fraction := random.Float64()
		most := max(1, int(fraction*float64(backends)))
		g := health.NewGroup(judging(keep, fraction))
		trackers := make([]*health.Tracker, backends)
		badness := make([]float64, backends)
		for i := range trackers {
			trackers[i] = g.Tracker(fmt.Sprint(i), 0)
		}
		ejections := 0
		for now := int64(0); now < 60*second; now += 20 * int64(time.Millisecond) {
			i := random.IntN(backends)
			if random.IntN(50) == 0 {
				badness[i] = random.Float64()
			}
			status, took := 200, int64(1+random.IntN(10))*int64(time.Millisecond)
			if random.Float64() < badness[i] {
				status, took = []int{500, 503, 200}[random.IntN(3)], int64(time.Second)
			}
			changes := append(g.Tick(now, random.Float64()), trackers[i].Answered(i, now-took, now, status, random.Float64()))
			ejected := 0
			for _, tr := range trackers {
				if tr.State() == health.Ejected {
					ejected++
				}
			}
			for _, c := range changes {
				if c.To != health.Ejected || !c.Changed() {
					continue
				}
				ejections++
				if g.Available() < keep || ejected > most {
					t.Fatalf("seed %d: %d of %d available, %d to keep; %d ejected, %d allowed; %s", seed, g.Available(), backends, keep, ejected, most, c.Reason)
				}
			}
		}
		if ejections == 0 && backends > max(keep, 3) {
			t.Errorf("seed %d: nothing was ejected of %d", seed, backends)
		}
	}
}

// A backend that errs by chance as often as the rest is no outlier, however little traffic there is.
func TestEqualBackendsAreNoOutliers(t *testing.T) {
	settings := judging(0, 1)
	settings.Ejection.Outliers.GatewayErrors = health.GatewayErrorSettings{}
	settings.Ejection.Outliers.SuccessRate = health.SuccessRateSettings{Deviations: 4, Margin: 0.01, Hosts: 3, Requests: 20}
	random := rand.New(rand.NewPCG(5, 6))
	g := health.NewGroup(settings)
	for now := int64(0); now < 500*second; now += second {
		for i := range 10 {
			tr := g.Tracker(fmt.Sprint(i), now)
			for range 20 + random.IntN(200) {
				status := 200
				if random.IntN(5) == 0 {
					status = 500
				}
				tr.Answered(0, now, now+int64(random.ExpFloat64()*5e6), status, 0)
			}
		}
		for _, c := range g.Tick(now, 0.5) {
			t.Fatalf("at %v: %+v", time.Duration(now), c)
		}
	}
}

// Where the others are without a fault, however many they are, one failure in a thousand stays below the margin.
func TestOneFailureAmongTheFaultlessIsNoOutlier(t *testing.T) {
	settings := judging(0, 1)
	settings.Ejection.Outliers.GatewayErrors = health.GatewayErrorSettings{}
	settings.Ejection.Outliers.SuccessRate = health.SuccessRateSettings{Deviations: 1.9, Margin: 0.05, Hosts: 5, Requests: 100}
	for backends := 5; backends < 200; backends++ {
		g := health.NewGroup(settings)
		for i := range backends {
			tr := g.Tracker(fmt.Sprint(i), 0)
			for n := range 1000 {
				status := 200
				if i == 0 && n == 0 {
					status = 500
				}
				tr.Answered(0, 0, 1, status, 0)
			}
		}
		if changes := g.Tick(second, 0.5); len(changes) > 0 {
			t.Errorf("of %d backends: %s", backends, changes[0].Reason)
		}
	}
}

func TestEjectedBySweepReturnApart(t *testing.T) {
	settings := judging(0, 1)
	settings.Ejection.Time = time.Minute
	settings.Ejection.Outliers.GatewayErrors = health.GatewayErrorSettings{Share: 0.5, Requests: 1}
	g := health.NewGroup(settings)
	for i := range 20 {
		g.Tracker(fmt.Sprint(i), 0).Answered(0, 0, 1, 503, 0)
	}
	if n := len(g.Tick(second, 0.3)); n != 20 {
		t.Fatalf("%d ejected", n)
	}
	returned := map[int64]int{}
	for now := second; now < 100*second; now += int64(100 * time.Millisecond) {
		if n := len(g.Tick(now, 0)); n > 0 {
			returned[now] = n
			if n > 1 {
				t.Errorf("%d return at %v", n, time.Duration(now))
			}
		}
	}
	if len(returned) != 20 {
		t.Errorf("they return at %v", returned)
	}
}

// A probation ends once, whoever tells of the first good answers.
func TestProbationEndsOnce(t *testing.T) {
	settings := ejecting(1, 0)
	settings.Probation = true
	for range 200 {
		g := health.NewGroup(settings)
		a := g.Tracker("a", 0)
		a.Failure(0, 0, health.Reset, 0.5)
		g.Tick(30*second, 0)
		if !a.Probation() {
			t.Fatal("no probation")
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		ends := 0
		for i := range 4 {
			wg.Go(func() {
				c := a.Answered(i, 31*second, 32*second, 200, 0)
				if c.Changed() {
					t.Errorf("a change: %+v", c)
				}
				if c.ProbationEnded {
					mu.Lock()
					ends++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if ends != 1 || a.Probation() {
			t.Fatalf("ended %d times", ends)
		}
	}
}

// Nothing that loops count at the same time is lost.
func TestConcurrentSamplesAreComplete(t *testing.T) {
	settings := judging(0, 1)
	settings.Ejection.Outliers.GatewayErrors = health.GatewayErrorSettings{Share: 0.1, Requests: 1}
	g := health.NewGroup(settings)
	a := g.Tracker("a", 0)
	var wg sync.WaitGroup
	for loop := range 20 {
		wg.Go(func() {
			for range 1000 {
				a.Answered(loop, 0, int64(loop)*int64(time.Millisecond), 200, 0)
				a.Answered(loop, 0, 0, 0, 0)
			}
			for range 250 {
				a.Answered(loop, 0, second, 504, 0)
				a.Answered(loop, 0, second, 500, 0)
			}
		})
	}
	wg.Wait()
	changes := g.Tick(second, 0.5)
	if want := "ejected for 3s after 10 % gateway errors in 50000 exchanges; 3s left"; len(changes) != 1 || changes[0].Reason != want {
		t.Errorf("%+v, want %q", changes, want)
	}
}

func TestAnsweredAllocatesNothing(t *testing.T) {
	g := health.NewGroup(judging(1, 0.5))
	a := g.Tracker("a", 0)
	a.Answered(0, 0, 0, 200, 0)
	for range 3 {
		a.Answered(0, 0, 0, 503, 0) // the ring; it is kept, as the last one
	}
	for name, f := range map[string]func(){
		"good":                      func() { a.Answered(0, 0, 5e6, 200, 0.5) },
		"gateway error":             func() { a.Answered(0, 0, 5e6, 503, 0.5) },
		"gateway error, then good":  func() { a.Answered(0, 0, 5e6, 503, 0.5); a.Answered(0, 0, 5e6, 200, 0.5) },
		"other error":               func() { a.Answered(0, 0, 5e6, 500, 0.5) },
		"probation and other reads": func() { a.Probation(); a.Available() },
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

// Two groups share a doubt, and everything happens at once: nothing deadlocks, and what every host passes in the end is trusted.
func TestConcurrentDoubt(t *testing.T) {
	check := &health.CheckSettings{Interval: time.Second, Rise: 1, Fall: 2}
	d := health.NewDoubt(health.DoubtSettings{}, 0)
	groups := []*health.Group{health.NewGroup(health.Settings{Check: check}), health.NewGroup(health.Settings{Check: check})}
	for _, g := range groups {
		g.SetDoubt(d)
	}
	tracker := func(g *health.Group, i int, now int64) *health.Tracker {
		tr := g.Tracker(fmt.Sprint(i), now)
		tr.SetPlace(health.Place{Host: fmt.Sprint(i)})
		return tr
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for step := range int64(3000) {
				now := step * second / 20
				g := groups[rand.IntN(2)]
				tr := tracker(g, rand.IntN(6), now)
				switch rand.IntN(10) {
				case 0:
					g.Remove(tr.ID())
				case 1:
					g.Configure(health.Settings{Check: check}, now)
				case 2:
					tr.SetPlace(health.Place{Host: "elsewhere", Region: "far"})
				case 3:
					d.Status(now)
					d.Take()
				case 4, 5, 6:
					tr.CheckPassed(now)
				default:
					tr.CheckFailed(now, "timeout", false)
				}
			}
		})
	}
	wg.Wait()
	for now := 1000 * second; now < 1010*second; now += second {
		for _, g := range groups {
			for i := range 6 {
				tracker(g, i, now).CheckPassed(now)
			}
		}
	}
	if s := d.Status(1010 * second); s.Doubting || s.Lost != 0 || s.Hosts != 6 {
		t.Errorf("in the end: %+v", s)
	}
}

func BenchmarkAnswered(b *testing.B) {
	g := health.NewGroup(judging(0, 0.5))
	a := g.Tracker("a", 0)
	for b.Loop() {
		a.Answered(0, 0, 5e6, 200, 0.5)
	}
}

func BenchmarkSweepOf1000(b *testing.B) {
	g := health.NewGroup(judging(0, 0.5))
	for i := range 1000 {
		tr := g.Tracker(fmt.Sprint(i), 0)
		for slot := range 4 {
			for range 10 {
				tr.Answered(slot, 0, 5e6, 200, 0)
			}
		}
	}
	now := second
	for b.Loop() {
		g.Tick(now, 0)
		now += second
	}
}
