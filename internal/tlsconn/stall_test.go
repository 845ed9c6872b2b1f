package tlsconn

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"spillway/internal/loop"
)

// blockedWriter has a task write more than the socket takes, and waits until it waits.
func (b *bench) blockedWriter(c *Conn, data []byte) <-chan struct{} {
	b.Helper()
	done := b.begin(func(t *loop.Task) { _, _ = c.Write(t, data) })
	b.eventually("the writer waits", func() bool { return c.flushing })
	return done
}

func TestABadRecordDoesNotStallTheLoopWhileThePeerDoesNotRead(t *testing.T) {
	b := newBench(t)
	c, p := b.connect(sides[1])
	writing := b.blockedWriter(c, make([]byte, 64<<20))
	reading := b.begin(func(t *loop.Task) {
		if n, err := c.Read(t, make([]byte, 100)); err == nil {
			b.Errorf("read %d bytes of a bad record", n)
		}
	})
	// 37 bytes: the record that an unauthenticated peer stalled the prototype with.
	garbage := append([]byte{23, 3, 3, 0, 32}, make([]byte, 32)...)
	if _, err := p.socket.Write(garbage); err != nil {
		b.Error(err)
	}
	await(b, "the reader's error", reading)
	b.onLoop(c.Close)
	await(b, "the writer's end", writing)
}

func TestKeyUpdatesDoNotStallTheLoopWhileThePeerDoesNotRead(t *testing.T) {
	b := newBench(t)
	c, p, raw := b.rawConnect()
	want := pattern(24 << 20)
	writing := b.begin(func(t *loop.Task) {
		if n, err := c.Write(t, want); n != len(want) || err != nil {
			b.Errorf("wrote %d, %v", n, err)
		}
		if err := c.CloseWrite(t); err != nil {
			b.Error(err)
		}
	})
	b.eventually("the writer waits", func() bool { return c.flushing })
	reading := b.begin(func(t *loop.Task) { b.expect(t, c, "after the updates") })
	for range 10 {
		raw.send(raw.keyUpdate())
	}
	raw.send(raw.seal(applicationData, []byte("after the updates")))
	await(b, "the reader's end", reading)
	// What was written before and after the answers arrives whole.
	got, err := io.ReadAll(p)
	if err != nil || !bytes.Equal(got, want) {
		b.Errorf("the peer got %d bytes, %v", len(got), err)
	}
	await(b, "the writer's end", writing)
}

func TestAPeerThatAsksAndDoesNotReadIsCutOff(t *testing.T) {
	b := newBench(t)
	c, _, raw := b.rawConnect()
	writing := b.blockedWriter(c, make([]byte, 64<<20))
	most := 0
	reading := b.begin(func(t *loop.Task) {
		for {
			_, err := c.Read(t, make([]byte, 100))
			most = max(most, len(c.out))
			if errors.Is(err, errDeaf) {
				if _, again := c.Read(t, make([]byte, 100)); again != err {
					b.Errorf("read again: %v", again)
				}
				return
			}
			if err != nil {
				b.Errorf("read: %v", err)
				return
			}
		}
	})
	// Data in between keeps crypto/tls from counting the updates as useless.
	for range 1000 {
		if _, err := raw.socket.Write(append(raw.keyUpdate(), raw.seal(applicationData, []byte("x"))...)); err != nil {
			break
		}
	}
	await(b, "the reader's error", reading)
	b.onLoop(c.Close)
	await(b, "the writer's end", writing)
	if most > batchSize+maxReplies {
		b.Errorf("%d bytes were kept", most)
	}
}

func TestUselessRecordsEndTheConnection(t *testing.T) {
	for name, record := range map[string]func(*recordWriter) []byte{
		"key updates": (*recordWriter).keyUpdate,
		"empty data":  func(w *recordWriter) []byte { return w.seal(applicationData, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			c, _, raw := b.rawConnect()
			var records [][]byte
			for range 17 { // crypto/tls tolerates 16
				records = append(records, record(raw))
			}
			raw.send(records...)
			b.onTask(func(t *loop.Task) {
				_, err := c.Read(t, make([]byte, 100))
				_, again := c.Read(t, make([]byte, 100))
				if err == nil || again != err {
					b.Errorf("read: %v, then %v", err, again)
				}
			})
		})
	}
}

func TestABadRecordEndsTheConnection(t *testing.T) {
	for name, record := range map[string][]byte{
		"forged":    append([]byte{23, 3, 3, 0, 32}, make([]byte, 32)...),
		"oversized": append([]byte{23, 3, 3, 0xff, 0xff}, make([]byte, 100)...),
		"no TLS":    []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		"bare":      {22, 3, 3, 0, 4, 0, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			eachSide(t, func(b *bench, c *Conn, p *peer) {
				if _, err := p.socket.Write(record); err != nil {
					b.Error(err)
				}
				b.onTask(func(t *loop.Task) {
					if _, err := c.Read(t, make([]byte, 100)); err == nil || err == io.EOF {
						b.Errorf("read: %v", err)
					}
					if c.Idle(waker(func(loop.Event) {})) {
						b.Error("a broken connection went idle")
					}
					if c.Quiet() {
						b.Error("a broken connection is quiet")
					}
				})
				// The peer hears an alert.
				if _, err := p.Read(make([]byte, 100)); err == nil || err == io.EOF {
					b.Errorf("the peer read: %v", err)
				}
			})
		})
	}
}

func TestRecordsInPieces(t *testing.T) {
	b := newBench(t)
	c, _, raw := b.rawConnect()
	want := pattern(3000)
	var stream []byte
	for at := 0; at < len(want); {
		n := min(1+at%97, len(want)-at)
		stream = append(stream, raw.seal(applicationData, want[at:at+n])...)
		if at%5 == 0 {
			stream = append(stream, raw.keyUpdate()...)
		}
		at += n
	}
	var got []byte
	reading := b.begin(func(t *loop.Task) {
		for len(got) < len(want) {
			buffer := make([]byte, 1+len(got)%61)
			n, err := c.Read(t, buffer)
			if err != nil {
				b.Error(err)
				return
			}
			got = append(got, buffer[:n]...)
			if len(got)%3 == 0 {
				c.Quiet() // may look ahead
			}
		}
	})
	for len(stream) > 0 {
		n := min(1+len(stream)%29, len(stream))
		raw.send(stream[:n])
		stream = stream[n:]
	}
	await(b, "the reader's end", reading)
	if !bytes.Equal(got, want) {
		b.Errorf("got %d bytes", len(got))
	}
}
