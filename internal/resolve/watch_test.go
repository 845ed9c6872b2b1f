package resolve

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A scripted lookup gives one step after the other and then ends the watch.
type step struct {
	addrs      string
	ttl        time.Duration
	incomplete bool
	err        error
}

// watchScript returns what Watch did, one line for each question and call, with
// the time since the last line.
func watchScript(t *testing.T, known string, steps []step) []string {
	var log []string
	synctest.Test(t, func(t *testing.T) {
		last := time.Now()
		note := func(format string, args ...any) {
			log = append(log, fmt.Sprintf("%v ", time.Since(last))+fmt.Sprintf(format, args...))
			last = time.Now()
		}
		ctx, cancel := context.WithCancel(t.Context())
		r := New()
		r.lookup = func(_ context.Context, host string) (Answer, error) {
			if len(steps) == 0 {
				note("end")
				cancel()
				return Answer{}, context.Canceled
			}
			now := steps[0]
			steps = steps[1:]
			note("ask %s", host)
			return Answer{Addrs: addrs(now.addrs), TTL: now.ttl, Incomplete: now.incomplete}, now.err
		}
		r.Watch(ctx, "api", addrs(known), func(a Answer) {
			note("on %s", joined(a))
			clear(a.Addrs) // the receiver owns it
		}, func(err error) {
			note("failed %v", err)
		})
	})
	return log
}

func joined(a Answer) string {
	var out []string
	for _, ip := range a.Addrs {
		out = append(out, ip.String())
	}
	return strings.Join(out, " ")
}

func TestWatch(t *testing.T) {
	broken := errors.New("broken")
	for _, test := range []struct {
		name  string
		known string
		steps []step
		want  string
	}{
		{
			name:  "the TTL says when, within its bounds",
			known: "10.0.0.1",
			steps: []step{{addrs: "10.0.0.1", ttl: time.Minute}, {addrs: "10.0.0.1", ttl: 0}, {addrs: "10.0.0.1", ttl: time.Hour}},
			want:  "5s ask api; 1m0s ask api; 5s ask api; 5m0s end",
		},
		{
			name:  "without known addresses it asks at once",
			steps: []step{{addrs: "10.0.0.1", ttl: time.Minute}},
			want:  "0s ask api; 0s on 10.0.0.1; 1m0s end",
		},
		{
			name:  "only a change is told",
			known: "10.0.0.2 ::ffff:10.0.0.1 10.0.0.2",
			steps: []step{
				{addrs: "10.0.0.1 10.0.0.2", ttl: time.Minute},
				{addrs: "10.0.0.1 10.0.0.3", ttl: time.Minute},
				{addrs: "10.0.0.1 10.0.0.3", ttl: time.Minute},
				{addrs: "10.0.0.3", ttl: time.Minute},
			},
			want: "5s ask api; 1m0s ask api; 0s on 10.0.0.1 10.0.0.3; 1m0s ask api; 1m0s ask api; 0s on 10.0.0.3; 1m0s end",
		},
		{
			name:  "failures change nothing and are asked again ever later",
			known: "10.0.0.1",
			steps: []step{{err: broken}, {err: broken}, {err: broken}, {err: broken}, {err: broken}, {addrs: "10.0.0.1", ttl: time.Minute}, {err: broken}},
			want: "5s ask api; 0s failed broken; 5s ask api; 0s failed broken; 10s ask api; 0s failed broken; 20s ask api; 0s failed broken; " +
				"30s ask api; 0s failed broken; 30s ask api; 1m0s ask api; 0s failed broken; 5s end",
		},
		{
			name:  "an empty answer is a failure",
			known: "10.0.0.1",
			steps: []step{{ttl: time.Minute}, {addrs: "10.0.0.1", ttl: time.Minute}},
			want:  "5s ask api; 0s failed lookup api: no such host; 5s ask api; 1m0s end",
		},
		{
			name:  "what failed at the start is told when it comes",
			steps: []step{{err: broken}, {addrs: "10.0.0.1", ttl: time.Minute}},
			want:  "0s ask api; 0s failed broken; 5s ask api; 0s on 10.0.0.1; 1m0s end",
		},
		{
			name:  "an incomplete answer takes nothing from the other family",
			known: "10.0.0.1 10.0.0.2 fd00::1",
			steps: []step{
				{addrs: "10.0.0.1 10.0.0.2", ttl: 10 * time.Second, incomplete: true},
				{addrs: "10.0.0.1", ttl: time.Hour, incomplete: true},
				{addrs: "fd00::2", ttl: time.Hour, incomplete: true},
				{addrs: "10.0.0.1", ttl: time.Minute},
			},
			want: "5s ask api; 10s ask api; 0s on 10.0.0.1 fd00::1; 30s ask api; 0s on 10.0.0.1 fd00::2; 30s ask api; 0s on 10.0.0.1; 1m0s end",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := watchScript(t, test.known, test.steps)
			if want := strings.Split(test.want, "; "); !slices.Equal(got, want) {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "; "), test.want)
			}
		})
	}
}

