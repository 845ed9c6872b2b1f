package tlsconn

import (
	"bytes"
	"io"
	"testing"
	"time"

	"spillway/internal/loop"
)

func TestExchanges(t *testing.T) {
	eachSide(t, func(b *bench, c *Conn, p *peer) {
		done := b.begin(func(t *loop.Task) {
			for range 50 {
				b.expect(t, c, "ping")
				b.write(t, c, "pong")
			}
		})
		for range 50 {
			p.send(b, "ping")
			p.expect(b, "pong")
		}
		await(b, "the exchanges", done)
	})
}

func TestTransfersWithSlowReaders(t *testing.T) {
	const size = 4 << 20
	eachSide(t, func(b *bench, c *Conn, p *peer) {
		want := pattern(size)
		writing := b.begin(func(t *loop.Task) {
			if n, err := c.Write(t, want); n != size || err != nil {
				b.Errorf("wrote %d, %v", n, err)
			}
			if err := c.CloseWrite(t); err != nil {
				b.Error(err)
			}
		})
		var got []byte
		reading := b.begin(func(t *loop.Task) {
			buffer := make([]byte, 10_000)
			for {
				n, err := c.Read(t, buffer)
				got = append(got, buffer[:n]...)
				if err == io.EOF {
					return
				}
				if err != nil {
					b.Error(err)
					return
				}
				if len(got)%7 == 0 {
					_ = t.Sleep(time.Millisecond)
				}
			}
		})
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			_, _ = p.Write(want)
			_ = p.CloseWrite()
		}()
		time.Sleep(20 * time.Millisecond)
		back, err := io.ReadAll(p)
		if err != nil || !bytes.Equal(back, want) {
			b.Errorf("the peer got %d bytes, %v", len(back), err)
		}
		await(b, "the writer's end", writing)
		await(b, "the reader's end", reading)
		await(b, "the peer's end", sent)
		if !bytes.Equal(got, want) {
			b.Errorf("read %d bytes", len(got))
		}
	})
}

func TestEndIsToldFromCut(t *testing.T) {
	eachSide(t, func(b *bench, c *Conn, p *peer) {
		p.send(b, "last")
		if err := p.CloseWrite(); err != nil {
			b.Error(err)
		}
		b.onTask(func(t *loop.Task) {
			b.expect(t, c, "last")
			for range 2 {
				if n, err := c.Read(t, make([]byte, 1)); n != 0 || err != io.EOF {
					b.Errorf("read %d, %v", n, err)
				}
			}
			b.write(t, c, "answer") // the other direction goes on
		})
		p.expect(b, "answer")
	})
	eachSide(t, func(b *bench, c *Conn, p *peer) {
		p.send(b, "last")
		p.socket.CloseWrite()
		b.onTask(func(t *loop.Task) {
			b.expect(t, c, "last")
			for range 2 {
				if n, err := c.Read(t, make([]byte, 1)); n != 0 || err != io.ErrUnexpectedEOF {
					b.Errorf("read %d, %v", n, err)
				}
			}
		})
	})
}

func TestCloseSaysSo(t *testing.T) {
	eachSide(t, func(b *bench, c *Conn, p *peer) {
		b.onTask(func(t *loop.Task) {
			b.write(t, c, "last")
			c.Close()
			c.Close()
			if _, err := c.Read(t, make([]byte, 1)); err != loop.ErrClosed {
				b.Errorf("read after Close: %v", err)
			}
			if _, err := c.Write(t, make([]byte, 1)); err != loop.ErrClosed {
				b.Errorf("write after Close: %v", err)
			}
			if err := c.CloseWrite(t); err != loop.ErrClosed {
				b.Errorf("CloseWrite after Close: %v", err)
			}
			if c.Idle(waker(func(loop.Event) {})) || c.Busy() || c.Quiet() {
				b.Error("a closed connection is of use")
			}
		})
		if got, err := io.ReadAll(p); string(got) != "last" || err != nil {
			b.Errorf("the peer read %q, %v", got, err)
		}
	})
}

