//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"time"
)

const keys = 5000

// settle is how long a change of the backends may take until everybody knows.
const settle = 4 * time.Second

func (st *stage) hash() (f figures, err error) {
	dice := rand.New(rand.NewPCG(st.seed, 2))
	names := make([]string, keys)
	for i := range names {
		names[i] = fmt.Sprintf("%016x", dice.Uint64())
	}
	pass := func() (map[string]string, error) {
		// Each key once, give or take the last ones.
		list, err := st.shoot(plan{Phases: []phase{{1000, 5200 * time.Millisecond}}, Keys: names, Connections: 50})
		f.load = append(f.load, list...)
		at := map[string]string{}
		for i := range list {
			if list[i].good() {
				at[list[i].Key] = list[i].Backend
			}
		}
		return at, err
	}
	all, err := pass()
	if err != nil {
		return f, err
	}
	removed, dies := st.site.Home[9].Name, st.site.Home[3].Name
	st.site.Home = st.site.Home[:9]
	if err := st.reload(); err != nil {
		return f, err
	}
	time.Sleep(settle)
	nine, err := pass()
	if err != nil {
		return f, err
	}
	if _, err := st.order(backendOrder{Names: []string{dies}, Stop: true}); err != nil {
		return f, err
	}
	time.Sleep(settle)
	eight, err := pass()
	if err != nil {
		return f, err
	}
	if _, err := st.order(backendOrder{Names: []string{dies}, Revive: true}); err != nil {
		return f, err
	}
	time.Sleep(settle)
	again, err := pass()
	if err != nil {
		return f, err
	}
	busiest := max(busiestOf(all, 10), busiestOf(nine, 9))
	moved := moves(all, nine, removed) + moves(nine, eight, dies)
	stayed, of := 0, 0
	for key, name := range nine {
		if name == dies {
			of++
			if again[key] == name {
				stayed++
			}
		}
	}
	f.text = fmt.Sprintf("busiest %.2f of the mean; %d of the others' keys move; %d of %d come back; %s",
		busiest, moved, stayed, of, f.load.failures())
	f.meets = busiest <= 1.10 && moved == 0 && stayed == of && f.load.failed() == 0
	return f, nil
}

// busiestOf is how many keys the busiest has, as a part of the mean.
func busiestOf(at map[string]string, backends int) float64 {
	counts := map[string]int{}
	most := 0
	for _, name := range at {
		counts[name]++
		most = max(most, counts[name])
	}
	return float64(most) * float64(backends) / float64(max(1, len(at)))
}

// moves counts the keys that changed their place without having been at the one that went.
func moves(from, to map[string]string, gone string) (n int) {
	for key, name := range from {
		if now, known := to[key]; known && name != gone && now != name {
			n++
		}
	}
	return n
}
