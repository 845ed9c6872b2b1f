//go:build linux

package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A situation is one line of the table.
type situation struct {
	name  string // on the command line
	title string
	bar   string
	keys  string // of spillway's configuration that are not as in the other situations
	needs func(*site)
	home  int           // backends; the far region has as many
	held  time.Duration // how long an answer takes; 0: 5 ms
	far   bool          // there is a far region
	alone bool          // the other proxies have nothing for it
	play  func(*stage) (figures, error)
}

// figures are what a proxy did in a situation.
type figures struct {
	text  string
	meets bool
	load  shots
}

const (
	farAway = 80 * time.Millisecond // before the answer
	usual   = 1500.0                // requests a second
)

func (s *situation) takes() time.Duration { return max(s.held, 5*time.Millisecond) }

var situations = []situation{
	{
		name: "death", title: "3 home backends die at 1,500 rps of GETs (resets), and return", home: 3, far: true,
		bar:  "0 failed whose answer had not begun; p99 meanwhile <= 92 ms; 95 % home within 5 s of the return",
		play: (*stage).death,
	},
	{
		name: "surge", title: "surge to 133 % of home's capacity (1,500, 4,000, 1,500 rps)", home: 4, far: true, held: 20 * time.Millisecond,
		bar:   "0 % leaves before and after; in the surge at most 2 points more than must; 0 failed; p50 <= 22 ms, p99 <= 103 ms",
		keys:  "max_requests: 15 at home, 250 far away",
		needs: func(s *site) { s.limit(15, 250) },
		play:  (*stage).surge,
	},
	{
		name: "slow", title: "one of four turns from 5 to 200 ms, its checks stay good", home: 4,
		bar:  "p99 over what follows <= 10 ms; its share <= 0.3 %",
		play: (*stage).slow,
	},
	{
		name: "503", title: "one of four answers 503 at once, its /healthz 200", home: 4,
		bar:  "0 failed; at most 0.2 % of requests reach it",
		play: (*stage).unavailable,
	},
	{
		name: "silent", title: "one of four accepts and never answers, for 6 s", home: 4,
		bar:  "0 failed GETs; p99 <= 10 ms",
		play: (*stage).silent,
	},
	{
		name: "reset", title: "one of four reads every request and resets (1,500 GETs, 1,500 POSTs)", home: 4,
		bar:   "no POST delivered twice, no GET lost",
		keys:  "ejection: off, retries.budget: 100 %",
		needs: func(s *site) { s.NoEjection, s.Budget = true, "100%" },
		play:  (*stage).resets,
	},
	{
		name: "hash", title: "consistent_hash, 10 backends, 5,000 keys; one removed, one dies, comes back", home: 10,
		bar:   "busiest <= 1.10 of the mean; 0 % of the others' keys move; 100 % come back",
		keys:  "policy: consistent_hash, hash_on: [query:key]",
		needs: func(s *site) { s.Hash = true },
		play:  (*stage).hash,
	},
	{
		name: "half", title: "home lost while the far region can take half; priorities 5, 15, ... 95", home: 4, far: true, alone: true,
		bar:   "lowest priority first; once settled nothing from 65 on fails (half has to go)",
		keys:  "priority: {header: X-Priority}, trusted_proxies, max_requests: 16, queue: {size: 64}",
		needs: func(s *site) { s.limit(16, 16); s.Priorities, s.Queue = true, 64 },
		play:  (*stage).half,
	},
	{
		name: "drain", title: "drain of a region over 10 s under load, and undrain", home: 4, far: true, alone: true,
		bar:   "0 failed; nothing at home afterwards; all back after undrain",
		keys:  "max_requests: 250",
		needs: func(s *site) { s.limit(250, 250) },
		play:  (*stage).drain,
	},
	{
		name: "drill", title: "drill of a region under load", home: 4, far: true, alone: true,
		bar:   "0 failed; ends and restores by itself",
		keys:  "max_requests: 250",
		needs: func(s *site) { s.limit(250, 250) },
		play:  (*stage).drill,
	},
	{
		name: "kill", title: "kill -9 in the middle of a drill, and a new start", home: 4, far: true, alone: true,
		bar:   "0 failed but while there is no process; all home by itself",
		keys:  "max_requests: 250",
		needs: func(s *site) { s.limit(250, 250) },
		play:  (*stage).kill,
	},
}

func situationNames() (names []string) {
	for _, s := range situations {
		names = append(names, s.name)
	}
	return names
}

func chooseSituations(list string) (chosen []situation, err error) {
	if list == "all" {
		return situations, nil
	}
	for name := range strings.SplitSeq(list, ",") {
		i := slices.Index(situationNames(), name)
		if i < 0 {
			return nil, fmt.Errorf("no situation %q: %s", name, strings.Join(situationNames(), ", "))
		}
		chosen = append(chosen, situations[i])
	}
	return chosen, nil
}

// siteOf has fresh addresses for everything.
func (b *bench) siteOf(s *situation) *site {
	at := &site{Dir: b.sup.Dir, Address: b.ports.FreeAddress(), Admin: b.ports.FreeAddress()}
	for i := range s.home {
		at.Home = append(at.Home, server{Name: fmt.Sprint("home", i), Address: b.ports.FreeAddress()})
		if s.far {
			at.Far = append(at.Far, server{Name: fmt.Sprint("far", i), Address: b.ports.FreeAddress()})
		}
	}
	if s.needs != nil {
		s.needs(at)
	}
	return at
}

func (s *site) limit(home, far int) {
	for i := range s.Home {
		s.Home[i].Max = home
	}
	for i := range s.Far {
		s.Far[i].Max = far
	}
}

func namesOf(servers []server) (names []string) {
	for _, s := range servers {
		names = append(names, s.Name)
	}
	return names
}

// either picks a length for -quick or without.
func (b *bench) either(quick, full time.Duration) time.Duration {
	if b.quick {
		return quick
	}
	return full
}
