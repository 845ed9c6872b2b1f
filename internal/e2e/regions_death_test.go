package e2e

import (
	"strings"
	"testing"
	"time"
)

// shareOf is the part of the answers that come from the backends so named, of some n.
func (l *Load) shareOf(t testing.TB, n int64, names ...string) float64 {
	t.Helper()
	l.ByAnswer()
	l.Await(t, n)
	all, some := int64(0), int64(0)
	for answer, count := range l.ByAnswer() {
		all += count
		for _, name := range names {
			if strings.HasPrefix(answer, name+" ") {
				some += count
			}
		}
	}
	return float64(some) / float64(all)
}

// awaitShare waits until a share is within the bounds.
func (l *Load) awaitShare(t testing.TB, least, most float64, names ...string) {
	t.Helper()
	eventually(t, "the share is right", func() bool {
		share := l.shareOf(t, 100, names...)
		return share >= least && share <= most
	})
}

func TestALostRegionCostsNoRequestAndComesHome(t *testing.T) {
	t.Parallel()
	near := []*Backend{NewBackend(t, "a"), NewBackend(t, "b"), NewBackend(t, "c")}
	far := []*Backend{NewBackend(t, "x"), NewBackend(t, "y")}
	p := Start(t, regional("retries: {budget: 100%}", near, far, ""), nil)
	load := StartLoad(t, p.Addr("web"), 8, "/x")
	if share := load.shareOf(t, 200, "x", "y"); share > 0 {
		t.Errorf("%.2f leave while home is well", share)
	}
	for _, b := range near {
		b.Kill()
	}
	load.awaitShare(t, 1, 1, "x", "y")
	for _, b := range near {
		b.Start()
	}
	load.awaitShare(t, 0.05, 0.95, "a", "b", "c") // by degrees
	load.awaitShare(t, 1, 1, "a", "b", "c")
	for _, failure := range load.Stop() {
		t.Error(failure)
	}
	if cut := load.cut.Load(); cut > int64(len(near))*8 {
		t.Errorf("%d answers were cut, more than were under way", cut)
	}
}

// A region that has lost a part of itself keeps what it can serve.
func TestABrownOutSpillsOnlyWhatIsTooMuch(t *testing.T) {
	t.Parallel()
	takes := 10 * time.Millisecond
	near := []*Backend{NewBackend(t, "a", answering("a", takes)), NewBackend(t, "b", answering("b", takes)), NewBackend(t, "c", answering("c", takes))}
	far := []*Backend{NewBackend(t, "x", answering("x", takes)), NewBackend(t, "y", answering("y", takes))}
	p := Start(t, regional("retries: {budget: 100%}", near, far, ", max_requests: 8"), nil)
	load := StartLoad(t, p.Addr("web"), 16, "/x")
	load.awaitShare(t, 1, 1, "a", "b", "c")
	near[0].Kill()
	near[1].Kill()
	// Eight places for sixteen clients.
	load.awaitShare(t, 0.2, 0.8, "c")
	if share := load.shareOf(t, 200, "c", "x", "y"); share < 1 {
		t.Errorf("%.2f are answered by backends that are down", 1-share)
	}
	near[0].Start()
	near[1].Start()
	load.awaitShare(t, 1, 1, "a", "b", "c")
	for _, failure := range load.Stop() {
		t.Error(failure)
	}
}
