package tlsconn

import (
	"crypto/tls"
	"fmt"
	"io"
	"testing"

	"spillway/internal/loop"
)

// BenchmarkHandshakeStep is what one full handshake takes of the loop's time.
func BenchmarkHandshakeStep(b *testing.B) {
	for _, resumed := range []bool{false, true} {
		name := "full"
		if resumed {
			name = "resumed"
		}
		b.Run(name, func(tb *testing.B) {
			b := newBench(tb)
			if !resumed {
				b.client.ClientSessionCache = nil
			}
			took := int64(0)
			for i := 0; tb.Loop(); i++ {
				under, socket := b.sockets()
				done := b.begin(func(t *loop.Task) {
					c := b.worker.Server(under, b.server, nil)
					before := b.worker.Handshakes.Spent()
					if err := c.Handshake(t, 0); err != nil {
						tb.Error(err)
					}
					took += b.worker.Handshakes.Spent() - before
					_, _ = c.Write(t, []byte("x"))
					c.Close()
				})
				p := tls.Client(socket, b.client)
				_, _ = io.ReadFull(p, make([]byte, 1))
				socket.Close()
				await(tb, "the handshake", done)
			}
			tb.ReportMetric(float64(took)/float64(tb.N)/1000, "µs-of-loop/op")
		})
	}
}

func BenchmarkExchange(b *testing.B) {
	bb := newBench(b)
	c, p := bb.connect(sides[1])
	done := bb.begin(func(t *loop.Task) {
		buffer := make([]byte, 4096)
		head, body := make([]byte, 200), make([]byte, 125)
		for {
			if _, err := c.Read(t, buffer); err != nil {
				return
			}
			if _, err := c.WriteBuffers(t, [][]byte{head, body}); err != nil {
				return
			}
		}
	})
	request, answer := make([]byte, 100), make([]byte, 325)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = p.Write(request)
		if _, err := io.ReadFull(p, answer); err != nil {
			b.Fatal(err)
		}
	}
	p.Close()
	await(b, "the end", done)
}

func BenchmarkTransfer(b *testing.B) {
	for _, size := range []int{16 << 10, 32 << 10, 64 << 10} {
		b.Run(fmt.Sprint(size), func(tb *testing.B) {
			b := newBench(tb)
			c, p := b.connect(sides[1])
			// The reader does not decrypt: the loop's side is what counts.
			go func() { _, _ = io.Copy(io.Discard, p.socket) }()
			data := make([]byte, size)
			tb.SetBytes(int64(size))
			done := b.begin(func(t *loop.Task) {
				for tb.Loop() {
					if _, err := c.Write(t, data); err != nil {
						tb.Error(err)
						return
					}
				}
			})
			await(tb, "the transfer", done)
		})
	}
}