// The bubble fails the test if a goroutine outlives it.
func TestWatchEndsWithItsContext(t *testing.T) {
	never := func(t *testing.T) (func(Answer), func(error)) {
		return func(a Answer) { t.Errorf("on %v", a) }, func(err error) { t.Errorf("failed %v", err) }
	}
	t.Run("while it waits", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := New()
			r.lookup = func(context.Context, string) (Answer, error) {
				return Answer{Addrs: addrs("10.0.0.1"), TTL: time.Minute}, nil
			}
			on, failed := never(t)
			start := time.Now()
			r.Watch(within(t, time.Second), "api", addrs("10.0.0.1"), on, failed)
			r.Watch(within(t, 20*time.Second), "api", addrs("10.0.0.1"), on, failed)
			if took := time.Since(start); took != 21*time.Second {
				t.Errorf("returned after %v", took)
			}
		})
	})
	t.Run("while it asks", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newTestResolver(t, "silent")
			r.dial = (&pipeNet{}).dial
			on, failed := never(t)
			start := time.Now()
			r.Watch(within(t, time.Second), "api.example", nil, on, failed)
			if took := time.Since(start); took != time.Second {
				t.Errorf("returned after %v", took)
			}
		})
	})
	t.Run("an answer that comes too late is dropped", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		r := New()
		r.lookup = func(context.Context, string) (Answer, error) {
			cancel()
			return Answer{Addrs: addrs("10.0.0.1")}, nil
		}
		on, failed := never(t)
		r.Watch(ctx, "api", nil, on, failed)
	})
}

func TestWatchOfAServerThatChanges(t *testing.T) {
	server := startServer(t, "api.example. 60 IN A 10.0.0.1")
	r := newTestResolver(t, server.addr)
	ctx, cancel := context.WithCancel(t.Context())
	stages := []func(){
		func() { server.set(t, "api.example. 7 IN A 10.0.0.1") },
		func() { server.set(t, "api.example. 60 IN A 10.0.0.2", "api.example. 9 IN AAAA fd00::2") },
		func() { server.set(t) },
		func() { server.set(t, "api.example. 60 IN TXT none") },
		func() { server.set(t, "api.example. 60 IN A 10.0.0.3") },
		cancel,
	}
	var log []string
	r.sleep = func(ctx context.Context, d time.Duration) error {
		log = append(log, d.String())
		stages[0]()
		stages = stages[1:]
		return ctx.Err()
	}
	r.Watch(ctx, "api.example", nil, func(a Answer) {
		log = append(log, joined(a))
	}, func(err error) {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("failed: %v", err)
		}
		log = append(log, "failed")
	})
	want := "10.0.0.1, 1m0s, 7s, 10.0.0.2 fd00::2, 9s, failed, 5s, failed, 10s, 10.0.0.3, 1m0s"
	if got := strings.Join(log, ", "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
