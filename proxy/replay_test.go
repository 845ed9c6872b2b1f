package proxy

import (
	"testing"

	"spillway/balancer"
	"spillway/internal/http1"
	"spillway/internal/loop"
)

// A silentStream is the connection of a client that sends nothing more for now.
type silentStream struct{ closedStream }

func (silentStream) Read(t *loop.Task, _ []byte) (int, error) { return 0, t.Park(0) }

// A step is what a test does on a task.
type step func(t *loop.Task)

func (f step) Run(t *loop.Task) { f(t) }

// onTask runs f on a task of the server's only loop and returns after it.
func onTask(s *Server, f func(t *loop.Task)) {
	done := make(chan struct{})
	w := s.workers[0]
	w.loop.Post(func() {
		w.loop.Start(step(func(t *loop.Task) {
			defer close(done)
			f(t)
		}))
	})
	<-done
}

// A retry that the end of the upload forbids is not taken from the budget, and the
// backend's own answer stays the one that the client gets.
func TestTheBudgetIsNotAskedForWhatCanNotBeSentAgain(t *testing.T) {
	const trailer = "X-Begun: 1\r\n"
	for _, c := range []struct {
		name     string
		room     int // for what the upload has read and not passed on
		decision retryDecision
		left     bool // in the budget
	}{
		{"it fits where the next upload finds it", len(trailer), retryOther, false},
		{"it does not fit", len(trailer) - 1, noRetry, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t, twoRegions, 1)
			onTask(s, func(task *loop.Task) {
				x := newExchange(s.workers[0])
				x.task, x.client, x.settings = task, &client{worker: x.worker, conn: silentStream{}}, &listenerSettings{}
				x.pool = s.snapshot.Load().pools["a"]
				x.target = &target{pool: x.pool, retries: retryRules{attempts: 2, unavailable: true},
					budgets: balancer.RetryBudgets{Local: balancer.NewRetryBudget(0, 0.1), Cross: balancer.NewRetryBudget(0, 0)}}
				x.in = &buffer{data: make([]byte, len(trailer)+c.room), end: len(trailer)}
				copy(x.in.data, trailer)
				x.request.Framing = http1.Chunked
				x.body.mode, x.body.keeping, x.body.chunks.last = streamed, true, true
				x.body.start()
				for x.body.buffer == nil { // until the upload waits for the rest of the trailer section
					_ = task.Sleep(1)
				}
				if got := x.retry(outcome{kind: unavailable}); got != c.decision {
					t.Errorf("the decision is %d, want %d", got, c.decision)
				}
				if x.body.running {
					t.Error("the upload goes on")
				}
				if got := x.target.budgets.Local.Allow(x.worker.loop.Now()); got != c.left {
					t.Errorf("the budget has a retry left: %t, want %t", got, c.left)
				}
			})
		})
	}
}