func TestHalfCloseSendsAllFirst(t *testing.T) {
	eachSide(t, func(b *bench, c *Conn, p *peer) {
		want := pattern(3 << 20)
		writing := b.begin(func(t *loop.Task) {
			_, _ = c.Write(t, want)
			if err := c.CloseWrite(t); err != nil {
				b.Error(err)
			}
			if _, err := c.Write(t, []byte("more")); err == nil {
				b.Error("wrote after CloseWrite")
			}
			b.expect(t, c, "still here")
		})
		got, err := io.ReadAll(p)
		if err != nil || !bytes.Equal(got, want) {
			b.Errorf("the peer got %d bytes, %v", len(got), err)
		}
		p.send(b, "still here")
		await(b, "the writer's end", writing)
	})
}

func TestWriteBuffersKeepsOrderAndSlices(t *testing.T) {
	for name, sizes := range map[string][]int{
		"none": {}, "empty ones only": make([]int, 20), "small": {200, 125}, "empty between": {0, 3, 0, 4, 0},
		"head and body": {300, 16 << 10}, "head and large body": {300, 100_000}, "full": {16384, 16384, 16384, 16384, 16384},
		"many": repeat(1000, 100), "large": repeat(40, 70_000), "just over": {16383, 2}, "ends empty": {5, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			c, p := b.connect(sides[1])
			buffers := make([][]byte, len(sizes))
			var want []byte
			for i, n := range sizes {
				buffers[i] = bytes.Repeat([]byte{byte(i)}, n)
				want = append(want, buffers[i]...)
			}
			writing := b.begin(func(t *loop.Task) {
				if n, err := c.WriteBuffers(t, buffers); n != int64(len(want)) || err != nil {
					b.Errorf("wrote %d of %d, %v", n, len(want), err)
				}
				for i, n := range sizes {
					if len(buffers[i]) != n {
						b.Errorf("slice %d was changed", i)
					}
				}
				if err := c.CloseWrite(t); err != nil {
					b.Error(err)
				}
			})
			got, err := io.ReadAll(p)
			if err != nil || !bytes.Equal(got, want) {
				b.Errorf("the peer got %d bytes, %v; want %d", len(got), err, len(want))
			}
			await(b, "the writer's end", writing)
		})
	}
}

func repeat(n, size int) []int {
	sizes := make([]int, n)
	for i := range sizes {
		sizes[i] = size
	}
	return sizes
}

func TestDeadlines(t *testing.T) {
	eachSide(t, func(b *bench, c *Conn, p *peer) {
		b.onTask(func(t *loop.Task) {
			c.SetReadDeadline(b.in(10 * time.Millisecond))
			if _, err := c.Read(t, make([]byte, 1)); err != loop.ErrTimeout {
				b.Errorf("read: %v", err)
			}
			c.SetReadDeadline(0)
			c.SetWriteDeadline(b.in(50 * time.Millisecond))
			if _, err := c.Write(t, make([]byte, 64<<20)); err != loop.ErrTimeout {
				b.Errorf("write: %v", err)
			}
			c.Close()
		})
	})
}

func TestAnInterruptedReadGoesOn(t *testing.T) {
	b := newBench(t)
	c, p := b.connect(sides[1])
	var reader *loop.Task
	done := b.begin(func(t *loop.Task) {
		reader = t
		if _, err := c.Read(t, make([]byte, 1)); err != loop.ErrHangup {
			b.Errorf("read: %v", err)
		}
		b.expect(t, c, "and on")
	})
	b.eventually("the task waits", func() bool {
		if reader != nil {
			reader.Interrupt(loop.ErrHangup)
		}
		return reader != nil
	})
	p.send(b, "and on")
	await(b, "the reader's end", done)
}
