package main

// The usual situation: home has 4 servers with 15 slots each, so 3,000 requests a second of 20 ms; another region is
// 80 ms away and has twice that.
const (
	homeSlots = 15
	homeCan   = 3000.0
)

func usual(name, title, about string, length int64, rate func(int64) float64) *scenario {
	return &scenario{
		name: name, title: title, about: about, length: length, local: milli / 5, backlog: 100, timeout: 2 * second,
		service: lognormal(20*milli, 0.5),
		regions: []region{
			{name: "home", backends: 4, slots: homeSlots, proxies: 1, rate: rate},
			{name: "far", far: 80 * milli, backends: 8, slots: homeSlots},
		},
		settled: [2]int64{4 * second, length},
	}
}

// fast is the usual situation with answers in 5 ms and 1,500 requests a second, an eighth of what home can do.
func fast(name, title, about string, length int64) *scenario {
	s := usual(name, title, about, length, steps(0, 1500))
	s.service = lognormal(5*milli, 0.5)
	return s
}

func scenarios() []*scenario {
	return append(append(loads(), faulty()...), large()...)
}

// loads are scenarios in which nothing fails.
func loads() []*scenario {
	steady := usual("steady", "Steady at 80 % of home", "Nothing has to leave.", 20*second, steps(0, 0.8*homeCan))

	surge := usual("surge", "Surge to 133 % of home", "1,500, then 4,000, then 1,500 requests a second; home can do 3,000.",
		30*second, steps(0, 1500, 6, 4000, 22, 1500))
	surge.settled, surge.judged = [2]int64{8 * second, 22 * second}, [2]int64{6 * second, 22 * second}

	tails := usual("tails", "Surge with heavy tails", "The same with service times after Pareto (exponent 1.6).",
		30*second, steps(0, 1500, 6, 4000, 22, 1500))
	tails.service = pareto(20*milli, 1.6)
	tails.settled, tails.judged = surge.settled, surge.judged

	day := usual("diurnal", "A day in 40 seconds", "Between 40 % and 130 % of home and back.", 40*second, wave(0.4*homeCan, 1.3*homeCan, 40*second, 0))
	day.settled = [2]int64{16 * second, 24 * second}

	learned := usual("learned", "Surge, nobody is told the limits", "As surge, but no proxy knows how much a server can take.",
		40*second, steps(0, 1500, 10, 4000, 32, 1500))
	learned.learned = true
	learned.settled, learned.judged = [2]int64{16 * second, 32 * second}, [2]int64{10 * second, 32 * second}

	steady.telling, surge.telling, day.telling, learned.telling = true, true, true, true
	return []*scenario{steady, surge, tails, day, learned, threeRegions(), keyed(), overload()}
}

// threeRegions has three regions with proxies and clients of their own, whose days are a third apart.
func threeRegions() *scenario {
	s := usual("regions", "Three regions, three days", "Each has clients, three proxies and its own busy hour at 130 %; the day is a third later in the next.",
		40*second, nil)
	s.regions = nil
	for i, name := range []string{"home", "east", "west"} {
		r := region{name: name, backends: 6, slots: homeSlots, proxies: 3, rate: wave(0.3*1.5*homeCan, 1.3*1.5*homeCan, 30*second, float64(i)/3)}
		r.far = []int64{0, 60 * milli, 90 * milli}[i]
		s.regions = append(s.regions, r)
	}
	s.settled = [2]int64{10 * second, 40 * second}
	s.learned = true
	return s
}

func keyed() *scenario {
	s := usual("keys", "Keyed traffic through a surge", "5,000 keys by consistent hash: 50 % of home, 120 %, 50 % again.",
		40*second, steps(0, 1500, 8, 3600, 24, 1500))
	s.keys = 5000
	s.settled, s.judged = [2]int64{12 * second, 24 * second}, [2]int64{}
	return s
}

func overload() *scenario {
	s := usual("overload", "More than all regions can take", "Home and a far region of the same size are offered 125 % of what both can do together, with priorities 1 to 100.",
		30*second, steps(0, 1500, 6, 7500, 22, 1500))
	s.regions[1].backends = 4
	s.graded = true
	s.settled, s.judged = [2]int64{12 * second, 22 * second}, [2]int64{6 * second, 22 * second}
	return s
}

