package e2e

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// stalledPipe returns a pipe that is full and that nobody reads: a write to it
// waits until the test reads from it.
func stalledPipe(t testing.TB) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	// Pieces of a line each: the last bytes of room are less than one.
	for piece := strings.Repeat("-", 511) + "\n"; len(piece) > 0; piece = piece[:len(piece)/2] {
		for err = nil; err == nil; {
			w.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
			_, err = io.WriteString(w, piece)
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
	}
	return r, w
}

var droppedLines = regexp.MustCompile(`(\d+) log lines were dropped`)

func TestStalledStandardErrorStopsNothing(t *testing.T) {
	t.Parallel()
	stderr, full := stalledPipe(t)
	a := NewBackend(t, "a")
	p := StartWith(t, Setup{}.Config(a), nil, func(cmd *exec.Cmd) { cmd.Stderr = full })
	full.Close() // the process has its own
	c := dial(t, p.Addr("web"))
	p.WriteConfig(Setup{Pool: "polcy: p2c"}.Config(a), nil)
	// More lines than wait for a reader, each with a bad reload.
	const lines = 1200
	for i := range lines {
		if status, _ := p.Admin("POST", "/api/reload", ""); status != 400 {
			t.Fatalf("POST /api/reload: %d, want 400", status)
		}
		if i%100 == 0 {
			expect(t, "with a stalled standard error", c.Get("/x"), 200, "a GET /x")
		}
	}
	expect(t, "after all", get(t, p.Addr("web"), "/x"), 200, "a GET /x")

	go io.Copy(&p.stderr, stderr)
	eventually(t, "every line was written or counted as dropped", func() bool {
		text := p.stderr.String()
		written, dropped := strings.Count(text, "was not reloaded"), 0
		for _, match := range droppedLines.FindAllStringSubmatch(text, -1) {
			n, _ := strconv.Atoi(match[1])
			dropped += n
		}
		return dropped > 0 && written+dropped >= lines
	})
}

func TestStalledAccessLogStopsNothing(t *testing.T) {
	t.Parallel()
	stdout, full := stalledPipe(t)
	p := StartWith(t, "access_log: {output: stdout, format: combined}\n"+Setup{}.Config(NewBackend(t, "a")), nil, func(cmd *exec.Cmd) {
		cmd.Stdout = full
		cmd.Env = append(cmd.Env, "GOMAXPROCS=1") // one loop, so that less may wait
	})
	full.Close()
	dropped := func() float64 {
		n, ok := p.Metric("spillway_access_log_dropped_lines_total")
		if !ok {
			t.Fatal("GET /metrics has no spillway_access_log_dropped_lines_total")
		}
		return n
	}
	// Long lines: what may wait for the reader is bounded by bytes.
	agent := "User-Agent: " + strings.Repeat("long ", 4000)
	c := dial(t, p.Addr("web"))
	asked := 0
	eventually(t, "lines are dropped", func() bool {
		for range 50 {
			asked++
			expect(t, "with a stalled access log", c.Get("/logged", agent), 200, "a GET /logged")
		}
		return dropped() > 0
	})
	go io.Copy(&p.stdout, stdout)
	next := time.Now()
	eventually(t, "every line was written or counted as dropped", func() bool {
		if strings.Count(p.stdout.String(), "GET /logged")+int(dropped()) == asked {
			return true
		}
		if time.Now().After(next) { // what could not be handed on goes with a later line
			asked++
			expect(t, "with a log that is read again", c.Get("/logged"), 200, "a GET /logged")
			next = time.Now().Add(time.Second)
		}
		return false
	})
	expect(t, "after all", c.Get("/last"), 200, "a GET /last")
	eventually(t, "the log goes on", func() bool { return strings.Contains(p.stdout.String(), "GET /last") })
}
