package accesslog

import (
	"os"
	"runtime"
	"testing"
)

func TestAppendAllocatesNothing(t *testing.T) {
	for _, f := range []Format{JSON, Combined} {
		l, err := Open(os.DevNull, f, 1)
		if err != nil {
			t.Fatal(err)
		}
		s, e := l.Shard(0), full()
		e.UserAgent = []byte("grüße \"x\" \xff")
		run := func() {
			for range 1000 {
				e.Time += 5e6
				s.Append(&e)
			}
			s.Flush()
			for l.pending.Load() > 0 { // the writer's part counts too
				runtime.Gosched()
			}
		}
		for _, b := range l.empty.buffers { // all buffers have been in use
			b.data = make([]byte, 0, allocated)
		}
		if got := testing.AllocsPerRun(1, run); got != 0 {
			t.Errorf("format %d: %v allocations in 1,000 lines", f, got)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	for name, f := range map[string]Format{"json": JSON, "combined": Combined} {
		b.Run(name, func(b *testing.B) {
			l, err := Open(os.DevNull, f, 1)
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			s, e := l.Shard(0), full()
			e.UserAgent = []byte("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
			for b.Loop() {
				e.Time += 10_000
				s.Append(&e)
				if len(s.buffer.data) > handOver-1024 { // only the formatting, none of the writing
					s.buffer.data, s.buffer.lines = s.buffer.data[:0], 0
				}
			}
		})
	}
}