// faulty are scenarios in which something fails.
func faulty() []*scenario {
	slow := fast("slow", "One of four turns slow", "From 5 to 200 ms at 8 s, its checks are good; well again at 20 s.", 28*second)
	slow.faults = []fault{{8 * second, change(func(s *server) { s.slow = 40 }, 0, 0)}, {20 * second, change(func(s *server) { s.slow = 1 }, 0, 0)}}
	slow.judged = [2]int64{8 * second, 16 * second}

	failing := fast("failing", "One of four fails fast", "503 at once from 6 to 16 s, its checks are good.", 24*second)
	failing.faults = []fault{{6 * second, change(func(s *server) { s.failing, s.gone = true, true }, 0, 0)},
		{16 * second, change(func(s *server) { s.failing, s.gone = false, false }, 0, 0)}}

	hole := fast("hole", "One of four is a black hole", "It accepts and never answers from 6 to 12 s.", 24*second)
	hole.faults = []fault{{6 * second, change(func(s *server) { s.silent, s.gone = true, true }, 0, 0)},
		{12 * second, change(func(s *server) { s.silent, s.gone = false, false }, 0, 0)}}

	flap := fast("flapping", "One of four flaps", "It dies for 700 ms every 2 s, from 4 to 24 s.", 30*second)
	for t := 4 * second; t < 24*second; t += 2 * second {
		flap.faults = append(flap.faults, fault{t, crash(0, 0)}, fault{t + 700*milli, restart(0, 0)})
	}

	lost := fast("loss", "Home dies and comes back", "All servers at home reset their connections at 6 s and are back at 14 s.", 30*second)
	lost.faults = []fault{{6 * second, crash(0)}, {14 * second, restart(0)}}
	lost.returns = 14 * second
	lost.settled = [2]int64{20 * second, 30 * second}

	brown := usual("brownout", "Half of home dies", "2 of 4 servers are gone from 6 to 20 s, at 80 % of home's usual capacity.", 30*second, steps(0, 0.8*homeCan))
	brown.faults = []fault{{6 * second, crash(0, 0, 1)}, {20 * second, restart(0, 0, 1)}}
	brown.returns = 20 * second
	brown.settled, brown.judged = [2]int64{9 * second, 20 * second}, [2]int64{6 * second, 20 * second}

	silent := usual("weak", "Half of home's slots go unnoticed", "Each server has half its slots from 10 to 26 s; no proxy is told any limit.",
		40*second, steps(0, 0.8*homeCan))
	silent.learned = true
	silent.faults = []fault{{10 * second, change(func(s *server) { s.slots /= 2 }, 0)}, {26 * second, change(func(s *server) { s.slots = homeSlots }, 0)}}
	silent.settled, silent.judged = [2]int64{14 * second, 26 * second}, [2]int64{10 * second, 26 * second}

	stale := fast("stale", "Stale views", "Results of checks come 4 s late; two of four die at 6 s and are back at 14 s.", 30*second)
	stale.stale = 4 * second
	stale.returns = 14 * second
	stale.faults = []fault{{6 * second, crash(0, 0, 1)}, {14 * second, restart(0, 0, 1)}}

	slow.telling, failing.telling, lost.telling, brown.telling = true, true, true, true
	return []*scenario{slow, failing, hole, flap, lost, brown, silent, stale}
}

// large are scenarios with many servers or many proxies.
func large() []*scenario {
	thousand := usual("thousand", "A thousand servers", "400 at home, 600 in three other regions, 8 proxies, answers in 200 ms; a surge to 120 %, in which a twentieth of home dies.",
		16*second, nil)
	thousand.regions = []region{
		{name: "home", backends: 400, slots: 8, proxies: 8, rate: steps(0, 10_000, 3, 19_200, 13, 10_000)},
		{name: "near", far: 20 * milli, backends: 200, slots: 8},
		{name: "far", far: 80 * milli, backends: 200, slots: 8},
		{name: "farther", far: 140 * milli, backends: 200, slots: 8},
	}
	thousand.service = lognormal(200*milli, 0.5)
	thousand.faults = []fault{{8 * second, crash(0, first(20)...)}}
	thousand.settled, thousand.judged = [2]int64{5 * second, 13 * second}, [2]int64{3 * second, 13 * second}

	return []*scenario{thousand, fleet("fleet", false), fleet("fleetlearned", true)}
}

// fleet repeats a surge with more and more proxies that do not talk to each other.
func fleet(name string, learned bool) *scenario {
	can := 16 * 64 / 0.0202
	s := usual(name, "1 to 64 proxies, each told its share", "Home has 1,024 slots; the load goes to 133 % of that. Each proxy knows its share of each server's slots.",
		10*second, steps(0, 0.6*can, 2, 4.0/3*can, 7, 0.6*can))
	s.regions[0].backends, s.regions[0].slots = 16, 64
	s.regions[1].backends, s.regions[1].slots = 32, 64
	s.fleets = []int{1, 2, 4, 8, 16, 32, 64}
	s.length = 8 * second
	s.settled, s.judged = [2]int64{3 * second, 7 * second}, [2]int64{2 * second, 7 * second}
	s.policies = []string{"spillway"}
	if learned {
		s.learned = true
		s.title = "1 to 64 proxies that learn"
		s.about = "The same, and nobody is told a limit."
		s.fleets = []int{1, 4, 16, 64}
		s.length = 14 * second
		s.regions[0].rate = steps(0, 0.6*can, 5, 4.0/3*can, 13, 0.6*can)
		s.settled, s.judged = [2]int64{8 * second, 13 * second}, [2]int64{5 * second, 13 * second}
	}
	return s
}
