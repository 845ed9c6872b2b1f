package router

import (
	"math"
	"slices"
	"testing"
)

func mustSplit(t testing.TB, weights ...int) *Split {
	t.Helper()
	s, err := NewSplit(weights)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const keys = 200_000

// Shares follow the weights, even for keys that only count up.
func TestSplitShares(t *testing.T) {
	for _, weights := range [][]int{{95, 5}, {1}, {1, 1, 1}, {0, 3, 0, 1}, {1, 999}, {1 << 40, 1 << 40}} {
		s := mustSplit(t, weights...)
		counts, total := make([]int, len(weights)), 0
		for key := range uint64(keys) {
			counts[s.Pick(key)]++
		}
		for _, weight := range weights {
			total += weight
		}
		for i, weight := range weights {
			want := float64(weight) / float64(total)
			// Five standard deviations; none for the choices that never or always win.
			allowed := 5 * math.Sqrt(want*(1-want)/keys)
			if got := float64(counts[i]) / keys; math.Abs(got-want) > allowed {
				t.Errorf("%v: choice %d has %.4f, want %.4f", weights, i, got, want)
			}
		}
	}
}

func TestSplitMovesFewKeys(t *testing.T) {
	for _, c := range []struct {
		before, after []int
		moved         float64
		from, to      []int // only from these, only to those
	}{
		{[]int{95, 5}, []int{90, 10}, .05, []int{0}, []int{1}},
		{[]int{90, 10}, []int{95, 5}, .05, []int{1}, []int{0}},
		{[]int{100, 0}, []int{99, 1}, .01, []int{0}, []int{1}},
		{[]int{1, 1}, []int{1, 1, 2}, .5, []int{0, 1}, []int{2}},
		{[]int{90, 5, 5}, []int{80, 10, 10}, .10, []int{0}, []int{1, 2}},
		{[]int{19, 1}, []int{95, 5}, 0, nil, nil},
	} {
		before, after := mustSplit(t, c.before...), mustSplit(t, c.after...)
		moved := 0
		for key := range uint64(keys) {
			from, to := before.Pick(key), after.Pick(key)
			if from == to {
				continue
			}
			moved++
			if !slices.Contains(c.from, from) || !slices.Contains(c.to, to) {
				t.Fatalf("%v to %v moves %d from %d to %d", c.before, c.after, key, from, to)
			}
		}
		allowed := 5 * math.Sqrt(c.moved*(1-c.moved)/keys)
		if got := float64(moved) / keys; math.Abs(got-c.moved) > allowed {
			t.Errorf("%v to %v moves %.4f, want %.4f", c.before, c.after, got, c.moved)
		}
	}
}

func TestNewSplitRefuses(t *testing.T) {
	for _, weights := range [][]int{nil, {}, {0}, {0, 0}, {1, -1}} {
		if s, err := NewSplit(weights); s != nil || err == nil {
			t.Errorf("%v was accepted", weights)
		}
	}
}
