package e2e

import (
	"testing"
	"time"
)

// Nobody leaves before and after, and meanwhile home is full and no more than that.
func TestASurgeLeavesHomeOnlyForWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	const takes = 10 * time.Millisecond
	var a, b crowd
	near := []*Backend{NewBackend(t, "a", a.serving("a")), NewBackend(t, "b", b.serving("b"))}
	far := []*Backend{NewBackend(t, "x", answering("x", takes)), NewBackend(t, "y", answering("y", takes))}
	config := regional("", near, far, ", max_requests: 8")
	p := Start(t, config, nil)
	calm := StartLoad(t, p.Addr("web"), 4, "/calm")
	if share := calm.shareOf(t, 200, "x", "y"); share > 0 {
		t.Errorf("%.2f leave before the surge", share)
	}
	surge := StartLoad(t, p.Addr("web"), 24, "/surge")
	surge.awaitShare(t, 0.1, 0.8, "x", "y")
	surge.Await(t, 500)
	if share := surge.shareOf(t, 200, "a", "b"); share == 0 {
		t.Error("in the surge nobody is served at home")
	}
	for name, c := range map[string]*crowd{"a": &a, "b": &b} {
		if most := c.most.Load(); most != 8 {
			t.Errorf("%s had at most %d requests at once, want its 8", name, most)
		}
	}
	wantNoFailures(t, surge)
	calm.awaitShare(t, 0, 0, "x", "y")
	wantNoFailures(t, calm)
}
